"""Who may decide what: pure functions from a record to the next one, or to a Refusal."""

from __future__ import annotations

import json
from dataclasses import replace
from enum import StrEnum

from handlers.approvals.rules.record import DECIDED, Record, Vote
from handlers.approvals.rules.refusal import Reason, Refusal
from handlers.contract.record import Status

# A record stays open until the state machine says otherwise. Only if the machine's word never came does the stated
# deadline end it, and then with room for a clock that is wrong.
CLOCK_SKEW_SECONDS = 60
COMMENT_LIMIT = 1_000  # characters
# All comments of a request together, as they stand in JSON. The record holds them twice, once in the answer, and has
# 400 KB; the workflow takes the answer beside the request, in 256 KiB.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
COMMENTS_LIMIT = 80_000  # bytes


class Standing(StrEnum):
    """How a request stands for one of the people asked."""

    OPEN = "open"
    THANKS = "thanks"  # this person's answer counts
    PENDING = "pending"  # it has decided, but the workflow does not have it yet
    DECIDED = "decided"  # others have decided
    EXPIRED = "expired"
    CLOSED = "closed"  # the workflow has ended without an answer


def standing(record: Record, who: str, now: float) -> Standing:
    """`now` is in epoch seconds."""
    if record.status is Status.CLOSED:
        return Standing.CLOSED
    if record.status is Status.EXPIRED:
        return Standing.EXPIRED
    if record.approvers[who].vote:
        return Standing.PENDING if record.status in DECIDED and not record.handed_over else Standing.THANKS
    reason = barred(record, who, now)
    return Standing(reason.value) if reason else Standing.OPEN


def barred(record: Record, who: str, now: float) -> Reason | None:
    """Why this person could not vote on this record now (`now` in epoch seconds), or None."""
    if record.approvers[who].vote:
        return Reason.VOTED
    if record.status in DECIDED:
        return Reason.DECIDED
    if record.status is Status.CLOSED:
        return Reason.CLOSED
    if record.status is Status.EXPIRED or now > record.deadline + CLOCK_SKEW_SECONDS:
        return Reason.EXPIRED
    return None


def cast(record: Record, who: str, vote: Vote) -> Record | Refusal:
    """Count one vote; the one that fills a quorum decides. The same vote again changes nothing.

    Refuses a vote that comes too late, is not this person's first, answers another question, or has a comment for which
    those of the others leave no room; without a comment there is always room.
    """
    if record.approvers[who].vote == vote:
        return record
    if reason := barred(record, who, vote.at):
        return Refusal(reason=reason)
    if vote.digest != record.digest:
        return Refusal(reason=Reason.CHANGED)
    size = _size(vote.comment)
    room = max(0, COMMENTS_LIMIT - sum(_size(other.comment) for other in record.votes.values()))
    if size > room:
        words = (
            f"The answers so far leave room for a comment of {room:,} bytes; this one has {size:,}. Please shorten it."
        )
        return Refusal(reason=Reason.NO_ROOM, words=words)
    voted = record.with_approver(who, vote=vote)
    return decide(voted, voted.verdict, vote.at) if voted.verdict in DECIDED else voted


def _size(comment: str) -> int:
    return len(json.dumps(comment, ensure_ascii=False).encode()) - len('""')


def decide(record: Record, status: Status, now: int) -> Record:
    """The votes have filled a quorum."""
    return replace(record, status=status, decided_at=now, lease=None)


def handed_over(record: Record) -> Record:
    """The workflow has taken the answer, so whatever token is still kept is worth nothing any more and goes."""
    return replace(record, handed_over=True, task_token="")


def token_spent(record: Record, token: str) -> Record:
    """Step Functions no longer takes this token: the next round brings a new one, or the answer had arrived before."""
    return replace(record, task_token="") if record.task_token == token else record
