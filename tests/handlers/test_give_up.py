"""Giving up: what a dead letter ends, and what it must not."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.approvals.adapters.queue import serve_each
from handlers.approvals.rules.record import Ended
from handlers.approvals.usecases.give_up import GiveUp
from handlers.approvals.usecases.ports import UnavailableError
from handlers.contract.record import Status
from handlers.contract.workflow import WorkflowError
from handlers.give_up import serve
from tests.support.events import sqs
from tests.support.fakes import FakeWorkflow, MemoryStore, giving_up, unavailable
from tests.support.observed import counted, logged
from tests.support.records import (
    EXECUTION_ARN,
    REQUEST_ID,
    TASK_TOKEN,
    approved,
    message,
    message_body,
    record,
    rejected,
)


def deliver(use_case: GiveUp, *bodies: Any) -> list[str]:
    """Which dead letters of a batch stay in the queue, by their numbers."""
    answer = serve_each(sqs(*bodies), lambda one: serve(use_case, one))
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def given_up(workflow: FakeWorkflow) -> list[tuple[str, WorkflowError]]:
    return [(token, error) for token, error, _ in workflow.failed]


NOT_ASKED = Ended(
    "FAILED", "NotificationFailed", f"The approvers of request {REQUEST_ID} could not be asked in round 1"
)


@pytest.mark.parametrize(
    ("before", "taken", "after"),
    [
        (record(), True, record(status=Status.CLOSED, task_token="", ended=NOT_ASKED, version=2)),
        (None, True, None),
        (record(), False, record()),
    ],
    ids=["and closes the record", "if there is no record", "but closes no record if Step Functions does not take it"],
)
def test_a_dead_letter_fails_the_execution_that_waits(before, taken, after):
    store, workflow = MemoryStore(*filter(None, [before])), FakeWorkflow(taken)
    with counted() as so_far:
        giving_up(store, workflow).serve(message())
        assert so_far() == {"NotDelivered": 1}
    assert given_up(workflow) == [(TASK_TOKEN, WorkflowError.NOTIFICATION_FAILED)]
    assert "could not be asked in round 1" in workflow.failed[0][2]
    assert store.record == after


@pytest.mark.parametrize("decided", [approved(), rejected()])
def test_a_dead_letter_of_a_decided_request_brings_the_decision(decided):
    store, workflow = MemoryStore(decided), FakeWorkflow()
    giving_up(store, workflow).serve(message(task_token="dead"))
    assert workflow.handed_over == [("dead", decided)]
    assert not workflow.failed
    assert store.record
    assert store.record.handed_over


@pytest.mark.parametrize("before", [record(), record(round=3), approved(), record(status=Status.CLOSED)])
def test_a_dead_letter_of_another_run_ends_it_as_a_duplicate_and_gets_hold_of_nothing(before):
    store, workflow = MemoryStore(before), FakeWorkflow()
    with counted() as so_far:
        giving_up(store, workflow).serve(message(execution_arn="arn:other"))
        assert so_far() == {}
    assert given_up(workflow) == [(TASK_TOKEN, WorkflowError.DUPLICATE)]
    assert EXECUTION_ARN in workflow.failed[0][2]
    assert not workflow.handed_over
    assert store.record == before


def test_a_dead_letter_of_a_round_that_is_over_fails_nothing():
    store, workflow = MemoryStore(record(round=2)), FakeWorkflow()
    giving_up(store, workflow).serve(message())
    assert not workflow.failed
    assert store.record == record(round=2)


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("no request", '"outcome":"kept"'),
        (message_body() | {"round": 4}, '"outcome":"kept"'),
        (message_body() | {"schemaVersion": 7}, "will be tried again"),
    ],
    ids=["no message", "of no round", "of a newer release"],
)
def test_a_dead_letter_that_cannot_be_read_ends_nothing_and_stays_where_it_is(body, outcome):
    """Whoever can write there need not have any right to Step Functions."""
    store, workflow = MemoryStore(record()), FakeWorkflow()
    with logged() as lines:
        assert deliver(giving_up(store, workflow), body) == ["0"]
    assert (workflow.failed, workflow.handed_over) == ([], [])
    assert store.record == record()
    assert outcome in lines.getvalue()


def test_a_workflow_that_cannot_be_told_is_told_later():
    store, workflow = MemoryStore(record()), FakeWorkflow(unavailable())
    with logged() as lines:
        assert deliver(giving_up(store, workflow), message_body()) == ["0"]
    assert "will be tried again" in lines.getvalue()
    assert store.record == record(), "people can still answer"
    assert deliver(giving_up(store, workflow), message_body()) == []
    assert store.record
    assert store.record.status is Status.CLOSED


def test_a_record_that_cannot_be_read_ends_nothing():
    """It may hold a decision."""
    workflow = FakeWorkflow()
    with pytest.raises(UnavailableError):
        giving_up(MemoryStore(record(), troubles=[unavailable()]), workflow).serve(message())
    assert not workflow.failed
