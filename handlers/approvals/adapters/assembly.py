"""What several entry modules put together from the settings of their function."""

from __future__ import annotations

import boto3

from handlers.approvals.adapters.aws import CONFIG
from handlers.approvals.adapters.clock import SystemClock
from handlers.approvals.adapters.dynamodb import ApprovalTable
from handlers.approvals.adapters.step_functions import StepFunctions
from handlers.approvals.usecases.records import Records


def approval_records(table_name: str, execution_index: str = "") -> Records:
    """`execution_index` is for those only who look a record up by its execution."""
    table = ApprovalTable(boto3.client("dynamodb", config=CONFIG), table_name, execution_index)
    return Records(store=table, clock=SystemClock())


def approval_workflow() -> StepFunctions:
    return StepFunctions(boto3.client("stepfunctions", config=CONFIG))
