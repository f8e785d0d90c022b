"""The mail to everybody who has nothing to do any more: how a request ended. It has no link.

Subject and message have the limits of `mail`.
"""

from collections.abc import Iterator

from handlers.approvals.faces import mail, when, wording
from handlers.approvals.faces.letter import Part
from handlers.approvals.rules.record import Record
from handlers.contract.record import Status
from handlers.contract.visible import one_line, quoted
from handlers.contract.workflow import Ending

ENDED = {
    Status.APPROVED: ("Approved", "has been approved, and goes on"),
    Status.REJECTED: ("Rejected", "has been rejected, and does not go on"),
    Status.EXPIRED: ("Expired", "has not been approved in time, and does not go on"),
    Status.CLOSED: ("Ended", "has ended, and has taken no answer"),
}
OTHER_ANSWER = ("Ended", "has ended with an answer that nobody has given here")
CANCELLED = ("Cancelled", "was cancelled by whoever operates it, and has taken no answer")
STOPPED = ("Stopped", "was stopped by whoever operates it, and has taken no answer")


def headline(record: Record) -> str:
    """For example "Approved"."""
    return _ended(record)[0]


def parts(record: Record, environment: str, timezone: str, *, comments: bool = True) -> Iterator[Part]:
    """How it ended and why, what was asked, and who has said what; without `comments`, nothing of what people wrote."""
    ended, decided = record.ended, when.local(record.decided_at, timezone) if record.decided_at else ""
    yield f"A workflow in {one_line(environment)} {_ended(record)[1]}. You have nothing to do."
    yield from mail.listing(
        {
            "What": wording.title(record),
            "Asked by": wording.requester(record),
            "Asked at": when.local_iso(record.requested_at, timezone),
            "Decided at": "" if ended else decided,
            "Error": quoted(ended.error) if ended and not ended.cancelled else "",
            "Why": quoted(ended.words, len(ended.words)) if ended and comments else "",
        }
    )
    yield from mail.votes(record, timezone, comments=comments)
    yield f"Request {one_line(record.request_id)}\n"


def _ended(record: Record) -> tuple[str, str]:
    """For the subject, and of the workflow."""
    if record.answered_without_vote:
        return OTHER_ANSWER
    if record.ended and record.ended.cancelled:
        return CANCELLED
    stopped = record.ended and record.ended.status == Ending.ABORTED
    return STOPPED if stopped else ENDED[record.status]
