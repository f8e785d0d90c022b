"""Queue messages: what is read, and what is refused by name."""

from __future__ import annotations

import json

import pytest

from handlers.approvals.message import MalformedMessage, Message, token_of
from tests.handlers.records import TASK_TOKEN, message_body


def test_a_message_of_the_state_machine_is_read():
    message = Message.parse(json.dumps(message_body()))
    assert (message.round, message.rounds, message.task_token) == (1, 3, TASK_TOKEN)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"schemaVersion": 99}, "schemaVersion"),
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
    with pytest.raises(MalformedMessage, match=named) as refused:
        Message.parse(json.dumps(message_body() | change))
    assert TASK_TOKEN not in str(refused.value)


@pytest.mark.parametrize("body", ["", "not json", "[]", '"text"', "[" * 100_000])
def test_a_body_that_is_no_object_is_refused(body):
    with pytest.raises(MalformedMessage):
        Message.parse(body)
    assert token_of(body) == ""


def test_the_token_is_found_in_a_message_that_is_otherwise_broken():
    assert token_of(json.dumps({"taskToken": TASK_TOKEN, "round": "?"})) == TASK_TOKEN


def test_a_message_says_for_which_time_it_was_scheduled():
    body = message_body()
    body["request"]["scheduledFor"] = "2026-11-25T09:00:00Z"
    assert Message.parse(json.dumps(body)).scheduled_for == "2026-11-25T09:00:00Z"


@pytest.mark.parametrize("time", [None, "", "<aws.scheduler.scheduled-time>", "soon", 5, ["2026-11-25T09:00:00Z"]])
def test_a_message_whose_scheduled_time_is_none_is_read_without_one(time):
    body = message_body()
    assert Message.parse(json.dumps(body)).scheduled_for == ""
    body["request"]["scheduledFor"] = time
    assert Message.parse(json.dumps(body)).scheduled_for == ""
