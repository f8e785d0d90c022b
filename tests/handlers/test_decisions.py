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


def counted(before: Record, who: str, given: Vote) -> Record:
    after = cast(before, who, given)
    assert isinstance(after, Record)
    return after


def refusal(before: Record, who: str, given: Vote) -> Refusal:
    after = cast(before, who, given)
    assert isinstance(after, Refusal)
    return after


def after(votes: list[tuple[str, Decision]], **quorum: int) -> Status:
    """The status when these votes have been cast in turn."""
    current = record(**quorum)
    for who, decision in votes:
        current = counted(current, who, vote(decision))
    return current.status


@pytest.mark.parametrize(
    ("approvals", "rejections", "votes", "status"),
    [
        (1, 1, [(ANNA, APPROVE)], Status.APPROVED),
        (1, 1, [(ANNA, REJECT)], Status.REJECTED),
        (2, 1, [(ANNA, APPROVE)], Status.OPEN),
        (2, 1, [(ANNA, APPROVE), (BEN, APPROVE)], Status.APPROVED),
        (2, 1, [(ANNA, APPROVE), (BEN, REJECT)], Status.REJECTED),
        (2, 2, [(ANNA, REJECT)], Status.OPEN),
        (2, 2, [(ANNA, REJECT), (BEN, APPROVE)], Status.OPEN),
        (2, 2, [(ANNA, REJECT), (BEN, APPROVE), (CARLA, APPROVE)], Status.APPROVED),
        (2, 2, [(ANNA, REJECT), (BEN, APPROVE), (CARLA, REJECT)], Status.REJECTED),
        (3, 1, [(ANNA, APPROVE), (BEN, APPROVE)], Status.OPEN),
        (3, 1, [(ANNA, APPROVE), (BEN, APPROVE), (CARLA, APPROVE)], Status.APPROVED),
    ],
)
def test_the_quorum_decides(approvals, rejections, votes, status):
    assert after(votes, approvals_required=approvals, rejections_required=rejections) is status


def test_the_same_vote_again_changes_nothing():
    once = counted(record(), ANNA, vote())
    assert cast(once, ANNA, vote()) == once


def test_the_first_answer_of_a_person_counts():
    once = counted(record(), ANNA, vote(APPROVE))
    assert refusal(once, ANNA, vote(REJECT)).reason is Reason.VOTED


@pytest.mark.parametrize("decided", [approved(), rejected()])
def test_a_decision_takes_no_further_votes(decided):
    assert refusal(decided, CARLA, vote()).reason is Reason.DECIDED


@pytest.mark.parametrize(("status", "reason"), [(Status.EXPIRED, Reason.EXPIRED), (Status.CLOSED, Reason.CLOSED)])
def test_an_ended_request_takes_no_votes(status, reason):
    assert refusal(record(status=status), ANNA, vote()).reason is reason


def test_a_clock_that_is_a_minute_fast_does_not_shut_anybody_out():
    assert counted(record(), ANNA, vote(at=DEADLINE + CLOCK_SKEW_SECONDS)).votes


def test_the_deadline_ends_a_request_that_the_state_machine_never_closed():
    assert refusal(record(), ANNA, vote(at=DEADLINE + CLOCK_SKEW_SECONDS + 1)).reason is Reason.EXPIRED


def test_a_comment_may_take_all_the_room_that_the_others_have_left_and_no_more():
    """Counted as it will stand in JSON: a quotation mark takes two bytes there."""
    others = voted({ANNA: vote(comment="\u00fc" * 1_000), CARLA: vote(comment='"' * 1_000)}, approvals_required=3)
    room = COMMENTS_LIMIT - 4_000
    assert counted(others, BEN, vote(comment="x" * room)).status is Status.APPROVED
    refused = refusal(others, BEN, vote(comment="x" * (room + 1)))
    assert refused.reason is Reason.NO_ROOM
    assert f"room for a comment of {room:,} bytes; this one has {room + 1:,}" in refused.words


def test_an_answer_without_a_comment_finds_room_in_a_record_that_is_full():
    full = voted({ANNA: vote(comment="x" * (COMMENTS_LIMIT + 1))})
    assert counted(full, BEN, vote()).status is Status.APPROVED
    assert "room for a comment of 0 bytes; this one has 1" in refusal(full, BEN, vote(comment="x")).words


def test_a_decision_ends_the_sending_of_mails():
    sending = record(approvals_required=1, lease=Lease(owner="one", until=ASKED_AT + 60))
    assert counted(sending, ANNA, vote()).lease is None


def test_an_answer_that_was_taken_leaves_no_token_behind():
    done = handed_over(approved())
    assert done.handed_over
    assert not done.task_token


def test_a_spent_token_goes_but_a_newer_one_stays():
    assert not token_spent(record(task_token="old"), "old").task_token
    assert token_spent(record(task_token="new"), "old").task_token == "new"


def test_an_answer_to_another_question_than_the_records_is_not_counted():
    """The page was shown before somebody changed the words in the table."""
    changed = record(title="Order lunch")
    assert refusal(changed, ANNA, vote()).reason is Reason.CHANGED


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
