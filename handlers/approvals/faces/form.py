"""The posted answer: the page's form, or the same as JSON."""

import base64
import json
from typing import Any
from urllib.parse import parse_qsl

from handlers.approvals.faces.pieces import LOOK, FormError
from handlers.approvals.rules.decisions import COMMENT_LIMIT
from handlers.approvals.rules.record import Choice, Decision
from handlers.contract.once import RepeatedError, once

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
FIELDS = frozenset({"decision", "comment", "digest"})
SHOWN_AGAIN = 10 * COMMENT_LIMIT  # characters of a comment that is too long: escaped, megabytes would come back as more


class NoDecision(Exception):  # noqa: N818 - no error either, if it is the hidden button's
    """The post contained no decision. `status` is the HTTP status; `comment` is what the person had typed.

    `error` says what is wrong. It is None for the hidden button, which decides nothing.
    """

    def __init__(self, status: int, message: str = "", *, field: str = "", comment: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.error = FormError(message=message, field=field) if message else None
        self.comment = comment[:SHOWN_AGAIN]


def read(content_type: str, body: str, *, in_base64: bool = False) -> Choice:
    """`content_type` is the header's value. Raises NoDecision."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in {FORM, JSON}:
        raise NoDecision(415, f"The content type must be {FORM} or {JSON}.")
    try:
        text = base64.b64decode(body).decode() if in_base64 else body
        # Pairs, not a dictionary, which would silently drop repeated fields.
        pairs = json.loads(text, object_pairs_hook=tuple) if kind == JSON else _form(text)
    except (ValueError, RecursionError) as error:
        raise NoDecision(400, "The decision could not be read.") from error
    if not isinstance(pairs, tuple):
        raise NoDecision(400, 'The body must be an object: {"decision": "approve" or "reject", "comment": text}.')
    try:
        given = once((name, value) for name, value in pairs if name in FIELDS)
    except RepeatedError as error:
        typed = "\n".join(value for name, value in pairs if name == "comment" and isinstance(value, str))
        words = f"The {error.name} must be given once; it came {error.times} times."
        raise NoDecision(400, words, field=error.name, comment=typed) from error
    comment, decision, digest = _comment(given.get("comment", "")), given.get("decision"), given.get("digest", "")
    if kind == FORM and LOOK in dict(pairs):
        raise NoDecision(200, comment=comment)
    if decision not in list(Decision):
        raise NoDecision(400, "The decision must be approve or reject.", field="decision", comment=comment)
    if not isinstance(digest, str):
        raise NoDecision(400, "The digest must be text.", comment=comment)
    return Choice(decision=Decision(decision), comment=comment, digest=digest)


def _form(text: str) -> tuple[tuple[str, str], ...]:
    return tuple(parse_qsl(text, keep_blank_values=True, max_num_fields=20, errors="strict"))


def _comment(value: Any) -> str:
    if not isinstance(value, str):
        raise NoDecision(400, "The comment must be text.", field="comment")
    comment = value.replace("\r\n", "\n").strip()  # a browser counts a line break as one character and sends two
    try:
        comment.encode()
    except UnicodeEncodeError as error:
        raise NoDecision(400, "The comment must be valid Unicode text.", field="comment") from error
    if len(comment) > COMMENT_LIMIT:
        words = f"The comment must be at most {COMMENT_LIMIT:,} characters long; this one has {len(comment):,}."
        raise NoDecision(400, words, field="comment", comment=comment)
    return comment
