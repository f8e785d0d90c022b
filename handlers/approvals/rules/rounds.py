"""Asking in rounds: who gets this round's mail, and which worker sends it. Pure functions."""

from collections.abc import Collection, Mapping
from dataclasses import fields, replace
from enum import StrEnum

from handlers.approvals.rules.decisions import CLOCK_SKEW_SECONDS
from handlers.approvals.rules.delivery import out_of_reach
from handlers.approvals.rules.endings import duplicate
from handlers.approvals.rules.joining import ways_out
from handlers.approvals.rules.message import Message
from handlers.approvals.rules.quorum import Count, left_out, shortages, without_requester
from handlers.approvals.rules.record import DECIDED, SECONDS_PER_DAY, Approver, Lease, Record
from handlers.approvals.rules.refusal import Reason, Refusal
from handlers.contract.question import ADDRESS_LIMIT, Question
from handlers.contract.record import Status
from handlers.contract.visible import one_line, quoted

REFUSED_KEPT = 500  # characters


class Kind(StrEnum):
    """What a mail is to its reader."""

    REQUEST = "request"
    REMINDER = "reminder"
    ESCALATION = "escalation"
    BY_HAND = "reminder by hand"


def new_record(message: Message) -> Record | Refusal:
    """TOO_FEW if the approvers cannot reach the quorum without the requester, who may not decide."""
    if short := shortages(without_requester(message.policy, message.requested_by)):
        return Refusal(reason=Reason.TOO_FEW, words=_too_few(message, short))
    return unasked(message)


def unasked(message: Message) -> Record:
    """The message's request before anybody is asked."""
    policy = without_requester(message.policy, message.requested_by)
    return Record(
        **{field.name: getattr(message, field.name) for field in fields(Question)},
        execution_arn=message.execution_arn,
        deadline=message.deadline,
        expires_at=message.deadline + policy.audit_days * SECONDS_PER_DAY,
        round=0,
        rounds=message.rounds,
        policy=message.policy,
        approvers={who: Approver() for who in policy.asked_first},
        version=0,
    )


def _too_few(message: Message, short: Mapping[str, Count]) -> str:
    needed = "; ".join(
        f"{f'from group {name} ' if name else ''}{count.required} approval(s), of {count.given} approver(s)"
        for name, count in short.items()
    )
    requester = quoted(message.requested_by, ADDRESS_LIMIT)
    return f"Without its requester {requester}, request {message.request_id} cannot be approved: it needs {needed}"


def begin(record: Record, message: Message, lease: Lease, now: int, digests: Mapping[str, str]) -> Record | Refusal:
    """Start the message's round and take the lease for sending its mails.

    `digests` holds the digest of a fresh link for everybody who might be asked. Calling it again with the same lease
    changes nothing, so a write whose response was lost is simply retried. A decided record is returned unchanged.
    DUPLICATE, FOREIGN, STALE, GIVEN_UP or OUT_OF_REACH if there is nothing to ask; BUSY while another worker holds the
    lease.
    """
    if refusal := foreign(record, message):
        return refusal
    if record.status in DECIDED:
        return record
    if record.status is not Status.OPEN or message.round < record.round or now > record.deadline + CLOCK_SKEW_SECONDS:
        return Refusal(reason=Reason.GIVEN_UP if record.status is Status.CLOSED else Reason.STALE)
    if record.round == message.round and record.lease and record.lease.until > now:
        return busy(record, lease, now, "round") or record
    if words := out_of_reach(record):
        return Refusal(reason=Reason.OUT_OF_REACH, words=words)
    opened = replace(record, round=message.round, task_token=message.task_token, lease=lease, refused="")
    if message.round >= message.rounds:
        joining = {who: Approver() for who in record.electorate.escalate_to if who not in record.approvers}
        opened = replace(opened, approvers={**record.approvers, **joining})
    for who in recipients(opened):
        opened = opened.with_approver(who, links=(*opened.approvers[who].links, digests[who]))
    return opened if recipients(opened) else replace(opened, lease=None)


def busy(record: Record, lease: Lease, now: int, what: str) -> Refusal | None:
    """BUSY while another worker has the lease for these mails: of a "round", or of a "request" that is over."""
    held = record.lease
    if not held or held.until <= now or held.owner == lease.owner:
        return None
    seconds = held.until - now
    words = f"another worker sends this {what}'s mails for {seconds} more seconds"
    return Refusal(reason=Reason.BUSY, words=words, retry_seconds=seconds)


def foreign(record: Record, message: Message) -> Refusal | None:
    """Only messages of a record's own run may change it; another run of the same start is told so."""
    if message.execution_arn != record.execution_arn:
        return Refusal(reason=Reason.DUPLICATE, words=duplicate(record))
    if message.rounds != record.rounds:
        return Refusal(reason=Reason.FOREIGN, words="rounds must be what the run began with")
    return None


def everybody(record: Record) -> Collection[str]:
    """Everybody who is asked in any round."""
    return dict.fromkeys([*record.approvers, *record.electorate.escalate_to])


def to_be_told(record: Record, *, by_event: bool) -> list[str]:
    """Who is left out and does not know it: their name came with an event, or by more than their whole address."""
    whole = record.requested_by.strip().casefold()
    return [
        who
        for who in left_out(record.policy, record.requested_by)
        if who not in record.told_left_out and (by_event or who.casefold() != whole)
    ]


def told_left_out(record: Record, who: str) -> Record:
    """Note that this person knows that they are left out."""
    return replace(record, told_left_out=tuple(dict.fromkeys([*record.told_left_out, who])))


def recipients(record: Record) -> list[str]:
    """Who still has to get a mail in the record's current round, in the order in which they get it.

    That is who has not answered, and who can end a deadlock by joining another answer, but for those whom no mail
    reaches. The least-mailed come first, since a round may end before all are mailed; equals in the policy's order.
    """
    if record.status is not Status.OPEN:
        return []
    asked = [(who, one) for who in record.policy.everybody if (one := record.approvers.get(who)) and not one.lost]
    joining = {who for way in ways_out(record) for who in way.people}
    due = [(who, one) for who, one in asked if (not one.vote or who in joining) and one.mailed_round < record.round]
    return [who for who, _ in sorted(due, key=lambda entry: entry[1].mails)]


def kind(record: Record, who: str) -> Kind:
    """Which kind of mail this person gets in this round."""
    if who in record.policy.escalate_to:
        return Kind.ESCALATION
    return Kind.REMINDER if record.round > 1 else Kind.REQUEST


def mailed(record: Record, who: str, round_: int) -> Record:
    """Note that this person has been mailed in this round. The last mail of a round releases the lease."""
    before = record.approvers[who]
    if before.mailed_round < round_:
        missed = before.missed_rounds + round_ - before.mailed_round - 1
        record = record.with_approver(who, mailed_round=round_, missed_rounds=missed)
    # With a decision, this worker's lease was over; one that there is now is for telling others of it.
    goes_on = record.status in DECIDED or record.status is Status.CLOSED or recipients(record)
    return record if goes_on else replace(record, lease=None)


def release(record: Record, lease: Lease, refused: str = "") -> Record:
    """Release the lease, so that the next attempt need not wait for it to expire, and keep why there has to be one."""
    ours = record.lease and record.lease.owner == lease.owner
    return replace(record, lease=None, refused=one_line(refused, REFUSED_KEPT)) if ours else record
