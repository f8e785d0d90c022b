"""Queue messages: what is read, and what is refused by name."""

from __future__ import annotations

import json

import pytest

from handlers.approvals.parsing.message import MalformedMessageError, read_message
from tests.support.records import TASK_TOKEN, message_body


def test_a_message_of_the_state_machine_is_read():
    message = read_message(json.dumps(message_body()))
    assert (message.round, message.rounds, message.task_token) == (1, 3, TASK_TOKEN)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"round": 4}, "round"),
        ({"rounds": 22}, "rounds"),
        ({"round": 253402127999}, "round"),
        ({"late": "true"}, "late"),
        ({"request": message_body()["request"] | {"title": "Order lunch"}}, "digest"),
        ({"request": message_body()["request"] | {"digest": None}}, "digest"),
        ({"schemaVersion": None}, "schemaVersion"),
        ({"schemaVersion": True}, "schemaVersion"),
        ({"schemaVersion": "1"}, "schemaVersion"),
        ({"schemaVersion": 0}, "schemaVersion"),
        ({"taskToken": ""}, "taskToken"),
        ({"taskToken": 5}, "taskToken"),
        ({"round": 0}, "round"),
        ({"round": "1"}, "round"),
        ({"round": True}, "round"),
        ({"round": 1.5}, "round"),
        ({"deadline": -1}, "deadline"),
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
def test_a_key_that_comes_twice_is_refused_by_name(name):
    """Whoever reads the first value and whoever reads the last would act on two messages."""
    body = json.dumps(message_body())
    twice = body.replace(f'"{name}": ', f'"{name}": "x", "{name}": ')
    with pytest.raises(MalformedMessageError, match=f'^"{name}" must be given once'):
        read_message(twice)
    escaped = body.replace(f'"{name}": ', f'"\\u{ord(name[0]):04x}{name[1:]}": "x", "{name}": ')
    with pytest.raises(MalformedMessageError, match=f'^"{name}" must be given once'):
        read_message(escaped)
    assert TASK_TOKEN in body


@pytest.mark.parametrize("time", [None, "", "<aws.scheduler.scheduled-time>", "soon", 5, ["2026-11-25T09:00:00Z"]])
def test_a_message_whose_scheduled_time_is_none_is_read_without_one(time):
    body = message_body()
    assert read_message(json.dumps(body)).scheduled_for == ""
    body["request"] |= {"scheduledFor": time}
    assert read_message(json.dumps(body)).scheduled_for == ""
