"""What the state machine puts on the request queue, read at the edge."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

from handlers.approvals import when
from handlers.contract.message import SCHEMA_VERSION
from handlers.contract.once import RepeatedError, parse
from handlers.contract.question import REQUEST_ID, digest_of
from handlers.contract.visible import quoted

READABLE_VERSIONS = (1, SCHEMA_VERSION)  # 1 had no digest, and was never sent late
MOST_ROUNDS = 21  # as the config allows: asked once, and reminded twenty times
KEY_LIMIT = 60  # characters of a key that is refused
LARGEST = 253_402_128_000  # 9999-12-30: a calendar can still show it in every time zone


class MalformedMessage(ValueError):  # noqa: N818 - reads as what it is
    """No approval request could be read from a queue message."""


class UnknownVersionError(MalformedMessage):
    """A message from a newer release: a deployment updates the state machine before the function that reads it."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """One round of one request. `deadline` is in epoch seconds; `scheduled_for` is "" unless a schedule has asked.

    `late`: the last round is over and nobody is asked any more; the workflow wants to know what has been decided.
    """

    task_token: str = field(repr=False)
    execution_arn: str
    round: int
    rounds: int
    deadline: int
    request_id: str
    title: str
    details: str
    requested_by: str
    requested_at: str
    scheduled_for: str = ""
    late: bool = False

    @classmethod
    def parse(cls, body: str) -> Self:
        """Raises MalformedMessage, which names the field and never quotes the value: it may be a token."""
        content = _json_object(body)
        version = content.get("schemaVersion")
        if type(version) is not int or version < 1:
            raise MalformedMessage("schemaVersion must be a positive whole number")
        if version not in READABLE_VERSIONS:
            raise UnknownVersionError(f"schemaVersion is {version}, this release reads {list(READABLE_VERSIONS)}")
        request = content.get("request")
        if not isinstance(request, dict):
            raise MalformedMessage("request must be an object")
        message = cls(
            task_token=_text(content, "taskToken"),
            execution_arn=_text(content, "executionArn"),
            round=_positive(content, "round"),
            rounds=_positive(content, "rounds", most=MOST_ROUNDS),
            deadline=_positive(content, "deadline"),
            request_id=_request_id(request),
            title=_text(request, "title"),
            details=_text(request, "details", empty=True),
            requested_by=_text(request, "requestedBy", empty=True),
            requested_at=_text(request, "requestedAt"),
            scheduled_for=when.utc(request.get("scheduledFor")),
            late=_late(content),
        )
        if message.round > message.rounds:
            raise MalformedMessage("round must be at most rounds")
        if version > 1 and _text(request, "digest") != message.digest:
            raise MalformedMessage("digest must be that of the question in this message")
        return message

    @property
    def digest(self) -> str:
        return digest_of(self)


def _json_object(body: str) -> dict[str, Any]:
    try:
        content = parse(body)
    except RepeatedError as error:
        raise MalformedMessage(f"{quoted(error.name, KEY_LIMIT)} must be given once") from error
    except (ValueError, RecursionError) as error:
        raise MalformedMessage("the body is not JSON") from error
    if not isinstance(content, dict):
        raise MalformedMessage("the body is not a JSON object")
    return content


def _text(fields: dict[str, Any], name: str, *, empty: bool = False) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not (value or empty):
        raise MalformedMessage(f"{name} must be a {'' if empty else 'non-empty '}string")
    try:
        value.encode()
    except UnicodeEncodeError as error:  # half of a surrogate pair: JSON can write it, no service takes it
        raise MalformedMessage(f"{name} must be valid Unicode text") from error
    return value


def _request_id(fields: dict[str, Any]) -> str:
    value = _text(fields, "requestId")
    if not REQUEST_ID.fullmatch(value):
        raise MalformedMessage("requestId must be 1 to 64 letters, digits, hyphens or underscores")
    return value


def _positive(fields: dict[str, Any], name: str, *, most: int = LARGEST) -> int:
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value <= most or value % 1:
        raise MalformedMessage(f"{name} must be a positive whole number, at most {most}")
    return int(value)


def _late(fields: dict[str, Any]) -> bool:
    value = fields.get("late", False)
    if not isinstance(value, bool):
        raise MalformedMessage("late must be true or false")
    return value
