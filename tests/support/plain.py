"""Mails as SNS sends them: an ASCII subject, and plain text."""

from typing import Any

from handlers.approvals.faces import mail
from handlers.approvals.faces.letter import as_text
from handlers.approvals.rules.record import Record
from handlers.approvals.rules.rounds import Kind


def subject(record: Record, kind: Kind, environment: str, timezone: str = "UTC") -> str:
    return mail.subject_about(record, mail.HEADLINES[kind], environment, timezone)


def body(*about: Any) -> str:
    return as_text(mail.parts(*about))
