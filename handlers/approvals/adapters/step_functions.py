"""The waiting executions, in Step Functions."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from handlers.approvals.adapters.answers import approval, fitted, rejection
from handlers.approvals.adapters.aws import calls
from handlers.approvals.rules.endings import Execution
from handlers.approvals.rules.news import News
from handlers.approvals.rules.record import Record
from handlers.contract.record import Status
from handlers.contract.workflow import WorkflowError

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

RUNNING = frozenset({"RUNNING", "PENDING_REDRIVE"})
QUEUE_ERRORS = "SQS."  # prefix of the errors of the state that asks


def read_ending(event: dict[str, Any]) -> News:
    """What is read of a "Step Functions Execution Status Change"; anything missing or odd counts as not said.

    https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
    """
    detail = event["detail"]

    def text(name: str) -> str:
        return found if isinstance(found := detail.get(name), str) else ""

    def whole(name: str) -> int:
        return found if type(found := detail.get(name)) is int and found > 0 else 0

    error = text("error")
    execution = Execution(
        status=text("status"),
        error=error,
        cause=text("cause"),
        stopped_at=whole("stopDate") / 1000,  # milliseconds
        started_with=text("input"),
        redrives=whole("redriveCount"),
        asking_failed=error.startswith(QUEUE_ERRORS),
    )
    return News(execution=execution, sent_at=_epoch_seconds(event.get("time")))


def _epoch_seconds(time: object) -> float:
    """Of a date such as 2026-11-27T13:30:00Z; 0 for anything else."""
    try:
        return datetime.fromisoformat(str(time)).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0


class StepFunctions:
    """The port `Workflow`."""

    def __init__(self, client: SFNClient) -> None:
        self._client = client

    def hand_over(self, token: str, record: Record) -> bool:
        if record.status is not Status.APPROVED:
            return self.fail(token, WorkflowError.REJECTED, rejection(record))
        with calls():
            try:
                self._client.send_task_success(taskToken=token, output=json.dumps(approval(record), ensure_ascii=False))
            except self._dead_token:
                return False
        return True

    def fail(self, token: str, error: WorkflowError, cause: str) -> bool:
        with calls():
            try:
                self._client.send_task_failure(taskToken=token, error=error.value, cause=fitted(cause))
            except self._dead_token:
                return False
        return True

    def execution(self, arn: str) -> Execution:
        with calls():
            try:
                described = self._client.describe_execution(executionArn=arn)
            except self._client.exceptions.ExecutionDoesNotExist:
                return Execution(status="DELETED")  # history is kept for 90 days, and deleted with its state machine
        stopped, error = described.get("stopDate"), described.get("error") or ""
        return Execution(
            status=described["status"],
            running=described["status"] in RUNNING,
            error=error,
            cause=described.get("cause") or "",
            # To the millisecond, as events have it: two endings of a redriven run may be in one second.
            stopped_at=stopped.replace(microsecond=stopped.microsecond // 1000 * 1000).timestamp() if stopped else 0,
            started_with=described.get("input") or "",
            redrives=described.get("redriveCount") or 0,
            asking_failed=error.startswith(QUEUE_ERRORS),
        )

    @property
    def _dead_token(self) -> tuple[type[Exception], ...]:
        """Step Functions answers TaskTimedOut for used tokens as well as for expired ones."""
        known = self._client.exceptions
        return known.TaskTimedOut, known.TaskDoesNotExist, known.InvalidToken
