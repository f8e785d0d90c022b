"""Queue messages: what is read, and what is refused by name."""

from __future__ import annotations

import json

import pytest

from handlers.approvals.adapters.queue import MalformedMessageError, read_message
from tests.support.records import TASK_TOKEN, message_body


def test_a_message_of_the_state_machine_is_read():
    message = read_message(json.dumps(message_body()))
    assert (message.round, message.rounds, message.task_token) == (1, 3, TASK_TOKEN)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"round": 4}, "round"),
        ({"rounds": 22}, "rounds"),
        ({"late": "true"}, "late"),
        ({"request": message_body()["request"] | {"title": "Order lunch"}}, "digest"),
        ({"request": message_body()["request"] | {"digest": None}}, "digest"),
        *(({"schemaVersion": value}, "schemaVersion") for value in (None, True, "1", 0)),
        ({"taskToken": ""}, "taskToken"),
        ({"taskToken": 5}, "taskToken"),
        ({"request": []}, "request"),
        ({"request": {}}, "requestId"),
        ({"executionArn": None}, "executionArn"),
    ],
)
def test_a_bad_field_is_named_and_its_value_is_not_quoted(change, named):
    with pytest.raises(MalformedMessageError, match=named) as refused:
        read_message(json.dumps(message_body() | change))
    assert TASK_TOKEN not in str(refused.value)


@pytest.mark.parametrize("body", ["", "not json", "[]", '"text"', "[" * 100_000])
def test_a_body_that_is_no_object_is_refused(body):
    with pytest.raises(MalformedMessageError):
        read_message(body)


@pytest.mark.parametrize("name", ["taskToken", "request", "round", "title", "digest"])
@pytest.mark.parametrize("escaped", [False, True])
def test_a_key_that_comes_twice_is_refused_by_name(name, escaped):
    """Whoever reads the first value and whoever reads the last would act on two messages."""
    key = f"\\u{ord(name[0]):04x}{name[1:]}" if escaped else name
    twice = json.dumps(message_body()).replace(f'"{name}": ', f'"{key}": "x", "{name}": ')
    with pytest.raises(MalformedMessageError, match=f'^"{name}" must be given once'):
        read_message(twice)


@pytest.mark.parametrize("time", [None, "", "<aws.scheduler.scheduled-time>", "soon", 5, ["2026-11-25T09:00:00Z"]])
def test_a_message_whose_scheduled_time_is_none_is_read_without_one(time):
    body = message_body()
    assert read_message(json.dumps(body)).scheduled_for == ""
    body["request"] |= {"scheduledFor": time}
    assert read_message(json.dumps(body)).scheduled_for == ""
