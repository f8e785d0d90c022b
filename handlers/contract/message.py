"""The messages that the state machine, and the function that announces, send to the request queue."""

from enum import StrEnum
from typing import Any

SCHEMA_VERSION = 1  # incremented when the message's shape changes


class Key(StrEnum):
    """The keys of a message."""

    SCHEMA_VERSION = "schemaVersion"
    TASK_TOKEN = "taskToken"  # noqa: S105 - a name
    EXECUTION_ARN = "executionArn"
    ROUND = "round"
    ROUNDS = "rounds"
    LATE = "late"
    DEADLINE = "deadline"
    POLICY = "policy"  # as `policy.as_json` writes it, and its digest
    REQUEST = "request"  # with the keys of `question.Field`
    ANNOUNCE = "announce"  # alone, beside the version
    REQUEST_ID = "requestId"
    VERSION = "version"


def message_body(
    *,
    task_token: str,
    execution_arn: str,
    round_: Any,
    rounds: Any,
    late: bool,
    deadline: Any,
    policy: Any,
    request: Any,
) -> dict[str, Any]:
    """A message of this version, from values or from the state machine's expressions for them."""
    return {
        Key.SCHEMA_VERSION.value: SCHEMA_VERSION,
        Key.TASK_TOKEN.value: task_token,
        Key.EXECUTION_ARN.value: execution_arn,
        Key.ROUND.value: round_,
        Key.ROUNDS.value: rounds,
        Key.LATE.value: late,
        Key.DEADLINE.value: deadline,
        Key.POLICY.value: policy,
        Key.REQUEST.value: request,
    }


def announcement_body(request_id: str, execution_arn: str, version: int) -> dict[str, Any]:
    """The message that says that a request is over. It has no text and no token."""
    announced = {Key.REQUEST_ID.value: request_id, Key.EXECUTION_ARN.value: execution_arn, Key.VERSION.value: version}
    return {Key.SCHEMA_VERSION.value: SCHEMA_VERSION, Key.ANNOUNCE.value: announced}
