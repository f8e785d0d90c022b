"""Request approval: for each message of the request queue, record the round and send its mails."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from handlers.approvals.adapters.assembly import approval_records, approval_workflow, approver_mail
from handlers.approvals.adapters.aws import OnDemand
from handlers.approvals.adapters.channel import Pace
from handlers.approvals.adapters.queue import RequestQueue, serve_each
from handlers.approvals.observability import logger, metrics, observe
from handlers.approvals.parsing.message import MalformedMessageError, read_message
from handlers.approvals.rules.message import Message
from handlers.approvals.usecases.ask import Ask, NotAskedError
from handlers.contract.retries import backoff_seconds
from handlers.contract.settings import AskSettings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@dataclass(frozen=True, kw_only=True)
class Requests:
    """Serves the request queue."""

    ask: Ask
    queue: RequestQueue

    def serve(self, delivered: Mapping[str, Any], worker_ends: int) -> None:
        """Serve one record of the batch. On any exception, SQS redelivers it after `retry_after` seconds."""
        try:
            message = read_message(delivered["body"])
            logger.append_keys(requestId=message.request_id, execution=message.execution_arn)
            if isinstance(message, Message):
                logger.append_keys(round=message.round)
            self.ask.serve(message, worker_ends)
        except Exception as error:
            seconds = retry_after(error, int(delivered["attributes"]["ApproximateReceiveCount"]))
            logger.exception("mails not sent, will be tried again", seconds=seconds, kind=type(error).__name__)
            # Without this, the retry would wait for the queue's whole visibility timeout.
            self.queue.come_back(delivered["receiptHandle"], seconds)
            raise


def retry_after(error: Exception, received: int) -> int:
    """Seconds until the next attempt. A message that can never succeed is not delayed on its way to the DLQ."""
    if isinstance(error, MalformedMessageError):
        return 0
    if isinstance(error, NotAskedError):
        return error.refusal.retry_seconds
    return backoff_seconds(received)


@cache
def requests() -> Requests:
    """Once a process. Raises SettingsError, which names the variable."""
    settings = AskSettings.read(os.environ)
    observe(settings.label)
    records = approval_records(settings.table_name)
    mail = approver_mail(settings, Pace(settings.mail_pause_seconds, records.clock))
    ask = Ask(records=records, workflow=approval_workflow(always=True), mail=mail, clock=records.clock)
    sqs: Any = OnDemand("sqs")  # only for retries
    return Requests(ask=ask, queue=RequestQueue(sqs, settings.queue_url))


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Serve an SQS batch; returns the messages to redeliver."""
    served = requests()
    # A worker cannot outlive its timeout, so neither does its lease.
    worker_ends = int(served.ask.clock.now() + context.get_remaining_time_in_millis() / 1000) + 1
    return serve_each(event, lambda delivered: served.serve(delivered, worker_ends))


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:  # in Lambda's init phase, which has a full CPU whatever the memory size
    requests()
