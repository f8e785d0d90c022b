"""How an execution stands or ended, as Step Functions and its events say."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from handlers.approvals.rules.endings import Execution
from handlers.approvals.rules.news import News

RUNNING = frozenset({"RUNNING", "PENDING_REDRIVE"})
QUEUE_ERRORS = "SQS."  # prefix of the errors of the state that asks


def read_execution(said: Mapping[str, Any], stopped_ms: Any) -> Execution:
    """What DescribeExecution and the events about it call by the same names; anything missing or odd counts as unsaid.

    `stopped_ms` is in epoch milliseconds, as events have it: two endings of a redriven run may be in one second.
    """

    def text(name: str) -> str:
        return found if isinstance(found := said.get(name), str) else ""

    def whole(found: Any) -> int:
        return found if type(found) is int and found > 0 else 0

    status, error = text("status"), text("error")
    return Execution(
        status=status,
        running=status in RUNNING,
        error=error,
        cause=text("cause"),
        stopped_at=whole(stopped_ms) / 1000,
        started_with=text("input"),
        redrives=whole(said.get("redriveCount")),
        asking_failed=error.startswith(QUEUE_ERRORS),
    )


def read_ending(event: dict[str, Any]) -> News:
    """What is read of a "Step Functions Execution Status Change".

    https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
    """
    detail = event["detail"]
    return News(execution=read_execution(detail, detail.get("stopDate")), sent_at=_epoch_seconds(event.get("time")))


def _epoch_seconds(time: object) -> float:
    """Of a date such as 2026-11-27T13:30:00Z; 0 for anything else."""
    try:
        return datetime.fromisoformat(str(time)).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0
