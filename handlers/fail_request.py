"""Fail request: what reaches the dead-letter queue ends the execution that waits for it, loudly."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

from handlers.approvals.aws import CONFIG
from handlers.approvals.callback import Callback, settle
from handlers.approvals.decisions import Failure, WorkflowError, abandoned
from handlers.approvals.message import MalformedMessage, Message, token_of
from handlers.approvals.observability import count, logger, metrics
from handlers.approvals.record import DECIDED
from handlers.approvals.store import NoSuchRecord, Store

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
    """A batch from the dead-letter queue; what holds no task token stays there for an operator to look at."""
    return process_partial_response(event=event, record_handler=_serve, processor=PROCESSOR, context=context)


def _serve(record: SQSRecord) -> None:  # Powertools calls it with this very name
    try:
        give_up(record.body)
    except MalformedMessage:
        logger.error("a dead letter without a task token stays in the queue", outcome="kept")
        raise
    except Exception as error:
        logger.exception("the workflow could not be told, will be tried again", kind=type(error).__name__)
        raise


def give_up(body: str) -> None:
    """End the execution that waits for this message, unless a decision or a later round has overtaken it.

    Raises MalformedMessage if the message does not say who waits for it.
    """
    token = token_of(body)
    if not token:
        raise MalformedMessage("taskToken must be a non-empty string")
    try:
        message = Message.parse(body)
    except MalformedMessage as error:
        fail(token, f"The request could not be read: {error}")
        return
    logger.append_keys(requestId=message.request_id, execution=message.execution_arn, round=message.round)
    try:
        record = STORE.change(message.request_id, lambda latest: abandoned(latest, message.round))
    except NoSuchRecord:
        record = None
    if record and record.status in DECIDED:
        settle(STORE, CALLBACK, record, token)
        logger.info("answered a decision that was still to be handed over", outcome=record.status.value)
    elif record and record.round > message.round:
        logger.info("a later round has been asked since", outcome="stale")
    else:
        fail(token, f"The approvers of request {message.request_id} could not be asked in round {message.round}")


def fail(token: str, cause: str) -> None:
    failed = CALLBACK.give(token, Failure(error=WorkflowError.NOTIFICATION_FAILED, cause=cause))
    count("NotDelivered")
    logger.error("request not delivered", outcome=WorkflowError.NOTIFICATION_FAILED.value if failed else "stale")
