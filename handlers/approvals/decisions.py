"""Who may decide what: pure functions from a record to the next one. No clock, no AWS, no HTML."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from handlers.approvals.record import DECIDED, Decision, Record, Vote
from handlers.contract.question import ADDRESS_LIMIT
from handlers.contract.record import Status
from handlers.contract.visible import one_line, quoted, shortened
from handlers.contract.workflow import WorkflowError

if TYPE_CHECKING:
    from handlers.approvals.callback import Execution

# A record stays open until the state machine says otherwise. Only if the machine's word never came does the stated
# deadline end it, and then with room for a clock that is wrong.
CLOCK_SKEW_SECONDS = 60
# A cause, counted as it stands in JSON. Step Functions takes 32,768 characters, but parent workflows and events get it
# inside of JSON, perhaps more than once, and what is cut there is not JSON any more.
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskFailure.html
CAUSE_LIMIT = 7_900
REASON_LIMIT = 400  # characters of a comment in it; the record has all of them
SHORTEST_REASON = 10  # less than that says nothing
# All comments of a request together, as they stand in JSON. The record holds them twice, once in the answer, and has
# 400 KB; the workflow takes the answer beside the request, in 256 KiB.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
COMMENTS_LIMIT = 80_000  # bytes
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
# And with these the next round could not even be asked, so that a decision made between the rounds was never taken.
QUEUE_ERRORS = "SQS."


@dataclass(frozen=True, kw_only=True)
class Success:
    """What SendTaskSuccess hands to the workflow: `output` is JSON text."""

    output: str


@dataclass(frozen=True, kw_only=True)
class Failure:
    """What SendTaskFailure hands to the workflow."""

    error: WorkflowError
    cause: str


Answer = Success | Failure


class Refusal(StrEnum):
    """Why a vote was not counted."""

    DECIDED = "decided"
    VOTED = "voted"
    EXPIRED = "expired"
    CLOSED = "closed"
    CHANGED = "changed"  # since the page was shown: the answer is to another question


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """The vote was not counted; `record` is as it was."""

    def __init__(self, reason: Refusal, record: Record) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.record = record


class NoRoom(Exception):  # noqa: N818 - the comment, not this program, is too long
    """The vote was not counted: its comment does not fit in beside those of the others."""

    def __init__(self, room: int, size: int) -> None:
        super().__init__(
            f"The answers so far leave room for a comment of {room:,} bytes; this one has {size:,}. Please shorten it."
        )


def refusal(record: Record, who: str, now: int) -> Refusal | None:
    """Why this person could not vote on this record now (`now` in epoch seconds), or None."""
    if record.approvers[who].vote:
        return Refusal.VOTED
    if record.status in DECIDED:
        return Refusal.DECIDED
    if record.status is Status.CLOSED:
        return Refusal.CLOSED
    if record.status is Status.EXPIRED or now > record.deadline + CLOCK_SKEW_SECONDS:
        return Refusal.EXPIRED
    return None


def cast(record: Record, who: str, vote: Vote) -> Record:
    """Count one vote; the one that fills a quorum decides. The same vote again changes nothing.

    Raises Refused for a vote that comes too late or is not this person's first, and NoRoom for one whose comment is
    too long; without a comment there is always room.
    """
    if record.approvers[who].vote == vote:
        return record
    reason = refusal(record, who, vote.at)
    if reason:
        raise Refused(reason, record)
    if vote.digest != record.digest:
        raise Refused(Refusal.CHANGED, record)
    size = _size(vote.comment)
    room = max(0, COMMENTS_LIMIT - sum(_size(other.comment) for other in record.votes.values()))
    if size > room:
        raise NoRoom(room, size)
    voted = record.with_approver(who, vote=vote)
    return decide(voted, voted.verdict, vote.at) if voted.verdict in DECIDED else voted


def _size(comment: str) -> int:
    return len(json.dumps(comment, ensure_ascii=False).encode()) - len('""')


def decide(record: Record, status: Status, now: int) -> Record:
    """The answer is also written as text, for runs that began under a definition which reads it; nobody else does."""
    decided = replace(record, status=status, decided_at=now, lease=None)
    return replace(decided, answer=json.dumps(_answer(decided), ensure_ascii=False))


def _answer(record: Record) -> dict[str, Any]:
    if record.status is Status.APPROVED:
        told = {
            "requestId": record.request_id,
            "outcome": record.status.value,
            "decidedAt": iso(record.decided_at),
            "votes": said(record),
        }
        # Only runs that began under a definition which compares no digest have records of schema 1. Whoever makes one
        # now, whose votes IAM cannot reserve for the page, gets no run to go on by it.
        return told | ({"digest": record.digest} if record.schema_version > 1 else {})
    return {"error": WorkflowError.REJECTED.value, "cause": _rejection(record)}


def _rejection(record: Record) -> str:
    """Who rejected, and each one's words in quotation marks that these cannot close.

    Names come first, and everybody has the same part of what they leave: no text hides another's name.
    """
    head = f"Request {record.request_id} was rejected at {iso(record.decided_at)} by "
    against = [
        (one_line(who, ADDRESS_LIMIT), vote.comment)
        for who, vote in record.votes.items()
        if vote.decision is Decision.REJECT
    ]
    names = _in_json(head + "; ".join(who for who, _ in against))
    room = (CAUSE_LIMIT - names) // max(1, len(against))
    return _fitted(head + "; ".join(who + _reason(comment, room) for who, comment in against), CAUSE_LIMIT)


def _reason(comment: str, room: int) -> str:
    """`room` is in characters of JSON."""
    words = quoted(comment, REASON_LIMIT)
    while words and _in_json(f": {words}") > room:
        words = quoted(words[1:-1], len(words) * 3 // 4) if len(words) > SHORTEST_REASON else ""
    return f": {words}" if words else ""


def _fitted(text: str, room: int) -> str:
    while _in_json(text) > room:
        text = shortened(text, len(text) * 3 // 4)
    return text


def _in_json(text: str) -> int:
    return len(json.dumps(text))


def said(record: Record) -> list[dict[str, str]]:
    """The votes as a program is told them: without address and browser of the voter."""
    return [
        {"approver": who, "decision": vote.decision.value, "comment": vote.comment, "at": iso(vote.at)}
        for who, vote in record.votes.items()
    ]


def answer(record: Record) -> Answer:
    """What the workflow is to be told of a decided record, computed from its votes."""
    told = _answer(record)
    if record.status is Status.APPROVED:
        return Success(output=json.dumps(told, ensure_ascii=False))
    return Failure(error=WorkflowError(told["error"]), cause=told["cause"])


def undecided(record: Record | None, request_id: str) -> tuple[WorkflowError, str]:
    """Error and cause for a request that is not decided although its last round is over."""
    if record and record.asked and record.status in {Status.OPEN, Status.EXPIRED}:
        return WorkflowError.EXPIRED, f"Request {request_id} was not decided in time"
    why = "was given up" if record and record.status is Status.CLOSED else "was never mailed to anybody"
    return WorkflowError.NOTIFICATION_FAILED, f"Request {request_id} {why} before its deadline"


def handed_over(record: Record) -> Record:
    """The workflow has taken the answer, so whatever token is still kept is worth nothing any more and goes."""
    return replace(record, handed_over=True, task_token="")


def token_spent(record: Record, token: str) -> Record:
    """Step Functions no longer takes this token: the next round brings a new one, or the answer had arrived before."""
    return replace(record, task_token="") if record.task_token == token else record


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
    if execution.status == "SUCCEEDED":
        return Status.APPROVED
    if execution.status != "FAILED" or execution.error in UNDECIDED_ERRORS or execution.error.startswith(QUEUE_ERRORS):
        return None
    return Status.REJECTED if execution.error == WorkflowError.REJECTED else Status.APPROVED


def operator_told(record: Record, stopped_at: int) -> Record:
    """The operator has a mail about the ending at this time (epoch seconds)."""
    return replace(record, operator_told=stopped_at)


def abandoned(record: Record, round_: int) -> Record:
    """A round's mails could not be sent, so the workflow is about to be failed: nobody can answer this any more."""
    if record.status is not Status.OPEN or record.round > round_:
        return record
    return replace(record, status=Status.CLOSED, task_token="", lease=None)


def iso(epoch_seconds: int) -> str:
    return datetime.fromtimestamp(epoch_seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
