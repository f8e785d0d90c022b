"""Who may decide what: the domain's rules, one by one."""

from __future__ import annotations

import pytest

from handlers.approvals.faces.page import State, standing
from handlers.approvals.rules.decisions import (
    CLOCK_SKEW_SECONDS,
    COMMENTS_LIMIT,
    cast,
    handed_over,
    token_spent,
)
from handlers.approvals.rules.record import Decision, Lease, Record, Vote
from handlers.approvals.rules.refusal import Reason, Refusal
from handlers.contract.record import Status
from tests.support.records import ANNA, ASKED_AT, BEN, CARLA, DEADLINE, approved, record, rejected, vote, voted

APPROVE, REJECT = Decision.APPROVE, Decision.REJECT
LAST_MOMENT = DEADLINE + CLOCK_SKEW_SECONDS


def counted(before: Record, who: str, given: Vote) -> Record:
    after = cast(before, who, given)
    assert isinstance(after, Record)
    return after


def refusal(before: Record, who: str, given: Vote) -> Refusal:
    after = cast(before, who, given)
    assert isinstance(after, Refusal)
    return after


@pytest.mark.parametrize(
    ("needed", "decision", "status"),
    [(1, APPROVE, Status.APPROVED), (1, REJECT, Status.REJECTED), (2, APPROVE, Status.OPEN), (2, REJECT, Status.OPEN)],
)
def test_the_quorum_decides_which_ends_the_sending_of_mails(needed, decision, status):
    lease = Lease(owner="one", until=ASKED_AT + 60)
    after = counted(record(approvals_required=needed, rejections_required=needed, lease=lease), ANNA, vote(decision))
    assert after.status is status
    assert bool(after.lease) is (status is Status.OPEN)


def test_the_same_vote_again_changes_nothing():
    once = counted(record(), ANNA, vote())
    assert cast(once, ANNA, vote()) == once


@pytest.mark.parametrize(
    ("before", "given", "reason"),
    [
        (voted({ANNA: vote()}), vote(REJECT), Reason.VOTED),
        (approved().with_approver(ANNA, vote=None), vote(), Reason.DECIDED),
        (rejected().with_approver(ANNA, vote=None), vote(), Reason.DECIDED),
        (record(status=Status.EXPIRED), vote(), Reason.EXPIRED),
        (record(status=Status.CLOSED), vote(), Reason.CLOSED),
        (record(), vote(at=LAST_MOMENT + 1), Reason.EXPIRED),
        (record(title="Order lunch"), vote(), Reason.CHANGED),
    ],
)
def test_no_answer_is_counted(before, given, reason):
    assert refusal(before, ANNA, given).reason is reason


def test_a_clock_that_is_a_minute_fast_does_not_shut_anybody_out():
    assert counted(record(), ANNA, vote(at=LAST_MOMENT)).votes


def test_a_comment_may_take_all_the_room_that_the_others_have_left_and_no_more():
    """Counted as it will stand in JSON: a quotation mark takes two bytes there."""
    others = voted({ANNA: vote(comment="\u00fc" * 1_000), CARLA: vote(comment='"' * 1_000)}, approvals_required=3)
    room = COMMENTS_LIMIT - 4_000
    assert counted(others, BEN, vote(comment="x" * room)).status is Status.APPROVED
    refused = refusal(others, BEN, vote(comment="x" * (room + 1)))
    assert refused.reason is Reason.NO_ROOM
    assert f"room for a comment of {room:,} bytes; this one has {room + 1:,}" in refused.words
    full = voted({ANNA: vote(comment="x" * (COMMENTS_LIMIT + 1))})
    assert "room for a comment of 0 bytes; this one has 1" in refusal(full, BEN, vote(comment="x")).words
    assert counted(full, BEN, vote()).status is Status.APPROVED, "an answer without a comment always has room"


def test_a_spent_token_goes_but_a_newer_one_stays():
    assert not token_spent(record(task_token="old"), "old").task_token
    assert token_spent(record(task_token="new"), "old").task_token == "new"
    done = handed_over(approved())
    assert (done.handed_over, done.task_token) == (True, "")


def test_nothing_that_prints_a_record_prints_its_token():
    assert record().task_token not in repr(record())


@pytest.mark.parametrize(
    ("stored", "who", "now", "seen"),
    [
        (record(), ANNA, ASKED_AT, State.OPEN),
        (record(), ANNA, DEADLINE + CLOCK_SKEW_SECONDS + 1, State.EXPIRED),
        (voted({ANNA: vote()}), ANNA, ASKED_AT, State.THANKS),
        (voted({ANNA: vote()}), BEN, ASKED_AT, State.OPEN),
        (approved(), ANNA, ASKED_AT, State.PENDING),
        (handed_over(approved()), ANNA, ASKED_AT, State.THANKS),
        (approved(), CARLA, ASKED_AT, State.DECIDED),
        (voted({ANNA: vote()}, status=Status.EXPIRED), ANNA, ASKED_AT, State.EXPIRED),
        (voted({ANNA: vote()}, status=Status.CLOSED), ANNA, ASKED_AT, State.CLOSED),
    ],
)
def test_a_request_stands_differently_for_whoever_has_answered(stored, who, now, seen):
    assert standing(stored, who, now) is seen
