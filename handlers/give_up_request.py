"""Give up request: what reaches the dead-letter queue ends the execution that waits for it, loudly."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

from handlers.approvals.aws import CONFIG
from handlers.approvals.callback import Callback, settle
from handlers.approvals.decisions import Failure, abandoned
from handlers.approvals.message import MalformedMessage, Message
from handlers.approvals.observability import count, logger, metrics
from handlers.approvals.record import DECIDED
from handlers.approvals.store import Store
from handlers.contract.workflow import WorkflowError

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

STORE = Store(boto3.client("dynamodb", config=CONFIG), os.environ["TABLE_NAME"])
CALLBACK = Callback(boto3.client("stepfunctions", config=CONFIG))
PROCESSOR = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """A batch from the dead-letter queue; what cannot be read stays there for an operator to look at."""
    return process_partial_response(event=event, record_handler=_serve, processor=PROCESSOR, context=context)


def _serve(record: SQSRecord) -> None:  # Powertools calls it with this very name
    try:
        give_up(Message.parse(record.body))
    except MalformedMessage as error:
        logger.error("a dead letter that cannot be read stays in the queue", outcome="kept", why=str(error))
        raise
    except Exception as error:
        logger.exception("the workflow could not be told, will be tried again", kind=type(error).__name__)
        raise


def give_up(message: Message) -> None:
    """End the execution that waits for this message, unless a decision or a later round has overtaken it.

    The record is closed last, and only by its own run: until Step Functions has taken the failure, people can answer.
    """
    logger.append_keys(requestId=message.request_id, execution=message.execution_arn, round=message.round)
    record = STORE.get(message.request_id)
    own = record if record and record.execution_arn == message.execution_arn else None
    if own and own.status in DECIDED:
        settle(STORE, CALLBACK, own, message.task_token)
        logger.info("answered a decision that was still to be handed over", outcome=own.status.value)
        return
    if own and own.round > message.round:
        logger.info("a later round has been asked since", outcome="stale")
        return
    cause = f"The approvers of request {message.request_id} could not be asked in round {message.round}"
    failed = CALLBACK.give(message.task_token, Failure(error=WorkflowError.NOTIFICATION_FAILED, cause=cause))
    count("NotDelivered")
    logger.error("request not delivered", outcome=WorkflowError.NOTIFICATION_FAILED.value if failed else "stale")
    if own and failed:
        STORE.change(own.request_id, partial(abandoned, round_=message.round))
