"""The operator's door: what is an order, and what becomes of one whatever happens meanwhile."""

from __future__ import annotations

import json
from typing import Any

import pytest

from handlers.approvals.rules import links
from handlers.approvals.rules.endings import Execution, ended, is_owed
from handlers.approvals.rules.news import News
from handlers.approvals.rules.record import Ended, Record
from handlers.approvals.rules.rounds import Kind
from handlers.approvals.usecases.ports import MailRefusedError
from handlers.contract.record import Status
from handlers.contract.workflow import WorkflowError
from handlers.operate import MOST_NAMED, SPARE_SECONDS, WHY_LIMIT, Door
from tests.support.events import OPERATOR, signed
from tests.support.fakes import FakeWorkflow, Mailbox, MemoryStore, OperatorBox, operating, reconciling, unavailable
from tests.support.observed import counted, logged
from tests.support.records import ANNA, ASKED_AT, BEN, CARLA, EXECUTION_ARN, REQUEST_ID, approved, record, vote, voted
from tests.support.services import FakeClock

REMIND = {"order": "remind", "requestId": REQUEST_ID}
WHY = "w" * (WHY_LIMIT - 2)
CANCEL = {"order": "cancel", "requestId": REQUEST_ID, "why": f"{WHY}\n!"}
BY_ARN = {"order": "cancel", "executionArn": EXECUTION_ARN, "why": f"{WHY}\n!"}
CAUSE = f"{OPERATOR}: {WHY} !"
EXECUTIONS = EXECUTION_ARN.rpartition(":")[0]
ENDS = ASKED_AT + 29


def answer(door: Door, order: Any, ends: float = ENDS) -> tuple[int, dict[str, Any]]:
    told = door.serve(signed(order), ends)
    assert told["headers"] == {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return told["statusCode"], json.loads(told["body"])


def told(workflow: FakeWorkflow) -> Execution:
    assert isinstance(workflow.run, Execution)
    return workflow.run


def kept(store: MemoryStore) -> Record:
    found = store.record
    assert found
    return found


@pytest.mark.parametrize(
    ("order", "named"),
    [
        ("", "the body is not JSON"),
        ({"order": "approve", "requestId": REQUEST_ID}, "order must be remind or cancel"),
        ({"order": "remind"}, "requestId must be a non-empty string"),
        (REMIND | {"requestId": "../x"}, "requestId must be 1 to 64 letters, digits, hyphens or underscores"),
        (REMIND | {"to": ANNA}, "to must be a list of non-empty strings"),
        (REMIND | {"to": [ANNA] * (MOST_NAMED + 1)}, "to must be at most 100 addresses, got 101"),
        (CANCEL | {"why": ""}, "why must be a non-empty string"),
        (CANCEL | {"why": " \u200b\n"}, "why must have 1 to 500 characters that can be seen, got 3"),
        (CANCEL | {"why": "x" * (WHY_LIMIT + 1)}, "why must have 1 to 500 characters that can be seen, got 501"),
        (CANCEL | {"why": "\ud800"}, "why must be valid Unicode text"),
        *(
            (
                BY_ARN | {"executionArn": arn},
                f"executionArn must begin with {EXECUTIONS}: and have at most 256 characters",
            )
            for arn in (EXECUTION_ARN.replace("signoff", "payroll"), f"{EXECUTION_ARN}\n", EXECUTION_ARN + "x" * 256)
        ),
    ],
)
def test_what_is_no_order_is_refused_by_the_fields_name_and_does_nothing(order, named):
    store, workflow, box = MemoryStore(record()), FakeWorkflow(), Mailbox()
    assert answer(operating(store, workflow, box), order) == (400, {"error": named})
    assert (store.calls, workflow.looks, workflow.stopped, box.sent) == ([], [], [], [])


def test_all_who_wait_are_reminded_and_the_new_link_counts_beside_the_old_one():
    store, box = MemoryStore(voted({BEN: vote()})), Mailbox()
    assert answer(operating(store, box=box), REMIND) == (200, {"reminded": [ANNA, CARLA], "refused": {}})
    assert box.sent == [(ANNA, Kind.BY_HAND), (CARLA, Kind.BY_HAND)]
    assert "Whoever operates it sends this reminder; it was first asked at" in box.bodies[0]
    assert store.calls == ["get", "replace", "replace"]
    for who in (ANNA, CARLA):
        assert kept(store).approvers[who].links[-1] == links.digest(*box.secrets[who])
        assert len(kept(store).approvers[who].links) == 2


def test_it_counts_the_mails_and_logs_who_ordered_them_but_no_link_and_nobody_who_was_mailed():
    box = Mailbox()
    with logged() as lines, counted() as counts:
        answered = answer(operating(MemoryStore(record()), box=box), REMIND | {"to": [ANNA, "mallory@example.com"]})
        assert counts() == {"Mails": 1}
    (line,) = map(json.loads, lines.getvalue().splitlines())
    assert (line["outcome"], line["by"], line["requestId"]) == ("reminder by hand", OPERATOR, REQUEST_ID)
    for secret in (*box.secrets[ANNA], links.digest(*box.secrets[ANNA])):
        assert secret not in lines.getvalue() + str(answered)
    assert "@example.com" not in lines.getvalue().replace(OPERATOR, "")


def test_people_are_named_in_any_spelling_and_who_is_not_reminded_is_named_with_the_reason():
    store, box = MemoryStore(voted({BEN: vote()})), Mailbox()
    answered = answer(operating(store, box=box), REMIND | {"to": [BEN, "Anna <ANNA@example.com>", ANNA]})
    assert answered == (200, {"reminded": [ANNA], "refused": {BEN: f"{BEN} has answered"}})
    assert len(box.sent) == 1
    again = f"{ANNA} was reminded less than a minute ago: try again in 60 s"
    assert answer(operating(store), REMIND | {"to": [BEN, ANNA]}) == (409, {"error": f"{BEN} has answered; {again}"})


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (None, f"there is no request {REQUEST_ID}"),
        (record(deadline=ASKED_AT - 61), f"request {REQUEST_ID} is over: expired"),
        (voted({who: vote() for who in (ANNA, BEN, CARLA)}, approvals_required=4), "nobody waits for an answer"),
    ],
)
def test_a_request_that_nobody_waits_for_fails_loudly(before, said):
    store, box = MemoryStore(*filter(None, [before])), Mailbox()
    assert answer(operating(store, box=box), REMIND) == (409, {"error": said})
    assert box.sent == []


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (unavailable(), "ReadTimeoutError"),
        (MailRefusedError("MessageRejected", "Email address is not verified."), "Email address is not verified."),
    ],
)
def test_a_mail_that_fails_keeps_nobody_else_from_theirs_and_can_follow_in_a_minute(trouble, words):
    store, box, anna = MemoryStore(record()), Mailbox(trouble), REMIND | {"to": [ANNA]}
    refused = {ANNA: f"the mail to {ANNA} failed: {words}"}
    assert answer(operating(store, box=box), REMIND) == (200, {"reminded": [BEN, CARLA], "refused": refused})
    assert answer(operating(store), anna)[0] == 409
    assert answer(operating(store, clock=FakeClock(ASKED_AT + 60)), anna, ENDS + 60)[0] == 200


def test_no_mail_begins_when_the_functions_time_is_nearly_over():
    class Slow(Mailbox):
        def ask(self, *mail: Any) -> None:
            super().ask(*mail)
            clock.sleep(ENDS - ASKED_AT - SPARE_SECONDS + 1)

    clock, store = FakeClock(), MemoryStore(record())
    late = {who: f"no time was left for {who}: remind them again" for who in (BEN, CARLA)}
    assert answer(operating(store, box=Slow(), clock=clock), REMIND) == (200, {"reminded": [ANNA], "refused": late})
    assert kept(store).approvers[BEN].reminders == 0


@pytest.mark.parametrize("order", [CANCEL, BY_ARN], ids=["by its request", "by its execution"])
@pytest.mark.parametrize("before", [record(), record(task_token="", round=2)], ids=["asked", "between the rounds"])
def test_a_cancelled_request_is_closed_with_who_and_why_and_its_run_is_stopped_by_the_same_words(before, order):
    store, workflow, operator = MemoryStore(before), FakeWorkflow(), OperatorBox()
    assert answer(operating(store, workflow), order) == (200, {"executionArn": EXECUTION_ARN})
    assert workflow.stopped == [(EXECUTION_ARN, WorkflowError.CANCELLED, CAUSE)]
    assert (store.calls[-2:], len(workflow.looks)) == (["get", "replace"], 1)
    closed = kept(store)
    assert (closed.status, closed.task_token) == (Status.CLOSED, "")
    assert closed.ended == Ended("ABORTED", "Cancelled", CAUSE)
    reconciling(store, workflow, operator).serve(EXECUTION_ARN, News(execution=told(workflow)))
    assert (kept(store), operator.told) == (closed, []), "an ordinary ending"


def test_a_run_that_has_not_asked_yet_is_stopped_by_its_execution():
    store, workflow, operator = MemoryStore(), FakeWorkflow(), OperatorBox()
    assert answer(operating(store, workflow), BY_ARN) == (200, {"executionArn": EXECUTION_ARN})
    assert workflow.stopped == [(EXECUTION_ARN, WorkflowError.CANCELLED, CAUSE)]
    reconciling(store, workflow, operator).serve(EXECUTION_ARN, News(execution=told(workflow)))
    assert operator.told == []


@pytest.mark.parametrize("order", [CANCEL, BY_ARN], ids=["by its request", "by its execution"])
def test_what_people_decide_between_the_look_and_the_write_goes_on(order):
    class Racing(MemoryStore):
        def replace(self, seen: Record, after: Record) -> Record | None:
            self.record = approved()
            return super().replace(seen, after)

    store, workflow = Racing(record(version=0)), FakeWorkflow()
    said = f"request {REQUEST_ID} is APPROVED, so nothing is left to cancel"
    assert answer(operating(store, workflow), order) == (409, {"error": said})
    assert (workflow.stopped, kept(store).status) == ([], Status.APPROVED)


def test_a_run_that_is_over_is_none_to_cancel_and_its_record_learns_of_it():
    store, workflow = MemoryStore(record()), FakeWorkflow(execution=Execution(status="TIMED_OUT", stopped_at=ASKED_AT))
    assert answer(operating(store, workflow), CANCEL) == (409, {"error": f"{EXECUTION_ARN} is over: TIMED_OUT"})
    assert (kept(store).status, workflow.stopped) == (Status.CLOSED, [])


def test_a_state_that_fails_by_that_name_is_no_operators_doing():
    failed = Execution(status="FAILED", error="Cancelled", cause="By a state.", stopped_at=ASKED_AT)
    after = ended(record(), failed)
    assert after.ended
    assert not after.ended.cancelled
    assert is_owed(failed, [after])
