"""Queue messages and trigger inputs: what is read, and what is refused by name."""

from __future__ import annotations

import json

import pytest

from handlers import generate_task
from handlers.approvals.message import MalformedMessage, Message, token_of
from handlers.generate_task import InvalidTask, task
from tests.handlers.records import TASK_TOKEN, message_body


@pytest.fixture(autouse=True)
def default_task(monkeypatch):
    monkeypatch.setenv("DEFAULT_TASK", json.dumps({"title": "Nightly run", "details": "As every night."}))


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


@pytest.mark.parametrize(
    "trigger",
    [
        {"task": {"title": "Pay", "details": "100", "requestedBy": "dana@example.com"}},
        {"title": "Pay", "details": "100", "requestedBy": "dana@example.com"},
        {
            "detail-type": "Payout",
            "source": "shop",
            "detail": {"title": "Pay", "details": "100", "requestedBy": "dana@example.com"},
        },
    ],
)
def test_a_task_is_found_in_every_kind_of_trigger(trigger):
    assert task(trigger) == {"title": "Pay", "details": "100", "requestedBy": "dana@example.com"}


def test_a_run_without_a_question_asks_the_stacks_own():
    assert task({}) == {"title": "Nightly run", "details": "As every night.", "requestedBy": ""}


def test_an_event_without_a_title_is_named_by_its_type_and_not_by_the_scheduled_question():
    made = task({"detail-type": "Payout", "source": "shop", "detail": {}})
    assert (made["title"], made["details"]) == ("Payout from shop", "")


def test_structured_details_are_shown_as_json():
    assert task({"title": "Pay", "details": {"amount": 100}})["details"] == '{\n  "amount": 100\n}'


@pytest.mark.parametrize(
    ("trigger", "said"),
    [
        ([], "must be a JSON object, got list"),
        (None, "must be a JSON object, got NoneType"),
        ({"task": "Pay"}, "the task must be a JSON object, got str"),
        ({"title": 5}, "title must be text, got int"),
        ({"title": "x" * 201}, "title must be at most 200 characters, got 201"),
        ({"title": "Pay", "details": "x" * 10_001}, "details must be at most 10000 characters, got 10001"),
        ({"title": "  "}, "title must not be empty"),
    ],
)
def test_a_bad_input_is_refused_by_field_limit_and_value(trigger, said):
    with pytest.raises(InvalidTask, match=said):
        task(trigger)


def test_a_request_id_in_the_input_is_not_believed():
    made = generate_task.handler({"input": {"title": "Pay", "requestId": "mine"}, "execution": "arn"}, None)
    assert made["requestId"] != "mine"
    assert set(made) == {"requestId", "title", "details", "requestedBy", "requestedAt"}
