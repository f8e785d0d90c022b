"""Reconcile request: update the record of an execution that has ended, and tell the operator of trouble."""

import os
from functools import cache
from typing import Any

from handlers.approvals.adapters.assembly import approval_records
from handlers.approvals.adapters.aws import ADAPTIVE, PATIENT, OnDemand
from handlers.approvals.adapters.channel import Letterhead
from handlers.approvals.adapters.sns import OperatorTopic
from handlers.approvals.adapters.step_functions import StepFunctions
from handlers.approvals.observability import logger, metrics, observe
from handlers.approvals.parsing.ending import read_ending
from handlers.approvals.usecases.reconcile import Reconcile
from handlers.contract.settings import ReconcileSettings


def serve(use_case: Reconcile, event: dict[str, Any]) -> None:
    """Handle an EventBridge event about an execution's status change: `read_ending` says what is read of it.

    Raises StillRunningError and UnavailableError. Lambda then retries twice, and keeps the event for an operator:
    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
    """
    execution_arn = event["detail"]["executionArn"]
    logger.append_keys(execution=execution_arn)
    try:
        use_case.serve(execution_arn, read_ending(event))
    except Exception as error:
        logger.exception("not reconciled, will be tried again", kind=type(error).__name__)
        raise


@cache
def reconcile() -> Reconcile:
    """Once a process. Raises SettingsError, which names the variable."""
    settings = ReconcileSettings.read(os.environ)
    observe(settings.label)
    records = approval_records(settings.table_name, settings.execution_index)
    letterhead = Letterhead(environment=settings.label, timezone=settings.timezone)
    sns: Any = OnDemand("sns", PATIENT)  # most endings need no mail, and no look at the execution
    step_functions: Any = OnDemand("stepfunctions", ADAPTIVE)
    operator = OperatorTopic(sns, settings.operator_topic_arn, letterhead)
    workflow = StepFunctions(step_functions)
    return Reconcile(records=records, workflow=workflow, operator=operator, clock=records.clock)


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _context: object) -> None:
    """See serve."""
    serve(reconcile(), event)


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:  # in Lambda's init phase, which has a full CPU whatever the memory size
    reconcile()
