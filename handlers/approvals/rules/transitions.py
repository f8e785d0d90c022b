"""What a write has made of a request. Pure functions."""

from typing import NamedTuple

from handlers.approvals.rules.record import DECIDED, Record
from handlers.approvals.rules.rounds import recipients
from handlers.contract.events import EventType
from handlers.contract.record import Status

ENDINGS = {Status.EXPIRED: EventType.EXPIRED, Status.CLOSED: EventType.CLOSED}


class Transition(NamedTuple):
    """`who` has voted, or was reminded by hand; "" for what is about nobody in particular."""

    type: EventType
    who: str = ""


def transitions(before: Record | None, after: Record) -> list[Transition]:
    """In the order in which they follow from each other. None for leases, notes of mails, and writes that came to
    nothing; a round in which nobody is left to ask reminds nobody.
    """
    if before and before.execution_arn != after.execution_arn:
        before = None
    found = []
    if not before:
        found.append(Transition(EventType.REQUESTED))
    elif after.round > before.round and recipients(after):
        found.append(Transition(EventType.REMINDED))
    known, votes = (before.approvers, before.votes) if before else ({}, {})
    found += [
        Transition(EventType.REMINDED, who)
        for who, one in after.approvers.items()
        if who in known and one.reminders > known[who].reminders
    ]
    found += [Transition(EventType.VOTED, who) for who, vote in after.votes.items() if vote != votes.get(who)]
    status = before.status if before else Status.OPEN
    if after.status is not status and after.status is not Status.OPEN:
        found.append(Transition(EventType.DECIDED if after.status in DECIDED else ENDINGS[after.status]))
    return found
