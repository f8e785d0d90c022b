"""The messages of the request queue: validated when read, and returned to it for a retry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from handlers.approvals.adapters.policies import read_policy
from handlers.approvals.adapters.versions import check
from handlers.approvals.faces import when
from handlers.approvals.observability import logger
from handlers.approvals.rules.message import Message
from handlers.contract.message import SCHEMA_VERSION, Key
from handlers.contract.once import RepeatedError, parse
from handlers.contract.policy import Policy, policy_digest
from handlers.contract.question import REQUEST_ID, Field
from handlers.contract.visible import quoted

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

MOST_ROUNDS = 21  # the config's limit: asked once, reminded up to twenty times
KEY_LIMIT = 60  # characters of a key that is refused
LARGEST = 253_402_128_000  # 9999-12-30, which `datetime` can represent in every time zone


class MalformedMessageError(ValueError):
    """No approval request could be read from a queue message."""


def read_message(body: str) -> Message:
    """Raises MalformedMessageError, which names the field but never quotes the value: it may be a token.

    Raises NewerVersionError for a message from a newer release.
    """
    content = _json_object(body)
    try:
        check("the message", _positive(content, Key.SCHEMA_VERSION), SCHEMA_VERSION)
    except ValueError as error:
        raise MalformedMessageError(str(error)) from error
    request = content.get(Key.REQUEST)
    if not isinstance(request, dict):
        raise MalformedMessageError(f"{Key.REQUEST} must be an object")
    message = Message(
        task_token=_text(content, Key.TASK_TOKEN),
        execution_arn=_text(content, Key.EXECUTION_ARN),
        round=_positive(content, Key.ROUND),
        rounds=_positive(content, Key.ROUNDS, most=MOST_ROUNDS),
        deadline=_positive(content, Key.DEADLINE),
        request_id=_request_id(request),
        title=_text(request, Field.TITLE),
        details=_text(request, Field.DETAILS, empty=True),
        requested_by=_text(request, Field.REQUESTED_BY, empty=True),
        requested_at=_text(request, Field.REQUESTED_AT),
        policy=_policy(content),
        scheduled_for=when.utc(request.get(Field.SCHEDULED_FOR)),
        late=_truth(content, Key.LATE),
    )
    if message.round > message.rounds:
        raise MalformedMessageError(f"{Key.ROUND} must be at most {Key.ROUNDS}")
    if _text(request, Field.DIGEST) != message.digest:
        raise MalformedMessageError(f"{Field.DIGEST} must be that of the question in this message")
    return message


def _policy(content: Mapping[str, Any]) -> Policy:
    given = content.get(Key.POLICY)
    if not isinstance(given, dict):
        raise MalformedMessageError(f"{Key.POLICY} must be an object")
    try:
        policy = read_policy(given)
    except ValueError as error:
        raise MalformedMessageError(f"{Key.POLICY}: {error}") from error
    if given.get(Field.DIGEST) != policy_digest(policy):
        raise MalformedMessageError(f"{Key.POLICY}: {Field.DIGEST} must be that of the policy in this message")
    return policy


class RequestQueue:
    """A failed message is redelivered after its visibility timeout; this shortens the wait."""

    def __init__(self, client: SQSClient, url: str) -> None:
        self._client = client
        self._url = url

    def come_back(self, receipt_handle: str, seconds: int) -> None:
        """Redeliver in `seconds`, 0 to 43,200. Never raises: the message is redelivered anyway."""
        try:
            self._client.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
            )
        except Exception:  # noqa: BLE001 - see above
            logger.warning("the retry could not be brought forward")


def _json_object(body: str) -> Mapping[str, Any]:
    try:
        content = parse(body)
    except RepeatedError as error:
        raise MalformedMessageError(f"{quoted(error.name, KEY_LIMIT)} must be given once") from error
    except (ValueError, RecursionError) as error:
        raise MalformedMessageError("the body is not JSON") from error
    if not isinstance(content, dict):
        raise MalformedMessageError("the body is not a JSON object")
    return content


def _text(fields: Mapping[str, Any], name: str, *, empty: bool = False) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not (value or empty):
        raise MalformedMessageError(f"{name} must be a {'' if empty else 'non-empty '}string")
    try:
        value.encode()
    except UnicodeEncodeError as error:  # half of a surrogate pair: JSON can write it, no service takes it
        raise MalformedMessageError(f"{name} must be valid Unicode text") from error
    return value


def _request_id(fields: Mapping[str, Any]) -> str:
    value = _text(fields, Field.REQUEST_ID)
    if not REQUEST_ID.fullmatch(value):
        raise MalformedMessageError(f"{Field.REQUEST_ID} must be 1 to 64 letters, digits, hyphens or underscores")
    return value


def _positive(fields: Mapping[str, Any], name: str, *, most: int = LARGEST) -> int:
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value <= most or value % 1:
        raise MalformedMessageError(f"{name} must be a positive whole number, at most {most}")
    return int(value)


def _truth(fields: Mapping[str, Any], name: str) -> bool:
    value = fields.get(name)
    if not isinstance(value, bool):
        raise MalformedMessageError(f"{name} must be true or false")
    return value
