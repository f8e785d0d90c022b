"""Reconcile request: the record of a run that is over says so too, and the operator hears of trouble.

Nothing else hears of a run that is stopped from outside, or whose answer arrived while its bearer died.
"""

from __future__ import annotations

import os
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import boto3

from handlers.approvals import operator_mail
from handlers.approvals.aws import CONFIG, PATIENT
from handlers.approvals.callback import Callback, Execution
from handlers.approvals.decisions import ended, operator_told
from handlers.approvals.observability import count, logger, metrics
from handlers.approvals.store import Store

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from handlers.approvals.record import Record

# DescribeExecution is eventually consistent: https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
PATIENCE_SECONDS = 10.0
PAUSE_SECONDS = 1.0

SNS = boto3.client("sns", config=PATIENT)
STORE = Store(boto3.client("dynamodb", config=CONFIG), os.environ["TABLE_NAME"])
CALLBACK = Callback(boto3.client("stepfunctions", config=CONFIG))
INDEX = os.environ["EXECUTION_INDEX"]


class StillRunningError(Exception):
    """Step Functions does not say that the execution is over, however often it was asked."""


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    """A status change of an execution, from EventBridge.

    Raises StillRunningError and AWS errors; Lambda then tries again, twice, and then keeps the event for an operator:
    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
    """
    detail = event["detail"]
    logger.append_keys(execution=detail["executionArn"])
    try:
        reconcile(detail["executionArn"], detail.get("redriveCount") or 0)
    except Exception as error:
        logger.exception("not reconciled, will be tried again", kind=type(error).__name__)
        raise


def reconcile(execution_arn: str, redrives: int) -> None:
    """Nearly always the record knows the ending already, and nothing is written. Safe to run twice.

    `redrives` is how often the execution had been redriven when it ended.
    """
    execution = _when_over(execution_arn, redrives)
    if execution.running:
        logger.info("redriven since, so its next end counts", outcome="redriven")
        return
    records = []
    for request_id in STORE.requests_of(execution_arn, INDEX):
        record = STORE.change(request_id, partial(ended, execution=execution))
        logger.info("execution is over", requestId=request_id, outcome=record.status.value, ended=execution.status)
        records.append(record)
    if operator_mail.is_owed(execution, records):
        _tell(execution_arn, execution, records)


def _when_over(execution_arn: str, redrives: int) -> Execution:
    """The execution once it is over, or as it runs again after a redrive. Raises StillRunningError."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while True:
        execution = CALLBACK.execution(execution_arn)
        if not execution.running or execution.redrives > redrives:
            return execution
        if time.monotonic() > give_up:
            raise StillRunningError(execution.status)
        time.sleep(PAUSE_SECONDS)


def _tell(execution_arn: str, execution: Execution, records: list[Record]) -> None:
    """Noted after it is sent: what is not noted is sent again, and an operator had better read it twice than never."""
    environment, timezone = os.environ["ENVIRONMENT"], os.environ["TIMEZONE"]
    SNS.publish(
        TopicArn=os.environ["OPERATOR_TOPIC_ARN"],
        Subject=operator_mail.subject(execution, records, environment, timezone),
        Message=operator_mail.body(execution_arn, execution, records, environment, timezone),
    )
    logger.info("the operator is told", outcome=execution.error or execution.status)
    for record in records:
        if record.answered_without_vote:
            count("AnsweredWithoutVote")
        STORE.change(record.request_id, partial(operator_told, stopped_at=execution.stopped_at))
