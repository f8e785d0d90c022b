"""What several entry modules build from their settings."""

from typing import Any

from handlers.approvals.adapters.aws import OnDemand, client
from handlers.approvals.adapters.clock import SystemClock
from handlers.approvals.adapters.dynamodb import ApprovalTable
from handlers.approvals.adapters.step_functions import StepFunctions
from handlers.approvals.usecases.records import Records


def approval_records(table_name: str, execution_index: str = "") -> Records:
    """`execution_index` is only needed to look a record up by its execution."""
    table = ApprovalTable(client("dynamodb"), table_name, execution_index)
    return Records(store=table, clock=SystemClock())


def approval_workflow(*, always: bool) -> StepFunctions:
    """`always`: every call of this function uses it, so create the client at once."""
    step_functions: Any = client("stepfunctions") if always else OnDemand("stepfunctions")
    return StepFunctions(step_functions)
