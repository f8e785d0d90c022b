"""What it means for a record that its run is over, or about to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from handlers.approvals.rules.record import DECIDED, Record
from handlers.contract.record import Status
from handlers.contract.workflow import Ending, WorkflowError

# With these, nobody's decision has reached the workflow.
UNDECIDED_ERRORS = frozenset(
    {
        WorkflowError.EXPIRED,
        WorkflowError.NOTIFICATION_FAILED,
        WorkflowError.TOO_FEW_APPROVERS,
        WorkflowError.RECORD_UNAVAILABLE,
        WorkflowError.ANSWER_MISMATCH,
    }
)
# Endings that are people's own doing and are told to nobody else.
ORDINARY_ERRORS = frozenset({WorkflowError.REJECTED, WorkflowError.EXPIRED})
TROUBLE = frozenset(Ending) - {Ending.SUCCEEDED}


@dataclass(frozen=True, kw_only=True)
class Execution:
    """One run of the workflow. `status` is an Ending if it is over, else a word for people.

    `error` and `cause` are set when it FAILED or was stopped with them. `stopped_at` is in epoch seconds, 0 while it
    runs; `started_with` is its input, JSON text; `redrives` says how often it has been redriven. `asking_failed`: the
    next round could not even be asked, so that a decision made between the rounds was never taken.
    """

    status: str
    running: bool = False
    error: str = ""
    cause: str = ""
    stopped_at: int = 0
    started_with: str = ""
    redrives: int = 0
    asking_failed: bool = False

    @property
    def over(self) -> bool:
        """Seen to have ended: more than not to be found, which a new execution may be for a moment."""
        return self.status in list(Ending)


def ended(record: Record, execution: Execution) -> Record:
    """The execution is over: what that means for a record which was still open, or not yet handed over.

    An answer that the workflow took and that is not the record's was given by somebody who holds a task token, with
    nobody's vote; the record says so. An answer to another question than the workflow's has no effect, although it was
    handed over.
    """
    mismatched = execution.error == WorkflowError.ANSWER_MISMATCH
    if record.status not in DECIDED | {Status.OPEN} or (record.handed_over and not mismatched):
        return record
    taken = _taken(execution)
    if taken is record.status:
        return replace(record, handed_over=True, task_token="")
    expired = record.status is Status.OPEN and execution.error == WorkflowError.EXPIRED
    return replace(
        record,
        status=Status.EXPIRED if expired else Status.CLOSED,
        answered_without_vote=taken is not None,
        answer_mismatched=mismatched,
        handed_over=False,
        task_token="",
        lease=None,
    )


def _taken(execution: Execution) -> Status | None:
    """The answer that an execution which is over has taken, or None: it ended before it had one."""
    if execution.status == Ending.SUCCEEDED:
        return Status.APPROVED
    if execution.status != Ending.FAILED or execution.error in UNDECIDED_ERRORS or execution.asking_failed:
        return None
    return Status.REJECTED if execution.error == WorkflowError.REJECTED else Status.APPROVED


def undecided(record: Record | None, request_id: str) -> tuple[WorkflowError, str]:
    """Error and cause for a request that is not decided although its last round is over."""
    if record and record.asked and record.status in {Status.OPEN, Status.EXPIRED}:
        return WorkflowError.EXPIRED, f"Request {request_id} was not decided in time"
    why = "was given up" if record and record.status is Status.CLOSED else "was never mailed to anybody"
    return WorkflowError.NOTIFICATION_FAILED, f"Request {request_id} {why} before its deadline"


def abandoned(record: Record, round_: int) -> Record:
    """A round's mails could not be sent, so the workflow is about to be failed: nobody can answer this any more."""
    if record.status is not Status.OPEN or record.round > round_:
        return record
    return replace(record, status=Status.CLOSED, task_token="", lease=None)


def operator_told(record: Record, stopped_at: int) -> Record:
    """The operator has a mail about the ending at this time (epoch seconds)."""
    return replace(record, operator_told=stopped_at)


def is_owed(execution: Execution, records: Sequence[Record]) -> bool:
    """Whether an operator has to hear of this ending, and has not yet.

    Without a record (the task was invalid, too few could be asked, the queue failed) nothing can say that they have.
    """
    if records and all(record.operator_told == execution.stopped_at for record in records):
        return False
    if any(record.answered_without_vote for record in records):
        return True
    return execution.status in TROUBLE and execution.error not in ORDINARY_ERRORS
