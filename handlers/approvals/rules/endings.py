"""What a run's ending means for its record."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from handlers.approvals.rules.record import DECIDED, Ended, Record
from handlers.approvals.rules.refusal import Reason, Refusal
from handlers.contract.record import Status
from handlers.contract.visible import shortened
from handlers.contract.workflow import AFTER_APPROVAL, Ending, WorkflowError

# With these errors, no decision has reached the workflow.
UNDECIDED_ERRORS = frozenset(
    {
        WorkflowError.EXPIRED,
        WorkflowError.NOTIFICATION_FAILED,
        WorkflowError.TOO_FEW_APPROVERS,
        WorkflowError.DUPLICATE,
        WorkflowError.RECORD_UNAVAILABLE,
    }
)
# How a state may fail whose output cannot be made: `AnswerMismatch`, if Step Functions catches it. Whether it does is
# disputed; and nothing but its own name catches a state's data that are too large.
# https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
TOO_LARGE = "States.DataLimitExceeded"
OUTPUT_ERRORS = frozenset({"States.QueryEvaluationError", "States.Runtime", TOO_LARGE})
# Ordinary outcomes, which the operator is not told about, unless the record says otherwise.
ORDINARY_ERRORS = frozenset({WorkflowError.REJECTED, WorkflowError.EXPIRED, WorkflowError.DUPLICATE})
# What a record keeps of how a run ended, in characters: it has 400 KB, and needs them for answers.
ERROR_KEPT, CAUSE_KEPT = 256, 1_000
TROUBLE = frozenset(Ending) - {Ending.SUCCEEDED}


@dataclass(frozen=True, kw_only=True)
class Execution:
    """One run of the workflow. `status` is an Ending if it is over, else for display only.

    `error` and `cause` are set when it FAILED or was stopped with them. `stopped_at` is in epoch seconds, 0 while it
    runs; `started_with` is its input as JSON text; `redrives` counts its redrives. `asking_failed`: the next round
    could not be sent, so a decision made between the rounds was never taken.
    """

    status: str
    running: bool = False
    error: str = ""
    cause: str = ""
    stopped_at: float = 0
    started_with: str = ""
    redrives: int = 0
    asking_failed: bool = False

    @property
    def over(self) -> bool:
        """Known to have ended. Not being found is not enough: a new execution may be missing for a moment."""
        return self.status in list(Ending)

    @property
    def ended(self) -> Ended:
        return Ended(self.status, self.error, self.cause)

    @property
    def answer_refused(self) -> bool:
        """It ended on an answer that it did not take. AWS's words name the state that failed."""
        if self.error in OUTPUT_ERRORS:
            return AFTER_APPROVAL not in self.cause
        return self.error == WorkflowError.ANSWER_MISMATCH


def ended(record: Record, execution: Execution) -> Record:
    """The execution has ended: update a record that was still open or not yet handed over.

    If the workflow took an answer that is not the record's, somebody used a task token without a vote; the record says
    so. The same goes for a run that ended as a duplicate, since one that has a record is none. An answer that the
    workflow refused, such as one to another question, has no effect, even if it was handed over.
    """
    refused = execution.answer_refused
    if record.status not in DECIDED | {Status.OPEN} or (record.handed_over and not refused):
        return record
    taken = _taken(execution)
    if taken is record.status:
        return replace(record, handed_over=True, task_token="")
    expired = record.status is Status.OPEN and execution.error == WorkflowError.EXPIRED
    return replace(
        record,
        status=Status.EXPIRED if expired else Status.CLOSED,
        answered_without_vote=taken is not None or execution.error == WorkflowError.DUPLICATE,
        answer_mismatched=refused and execution.error != TOO_LARGE,
        handed_over=False,
        **_as_news(record, execution.ended),
    )


def _as_news(record: Record, how: Ended) -> dict[str, Any]:
    """What an ending changes in a record: nobody has been told of it yet, whatever they were told before."""
    return {
        "task_token": "",
        "lease": None,
        "ended": how._replace(error=shortened(how.error, ERROR_KEPT), cause=shortened(how.cause, CAUSE_KEPT)),
        "approvers": {who: replace(one, told=False) for who, one in record.approvers.items()},
        "told_others": (),
    }


def _taken(execution: Execution) -> Status | None:
    """The answer that an ended execution took, or None if it ended without one."""
    if execution.status == Ending.SUCCEEDED:
        return Status.APPROVED
    undecided = execution.error in UNDECIDED_ERRORS or execution.asking_failed or execution.answer_refused
    if execution.status != Ending.FAILED or undecided:
        return None
    return Status.REJECTED if execution.error == WorkflowError.REJECTED else Status.APPROVED


def undecided(record: Record | None, request_id: str) -> tuple[WorkflowError, str]:
    """Error and cause for a request that is still undecided after its last round."""
    if record and record.asked and record.status in {Status.OPEN, Status.EXPIRED}:
        return WorkflowError.EXPIRED, f"Request {request_id} was not decided in time"
    why = "was given up" if record and record.status is Status.CLOSED else "was never mailed to anybody"
    return WorkflowError.NOTIFICATION_FAILED, f"Request {request_id} {why} before its deadline"


def duplicate(record: Record) -> str:
    """The cause for a run that finds a record of another one."""
    return f"The same start has begun another run before, {record.execution_arn}, which has request {record.request_id}"


def abandoned(record: Record, round_: int, cause: str) -> Record:
    """A round's mails could not be sent and the workflow has been failed: nobody can answer this any more."""
    if record.status is not Status.OPEN or record.round > round_:
        return record
    how = Ended(Ending.FAILED, WorkflowError.NOTIFICATION_FAILED, cause)
    return replace(record, status=Status.CLOSED, **_as_news(record, how))


def cancelled(record: Record, cause: str) -> Record | Refusal:
    """An operator is about to stop the run: nobody can answer any more. NOT_DONE if the request is not open.

    Written before the run is stopped, which a vote that decides could otherwise have just gone on with. Cancelling once
    more changes nothing, so a run that could not be stopped can be.
    """
    if record.ended and record.ended.cancelled:
        return record
    if record.status is not Status.OPEN:
        words = f"request {record.request_id} is {record.status.value}, so nothing is left to cancel"
        return Refusal(reason=Reason.NOT_DONE, words=words)
    how = Ended(Ending.ABORTED, WorkflowError.CANCELLED, cause)
    return replace(record, status=Status.CLOSED, **_as_news(record, how))


def operator_told(record: Record, stopped_at: float) -> Record:
    """Note that the operator has been mailed about the ending at `stopped_at` (epoch seconds)."""
    return replace(record, operator_told=stopped_at)


def is_owed(execution: Execution, records: Sequence[Record]) -> bool:
    """Whether the operator still has to be told about this ending.

    Without a record (invalid task, too few approvers, a queue failure) nothing shows that they have been told. A run
    that fails although it was approved is trouble whatever it calls its error, and so is a duplicate with a record.
    """
    if records and all(record.operator_told == execution.stopped_at for record in records):
        return False
    if any(record.answered_without_vote for record in records):
        return True
    approved = any(record.status is Status.APPROVED for record in records)
    no_duplicate = bool(records) and execution.error == WorkflowError.DUPLICATE
    ordinary = execution.error in ORDINARY_ERRORS or execution.ended.cancelled
    return execution.status in TROUBLE and (approved or no_duplicate or not ordinary)
