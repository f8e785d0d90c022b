"""The mail to the operator about a mail that did not arrive: whose, of which request, and why.

Subject and message have the limits of `mail`. The reason is a stranger's: the recipient's mail server wrote it.
"""

from handlers.approvals.faces import mail, wording
from handlers.approvals.faces.letter import Part, as_text
from handlers.approvals.rules.delivery import Notice
from handlers.approvals.rules.record import Record
from handlers.contract.record import Status
from handlers.contract.visible import one_line, quoted

REASON_LIMIT = 1_000  # characters


def subject(record: Record, notice: Notice, environment: str, timezone: str) -> str:
    """For example "[dev] A mail came back: Release 1.4 to production"."""
    return mail.subject_about(record, f"A mail {wording.fate(notice.kind)}", environment, timezone)


def body(record: Record, who: str, notice: Notice, environment: str) -> str:
    parts: list[Part] = [
        f"A mail about an approval in {one_line(environment)} {wording.fate(notice.kind)}.",
        *mail.listing(
            {
                "To": one_line(who),
                "What": quoted(record.title) or wording.UNTITLED,
                "Request": one_line(record.request_id),
                "Why": quoted(notice.reason, REASON_LIMIT),
                "Execution": record.execution_arn,
            },
            "- ",
        ),
        _then(record, who, notice),
        "What to do about it is in docs/mail.md.",
    ]
    return as_text(parts) + "\n"


def _then(record: Record, who: str, notice: Notice) -> str:
    if record.status is not Status.OPEN or who not in record.approvers:
        return ""
    if not notice.permanent:
        return "They are mailed again in the next round, if there is one."
    return "They are mailed no more about this request. The links they have, and their answer, stay good."
