"""Announce: what happens to requests, as events, to the chat, and to the function that mails."""

import os
from functools import cache
from typing import Any

from handlers.approvals.adapters.aws import PATIENT, OnDemand, client
from handlers.approvals.adapters.channel import Letterhead
from handlers.approvals.adapters.eventbridge import EventBus
from handlers.approvals.adapters.queue import RequestQueue
from handlers.approvals.adapters.sns import ChatTopic
from handlers.approvals.adapters.stream import read_again, serve_in_order
from handlers.approvals.observability import logger, metrics, observe
from handlers.approvals.usecases.announce import Announce
from handlers.contract.settings import AnnounceSettings


class NotToldError(Exception):
    """A letter that was given to the function by hand has failed again; the log says why."""


def serve(use_case: Announce, event: dict[str, Any]) -> dict[str, Any]:
    """A batch of the stream; or a letter about one that Lambda has given up, which an operator brings.

    The response that the event source mapping expects. Raises NotToldError and UnavailableError for a letter.
    https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
    """
    letter = event.get("DDBStreamBatchInfo")
    streams: Any = OnDemand("dynamodbstreams", PATIENT)  # only for letters
    failed = serve_in_order(read_again(streams, letter) if letter else event["Records"], use_case.serve)
    if failed and letter:
        raise NotToldError(failed)
    return {"batchItemFailures": [{"itemIdentifier": failed}] if failed else []}


@cache
def announce() -> Announce:
    """Once a process. Raises SettingsError, which names the variable."""
    settings = AnnounceSettings.read(os.environ)
    observe(settings.label)
    letterhead = Letterhead(environment=settings.label, timezone=settings.timezone)
    chat, sqs = settings.chat_topic_arn, OnDemand("sqs", PATIENT)
    return Announce(
        events=EventBus(client("events", PATIENT), settings.label) if settings.events else None,
        announcements=RequestQueue(sqs, settings.queue_url) if settings.announce_decision else None,  # type: ignore[arg-type]
        chat=ChatTopic(client("sns", PATIENT), chat, letterhead) if chat else None,
    )


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """See serve."""
    return serve(announce(), event)


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:  # in Lambda's init phase, which has a full CPU whatever the memory size
    announce()
