"""Wording that the page and the mails share."""

from __future__ import annotations

from handlers.approvals.rules.record import Decision, Record, Vote
from handlers.contract.visible import one_line

UNTITLED = "(without a title)"
NOBODY = "(nobody is named)"  # which says nothing of who it was


def title(record: Record) -> str:
    return one_line(record.title) or UNTITLED


def requester(record: Record) -> str:
    return one_line(record.requested_by) or NOBODY


def people_asked(record: Record) -> str:
    return "1 person" if len(record.approvers) == 1 else f"{len(record.approvers)} people"


def against(record: Record) -> str:
    needed = record.tally.rejections.required
    return "one rejection stops" if needed == 1 else f"{needed} rejections stop"


def quorum(record: Record) -> str:
    """For example "2 (3 people asked; one rejection stops it)"."""
    return f"{record.tally.approvals.required} ({people_asked(record)} asked; {against(record)} it)"


def verb(vote: Vote) -> str:
    return "approved" if vote.decision is Decision.APPROVE else "rejected"
