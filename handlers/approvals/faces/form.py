"""The posted answer: the page's form, or the same as JSON."""

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from handlers.approvals.faces import wording
from handlers.approvals.faces.pieces import LOOK, SHOWN_AGAIN, VALUES, FormError, Typed
from handlers.approvals.rules.decisions import COMMENT_LIMIT
from handlers.approvals.rules.record import Choice, Decision
from handlers.contract.form_fields import MOST_FIELDS
from handlers.contract.once import RepeatedError, once

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
FIELDS = frozenset({"decision", "comment", "digest", "values"})


class NoDecision(Exception):  # noqa: N818 - no error either, if it is the hidden button's
    """The post contained no decision. `status` is the HTTP status; `typed` is what was typed.

    `error` says what is wrong. It is None for the hidden button, which decides nothing.
    """

    def __init__(self, status: int, message: str = "", **error: Any) -> None:
        super().__init__(message)
        self.status = status
        self.error = FormError(message=message, **error) if message else None
        self.typed = Typed()


class Number(str):
    """A number of JSON, as written: 0.10 stays exact, and is not the text "0.10"."""

    __slots__ = ()


def read(content_type: str, body: str, *, in_base64: bool = False) -> Choice:
    """`content_type` is the header's value. Raises NoDecision."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in {FORM, JSON}:
        raise NoDecision(415, f"The content type must be {FORM} or {JSON}.")
    try:
        text = base64.b64decode(body).decode() if in_base64 else body
        # Pairs, not a dictionary, which would silently drop repeated fields.
        pairs = _json(text) if kind == JSON else _form(text)
    except (ValueError, RecursionError) as error:
        raise NoDecision(400, "The decision could not be read.") from error
    if not isinstance(pairs, tuple):
        raise NoDecision(400, 'The body must be an object: {"decision": "approve" or "reject", "comment": text}.')
    values = tuple((name.removeprefix(VALUES), value) for name, value in pairs if name.startswith(VALUES))
    if kind == JSON:
        values = dict(pairs).get("values", ())
    shown = values[:MOST_FIELDS] if isinstance(values, tuple) else ()
    typed = {wording.name(name): value for name, value in shown}  # those of fields stay as they are
    try:
        choice = _choice(kind, pairs, typed)
        _check(values)
    except NoDecision as nothing:
        comment = "\n".join(value for name, value in pairs if name == "comment" and isinstance(value, str))
        nothing.typed = Typed(_one_break(comment)[:SHOWN_AGAIN], typed)
        raise
    return choice


def _choice(kind: str, pairs: Iterable[tuple[str, Any]], values: Mapping[str, Any]) -> Choice:
    try:
        given = once((name, value) for name, value in pairs if name in FIELDS)
    except RepeatedError as error:
        words = f"The {error.name} must be given once; it came {error.times} times."
        raise NoDecision(400, words, field=error.name) from error
    comment, decision, digest = _comment(given.get("comment", "")), given.get("decision"), given.get("digest", "")
    if kind == FORM and LOOK in dict(pairs):
        raise NoDecision(200)
    if decision not in list(Decision):
        raise NoDecision(400, "The decision must be approve or reject.", field="decision")
    if type(digest) is not str:
        raise NoDecision(400, "The digest must be text.")
    return Choice(decision=Decision(decision), comment=comment, digest=digest, values=values)


def _json(text: str) -> Any:
    """With objects as tuples of pairs, and numbers as they are written."""
    return json.loads(text, object_pairs_hook=tuple, parse_int=Number, parse_float=Number, parse_constant=Number)


def _form(text: str) -> tuple[tuple[str, str], ...]:
    return tuple(parse_qsl(text, keep_blank_values=True, max_num_fields=20, errors="strict"))


def _check(values: Any) -> None:
    """Values that are no object of few names. What they are is for the rules to say, as a rejection needs none."""
    if not isinstance(values, tuple):
        raise NoDecision(400, "The values must be an object: {name: value}.")
    if len(values) > MOST_FIELDS:
        raise NoDecision(400, f"There must be at most {MOST_FIELDS} values; these are {len(values):,}.")
    try:
        once(values)
    except RepeatedError as error:
        errors = {f"{VALUES}{wording.name(name)}": "This must be given once." for name in error.names}
        raise NoDecision(400, "Each value must be given once.", errors=errors) from error


def _comment(value: Any) -> str:
    if type(value) is not str:
        raise NoDecision(400, "The comment must be text.", field="comment")
    comment = _one_break(value)
    try:
        comment.encode()
    except UnicodeEncodeError as error:
        raise NoDecision(400, "The comment must be valid Unicode text.", field="comment") from error
    if len(comment) > COMMENT_LIMIT:
        words = f"The comment must be at most {COMMENT_LIMIT:,} characters long; this one has {len(comment):,}."
        raise NoDecision(400, words, field="comment")
    return comment


def _one_break(text: str) -> str:
    """A browser counts a line break as one character and sends two."""
    return text.replace("\r\n", "\n").strip()
