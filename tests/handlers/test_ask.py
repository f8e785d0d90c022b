"""Asking: whom a round's message mails, what is tried again, and what becomes of a decision that is due."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from handlers.approvals.faces.answers import approval
from handlers.approvals.rules.decisions import cast, decide
from handlers.approvals.rules.endings import Execution
from handlers.approvals.rules.message import Message
from handlers.approvals.rules.record import Approver, Record
from handlers.approvals.rules.refusal import Reason
from handlers.approvals.rules.rounds import Kind
from handlers.approvals.usecases.ask import SPARE_SECONDS, Ask, NotAskedError
from handlers.approvals.usecases.ports import UnavailableError
from handlers.contract.policy import Policy
from handlers.contract.record import Status
from handlers.contract.workflow import WorkflowError
from tests.support import records
from tests.support.fakes import FakeWorkflow, Mailbox, MemoryStore, asking, records_of, unavailable
from tests.support.observed import counted, logged
from tests.support.records import (
    ANNA,
    ASKED_AT,
    BEN,
    CARLA,
    DEADLINE,
    EITHER,
    EXECUTION_ARN,
    REQUEST_ID,
    TASK_TOKEN,
    approved,
    message,
    record,
    rejected,
    vote,
)
from tests.support.services import RUNNING, FakeClock

WORKER_ENDS = ASKED_AT + 20
THREE = Policy(approvers=(ANNA, BEN, CARLA))


def serve(ask: Ask, asked: Message | None = None, **changes: Any) -> None:
    ask.serve(asked or message(**changes), WORKER_ENDS)


def stored(store: MemoryStore) -> Record:
    kept = store.record
    assert kept
    return kept


def people(box: Mailbox) -> list[str]:
    return [who for who, _ in box.sent]


class Watched(Mailbox):
    """Something happens before each mail, and something after it. Both are told whom it is for."""

    def __init__(
        self, *, before: Callable[[str], Any] | None = None, after: Callable[[str], Any] | None = None
    ) -> None:
        super().__init__()
        self.before, self.after = before, after

    def ask(self, record: Record, who: str, kind: Kind, secret: str) -> None:
        if self.before:
            self.before(who)
        super().ask(record, who, kind, secret)
        if self.after:
            self.after(who)


def test_everybody_is_asked_once_the_round_is_noted_and_nobody_else_may_send_while_the_worker_lives():
    store, leases = MemoryStore(), []
    box = Watched(after=lambda _who: leases.append(stored(store).lease))
    for _ in range(2):  # SQS may deliver a message twice
        serve(asking(store, box=box), scheduled_for="2026-11-25T08:00:00Z")
        assert box.sent == [(ANNA, Kind.REQUEST), (BEN, Kind.REQUEST)]
        kept = stored(store)
        assert (kept.status, kept.round, kept.task_token, kept.lease) == (Status.OPEN, 1, TASK_TOKEN, None)
        assert kept.scheduled_for == "2026-11-25T08:00:00Z"
        assert {who: approver.mailed_round for who, approver in kept.approvers.items()} == {ANNA: 1, BEN: 1}
    assert [lease and lease.until for lease in leases] == [WORKER_ENDS, WORKER_ENDS]


def test_a_mail_that_fails_is_tried_again_and_the_others_are_not_sent_twice():
    store, box = MemoryStore(), Mailbox(None, unavailable())
    with pytest.raises(UnavailableError):
        serve(asking(store, box=box))
    assert people(box) == [ANNA]
    assert stored(store).lease is None, "the next attempt need not wait"
    serve(asking(store, box=box))
    assert people(box) == [ANNA, BEN]


def test_somebody_whose_mail_always_fails_keeps_nobody_else_from_theirs():
    """They are the least-mailed in each round, and come first each time."""

    def refused(who: str) -> None:
        if who == ANNA:
            raise unavailable()

    store, box = MemoryStore(), Watched(before=refused)
    for number in (1, 2, 2, 3):
        with pytest.raises(UnavailableError):
            serve(asking(store, box=box), round=number)
        assert stored(store).lease is None
    assert people(box) == [BEN, BEN, BEN]
    assert [stored(store).approvers[who].mails for who in (ANNA, BEN)] == [0, 3]


@pytest.mark.parametrize(("seconds", "tried"), [(1, 2), (7, 2), (8, 1), (36, 1)])
def test_a_second_mail_in_a_row_that_fails_ends_the_attempt_and_so_does_a_first_that_took_long(seconds, tried):
    """A function that times out leaves its messages hidden for much longer than the next attempt would wait."""

    def hangs(who: str) -> None:
        asked.append(who)
        clock.sleep(seconds)
        raise unavailable()

    asked: list[str] = []
    clock = FakeClock()
    with pytest.raises(UnavailableError):
        serve(asking(MemoryStore(), box=Watched(before=hangs), clock=clock), policy=THREE)
    assert asked == [ANNA, BEN, CARLA][:tried]


def test_a_worker_whose_time_is_up_leaves_the_others_to_the_next_attempt():
    store, clock, asked = MemoryStore(), FakeClock(), message(policy=THREE)
    box = Watched(after=lambda _who: clock.sleep(8))
    with pytest.raises(UnavailableError):
        serve(asking(store, box=box, clock=clock), asked)
    assert clock.now() < WORKER_ENDS
    assert stored(store).lease is None
    asking(store, box=box, clock=clock).serve(asked, int(clock.now()) + 20)
    assert people(box) == [ANNA, BEN, CARLA]


def test_a_mail_that_was_sent_is_noted_as_soon_as_that_can_be_done():
    """What is not noted is sent again."""
    store = MemoryStore(troubles=[None, None, unavailable(), unavailable()])  # get, create, and twice the note
    box, clock = Mailbox(), FakeClock()
    serve(asking(store, box=box, clock=clock))
    assert people(box) == [ANNA, BEN]
    assert clock.slept == [1, 1]
    assert stored(store).approvers[ANNA].mailed_round == 1


def test_a_mail_that_cannot_be_noted_while_the_worker_lives_is_left_to_the_next_one():
    store = MemoryStore(troubles=[None, None, *[unavailable()] * 100])
    box, clock = Mailbox(), FakeClock()
    with pytest.raises(UnavailableError):
        serve(asking(store, box=box, clock=clock))
    assert people(box) == [ANNA]
    assert WORKER_ENDS - SPARE_SECONDS < clock.now() < WORKER_ENDS, "there is time left to send the message back"


@pytest.mark.parametrize(
    ("replies", "execution", "after"),
    [
        ([True], RUNNING, (Status.APPROVED, True, "")),
        ([False, True], RUNNING, (Status.APPROVED, True, "")),
        ([False, False], Execution(status="ABORTED"), (Status.CLOSED, False, "")),
        ([False, False], RUNNING, (Status.APPROVED, False, "")),
    ],
    ids=["is taken", "is taken under the record's own", "closes the record of a run that is over", "waits for a round"],
)
def test_a_decision_answers_the_token_of_the_new_round_and_then_the_records_own_and(replies, execution, after):
    store, workflow, box = MemoryStore(approved()), FakeWorkflow(*replies, execution=execution), Mailbox()
    serve(asking(store, workflow, box), round=2, task_token="second")
    assert [token for token, _ in workflow.handed_over] == ["second", TASK_TOKEN][: len(replies)]
    kept = stored(store)
    assert (kept.status, kept.handed_over, kept.task_token) == after
    assert not box.sent


@pytest.mark.parametrize("timer", [{"round": 2}, {"late": True, "round": 3}], ids=["of a round", "of the last one"])
def test_a_timer_that_is_left_over_hands_the_same_values_over_and_changes_none(timer):
    values = {"region": "eu"}
    sample = records.asking({"name": "region", "label": "Region", "type": "text"})
    sample = records.giving(records.giving(sample, ANNA, region="eu"), BEN, region="eu")
    store, workflow = MemoryStore(decide(sample, Status.APPROVED, ASKED_AT)), FakeWorkflow()
    for _ in range(2):
        serve(asking(store, workflow), task_token="left-over", **timer)
    told = [approval(handed) for _, handed in workflow.handed_over]
    assert [(one["values"], [vote["values"] for vote in one["votes"]]) for one in told] == [(values, [values] * 2)]
    assert stored(store).votes == sample.votes


ANY_RECORD = [record(), approved(), rejected(), record(status=Status.EXPIRED), record(status=Status.CLOSED)]


@pytest.mark.parametrize("changes", [{}, {"round": 2}, {"rounds": 21, "round": 21}, {"late": True, "round": 3}])
@pytest.mark.parametrize("before", ANY_RECORD)
def test_another_run_of_the_same_start_ends_as_a_duplicate_and_gets_hold_of_nothing(before, changes):
    store, workflow, box = MemoryStore(before), FakeWorkflow(), Mailbox()
    serve(asking(store, workflow, box), execution_arn="arn:second", task_token="second", **changes)
    ((token, error, cause),) = workflow.failed
    assert (token, error) == ("second", WorkflowError.DUPLICATE)
    assert EXECUTION_ARN in cause, "the first run is named"
    assert store.record == before
    assert (workflow.handed_over, box.sent) == ([], [])
    assert not store.written


def test_of_two_runs_that_ask_at_once_the_one_that_comes_second_is_the_duplicate():
    class Raced(MemoryStore):
        def create(self, record: Record) -> Record | None:
            self.record = first
            return super().create(record)

    first, workflow, box = record(execution_arn="arn:first"), FakeWorkflow(), Mailbox()
    store = Raced()
    serve(asking(store, workflow, box))
    ((token, error, cause),) = workflow.failed
    assert (token, error) == (TASK_TOKEN, WorkflowError.DUPLICATE)
    assert "arn:first" in cause
    assert (store.record, box.sent) == (first, [])


@pytest.mark.parametrize("changes", [{"rounds": 4}, {"rounds": 21, "round": 21, "late": True}])
@pytest.mark.parametrize("before", [record(), approved(), record(status=Status.CLOSED)])
def test_a_message_that_disagrees_about_the_rounds_changes_no_record_and_answers_nothing(before, changes):
    store, workflow, box = MemoryStore(before), FakeWorkflow(), Mailbox()
    with pytest.raises(NotAskedError) as refused:
        serve(asking(store, workflow, box), **changes)
    refusal = refused.value.refusal
    assert (refusal.reason, refusal.retry_seconds) == (Reason.FOREIGN, 0)
    assert refusal.words.startswith("rounds must be")
    assert store.record == before
    assert (workflow.handed_over, workflow.failed, box.sent) == ([], [], [])


BY_EVENT = Execution(status="RUNNING", running=True, started_with='{"detail-type": "Payout", "detail": {}}')
BY_HAND = Execution(status="RUNNING", running=True, started_with='{"title": "Payout"}')
ROLE = "arn:aws:sts::123456789012:assumed-role/Ops/"


@pytest.mark.parametrize(
    ("requester", "execution", "told"),
    [
        (ANNA, BY_EVENT, [ANNA]),
        (ANNA, BY_HAND, []),
        (f" {ANNA.upper()}", BY_HAND, []),
        (ROLE + ANNA, BY_HAND, [ANNA]),
        (f"Anna <{ANNA}>", BY_HAND, [ANNA]),
        (f"{ANNA}, {CARLA}", BY_HAND, [ANNA, CARLA]),
        (CARLA, BY_EVENT, [CARLA]),
        (ANNA, replace(BY_EVENT, started_with=json.dumps(BY_EVENT.started_with)), [ANNA]),
        (ANNA, replace(BY_HAND, started_with='{"task": {"detail-type": "none"}}'), []),
        (ANNA, Execution(status="DELETED"), [ANNA]),
        (ANNA, unavailable(), [ANNA]),
        ("dana@example.com", BY_EVENT, []),
        ("", BY_EVENT, []),
    ],
)
@pytest.mark.parametrize("prevented", [True, False], ids=["who asks may not decide", "who asks may decide"])
def test_whoever_is_left_out_without_having_said_so_themselves_is_told_once_and_gets_no_link(
    requester, execution, told, prevented
):
    store, box = MemoryStore(), Mailbox()
    workflow = FakeWorkflow(execution=execution)
    told = told if prevented else []
    policy = Policy(approvers=(ANNA, BEN), escalate_to=(CARLA,), prevent_self_approval=prevented)
    for round_ in (1, 1, 2):
        serve(asking(store, workflow, box), requested_by=requester, policy=policy, rounds=3, round=round_)
    assert box.left_out == told
    assert stored(store).told_left_out == tuple(told)
    assert set(people(box)).isdisjoint(told)
    assert not any("/approvals/" in body for body in box.bodies if "you are not asked" in body)


def test_a_word_to_somebody_left_out_that_fails_is_sent_by_the_next_try_and_no_other_is_sent_again():
    store, box = MemoryStore(), Mailbox(None, unavailable())
    asked = partial(serve, requested_by=f"{ANNA}, {BEN}", policy=THREE)
    with pytest.raises(UnavailableError):
        asked(asking(store, FakeWorkflow(execution=BY_EVENT), box))
    assert stored(store).lease is None
    asked(asking(store, FakeWorkflow(execution=BY_EVENT), box))
    assert (box.left_out, people(box)) == ([ANNA, BEN], [CARLA])


@pytest.mark.parametrize(("requester", "told"), [(ROLE + ANNA, [ANNA]), (ANNA, [])])
@pytest.mark.parametrize("trouble", [None, unavailable()], ids=["at once", "by the next attempt"])
def test_whoever_is_left_out_of_too_few_is_told_before_the_run_fails_and_no_request_is_made(requester, told, trouble):
    class Failing(FakeWorkflow):
        def fail(self, token: str, error: WorkflowError, cause: str) -> bool:
            assert box.left_out == told
            return super().fail(token, error, cause)

    store, workflow, box = MemoryStore(), Failing(execution=BY_HAND), Mailbox(trouble)
    again = partial(serve, requested_by=requester, policy=replace(EITHER, approvals_required=2))
    if told and trouble:
        with pytest.raises(UnavailableError):
            again(asking(store, workflow, box))
        assert not workflow.failed
    again(asking(store, workflow, box))
    ((token, error, cause),) = workflow.failed
    assert (token, error) == (TASK_TOKEN, WorkflowError.TOO_FEW_APPROVERS)
    assert "needs 2 approval(s), of 1 approver(s)" in cause
    assert (store.record, box.left_out, box.sent) == (None, told, [])


def test_nobody_hears_that_they_are_left_out_of_what_is_over():
    over, box = Execution(status="ABORTED", started_with=BY_EVENT.started_with), Mailbox()
    for needed in (1, 2):
        policy = replace(EITHER, approvals_required=needed)
        serve(asking(MemoryStore(), FakeWorkflow(execution=over), box), requested_by=ANNA, policy=policy)
    assert not box.left_out


def test_a_request_that_was_given_up_fails_the_round_that_still_waits():
    """A dead letter of the round before was late: it closed the record, and found its token spent."""
    closed = record(status=Status.CLOSED, task_token="")
    store, workflow, box = MemoryStore(closed), FakeWorkflow(), Mailbox()
    serve(asking(store, workflow, box), round=2, task_token="second")
    ((token, error, cause),) = workflow.failed
    assert (token, error) == ("second", WorkflowError.NOTIFICATION_FAILED)
    assert "was given up before its approvers could be asked in round 2" in cause
    assert (store.record, box.sent) == (closed, [])


def late() -> Message:
    return message(late=True, round=3, task_token="late")


@pytest.mark.parametrize("before", [approved(), rejected()])
def test_a_late_decision_is_told_by_the_function_that_reads_its_votes(before):
    store, workflow, box = MemoryStore(), FakeWorkflow(), Mailbox()
    store.record = before
    store.items[REQUEST_ID]["answer"] = '{"outcome": "forged"}'
    serve(asking(store, workflow, box), late())
    ((token, told),) = workflow.handed_over
    assert token == "late"
    assert told == before
    assert stored(store).handed_over
    assert not box.sent


@pytest.mark.parametrize(
    ("before", "error", "why"),
    [
        (record(), WorkflowError.EXPIRED, "was not decided in time"),
        (record(status=Status.EXPIRED, task_token=""), WorkflowError.EXPIRED, "was not decided in time"),
        (record(status=Status.CLOSED, task_token=""), WorkflowError.NOTIFICATION_FAILED, "was given up before its"),
        (record(approvers={ANNA: Approver()}), WorkflowError.NOTIFICATION_FAILED, "was never mailed to anybody"),
        (None, WorkflowError.NOTIFICATION_FAILED, "was never mailed to anybody"),
    ],
)
def test_what_was_not_decided_in_time_is_told_as_it_is(before, error, why):
    """Nobody was asked is not: nobody answered."""
    store, workflow, box = MemoryStore(*filter(None, [before])), FakeWorkflow(), Mailbox()
    serve(asking(store, workflow, box), late())
    ((token, told, cause),) = workflow.failed
    assert (token, told) == ("late", error)
    assert cause.startswith(f"Request {REQUEST_ID} {why}")
    assert store.record == before
    assert not box.sent


@pytest.mark.parametrize(("before", "deadline"), [(record(round=2), DEADLINE), (None, ASKED_AT - 120)])
def test_a_message_of_a_round_that_is_over_or_of_a_run_that_had_no_time_left_is_served_by_doing_nothing(
    before, deadline
):
    store, workflow, box = MemoryStore(*filter(None, [before])), FakeWorkflow(), Mailbox()
    serve(asking(store, workflow, box), deadline=deadline)
    assert (store.record, workflow.failed, box.sent) == (before, [], [])


@pytest.mark.parametrize("end", ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"])
def test_nobody_is_asked_for_a_run_that_is_over(end):
    store, box = MemoryStore(), Mailbox()
    with counted() as so_far:
        serve(asking(store, FakeWorkflow(execution=Execution(status=end)), box))
        assert "Requested" not in so_far()
    assert box.sent == []
    kept = stored(store)
    assert (kept.status, kept.task_token, kept.lease) == (Status.CLOSED, "", None)


@pytest.mark.parametrize("seen", [Execution(status="DELETED"), unavailable("ConnectTimeoutError")])
def test_people_are_asked_if_the_run_is_not_known_to_be_over(seen):
    box = Mailbox()
    serve(asking(MemoryStore(), FakeWorkflow(execution=seen), box))
    assert people(box) == [ANNA, BEN]


def test_a_run_is_looked_at_after_its_record_was_written():
    """One that ends from then on finds its record."""

    class Looking(FakeWorkflow):
        def execution(self, arn: str) -> Execution:
            assert stored(store).task_token == TASK_TOKEN
            return super().execution(arn)

    store, workflow = MemoryStore(), Looking()
    serve(asking(store, workflow))
    assert workflow.looks == [message().execution_arn]


def test_a_record_that_cannot_be_closed_keeps_nobody_waiting_for_the_lease():
    store = MemoryStore(troubles=[None, None, unavailable()])  # get, create, close
    with pytest.raises(UnavailableError):
        serve(asking(store, FakeWorkflow(execution=Execution(status="ABORTED"))))
    assert stored(store).lease is None


def test_the_people_who_are_left_are_not_mailed_once_it_is_decided():
    """Somebody presses while the round's mails are still going out."""
    store = MemoryStore()
    press = partial(cast, who=BEN, vote=vote())
    box = Watched(after=lambda _who: records_of(store).change(stored(store), press))
    serve(asking(store, box=box))
    assert people(box) == [ANNA]
    assert stored(store).status is Status.APPROVED


def test_the_people_who_are_left_are_mailed_by_the_next_round_once_that_has_begun():
    store, later = MemoryStore(), Mailbox()
    box = Watched(after=lambda _who: serve(asking(store, box=later), round=2, task_token="second"))
    serve(asking(store, box=box))
    assert people(box) == [ANNA]
    assert later.sent == [(ANNA, Kind.REMINDER), (BEN, Kind.REMINDER)]
    kept = stored(store)
    assert (kept.round, kept.task_token, kept.approvers[ANNA].mailed_round) == (2, "second", 2)


def test_a_links_secret_is_only_in_the_mail_and_no_token_is_logged():
    store, box = MemoryStore(), Mailbox()
    with logged() as lines:
        serve(asking(store, box=box))
    assert box.secrets.keys() == {ANNA, BEN}
    for (secret,) in box.secrets.values():
        assert secret not in str(store.items) + lines.getvalue()
    assert TASK_TOKEN not in lines.getvalue()
    assert "mail sent" in lines.getvalue()


def test_a_request_is_counted_once_however_often_it_is_delivered():
    store, box = MemoryStore(), Mailbox(unavailable())
    with counted() as so_far:
        with pytest.raises(UnavailableError):
            serve(asking(store, box=box))
        serve(asking(store, box=box))
        assert so_far() == {"Requested": 1, "Mails": 2}


def test_two_workers_with_one_message_mail_everybody_once():
    """The second one reads the record just before the first one has written it."""

    class Overtaken(MemoryStore):
        def create(self, record: Record) -> Record | None:
            if not first.items:
                serve(asking(first, box=box))
                self.table.items = first.items
            return super().create(record)

    first, box = MemoryStore(), Mailbox()
    serve(asking(Overtaken(), box=box))
    assert people(box) == [ANNA, BEN]
