"""Reconcile request: when an execution is over, whatever ended it, the record of its request says so too."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any

import boto3

from handlers.approvals.aws import CONFIG
from handlers.approvals.callback import Callback
from handlers.approvals.decisions import ended
from handlers.approvals.observability import logger
from handlers.approvals.store import Store

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

STORE = Store(boto3.client("dynamodb", config=CONFIG), os.environ["TABLE_NAME"])
CALLBACK = Callback(boto3.client("stepfunctions", config=CONFIG))
INDEX = os.environ["EXECUTION_INDEX"]


class StillRunning(Exception):  # noqa: N818 - says what was seen
    """Step Functions does not say yet that the execution is over, or it has been redriven."""


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    """A status change of an execution, from EventBridge.

    Raises StillRunning and AWS errors; Lambda then tries again, twice:
    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
    """
    logger.append_keys(execution=event["detail"]["executionArn"])
    try:
        reconcile(event["detail"]["executionArn"])
    except Exception as error:
        logger.exception("not reconciled, will be tried again", kind=type(error).__name__)
        raise


def reconcile(execution_arn: str) -> None:
    """Nearly always the record knows the ending already, and nothing is written. Safe to run twice."""
    execution = CALLBACK.execution(execution_arn)  # an event may be old; this is how it stands
    if execution.running:
        raise StillRunning
    for request_id in STORE.requests_of(execution_arn, INDEX):
        record = STORE.change(request_id, partial(ended, execution=execution))
        logger.info("execution is over", requestId=request_id, outcome=record.status.value, ended=execution.status)
