"""The posted answer: the page's form, or the same as JSON."""

from __future__ import annotations

import base64
import json
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from handlers.approvals.faces.pieces import LOOK, FormError
from handlers.approvals.rules.decisions import COMMENT_LIMIT
from handlers.approvals.rules.record import Choice, Decision
from handlers.contract.once import RepeatedError, once

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
FIELDS = frozenset({"decision", "comment", "digest"})
SHOWN_AGAIN = 10 * COMMENT_LIMIT  # characters of a comment that is too long: escaped, megabytes would come back as more


class NoDecision(NamedTuple):
    """The post contained no decision. `status` is the HTTP status; `comment` is what the person had typed.

    `error` says what is wrong. It is None for the hidden button, which decides nothing.
    """

    status: int
    error: FormError | None = None
    comment: str = ""


class _UnreadableError(Exception):
    """One of the fields is not what it must be."""

    def __init__(self, status: int, message: str, *, field: str = "", comment: str = "") -> None:
        super().__init__(message)
        self.nothing = NoDecision(status=status, error=FormError(message=message, field=field), comment=comment)


def read(content_type: str, body: str, *, in_base64: bool = False) -> Choice | NoDecision:
    """`content_type` is the header's value."""
    try:
        return _read(content_type.partition(";")[0].strip().lower(), body, in_base64=in_base64)
    except _UnreadableError as error:
        return error.nothing


def _read(kind: str, body: str, *, in_base64: bool) -> Choice | NoDecision:
    if kind not in {FORM, JSON}:
        raise _UnreadableError(415, f"The content type must be {FORM} or {JSON}.")
    try:
        text = base64.b64decode(body).decode() if in_base64 else body
        # Pairs, not a dictionary, which would silently drop repeated fields.
        pairs = json.loads(text, object_pairs_hook=tuple) if kind == JSON else _form(text)
    except (ValueError, RecursionError) as error:
        raise _UnreadableError(400, "The decision could not be read.") from error
    if not isinstance(pairs, tuple):
        raise _UnreadableError(400, 'The body must be an object: {"decision": "approve" or "reject", "comment": text}.')
    try:
        given = once((name, value) for name, value in pairs if name in FIELDS)
    except RepeatedError as error:
        typed = "\n".join(value for name, value in pairs if name == "comment" and isinstance(value, str))
        raise _UnreadableError(
            400,
            f"The {error.name} must be given once; it came {error.times} times.",
            field=error.name,
            comment=typed[:SHOWN_AGAIN],
        ) from error
    comment, decision, digest = _comment(given.get("comment", "")), given.get("decision"), given.get("digest", "")
    if kind == FORM and LOOK in dict(pairs):
        return NoDecision(status=200, comment=comment)
    if decision not in list(Decision):
        raise _UnreadableError(400, "The decision must be approve or reject.", field="decision", comment=comment)
    if not isinstance(digest, str):
        raise _UnreadableError(400, "The digest must be text.", comment=comment)
    return Choice(decision=Decision(decision), comment=comment, digest=digest)


def _form(text: str) -> tuple[tuple[str, str], ...]:
    return tuple(parse_qsl(text, keep_blank_values=True, max_num_fields=20, errors="strict"))


def _comment(value: Any) -> str:
    if not isinstance(value, str):
        raise _UnreadableError(400, "The comment must be text.", field="comment")
    comment = value.replace("\r\n", "\n").strip()  # a browser counts a line break as one character and sends two
    try:
        comment.encode()
    except UnicodeEncodeError as error:
        raise _UnreadableError(400, "The comment must be valid Unicode text.", field="comment") from error
    if len(comment) > COMMENT_LIMIT:
        raise _UnreadableError(
            400,
            f"The comment must be at most {COMMENT_LIMIT:,} characters long; this one has {len(comment):,}.",
            field="comment",
            comment=comment[:SHOWN_AGAIN],
        )
    return comment
