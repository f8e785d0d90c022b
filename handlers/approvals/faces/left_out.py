"""The mail to somebody who is named as the requester: why they are not asked. It has no link.

Subject and message have the limits of `mail`.
"""

from handlers.approvals.faces import mail, when, wording
from handlers.approvals.rules.record import Record
from handlers.contract.visible import one_line


def subject(record: Record, environment: str, timezone: str) -> str:
    """For example "[dev] You are not asked: Deploy 1.4 to production"."""
    return mail.subject_about(record, "You are not asked", environment, timezone)


def body(record: Record, environment: str, timezone: str) -> str:
    """Why this person is not asked, and what to do if they have not asked for it."""
    why = (
        f"A workflow in {one_line(environment)} has stopped for approval. You are named as its requester, "
        "and whoever asks may not decide: you are not asked, and this mail has no link."
    )
    otherwise = (
        "If you have not asked for this, somebody else has named you. Tell whoever operates the workflow, and the "
        "others who may decide."
    )
    parts = (
        why,
        mail.listing(
            {
                "What": wording.title(record),
                "Asked by": wording.requester(record),
                "Asked at": when.local_iso(record.requested_at, timezone),
            }
        ),
        otherwise,
        f"Request {one_line(record.request_id)}\n",
    )
    return mail.PARAGRAPH.join(parts)
