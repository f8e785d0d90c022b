"""Who has to be told how a request ended, and which worker tells them. Pure functions."""

from dataclasses import replace

from handlers.approvals.rules.message import Announcement
from handlers.approvals.rules.record import DECIDED, Lease, Record
from handlers.approvals.rules.refusal import Reason, Refusal
from handlers.approvals.rules.rounds import busy
from handlers.contract.address import named_in, same_person
from handlers.contract.record import Status


def over(record: Record) -> bool:
    """Whether it has an ending that nothing but a refusal of the workflow could change."""
    return record.handed_over if record.status in DECIDED else record.status is not Status.OPEN


def is_news(before: Record | None, after: Record) -> bool:
    """Whether somebody has to be told since this write: also who was mailed by a worker that a decision overtook."""
    return bool(set(to_be_told(after)).difference(to_be_told(before) if before else ()))


def to_be_told(record: Record) -> list[str]:
    """Who was mailed, and the requester, but for the one who decided: the page has told them, in the policy's order.

    Whether the requester is mailed at all, the channel says: this is anybody's text.
    """
    if not over(record):
        return []
    decided_by = record.decided_by if record.status in DECIDED else ""
    requester = _requester(record)
    mailed = {who: one for who, one in record.approvers.items() if one.mailed_round or one.vote or who in requester}
    asked = [who for who, one in mailed.items() if not (one.told or one.lost) and who != decided_by]
    return [*asked, *(who for who in requester if who not in (*record.approvers, *record.told_others))]


def _requester(record: Record) -> list[str]:
    """As the policy writes who is named; else an address in the one spelling that a subscription also goes by."""
    named = named_in(record.requested_by, record.policy.everybody)
    address = same_person(record.requested_by)
    return [who for who in record.policy.everybody if who in named] or ([address] if "@" in address else [])


def begin(record: Record, announcement: Announcement, lease: Lease, now: int) -> Record | Refusal:
    """Take the lease for telling. STALE if it is another run's, or there is nobody to tell; BUSY while another has it.

    An announcement that nobody here has sent can do no more than that: who was told is not told again.
    """
    if announcement.execution_arn != record.execution_arn or not to_be_told(record):
        return Refusal(reason=Reason.STALE)
    return busy(record, lease, now, "request") or replace(record, lease=lease)


def told(record: Record, who: str, status: Status) -> Record:
    """Note that this person knows of this ending, unless there is another one by now. The last one frees the lease."""
    if record.status is not status:
        return record
    if who in record.approvers:
        record = record.with_approver(who, told=True)
    else:
        record = replace(record, told_others=tuple(dict.fromkeys([*record.told_others, who])))
    return record if to_be_told(record) else replace(record, lease=None)
