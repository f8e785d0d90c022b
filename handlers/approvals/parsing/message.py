"""The messages of the request queue, validated when read."""

from collections.abc import Callable, Mapping
from typing import Any

from handlers.approvals.faces import when
from handlers.approvals.parsing.fields import Fields, check_version
from handlers.approvals.parsing.policy import read_policy
from handlers.approvals.rules.message import Announcement, Message
from handlers.contract.form_fields import fields_of, links_of
from handlers.contract.message import SCHEMA_VERSION, Key
from handlers.contract.policy import Policy, policy_digest
from handlers.contract.question import REQUEST_ID, REQUEST_ID_RULE, Field

MOST_ROUNDS = 21  # the config's limit: asked once, reminded up to twenty times


class MalformedMessageError(ValueError):
    """No approval request could be read from a queue message."""


def read_message(body: str) -> Message | Announcement:
    """Raises MalformedMessageError, which names the field but never quotes the value: it may be a token.

    Raises NewerVersionError for a message from a newer release.
    """
    try:
        content = Fields.of(body)
        check_version("the message", content.positive(Key.SCHEMA_VERSION), SCHEMA_VERSION)
        return _announcement(content) if Key.ANNOUNCE in content.values else _message(content)
    except ValueError as error:
        raise MalformedMessageError(str(error)) from error


def _message(content: Fields) -> Message:
    request = Fields(content.object(Key.REQUEST))
    message = Message(
        task_token=content.text(Key.TASK_TOKEN),
        execution_arn=content.text(Key.EXECUTION_ARN),
        round=content.positive(Key.ROUND),
        rounds=content.positive(Key.ROUNDS, most=MOST_ROUNDS),
        deadline=content.positive(Key.DEADLINE),
        request_id=request.text(Field.REQUEST_ID),
        title=request.text(Field.TITLE),
        details=request.text(Field.DETAILS, empty=True),
        requested_by=request.text(Field.REQUESTED_BY, empty=True),
        requested_at=request.text(Field.REQUESTED_AT),
        policy=_policy(content.object(Key.POLICY)),
        scheduled_for=when.utc(request.values.get(Field.SCHEDULED_FOR)),
        fields=_asked(request, Field.FIELDS, fields_of),
        links=_asked(request, Field.LINKS, links_of),
        late=content.truth(Key.LATE),
    )
    if not REQUEST_ID.fullmatch(message.request_id):
        raise ValueError(REQUEST_ID_RULE)
    if message.round > message.rounds:
        raise ValueError(f"{Key.ROUND} must be at most {Key.ROUNDS}")
    if request.text(Field.DIGEST) != message.digest:
        raise ValueError(f"{Field.DIGEST} must be that of the question in this message")
    return message


def _announcement(content: Fields) -> Announcement:
    announced = Fields(content.object(Key.ANNOUNCE), f"{Key.ANNOUNCE}.")
    return Announcement(
        request_id=announced.text(Key.REQUEST_ID),
        execution_arn=announced.text(Key.EXECUTION_ARN),
        version=announced.positive(Key.VERSION),
    )


def _asked(request: Fields, name: Field, read: Callable[[str], object]) -> str:
    text = request.text(name, empty=True) if name in request.values else ""
    read(text)
    return text


def _policy(given: Mapping[str, Any]) -> Policy:
    policy = read_policy(given)
    if given.get(Field.DIGEST) != policy_digest(policy):
        raise ValueError(f"{Key.POLICY}.{Field.DIGEST} must be that of the policy in this message")
    return policy
