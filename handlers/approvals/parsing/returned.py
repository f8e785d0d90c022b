"""What generate_task returned, checked before anybody waits for an answer to it."""

import json
from collections.abc import Mapping
from typing import Any

from handlers.approvals.parsing.trigger import OURS, TEXTS, InvalidTask, known_policy, refuse_slips, specs, text_of
from handlers.contract.policy import DEFAULT_POLICY
from handlers.contract.question import LIMITS, REQUEST_ID, REQUEST_ID_RULE, Field
from handlers.contract.told import told

# What the request and the execution's output get from us.
MADE = (Field.DIGEST, Field.REQUESTED_AT, Field.SCHEDULED_FOR, "approval", "result", "execution")
OTHERS_LIMIT = 10_000  # bytes of JSON, of all keys that are not ours: they travel through every state
TOLD = 80  # characters of a value that is refused


def asked(returned: Any, policies: Mapping[str, int]) -> dict[str, Any]:
    """The question as text, `requestId` if there is one, and the other keys. Raises InvalidTask.

    `policies` are the known ones, with the number of their people.
    """
    if not isinstance(returned, dict):
        raise _refused("what is returned must be a dict or None", returned)
    for key in returned:
        if not isinstance(key, str):
            raise _refused("a key must be text", key)
        if key in MADE:
            raise _refused(f"{key} must not be returned, since it is made afterwards", returned[key])
    refuse_slips(returned, (*OURS, Field.REQUEST_ID))
    checked = {name: _text(returned, name) for name in TEXTS}
    if not checked[Field.TITLE]:
        limit = LIMITS[Field.TITLE]
        raise _refused(f"title must have 1 to {limit} characters, and one that can be seen", returned.get(Field.TITLE))
    checked[Field.POLICY] = known_policy(checked[Field.POLICY] or DEFAULT_POLICY, policies)
    checked |= specs(returned, policies[checked[Field.POLICY]])
    if Field.REQUEST_ID in returned:
        checked[Field.REQUEST_ID.value] = _id(returned[Field.REQUEST_ID])
    return checked | _others({key: value for key, value in returned.items() if key not in (*OURS, *checked)})


def _text(returned: dict[str, Any], name: str) -> str:
    try:
        return text_of(returned, name)
    except InvalidTask as refused:
        raise _refused(str(refused), returned[name]) from refused


def _id(value: Any) -> str:
    if not isinstance(value, str) or not REQUEST_ID.fullmatch(value):
        raise _refused(REQUEST_ID_RULE, value)
    return value


def _others(others: dict[str, Any]) -> dict[str, Any]:
    for key, value in others.items():
        try:
            _size({key: value})
        except (TypeError, ValueError, RecursionError) as error:
            raise _refused(f"{told(key, TOLD)} must be JSON in valid Unicode", value) from error
    if (size := _size(others)) > OTHERS_LIMIT:
        raise _refused(f"other keys must be at most {OTHERS_LIMIT} bytes as JSON, got {size}", list(others))
    return others


def _size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False, allow_nan=False).encode())


def _refused(must: str, value: Any) -> InvalidTask:
    return InvalidTask(f"{must}; generate_task returned {told(value, TOLD)}")
