"""The function that reads the request queue: what comes back, and when; what it reads, and what it refuses by name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from handlers.approvals.adapters.queue import serve_each
from handlers.approvals.parsing.message import MalformedMessageError, read_message
from handlers.approvals.rules.refusal import Reason, Refusal
from handlers.approvals.usecases.ask import NotAskedError
from handlers.approvals.usecases.ports import ContendedError, NewerVersionError, UnavailableError
from handlers.ask import Requests, retry_after
from tests.support.aws import silent, stubbed
from tests.support.events import sqs
from tests.support.fakes import FakeWorkflow, Mailbox, MemoryStore, asking, request_function, unavailable
from tests.support.observed import logged
from tests.support.records import ANNA, ASKED_AT, BEN, TASK_TOKEN, approved, message_body, read_request, record
from tests.support.services import FakeSqs

WORKER_ENDS = ASKED_AT + 20


def deliver(function: Requests, *bodies: Any, queue: FakeSqs | None = None) -> list[str]:
    """Which messages of a batch come back, by their numbers."""
    answer = (queue or FakeSqs()).deliver(lambda one: function.serve(one, WORKER_ENDS), *bodies)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_a_batch_keeps_its_good_messages_when_one_is_bad():
    box, queue = Mailbox(), FakeSqs()
    function = request_function(asking(MemoryStore(), box=box), queue)
    assert deliver(function, "no request", message_body(), queue=queue) == ["0"]
    assert [who for who, _ in box.sent] == [ANNA, BEN]
    assert queue.delays == [0], "what is served is not sent back"


def not_asked(reason: Reason, seconds: int = 0) -> NotAskedError:
    return NotAskedError(Refusal(reason=reason, retry_seconds=seconds))


@pytest.mark.parametrize(
    ("error", "received", "seconds"),
    [
        (MalformedMessageError(), 1, 0),
        (not_asked(Reason.FOREIGN), 1, 0),
        (not_asked(Reason.BUSY, 17), 1, 17),
        (NewerVersionError("from the future"), 5, 32),
        (ContendedError("request"), 2, 4),
        (UnavailableError("ConnectTimeoutError"), 1, 2),
        (UnavailableError("ConnectTimeoutError"), 12, 300),
        (ZeroDivisionError(), 2, 4),
    ],
)
def test_retries_back_off_and_what_cannot_succeed_does_not_wait(error, received, seconds):
    assert retry_after(error, received) == seconds


def test_a_message_waits_for_longer_each_time_it_comes_back_until_it_is_a_dead_letter():
    dead_letters = FakeSqs()
    queue = FakeSqs(attempts=5, dead_letters=dead_letters)
    function = request_function(asking(MemoryStore(), box=Mailbox(*[unavailable()] * 100)), queue)
    queue.send(message_body())
    while queue.letters:
        queue.deliver_next(lambda one: function.serve(one, WORKER_ENDS))
    assert queue.delays == [2, 4, 8, 16, 32]
    assert dead_letters.bodies == [json.dumps(message_body())]


def test_a_retry_that_cannot_be_brought_forward_comes_back_by_itself():
    refusing, answers = stubbed("sqs")
    answers.add_client_error("change_message_visibility", "ReceiptHandleIsInvalid")
    for client in (refusing, silent("sqs"), object()):
        assert deliver(request_function(asking(MemoryStore()), sqs=client), "no request") == ["0"]


def test_a_worker_that_is_told_to_stop_stops():
    """Lambda then delivers the whole batch again."""

    def stop(_delivered: Mapping[str, Any]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        serve_each(sqs("one", "two"), stop)


@pytest.mark.parametrize(
    "body",
    [
        message_body() | {"rounds": 21, "round": 21},
        message_body() | {"request": message_body()["request"] | {"title": "Order lunch"}},
    ],
)
@pytest.mark.parametrize("before", [record(), approved()])
def test_a_message_that_can_never_be_served_goes_to_the_dead_letters_without_delay(before, body):
    store, workflow, box, queue = MemoryStore(before), FakeWorkflow(), Mailbox(), FakeSqs()
    assert deliver(request_function(asking(store, workflow, box), queue), body, queue=queue) == ["0"]
    assert queue.delays == [0]
    assert store.record == before
    assert (workflow.handed_over, workflow.failed, box.sent) == ([], [], [])


def test_what_was_not_sent_is_logged_with_its_request_and_without_its_token():
    with logged() as lines:
        deliver(request_function(asking(MemoryStore(), box=Mailbox(unavailable()))), message_body())
    assert '"requestId":"1a2b3c4d' in lines.getvalue()
    assert '"kind":"UnavailableError"' in lines.getvalue()
    assert TASK_TOKEN not in lines.getvalue()


# --- what is read, and what is refused by name


def test_a_message_of_the_state_machine_is_read():
    message = read_request(json.dumps(message_body()))
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
    assert read_request(json.dumps(body)).scheduled_for == ""
    body["request"] |= {"scheduledFor": time}
    assert read_request(json.dumps(body)).scheduled_for == ""
