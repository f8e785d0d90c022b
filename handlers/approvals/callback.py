"""The workflow's side: giving an answer to a waiting execution, and asking whether one still waits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from handlers.approvals import observability
from handlers.approvals.decisions import Answer, Success, answer, ended, handed_over, token_spent
from handlers.approvals.record import DECIDED, Record

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

    from handlers.approvals.store import Store


@dataclass(frozen=True, kw_only=True)
class Execution:
    """`status` as Step Functions names it; `error` and `cause` are set when it FAILED or was stopped with them.

    `stopped_at` is in epoch seconds, 0 while it runs; `started_with` is its input, JSON text; `redrives` says how often
    it has been redriven.
    """

    status: str
    error: str = ""
    cause: str = ""
    stopped_at: int = 0
    started_with: str = ""
    redrives: int = 0

    @property
    def running(self) -> bool:
        return self.status in {"RUNNING", "PENDING_REDRIVE"}

    @property
    def over(self) -> bool:
        """Seen to have ended: more than not to be found, which a new execution may be for a moment."""
        return self.status in {"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"}


class Callback:
    """Step Functions, seen from a person's answer. AWS errors other than a dead token pass through."""

    def __init__(self, client: SFNClient) -> None:
        self._client = client

    def give(self, token: str, told: Answer) -> bool:
        """Hand an answer to whoever waits for this token; False if nobody does any more.

        Step Functions says TaskTimedOut of tokens that are used up as well as of those that ran out, so that False
        may also mean that an earlier attempt, whose reply was lost, has succeeded.
        """
        dead = (
            self._client.exceptions.TaskTimedOut,
            self._client.exceptions.TaskDoesNotExist,
            self._client.exceptions.InvalidToken,
        )
        try:
            if isinstance(told, Success):
                self._client.send_task_success(taskToken=token, output=told.output)
            else:
                self._client.send_task_failure(taskToken=token, error=told.error.value, cause=told.cause)
        except dead:
            return False
        return True

    def execution(self, arn: str) -> Execution:
        try:
            described = self._client.describe_execution(executionArn=arn)
        except self._client.exceptions.ExecutionDoesNotExist:
            return Execution(status="DELETED")  # history is kept for 90 days, and goes with its state machine
        stopped = described.get("stopDate")
        return Execution(
            status=described["status"],
            error=described.get("error") or "",
            cause=described.get("cause") or "",
            stopped_at=int(stopped.timestamp()) if stopped else 0,
            started_with=described.get("input") or "",
            redrives=described.get("redriveCount") or 0,
        )


def as_known(callback: Callback, execution_arn: str) -> Execution:
    """Step Functions knows who still waits. If it cannot be asked just now, the record's own word has to do."""
    try:
        return callback.execution(execution_arn)
    except (ClientError, BotoCoreError) as error:
        observability.logger.warning("the execution's status is not to be had", kind=type(error).__name__)
        return Execution(status="RUNNING")


def settle(store: Store, callback: Callback, record: Record, token: str = "") -> Record:
    """Hand a decided record's answer over and note that; `token` is a newer round's, if the caller has one.

    Returns the record as it then is: handed over; or still to be handed over by the next round (its token is spent,
    the execution runs); or closed, because the execution ended without the answer. Running it twice has one effect.
    """
    if record.status not in DECIDED or (record.handed_over and not record.task_token):
        return record
    for one in dict.fromkeys(filter(None, [token, record.task_token])):
        taken = callback.give(one, answer(record))
        record = store.change(record.request_id, handed_over if taken else partial(token_spent, token=one))
        if taken:
            return record
    execution = callback.execution(record.execution_arn)
    return record if execution.running else store.change(record.request_id, lambda latest: ended(latest, execution))
