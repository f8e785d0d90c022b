"""A mail that did not arrive: what its record learns of it, of which the operator hears, and which run it ends."""

from __future__ import annotations

from dataclasses import replace

import pytest

from handlers.approvals.rules.decisions import handed_over
from handlers.approvals.rules.delivery import REASON_KEPT
from handlers.approvals.rules.message import Announcement
from handlers.approvals.rules.record import Approver, Ended, Record, Undelivered
from handlers.approvals.rules.rounds import REFUSED_KEPT
from handlers.approvals.usecases.ports import MailRefusedError, UnavailableError
from handlers.bounce import serve
from handlers.contract.record import Status
from handlers.contract.workflow import WorkflowError
from tests.support.events import undelivered
from tests.support.fakes import (
    FakeWorkflow,
    Mailbox,
    MemoryStore,
    OperatorBox,
    asking,
    bouncing,
    giving_up,
    unavailable,
)
from tests.support.observed import counted
from tests.support.records import (
    ANNA,
    ASKED_AT,
    BEN,
    CARLA,
    EXECUTION_ARN,
    REQUEST_ID,
    TASK_TOKEN,
    approved,
    losing,
    message,
    record,
)
from tests.support.services import FakeClock

WORKER_ENDS = ASKED_AT + 20
REASON = "Permanent, General, 5.1.1, smtp; 550 5.1.1 user unknown"
A_IS_LOST = losing(record(), ANNA, reason=REASON)
CAUSE = (
    f"Request {REQUEST_ID} cannot be approved any more without those whom no mail reaches: {ANNA}: "
    f'"{REASON}"; {BEN}: "{REASON}"'
)


def told(box: OperatorBox) -> list[str]:
    return [who for _, who, _ in box.undelivered]


def kept(store: MemoryStore) -> Record:
    found = store.record
    assert found
    return found


@pytest.mark.parametrize(
    "before",
    [record(), record(approvers={ANNA: Approver(), BEN: Approver()}), record(lease=None, task_token="")],
    ids=["asked", "before its sending is noted", "between the rounds"],
)
def test_a_mail_that_comes_back_is_noted_and_the_operator_is_told_once_however_often_it_comes(before):
    store, workflow, box = MemoryStore(before), FakeWorkflow(), OperatorBox()
    for _ in range(3):
        serve(bouncing(store, workflow, box), undelivered())
    assert kept(store).approvers[ANNA].undelivered == Undelivered("Bounce", REASON, permanent=True, told=True)
    assert kept(store).status is Status.OPEN
    assert (told(box), workflow.failed) == ([ANNA], [])


HARD, SOFT = undelivered(), undelivered(bounceType="Transient", bounceSubType="MailboxFull", bouncedRecipients=[])
REWORDED = undelivered(bounceType="Transient", bounceSubType="ContentRejected", bouncedRecipients=[])
DELAY, SPAM = undelivered("DeliveryDelay"), undelivered("Complaint")
IS_LOST = Undelivered("Bounce", REASON, permanent=True, told=True)
IS_FULL = Undelivered("Bounce", "Transient, MailboxFull", permanent=False, told=True)

LONGEST = "x" * (REASON_KEPT - 3) + "..."


@pytest.mark.parametrize(
    ("events", "worst", "mails"),
    [
        ([SOFT, SOFT], IS_FULL, 1),
        ([REWORDED, SOFT], IS_FULL, 1),
        ([SOFT, DELAY], IS_FULL, 1),
        ([DELAY, SOFT, DELAY, HARD], IS_LOST, 3),
        ([HARD, SOFT, DELAY, SPAM], IS_LOST, 1),
        (
            [undelivered("Reject", reason="x" * 1_000)],
            IS_FULL._replace(kind="Reject", reason="x" * (REASON_KEPT - 3) + "..."),
            1,
        ),
    ],
)
def test_the_worst_is_kept_and_the_operator_is_told_of_what_is_worse_and_of_nothing_twice(events, worst, mails):
    store, box = MemoryStore(record()), OperatorBox()
    for event in events:
        serve(bouncing(store, box=box), event)
    assert kept(store).approvers[ANNA].undelivered == worst
    assert told(box) == [ANNA] * mails


@pytest.mark.parametrize("store", [MemoryStore(record()), MemoryStore()], ids=["of nobody here", "request gone"])
def test_a_mail_that_is_not_ours_is_let_go(store):
    box, before = OperatorBox(), store.record
    serve(bouncing(store, box=box), undelivered(who="mallory@example.com"))
    assert (store.record, told(box), store.written) == (before, [], False)


def test_a_mail_to_whoever_only_asks_is_told_and_not_noted():
    store, box = MemoryStore(handed_over(approved())), OperatorBox()
    serve(bouncing(store, box=box), undelivered(who="release-bot@example.com"))
    assert (store.record, told(box)) == (handed_over(approved()), ["release-bot@example.com"])


def test_the_run_ends_with_the_reasons_as_soon_as_those_whom_mail_reaches_cannot_approve():
    store, workflow, box = MemoryStore(A_IS_LOST), FakeWorkflow(), OperatorBox()
    with counted() as so_far:
        for _ in range(2):
            serve(bouncing(store, workflow, box), undelivered(who=BEN))
        assert so_far() == {"NotDelivered": 1}
    assert workflow.failed == [(TASK_TOKEN, WorkflowError.NOTIFICATION_FAILED, CAUSE)]
    assert (kept(store).status, kept(store).task_token) == (Status.CLOSED, "")
    assert kept(store).ended == Ended("FAILED", "NotificationFailed", CAUSE)
    assert told(box) == [BEN]


@pytest.mark.parametrize(("before", "replies"), [(replace(A_IS_LOST, task_token=""), []), (A_IS_LOST, [False])])
def test_a_run_without_a_token_left_is_ended_by_the_next_rounds_message(before, replies):
    store, workflow, box = MemoryStore(before), FakeWorkflow(*replies), Mailbox()
    serve(bouncing(store, workflow), undelivered(who=BEN))
    assert kept(store).status is Status.OPEN
    workflow.failed.clear()
    with counted() as so_far:
        asking(store, workflow, box).serve(message(round=2, task_token="second"), WORKER_ENDS)
        assert so_far() == {"NotDelivered": 1}
    assert workflow.failed == [("second", WorkflowError.NOTIFICATION_FAILED, CAUSE)]
    assert (kept(store).status, kept(store).ended) == (Status.CLOSED, Ended("FAILED", "NotificationFailed", CAUSE))
    assert not box.sent


def test_a_rounds_message_that_cannot_end_the_run_either_leaves_its_record_open():
    before, workflow = losing(record(), ANNA, BEN), FakeWorkflow(False)
    store = MemoryStore(before)
    asking(store, workflow).serve(message(round=2), WORKER_ENDS)
    assert kept(store) == before


@pytest.mark.parametrize(
    ("of_store", "of_workflow", "of_box", "mails"),
    [
        ([], [unavailable()], [], 1),
        ([None, None, unavailable()], [], [], 1),  # closing the record
        ([], [], [unavailable()], 1),
        ([None, None, None, unavailable()], [], [], 2),  # noting that the operator was told
    ],
)
def test_whatever_breaks_off_is_done_by_the_next_try(of_store, of_workflow, of_box, mails):
    store, box = MemoryStore(A_IS_LOST, troubles=of_store), OperatorBox(*of_box)
    use_case = bouncing(store, FakeWorkflow(*of_workflow), box)
    with pytest.raises(UnavailableError):
        serve(use_case, undelivered(who=BEN))
    serve(use_case, undelivered(who=BEN))
    assert told(box) == [BEN] * mails


# --- what comes after


def test_whoever_is_lost_is_asked_in_no_later_round_and_not_told_how_it_ended():
    store, box = MemoryStore(A_IS_LOST), Mailbox()
    asking(store, box=box).serve(message(round=2, task_token="second"), WORKER_ENDS)
    assert [who for who, _ in box.sent] == [BEN, CARLA]
    over = handed_over(replace(approved(), decided_by=BEN))
    store = MemoryStore(losing(over, ANNA))
    news = Announcement(request_id=REQUEST_ID, execution_arn=EXECUTION_ARN, version=1)
    asking(store, box=box).serve(news, WORKER_ENDS)
    assert box.announced == [CARLA, "release-bot@example.com"]


def test_whose_mail_came_back_for_now_is_asked_again():
    store, box = MemoryStore(record()), Mailbox()
    serve(bouncing(store), SOFT)
    asking(store, box=box).serve(message(round=2), WORKER_ENDS)
    assert [who for who, _ in box.sent] == [ANNA, BEN, CARLA]


# --- mails that the channel refuses

REFUSED = MailRefusedError("MessageRejected", "Email address is not verified.\nIn eu-central-1: " + "x" * 1_000)


def test_the_words_of_a_refusal_are_the_cause_of_the_run_that_is_given_up():
    store, workflow = MemoryStore(), FakeWorkflow()
    with pytest.raises(MailRefusedError):
        asking(store, workflow, Mailbox(REFUSED, REFUSED)).serve(message(), WORKER_ENDS)
    assert len(kept(store).refused) <= REFUSED_KEPT
    giving_up(store, workflow).serve(message())
    ((_, _, cause),) = workflow.failed
    assert "could not be asked in round 1: Email address is not verified." in cause
    assert kept(store).ended == Ended("FAILED", "NotificationFailed", cause)


@pytest.mark.parametrize("trouble", [None, unavailable()], ids=["goes well", "fails in another way"])
def test_a_later_attempt_that_goes_well_or_fails_in_another_way_clears_a_refusals_words(trouble):
    store, workflow, clock = MemoryStore(), FakeWorkflow(), FakeClock()
    with pytest.raises(MailRefusedError):
        asking(store, workflow, Mailbox(REFUSED, REFUSED), clock).serve(message(), WORKER_ENDS)
    again = asking(store, workflow, Mailbox(*[trouble] * 2), clock)
    if trouble:
        with pytest.raises(UnavailableError):
            again.serve(message(), WORKER_ENDS)
    else:
        again.serve(message(), WORKER_ENDS)
    assert not kept(store).refused
    giving_up(store, workflow).serve(message())
    assert workflow.failed[0][2].endswith("could not be asked in round 1")
