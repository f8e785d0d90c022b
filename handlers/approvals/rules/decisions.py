"""Who may decide what: pure functions from a record to the next one, or to a Refusal."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from handlers.approvals.rules.joining import may_join
from handlers.approvals.rules.record import DECIDED, Choice, Decision, Record, Vote, Withdrawn
from handlers.approvals.rules.refusal import Reason, Refusal
from handlers.contract.form_fields import FormField, Values, value_of
from handlers.contract.record import Status

# The state machine closes a record. The deadline is only a fallback in case it never does, with some allowance for
# clock skew.
CLOCK_SKEW_SECONDS = 60
COMMENT_LIMIT = 1_000  # characters
# All comments of a request together, as JSON. The workflow's state, limited to 256 KiB, holds them beside the request,
# and the record, limited to 400 KB, beside everybody's links. Values have a room of their own: `form_fields`.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
COMMENTS_LIMIT = 40_000  # bytes


def barred(record: Record, now: float) -> Reason | None:
    """Why nobody could vote on this record now (`now` in epoch seconds), or None."""
    if record.status in DECIDED:
        return Reason.DECIDED
    if record.status is Status.CLOSED:
        return Reason.CLOSED
    if record.status is Status.EXPIRED or now > record.deadline + CLOCK_SKEW_SECONDS:
        return Reason.EXPIRED
    return None


def cast(record: Record, who: str, vote: Vote) -> Record | Refusal:
    """Count one vote; the one that completes a quorum decides. Casting the same vote again changes nothing.

    Refuses a vote that is too late, is not this person's first, unless it joins somebody else's answer, answers another
    question, has other values than the question asks for, or a comment that no longer fits beside the others. A vote
    without a comment always fits. A rejection brings no values.
    """
    mine = record.approvers[who].vote
    values, errors = _brought(record, vote)
    vote = replace(vote, values=values)
    if mine and not errors and replace(mine, withdrawn=None) == vote:
        return record
    if mine and not may_join(record, who, vote):
        return Refusal(reason=Reason.VOTED)
    if refusal := _refused(record, vote, errors):
        return refusal
    before = Withdrawn(at=mine.at, comment=mine.comment, values=mine.values) if mine else None
    voted = record.with_approver(who, vote=replace(vote, withdrawn=before))
    verdict = voted.verdict
    return decide(voted, verdict, vote.at, who) if verdict in DECIDED else voted


def _refused(record: Record, vote: Vote, errors: Mapping[str, str]) -> Refusal | None:
    if reason := barred(record, vote.at):
        return Refusal(reason=reason)
    if vote.digest != record.digest:
        return Refusal(reason=Reason.CHANGED)
    if errors:
        return Refusal(reason=Reason.INVALID, words="Some values are missing or wrong.", errors=errors)
    size = _size(vote.comment)
    given = [one for cast in record.votes.values() for one in (cast, cast.withdrawn) if one]
    room = max(0, COMMENTS_LIMIT - sum(_size(one.comment) for one in given))
    if size > room:
        words = (
            f"The answers so far leave room for a comment of {room:,} bytes; this one has {size:,}. Please shorten it."
        )
        return Refusal(reason=Reason.NO_ROOM, words=words)
    return None


def checked(form: Sequence[FormField], given: Mapping[str, Any]) -> tuple[Values, dict[str, str]]:
    """The canonical values, and what is wrong with those that were given, by the fields' names."""
    values, errors = {}, dict.fromkeys(given.keys() - {field.name for field in form}, "There is no such field.")
    for field in form:
        try:
            values[field.name] = value_of(field, given.get(field.name))
        except ValueError as error:
            errors[field.name] = f"{field.label} {error}."
        else:
            if field.required and not values[field.name]:
                errors[field.name] = f"{field.label} must be given."
    return {name: value for name, value in values.items() if value}, errors


def _brought(record: Record, choice: Choice) -> tuple[Values, dict[str, str]]:
    """As `checked` does; a rejection brings nothing, whatever came with it."""
    return checked(record.form, choice.values) if choice.decision is Decision.APPROVE else ({}, {})


def same(record: Record, mine: Vote, choice: Choice) -> bool:
    """Whether this answer says the same as the recorded one; comments may differ."""
    values, errors = _brought(record, choice)
    return mine.decision is choice.decision and mine.values == values and not errors


def _size(comment: str) -> int:
    return len(json.dumps(comment, ensure_ascii=False).encode()) - len('""')


def decide(record: Record, status: Status, now: int, who: str = "") -> Record:
    """Record that the votes have reached a quorum, with this person's."""
    return replace(record, status=status, decided_at=now, decided_by=who, lease=None)


def handed_over(record: Record) -> Record:
    """The workflow has taken the answer; any token still stored is useless and is removed."""
    return replace(record, handed_over=True, task_token="")


def token_spent(record: Record, token: str) -> Record:
    """Step Functions no longer accepts this token: a new round will bring one, or the answer had already arrived."""
    return replace(record, task_token="") if record.task_token == token else record
