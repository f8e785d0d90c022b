"""The end of an execution: what its record learns of it, and of which an operator hears."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from handlers.approvals.rules.endings import Execution
from handlers.approvals.rules.record import Record
from handlers.approvals.usecases.ports import UnavailableError
from handlers.approvals.usecases.reconcile import PATIENCE_SECONDS, StillRunningError
from handlers.contract.record import Status
from handlers.reconcile import serve
from tests.support.events import ending
from tests.support.fakes import FakeWorkflow, MemoryStore, OperatorBox, reconciling, unavailable
from tests.support.observed import counted, logged
from tests.support.records import ASKED_AT, EXECUTION_ARN, REQUEST_ID, approved, record, rejected
from tests.support.services import RUNNING, FakeClock

ENDED_AT = ASKED_AT + 7_200
STOPPED = Execution(status="ABORTED", stopped_at=ENDED_AT)


class Late(FakeWorkflow):
    """Step Functions, which says for a while that the execution still runs."""

    def __init__(self, times: int, *, execution: Execution) -> None:
        super().__init__(execution=execution)
        self.times = times

    def execution(self, arn: str) -> Execution:
        told = super().execution(arn)
        return told if len(self.looks) > self.times else replace(RUNNING, redrives=told.redrives)


def event(execution_arn: str = EXECUTION_ARN, **detail: Any) -> dict[str, Any]:
    """An event that says too little of the ending, so that Step Functions is asked."""
    return {"detail-type": "Step Functions Execution Status Change", "detail": {"executionArn": execution_arn} | detail}


def of(before: Record | None) -> MemoryStore:
    return MemoryStore(*filter(None, [before]))


def failed(error: str, cause: str = "") -> Execution:
    return Execution(status="FAILED", error=error, cause=cause, stopped_at=ENDED_AT)


BY_EVENT = [
    (record(), "ABORTED", "Stopped", Status.CLOSED),
    (record(), "TIMED_OUT", None, Status.CLOSED),
    (record(), "SUCCEEDED", None, Status.CLOSED),  # nobody had voted
    (approved(), "SUCCEEDED", None, Status.APPROVED),
    (rejected(), "FAILED", "Rejected", Status.REJECTED),
    (record(), "FAILED", "Expired", Status.EXPIRED),
    (approved(), "FAILED", "SQS.SdkClientException", Status.CLOSED),
]


@pytest.mark.parametrize(("before", "status", "error", "after"), BY_EVENT)
@pytest.mark.parametrize(("age", "looks"), [(1, 0), (600, 1)], ids=["fresh", "old"])
def test_a_fresh_event_says_how_the_execution_ended_and_an_older_one_is_checked_by_one_look(
    before, status, error, after, age, looks
):
    """It comes late, or again after three tries."""
    store, operator = of(before), OperatorBox()
    asking_failed = error == "SQS.SdkClientException"
    seen = Execution(
        status=status, error=error or "", cause="Because.", stopped_at=ENDED_AT, asking_failed=asking_failed
    )
    workflow = FakeWorkflow(execution=seen if looks else unavailable())
    happened = ending(status, error=error, cause="Because.", at=ENDED_AT)
    for _ in range(2):  # EventBridge may deliver it twice
        serve(reconciling(store, workflow, operator, FakeClock(ENDED_AT + age)), happened)
    assert len(workflow.looks) == looks
    assert store.record
    assert (store.record.status, store.record.task_token) == (after, "")
    assert store.record.handed_over is (after is before.status)
    assert len(operator.told) <= 1
    for _, execution, _ in operator.told:
        assert (execution.status, execution.error, execution.cause) == (status, error or "", "Because.")
        assert execution.stopped_at == ENDED_AT


@pytest.mark.parametrize("before", [approved(), record()])
def test_an_old_event_of_an_execution_that_was_redriven_since_changes_nothing(before):
    store, operator = of(before), OperatorBox()
    redriven = FakeWorkflow(execution=replace(RUNNING, redrives=2))
    old = ending("FAILED", error="RecordUnavailable", at=ENDED_AT, redriveCount=1)
    serve(reconciling(store, redriven, operator, FakeClock(ENDED_AT + 600)), old)
    assert store.record == before
    assert not operator.told


def test_an_old_event_that_changes_nothing_asks_nobody():
    store, workflow = of(record(status=Status.EXPIRED, task_token="")), FakeWorkflow(execution=unavailable())
    old = ending("FAILED", error="Expired", at=ENDED_AT)
    serve(reconciling(store, workflow, clock=FakeClock(ENDED_AT + 600)), old)
    assert (workflow.looks, store.calls) == ([], ["requests_of", "get"])


def test_an_input_that_aws_left_out_is_read_by_a_look_where_the_operator_is_shown_it():
    operator, workflow = OperatorBox(), FakeWorkflow(execution=replace(failed("InvalidTask"), started_with='"long"'))
    without = ending("FAILED", error="InvalidTask", at=ENDED_AT, input=None, inputDetails={"included": False})
    serve(reconciling(of(None), workflow, operator, FakeClock(ENDED_AT + 1)), without)
    ((_, told, _),) = operator.told
    assert told.started_with == '"long"'


def test_a_look_that_is_throttled_to_the_end_leaves_the_event_to_lambdas_retries():
    store = of(record())
    with pytest.raises(UnavailableError):
        serve(reconciling(store, FakeWorkflow(execution=unavailable("ThrottlingException"))), event())
    assert store.record == record()


def test_an_execution_that_has_asked_nobody_has_nothing_to_reconcile():
    store, workflow = of(record()), FakeWorkflow(execution=STOPPED)
    serve(reconciling(store, workflow), event(f"{EXECUTION_ARN}-other"))
    assert workflow.looks == [f"{EXECUTION_ARN}-other"]
    assert store.record == record()


def test_a_record_that_has_expired_from_the_table_meanwhile_is_told_like_none():
    class Emptied(MemoryStore):
        def requests_of(self, execution_arn: str) -> list[str]:
            return [REQUEST_ID]

    operator = OperatorBox()
    serve(reconciling(Emptied(), FakeWorkflow(execution=STOPPED), operator), event())
    assert operator.told == [(EXECUTION_ARN, STOPPED, [])]


@pytest.mark.parametrize("redrives", [0, 1])
def test_step_functions_is_asked_again_until_it_says_what_its_event_said(redrives):
    """DescribeExecution is eventually consistent; of a redriven execution, it may speak of the time before."""
    workflow, clock = Late(3, execution=replace(STOPPED, redrives=redrives)), FakeClock()
    store = of(record())
    serve(reconciling(store, workflow, clock=clock), event(redriveCount=redrives))
    assert clock.slept == [1, 1, 1]
    assert store.record
    assert store.record.status is Status.CLOSED


def test_what_never_says_that_it_is_over_is_left_to_lambdas_retries():
    store, clock = of(record()), FakeClock()
    with logged() as lines, pytest.raises(StillRunningError):
        serve(reconciling(store, FakeWorkflow(execution=RUNNING), clock=clock), event())
    assert PATIENCE_SECONDS < clock.now() - ASKED_AT <= PATIENCE_SECONDS + 1
    assert store.record == record()
    assert store.calls == ["requests_of", "get"], "nothing is written"
    assert "not reconciled" in lines.getvalue()


@pytest.mark.parametrize("count", [0, None, "missing"])
def test_an_execution_that_was_redriven_since_is_left_to_its_next_end(count):
    store, operator, clock = of(approved()), OperatorBox(), FakeClock()
    redriven = FakeWorkflow(execution=replace(RUNNING, redrives=1))
    serve(
        reconciling(store, redriven, operator, clock), event(**({} if count == "missing" else {"redriveCount": count}))
    )
    assert store.record == approved()
    assert (operator.told, clock.slept) == ([], [])


@pytest.mark.parametrize(
    ("before", "execution"),
    [
        (record(), STOPPED),
        (record(), failed("NotificationFailed", "The approvers could not be asked")),
        (record(), replace(failed("SQS.AmazonSQSException", "Throttled"), asking_failed=True)),
        (approved(), failed("PayoutRefused", "No money")),
        (None, failed("InvalidTask", "title must be text")),
        (None, failed("")),
    ],
)
def test_the_operator_is_told_once_of_what_people_have_not_decided_and_by_the_next_try_if_that_fails(before, execution):
    store, operator = of(before), OperatorBox(unavailable())
    with pytest.raises(UnavailableError):
        serve(reconciling(store, FakeWorkflow(execution=execution), operator), event())
    for _ in range(3 if before else 1):
        serve(reconciling(store, FakeWorkflow(execution=execution), operator), event())
    ((arn, told, records),) = operator.told
    assert (arn, told) == (EXECUTION_ARN, execution)
    assert [one.request_id for one in records] == ([REQUEST_ID] if before else [])
    assert [one.status is Status.OPEN for one in records] == ([False] if before else []), "told as it now is"


@pytest.mark.parametrize(
    ("before", "execution"),
    [
        (rejected(), failed("Rejected", "Not on a Friday")),
        (None, Execution(status="SUCCEEDED", stopped_at=ENDED_AT)),
        (record(), Execution(status="DELETED")),
    ],
)
def test_the_operator_is_not_told_of_what_people_decided(before, execution):
    operator = OperatorBox()
    serve(reconciling(of(before), FakeWorkflow(execution=execution), operator), event())
    assert not operator.told


@pytest.mark.parametrize("seconds", [60, 0.001])
def test_an_execution_that_ends_again_after_a_redrive_is_told_again_even_in_the_same_second(seconds):
    store, operator = of(approved()), OperatorBox()
    serve(reconciling(store, FakeWorkflow(execution=failed("PayoutRefused")), operator), event())
    again = replace(failed("PayoutRefused"), redrives=1, stopped_at=ENDED_AT + seconds)
    serve(reconciling(store, FakeWorkflow(execution=again), operator), event(redriveCount=1))
    assert len(operator.told) == 2


def test_a_mail_that_could_not_be_noted_is_sent_again():
    """Better read twice than never."""
    troubles = [None, None, None, unavailable()]  # requests_of, get, close, note
    store, operator = MemoryStore(record(), troubles=troubles), OperatorBox()
    with pytest.raises(UnavailableError):
        serve(reconciling(store, FakeWorkflow(execution=STOPPED), operator), event())
    serve(reconciling(store, FakeWorkflow(execution=STOPPED), operator), event())
    assert len(operator.told) == 2


@pytest.mark.parametrize(
    ("before", "execution"),
    [
        (record(), Execution(status="SUCCEEDED", stopped_at=ENDED_AT)),
        (
            record(status=Status.CLOSED, answered_without_vote=True, task_token=""),
            Execution(status="SUCCEEDED", stopped_at=ENDED_AT),
        ),
        (record(), failed("Rejected", "because")),
        (record(), failed("Duplicate")),
    ],
    ids=["forged", "closed by the page before word of the end came", "a forged rejection", "a duplicate that is none"],
)
def test_an_answer_without_a_vote_is_noted_counted_and_told_whoever_saw_it_first(before, execution):
    store, operator = of(before), OperatorBox()
    with counted() as so_far:
        for _ in range(2):
            serve(reconciling(store, FakeWorkflow(execution=execution), operator), event())
        assert so_far() == {"AnsweredWithoutVote": 1}
    ((_, _, (told,)),) = operator.told
    assert (told.answered_without_vote, told.status) == (True, Status.CLOSED)
    assert store.record
    assert store.record.operator_told == ENDED_AT


def test_the_end_of_one_run_does_not_close_the_request_of_another():
    """The index still has what it had before the record was deleted and made anew."""

    class Stale(MemoryStore):
        def requests_of(self, execution_arn: str) -> list[str]:
            return [REQUEST_ID]

    theirs = record(execution_arn="arn:second")
    store = Stale(theirs)
    serve(reconciling(store, FakeWorkflow(execution=STOPPED)), event())
    assert store.record == theirs
