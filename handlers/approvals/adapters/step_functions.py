"""The waiting executions, in Step Functions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from handlers.approvals.adapters.aws import calls
from handlers.approvals.faces.answers import approval, fitted, rejection
from handlers.approvals.parsing.ending import read_execution
from handlers.approvals.rules.endings import Execution
from handlers.approvals.rules.record import Record
from handlers.contract.record import Status
from handlers.contract.workflow import WorkflowError

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


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

    def stop(self, arn: str, error: WorkflowError, cause: str) -> None:
        with calls():
            self._client.stop_execution(executionArn=arn, error=error.value, cause=fitted(cause))

    def execution(self, arn: str) -> Execution:
        with calls():
            try:
                described = self._client.describe_execution(executionArn=arn)
            except self._client.exceptions.ExecutionDoesNotExist:
                return Execution(status="DELETED")  # history is kept for 90 days, and deleted with its state machine
        stopped = described.get("stopDate")
        whole_ms = int(stopped.timestamp()) * 1000 + stopped.microsecond // 1000 if stopped else 0
        return read_execution(described, whole_ms)

    @property
    def _dead_token(self) -> tuple[type[Exception], ...]:
        """Step Functions answers TaskTimedOut for used tokens as well as for expired ones."""
        known = self._client.exceptions
        return known.TaskTimedOut, known.TaskDoesNotExist, known.InvalidToken
