"""What binds an answer to its question. Standard library alone: whoever makes a question makes its digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Protocol

# What people decide about. Who made the question and when is the workflow's own affair.
QUESTION = ("requestId", "title", "details", "requestedBy", "scheduledFor")


def question_digest(request: Mapping[str, Any]) -> str:
    """SHA-256, in hex, of the canonical JSON of what is asked; a field that is missing counts as empty.

    The state machine keeps it and compares it, as text, with the one that comes with an approval.
    """
    asked = {name: request.get(name, "") for name in QUESTION}
    return hashlib.sha256(json.dumps(asked, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


class Question(Protocol):
    """A question as a message or a record has it."""

    @property
    def request_id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def details(self) -> str: ...
    @property
    def requested_by(self) -> str: ...
    @property
    def scheduled_for(self) -> str: ...


def digest_of(question: Question) -> str:
    """The digest of the question as it stands in a message or a record."""
    return question_digest(
        {
            "requestId": question.request_id,
            "title": question.title,
            "details": question.details,
            "requestedBy": question.requested_by,
            "scheduledFor": question.scheduled_for,
        }
    )
