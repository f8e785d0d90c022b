"""Reminding somebody by hand, whatever the rounds mail. Pure functions."""

from dataclasses import replace

from handlers.approvals.rules.decisions import barred
from handlers.approvals.rules.quorum import left_out
from handlers.approvals.rules.record import Approver, Record
from handlers.approvals.rules.refusal import Reason, Refusal
from handlers.contract.address import same_person
from handlers.contract.record import MOST_REMINDERS

PAUSE_SECONDS = 60  # between two reminders of one person


def as_asked(record: Record, address: str) -> str:
    """Somebody as the policy writes them; an address that it does not know stays as it is."""
    return next((who for who in record.policy.everybody if same_person(who) == same_person(address)), address)


def remind(record: Record, who: str, by: str, digest: str, now: int) -> Record | Refusal:
    """Give somebody who waits another link, whose digest this is. NOT_DONE if nothing is owed.

    Calling it again with the same digest changes nothing, so a write whose response was lost is simply retried.
    """
    one = record.approvers.get(who, Approver())
    if digest in one.links:
        return record
    over, left = barred(record, now), one.reminded_at + PAUSE_SECONDS - now
    reasons = {  # what weighs most comes first
        f"request {record.request_id} is over: {over}": over,
        f"{who} is named as the requester, and may not decide": who in left_out(record.policy, record.requested_by),
        f"{who} was never asked": not one.mailed_round,
        f"{who} has answered": one.vote,
        f"no mail reaches {who}": one.lost,
        f"{who} was reminded {MOST_REMINDERS} times by hand, which is the most": one.reminders >= MOST_REMINDERS,
        f"{who} was reminded less than a minute ago: try again in {left} s": left > 0,
    }
    if words := next((words for words, holds in reasons.items() if holds), ""):
        return Refusal(reason=Reason.NOT_DONE, words=words)
    reminded = record.with_approver(who, links=(*one.links, digest), reminders=one.reminders + 1, reminded_at=now)
    return replace(reminded, reminded_by=by)
