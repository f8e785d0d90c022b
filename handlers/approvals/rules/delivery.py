"""Mails that did not arrive, and what is left of a request without those people. Pure functions."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from handlers.approvals.rules.quorum import tally
from handlers.approvals.rules.record import Record, Undelivered
from handlers.contract.address import same_person
from handlers.contract.record import Status
from handlers.contract.visible import one_line, quoted, shortened

REASON_KEPT = 200  # bytes: those of 100 people fit into a record beside everybody's answers
REASONS_TOLD = 3


class Trouble(StrEnum):
    """SES's names: https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html"""

    BOUNCE = "Bounce"
    COMPLAINT = "Complaint"
    REJECT = "Reject"
    RENDERING_FAILURE = "Rendering Failure"
    DELAY = "DeliveryDelay"


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What SES says of one mail, which is known by its tags: the request, and `person_tag` of whose it is."""

    request_id: str
    person: str
    kind: Trouble
    reason: str
    permanent: bool


def person_tag(who: str) -> str:
    """The first 32 hex digits of the SHA-256 of somebody's address: a tag takes no @."""
    return hashlib.sha256(who.encode()).hexdigest()[:32]


def whose(record: Record, tag: str) -> str:
    """Who of those that a request's mails may go to; "" for nobody. What address an event names says nothing."""
    people = (*record.policy.everybody, same_person(record.requested_by))
    return next((who for who in people if person_tag(who) == tag), "")


def noted(record: Record, who: str, notice: Notice) -> Record:
    """That somebody's mail did not arrive, unless it is known that none does, or they are only told of the decision.

    A delay is no news where a mail has come back: events may come in any order. More of the same is none to the
    operator: mail servers word each of their answers anew.
    """
    if who not in record.approvers or who in record.lost:
        return record
    known = record.approvers[who].undelivered
    if known and notice.kind is Trouble.DELAY and known.kind != notice.kind:
        return record
    told = bool(known and known.told and (known.kind, known.permanent) == (notice.kind, notice.permanent))
    fits = len(notice.reason.encode()[:REASON_KEPT].decode(errors="ignore"))
    now = Undelivered(notice.kind.value, shortened(notice.reason, fits), notice.permanent, told)
    return record.with_approver(who, undelivered=now)


def operator_knows(record: Record, who: str) -> Record:
    """Note that the operator has been told of somebody's mail."""
    known = record.approvers[who].undelivered if who in record.approvers else None
    return record.with_approver(who, undelivered=known._replace(told=True)) if known else record


def out_of_reach(record: Record) -> str:
    """Why the policy cannot be fulfilled any more: by those who approved, and all others whom mail may reach.

    "" while it can, and where nobody is lost. Escalation contacts count, as the last round asks them; so does whoever
    approved other values, as they may join.
    """
    lost = record.lost
    if not lost or record.status is not Status.OPEN:
        return ""
    able = {who for answer in record.answers for who in answer.by}
    able |= {who for who in record.electorate.everybody if who not in record.votes and who not in lost}
    if tally(record.electorate, able, ()).approves:
        return ""
    known = {who: record.approvers[who].undelivered for who in lost[:REASONS_TOLD]}
    reasons = [f"{one_line(who)}: {quoted(one.reason if one else '')}" for who, one in known.items()]
    more = [f"and {len(lost) - REASONS_TOLD} more"] if len(lost) > REASONS_TOLD else []
    return (
        f"Request {record.request_id} cannot be approved any more without those whom no mail reaches: "
        f"{'; '.join([*reasons, *more])}"
    )
