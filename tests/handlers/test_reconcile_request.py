"""The end of an execution: what its record learns of it."""

from __future__ import annotations

import pytest

from handlers.approvals.callback import Execution
from handlers.approvals.record import Status
from tests.handlers.events import Context, MemoryStore, Workflow, load
from tests.handlers.records import EXECUTION_ARN, approved, record, rejected


def event(execution_arn: str = EXECUTION_ARN) -> dict:
    """As much of EventBridge's event as is read; what it says of the ending may be old."""
    return {"detail-type": "Step Functions Execution Status Change", "detail": {"executionArn": execution_arn}}


@pytest.fixture
def reconciler(monkeypatch):
    module = load(monkeypatch, "reconcile_request")
    module.STORE, module.CALLBACK = MemoryStore(), Workflow()
    return module


@pytest.mark.parametrize(
    ("before", "execution", "status"),
    [
        (record(), Execution(status="ABORTED"), Status.CLOSED),
        (record(), Execution(status="TIMED_OUT"), Status.CLOSED),
        (record(), Execution(status="FAILED", error="NotificationFailed"), Status.CLOSED),
        (record(), Execution(status="FAILED", error="Expired"), Status.EXPIRED),
        (approved(), Execution(status="SUCCEEDED"), Status.APPROVED),
        (approved(), Execution(status="FAILED", error="PayoutRefused"), Status.APPROVED),
        (rejected(), Execution(status="FAILED", error="Rejected"), Status.REJECTED),
        (approved(), Execution(status="ABORTED"), Status.CLOSED),
    ],
)
def test_the_record_says_how_the_execution_ended_and_keeps_no_token(reconciler, before, execution, status):
    reconciler.STORE, reconciler.CALLBACK = MemoryStore(before), Workflow(execution=execution)
    assert before.task_token
    for _ in range(2):  # EventBridge may deliver it twice
        reconciler.handler(event(), Context())
    after = reconciler.STORE.record
    assert (after.status, after.task_token, after.version) == (status, "", before.version + 1)
    assert after.handed_over == (status is before.status)


def test_an_execution_that_has_asked_nobody_has_nothing_to_reconcile(reconciler):
    reconciler.STORE, reconciler.CALLBACK = MemoryStore(record()), Workflow(execution=Execution(status="ABORTED"))
    reconciler.handler(event(f"{EXECUTION_ARN}-other"), Context())
    assert reconciler.STORE.record == record()


def test_as_long_as_the_execution_does_not_say_that_it_is_over_it_is_asked_again_later(reconciler, capsys):
    reconciler.STORE = MemoryStore(record())
    with pytest.raises(reconciler.StillRunning):
        reconciler.handler(event(), Context())
    assert reconciler.STORE.record == record()
    assert "not reconciled" in capsys.readouterr().out
