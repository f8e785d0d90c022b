"""Who is told how a request ended: everybody who has to know, and nobody twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.approvals.rules import announcing, rounds
from handlers.approvals.rules.decisions import decide, handed_over
from handlers.approvals.rules.endings import Execution, ended
from handlers.approvals.rules.message import Announcement
from handlers.approvals.rules.record import Approver, Record
from handlers.approvals.usecases.ask import NotAskedError
from handlers.approvals.usecases.ports import UnavailableError
from handlers.contract.record import Status
from tests.support.fakes import Mailbox, MemoryStore, asking, unavailable
from tests.support.observed import counted, logged
from tests.support.records import (
    ANNA,
    ASKED_AT,
    BEN,
    BOSS,
    CARLA,
    EXECUTION_ARN,
    REQUEST_ID,
    approved,
    record,
    rejected,
    vote,
    voted,
)
from tests.support.services import FakeClock

WORKER_ENDS = ASKED_AT + 20
NEWS = Announcement(request_id=REQUEST_ID, execution_arn=EXECUTION_ARN, version=1)
BY_BEN = handed_over(replace(approved(), decided_by=BEN))
REFUSED = Execution(status="FAILED", error="AnswerMismatch", stopped_at=ASKED_AT)
STOPPED = ended(record(), Execution(status="ABORTED", cause="Wrong release.", stopped_at=ASKED_AT))
REQUESTER = "release-bot@example.com"
ALL = [ANNA, BEN, CARLA, REQUESTER]


def announce(store: MemoryStore, box: Mailbox, news: Announcement = NEWS, clock: FakeClock | None = None) -> None:
    asking(store, box=box, clock=clock).serve(news, WORKER_ENDS)


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (record(), []),
        (approved(), []),  # the workflow has not taken it yet
        (BY_BEN, [ANNA, CARLA, REQUESTER]),
        (handed_over(replace(rejected(), decided_by=BEN)), [ANNA, CARLA, REQUESTER]),
        (record(status=Status.EXPIRED), ALL),
        (STOPPED, ALL),
        (ended(BY_BEN, REFUSED), ALL),
        (record(status=Status.EXPIRED, requested_by="CI"), [ANNA, BEN, CARLA]),
        (record(status=Status.EXPIRED, requested_by="Ann <ANNA@Example.com>"), [ANNA, BEN, CARLA]),
        (record(status=Status.EXPIRED, requested_by="D <Dave@EXAMPLE.com>"), [ANNA, BEN, CARLA, "dave@example.com"]),
        (record(status=Status.EXPIRED, requested_by="Okta_ben@example.com"), [ANNA, BEN, CARLA]),
        (record(status=Status.EXPIRED, escalate_to=(BOSS,), requested_by=f"role/{BOSS}"), [ANNA, BEN, CARLA, BOSS]),
        (BY_BEN.with_approver(CARLA, mailed_round=0), [ANNA, REQUESTER]),
        (BY_BEN.with_approver(ANNA, mailed_round=0), [ANNA, CARLA, REQUESTER]),  # mailed, which was not noted
        (record(status=Status.EXPIRED, requested_by=CARLA).with_approver(CARLA, mailed_round=0), [ANNA, BEN, CARLA]),
    ],
)
def test_who_was_mailed_and_the_requester_are_told_but_not_whose_press_decided(after: Record, told: list[str]) -> None:
    assert announcing.to_be_told(after) == told
    store, box = MemoryStore(after), Mailbox()
    for _ in range(2):  # SQS may deliver it twice
        announce(store, box)
    assert box.announced == told
    assert store.record
    assert not store.record.lease
    assert not announcing.is_news(after, store.record), "what is noted is no news"


def test_whom_the_channel_does_not_mail_is_noted_and_counts_as_no_mail():
    class Choosy(Mailbox):
        def announce(self, record: Record, who: str) -> bool:
            return super().announce(record, who) and who != REQUESTER

    store, box = MemoryStore(BY_BEN), Choosy()
    with counted() as so_far:
        announce(store, box)
        assert so_far() == {"Mails": 2}
    assert store.record
    assert not announcing.to_be_told(store.record)


def test_an_approver_in_capitals_who_asked_and_decided_is_not_told():
    loud = "Anna@Example.COM"
    policy = replace(record().policy, approvers=(loud, BEN), prevent_self_approval=False)
    after = record(policy=policy, approvers={who: Approver(mailed_round=1) for who in (loud, BEN)}, requested_by=ANNA)
    after = decide(after.with_approver(loud, vote=vote()), Status.APPROVED, ASKED_AT, loud)
    assert announcing.to_be_told(handed_over(after)) == [BEN]


def test_an_ending_that_replaces_another_is_told_to_all_who_were_told_and_to_who_decided():
    store, box = MemoryStore(BY_BEN), Mailbox()
    announce(store, box)
    before = store.record
    assert before
    after = ended(before, REFUSED)
    store.record = after
    assert announcing.is_news(before, after)
    announce(store, box)
    assert Counter(box.announced) == {ANNA: 2, CARLA: 2, REQUESTER: 2, BEN: 1}


class Interrupted(Mailbox):
    """`meanwhile` happens once, after the first mail."""

    def __init__(self, meanwhile) -> None:
        super().__init__()
        self.meanwhile = [meanwhile]

    def announce(self, record: Record, who: str) -> bool:
        told = super().announce(record, who)
        if self.meanwhile:
            self.meanwhile.pop()()
        return told


def test_a_worker_whose_ending_is_replaced_leaves_the_new_one_to_whoever_tells_it():
    def replaced() -> None:
        assert store.record
        store.record = replace(ended(store.record, REFUSED), version=store.record.version + 1)
        announce(store, box)

    store = MemoryStore(BY_BEN)
    box = Interrupted(replaced)
    announce(store, box)
    assert box.announced == [ANNA, *ALL]


def test_two_workers_do_not_tell_at_once_even_if_one_that_asks_notes_its_last_mail_meanwhile():
    def overlap() -> None:
        assert store.record
        store.record = replace(rounds.mailed(store.record, CARLA, 1), version=store.record.version + 1)
        with pytest.raises(NotAskedError) as busy:
            announce(store, box)
        assert busy.value.refusal.retry_seconds == 20

    store = MemoryStore(BY_BEN.with_approver(CARLA, mailed_round=0))
    box = Interrupted(overlap)
    announce(store, box)
    announce(store, box)
    assert box.announced == [ANNA, REQUESTER, CARLA]


def test_somebody_whom_sns_refuses_keeps_nobody_else_from_the_news():
    store, box = MemoryStore(BY_BEN), Mailbox(unavailable())
    with pytest.raises(UnavailableError):
        announce(store, box)
    assert box.announced == [CARLA, REQUESTER]
    announce(store, box)
    assert box.announced == [CARLA, REQUESTER, ANNA]


def test_a_worker_whose_time_is_up_leaves_the_others_to_the_next_attempt():
    clock = FakeClock()
    store, box = MemoryStore(BY_BEN), Interrupted(lambda: clock.sleep(16))
    with pytest.raises(UnavailableError, match="longer than the function has"):
        announce(store, box, clock=clock)
    assert box.announced == [ANNA]
    announce(store, box)
    assert box.announced == [ANNA, CARLA, REQUESTER]


@pytest.mark.parametrize(
    ("kept", "news"),
    [((), NEWS), ((BY_BEN,), replace(NEWS, execution_arn="arn:other")), ((record(),), replace(NEWS, version=99))],
    ids=["gone", "another run's", "still open"],
)
def test_an_announcement_that_nobody_here_has_sent_does_nothing(kept, news):
    store, box = MemoryStore(*kept), Mailbox()
    with logged() as lines:
        announce(store, box, news)
    assert not box.announced
    assert not store.written
    assert '"outcome":' in lines.getvalue()


WRITES = ["mail carla", "hand over", "refuse", "expire"]


@given(
    writes=st.permutations(WRITES),
    deliveries=st.lists(st.integers(0, 2), min_size=4, max_size=4),
    crashes=st.lists(st.sampled_from(["", "mail", "note"]), max_size=6),
)
def test_in_whatever_order_all_who_have_to_know_are_told_and_twice_only_of_two_endings_or_after_a_crash(
    writes, deliveries, crashes
):
    """One message is sent for each write that is news; each is delivered at least once, at any time after it."""
    asked = voted({ANNA: vote()}, approvals_required=1).with_approver(CARLA, mailed_round=0)
    store = MemoryStore(decide(asked, Status.APPROVED, ASKED_AT, ANNA))
    box, pending, lost = Mailbox(), 0, Counter[str]()

    def deliver() -> bool:
        crash = crashes.pop() if crashes else ""
        first = next(iter(announcing.to_be_told(_kept(store))), "")
        box.troubles = [unavailable(), unavailable()] if crash == "mail" else []
        if crash == "note" and first:  # mailed, and the process died
            box.announce(_kept(store), first)
            lost[first] += 1
            return False
        with counted(), suppress(UnavailableError):
            announce(store, box)
            return True
        return False

    endings = 0
    for write, redelivered in zip(writes, deliveries, strict=True):
        before = _kept(store)
        after = _written(before, write)
        if after != before:
            store.record = replace(after, version=before.version + 1)
        endings += announcing.over(after) and (after.status, announcing.over(before)) != (before.status, True)
        pending += announcing.is_news(before, after)
        for _ in range(redelivered):
            pending -= pending > 0 and deliver()
    while pending:
        pending -= deliver()
    last = _kept(store)
    assert not announcing.to_be_told(last)
    told = Counter(box.announced)
    if announcing.over(last):
        assert {BEN, REQUESTER} <= told.keys()
        assert (CARLA in told) is bool(last.approvers[CARLA].mailed_round)
        assert (ANNA in told) is (last.status is not Status.APPROVED)
    assert all(times <= endings for times in (told - lost).values()), told


def _kept(store: MemoryStore) -> Record:
    assert store.record
    return store.record


def _written(before: Record, write: str) -> Record:
    rules: dict[str, Callable[[Record], Record]] = {
        "mail carla": partial(rounds.mailed, who=CARLA, round_=1),
        "hand over": lambda seen: handed_over(seen) if seen.status is Status.APPROVED else seen,
        "refuse": partial(ended, execution=REFUSED),
        "expire": partial(ended, execution=Execution(status="FAILED", error="Expired")),
    }
    return rules[write](before)
