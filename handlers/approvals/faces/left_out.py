"""The mail to somebody who is named as the requester: why they are not asked. It has no link.

Subject and message have the limits of `mail`.
"""

from collections.abc import Iterator

from handlers.approvals.faces import mail, when, wording
from handlers.approvals.faces.letter import Part
from handlers.approvals.rules.record import Record
from handlers.contract.visible import one_line

HEADLINE = "You are not asked"


def parts(record: Record, environment: str, timezone: str) -> Iterator[Part]:
    """Why this person is not asked, and what to do if they have not asked for it."""
    why = (
        f"A workflow in {one_line(environment)} has stopped for approval. You are named as its requester, "
        "and whoever asks may not decide: you are not asked, and this mail has no link."
    )
    otherwise = (
        "If you have not asked for this, somebody else has named you. Tell whoever operates the workflow, and the "
        "others who may decide."
    )
    yield why
    yield from mail.listing(
        {
            "What": wording.title(record),
            "Asked by": wording.requester(record),
            "Asked at": when.local_iso(record.requested_at, timezone),
        }
    )
    yield otherwise
    yield f"Request {one_line(record.request_id)}\n"
