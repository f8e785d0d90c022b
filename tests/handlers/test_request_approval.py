"""The function that reads the request queue: what comes back, and when."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from handlers.approvals.adapters.batch import serve_each
from handlers.approvals.adapters.queue import MalformedMessageError
from handlers.approvals.rules.refusal import Reason, Refusal
from handlers.approvals.usecases.ask import NotAskedError
from handlers.approvals.usecases.ports import ContendedError, NewerVersionError, UnavailableError
from handlers.request_approval import Requests, retry_after
from tests.support.aws import silent, stubbed
from tests.support.events import sqs
from tests.support.fakes import FakeWorkflow, Mailbox, MemoryStore, asking, request_function, unavailable
from tests.support.observed import logged
from tests.support.records import ANNA, ASKED_AT, BEN, TASK_TOKEN, approved, message_body, record
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
