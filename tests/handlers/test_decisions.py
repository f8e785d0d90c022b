"""Who may decide what: the domain's rules, one by one."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from handlers.approvals import decisions
from handlers.approvals.callback import Execution
from handlers.approvals.decisions import (
    CLOCK_SKEW_SECONDS,
    COMMENTS_LIMIT,
    Failure,
    NoRoom,
    Refusal,
    Refused,
    Success,
    WorkflowError,
    cast,
)
from handlers.approvals.record import Approver, Decision, Lease, Record
from handlers.contract.record import Status
from tests.support.records import ANNA, ASKED_AT, BEN, CARLA, DEADLINE, approved, record, rejected, vote, voted

APPROVE, REJECT = Decision.APPROVE, Decision.REJECT


def after(votes: list[tuple[str, Decision]], **quorum: int) -> Status:
    """The status when these votes have been cast in turn."""
    current = record(**quorum)
    for who, decision in votes:
        current = cast(current, who, vote(decision))
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
    once = cast(record(), ANNA, vote())
    assert cast(once, ANNA, vote()) == once


def test_the_first_answer_of_a_person_counts():
    once = cast(record(), ANNA, vote(APPROVE))
    with pytest.raises(Refused) as refused:
        cast(once, ANNA, vote(REJECT))
    assert refused.value.reason is Refusal.VOTED
    assert refused.value.record == once


@pytest.mark.parametrize("decided", [approved(), rejected()])
def test_a_decision_takes_no_further_votes(decided):
    with pytest.raises(Refused) as refused:
        cast(decided, CARLA, vote())
    assert refused.value.reason is Refusal.DECIDED


@pytest.mark.parametrize(("status", "reason"), [(Status.EXPIRED, Refusal.EXPIRED), (Status.CLOSED, Refusal.CLOSED)])
def test_an_ended_request_takes_no_votes(status, reason):
    with pytest.raises(Refused) as refused:
        cast(record(status=status), ANNA, vote())
    assert refused.value.reason is reason


def test_a_clock_that_is_a_minute_fast_does_not_shut_anybody_out():
    assert cast(record(), ANNA, vote(at=DEADLINE + CLOCK_SKEW_SECONDS)).votes


def test_the_deadline_ends_a_request_that_the_state_machine_never_closed():
    with pytest.raises(Refused) as refused:
        cast(record(), ANNA, vote(at=DEADLINE + CLOCK_SKEW_SECONDS + 1))
    assert refused.value.reason is Refusal.EXPIRED


def test_an_approval_tells_the_workflow_who_approved_what():
    told = decisions.answer(approved())
    assert isinstance(told, Success)
    output = json.loads(told.output)
    assert output["outcome"] == "APPROVED"
    assert [(said["approver"], said["comment"]) for said in output["votes"]] == [
        (ANNA, "Looks good."),
        (BEN, "Fine with me."),
    ]
    assert set(output["votes"][0]) == {"approver", "decision", "comment", "at"}


def test_a_rejection_tells_the_workflow_who_and_why():
    told = decisions.answer(rejected())
    assert isinstance(told, Failure)
    assert told.error is WorkflowError.REJECTED
    assert told.cause.endswith(f' by {BEN}: "Not on a Friday."')
    assert ANNA not in told.cause


def test_a_rejection_without_a_reason_names_who_and_no_more():
    told = decisions.answer(decisions.decide(voted({BEN: vote(REJECT)}), Status.REJECTED, ASKED_AT))
    assert isinstance(told, Failure)
    assert told.cause.endswith(f" by {BEN}")


def test_a_comment_may_take_all_the_room_that_the_others_have_left_and_no_more():
    """Counted as it will stand in JSON: a quotation mark takes two bytes there."""
    others = voted({ANNA: vote(comment="\u00fc" * 1_000), CARLA: vote(comment='"' * 1_000)}, approvals_required=3)
    room = COMMENTS_LIMIT - 4_000
    assert cast(others, BEN, vote(comment="x" * room)).status is Status.APPROVED
    with pytest.raises(NoRoom, match=f"room for a comment of {room:,} bytes; this one has {room + 1:,}"):
        cast(others, BEN, vote(comment="x" * (room + 1)))


def test_an_answer_without_a_comment_finds_room_in_a_record_that_is_full():
    full = voted({ANNA: vote(comment="x" * (COMMENTS_LIMIT + 1))})
    assert cast(full, BEN, vote()).status is Status.APPROVED
    with pytest.raises(NoRoom, match="room for a comment of 0 bytes; this one has 1"):
        cast(full, BEN, vote(comment="x"))


def test_a_decision_ends_the_sending_of_mails():
    sending = record(approvals_required=1, lease=Lease(owner="one", until=ASKED_AT + 60))
    assert cast(sending, ANNA, vote()).lease is None


def cause(votes: dict) -> str:
    rejected_by = voted(votes, approvers=dict.fromkeys(votes, Approver()))
    told = decisions.answer(decisions.decide(rejected_by, Status.REJECTED, ASKED_AT))
    assert isinstance(told, Failure)
    return told.cause


@pytest.mark.parametrize("piece", ["x", "word ", '" ', "\\", "\u00fc", "\u4e2d", "\U0001f600", "a\u0301"])
@pytest.mark.parametrize("people", [1, 3, 50, 150])
def test_a_cause_fits_into_json_with_everybodys_name(people, piece):
    """A parent workflow and an event have it in JSON, which nothing may cut."""
    names = [f"person{number:03}@example.com" for number in range(people)]
    told = cause({who: vote(REJECT, piece * 1_000) for who in names})
    assert len(json.dumps(told)) < 8_000
    assert all(who in told for who in names)
    if people < 50:
        assert told.count("...") == people, "everybody's words begin"


def test_not_even_names_that_somebody_wrote_into_the_table_make_a_cause_too_long():
    assert len(json.dumps(cause({"\U0001f600" * 300 + str(number): vote(REJECT) for number in range(150)}))) < 8_000


@pytest.mark.parametrize(
    ("comment", "told"),
    [
        ("a\n\nb\r\nc\u2028d", "a b c d"),
        ("red \x1b[31m\x00 \u202egone", "red [31m gone"),
        (f"No.; {CARLA}: approved as well", f"No.; {CARLA}: approved as well"),
        (f'No."; {CARLA}: "approved as well', f"No.'; {CARLA}: 'approved as well"),
        (f"No.\u201d; {CARLA}: \u201capproved", f"No.'; {CARLA}: 'approved"),
        (f"No.''; {CARLA}: \uff02approved", f"No.'; {CARLA}: 'approved"),
        ("Don't.", "Don't."),
    ],
)
def test_a_comment_in_a_cause_stays_between_its_quotation_marks(comment, told):
    written = cause({ANNA: vote(REJECT, comment, at=1), BEN: vote(REJECT, "No.", at=2)})
    assert written.partition(" by ")[2] == f'{ANNA}: "{told}"; {BEN}: "No."'


def test_a_comment_of_which_nothing_can_be_seen_is_none():
    assert cause({ANNA: vote(REJECT, "\u200b\u2800\U0001d159")}).endswith(f" by {ANNA}")


def test_an_answer_that_was_taken_leaves_no_token_behind():
    done = decisions.handed_over(approved())
    assert done.handed_over
    assert not done.task_token


def test_a_spent_token_goes_but_a_newer_one_stays():
    assert not decisions.token_spent(record(task_token="old"), "old").task_token
    assert decisions.token_spent(record(task_token="new"), "old").task_token == "new"


@pytest.mark.parametrize(
    ("before", "execution", "status", "handed_over"),
    [
        (record(), Execution(status="ABORTED"), Status.CLOSED, False),
        (record(), Execution(status="TIMED_OUT"), Status.CLOSED, False),
        (record(), Execution(status="DELETED"), Status.CLOSED, False),
        (record(), Execution(status="FAILED", error="NotificationFailed"), Status.CLOSED, False),
        (record(), Execution(status="FAILED", error="Expired"), Status.EXPIRED, False),
        (approved(), Execution(status="SUCCEEDED"), Status.APPROVED, True),
        (approved(), Execution(status="FAILED", error="PayoutRefused"), Status.APPROVED, True),
        (approved(), Execution(status="FAILED", error="Expired"), Status.CLOSED, False),
        (approved(), Execution(status="ABORTED"), Status.CLOSED, False),
        (rejected(), Execution(status="FAILED", error="Rejected"), Status.REJECTED, True),
        (rejected(), Execution(status="FAILED", error="NotificationFailed"), Status.CLOSED, False),
    ],
)
def test_an_ended_execution_settles_what_was_open(before: Record, execution, status, handed_over):
    settled = decisions.ended(before, execution)
    assert (settled.status, settled.handed_over, settled.task_token) == (status, handed_over, "")


@pytest.mark.parametrize(
    ("before", "execution", "unvoted"),
    [
        (record(), Execution(status="SUCCEEDED"), True),
        (record(), Execution(status="FAILED", error="Rejected"), True),
        (record(), Execution(status="FAILED", error="PayoutRefused"), True),
        (rejected(), Execution(status="SUCCEEDED"), True),
        (approved(), Execution(status="FAILED", error="Rejected"), True),
        (record(), Execution(status="ABORTED"), False),
        (record(), Execution(status="TIMED_OUT"), False),
        (record(), Execution(status="DELETED"), False),
        (record(), Execution(status="FAILED", error="Expired"), False),
        (record(), Execution(status="FAILED", error="NotificationFailed"), False),
        (record(), Execution(status="FAILED", error="RecordUnavailable"), False),
        (record(), Execution(status="FAILED", error="SQS.AmazonSQSException"), False),
        (approved(), Execution(status="FAILED", error="RecordUnavailable"), False),
        (approved(), Execution(status="SUCCEEDED"), False),
        (rejected(), Execution(status="FAILED", error="Rejected"), False),
    ],
)
def test_a_record_says_when_the_workflow_took_an_answer_that_nobody_voted_for(before, execution, unvoted):
    after = decisions.ended(before, execution)
    assert after.answered_without_vote is unvoted
    assert Record.from_item(after.to_item()) == after
    if unvoted:
        assert (after.status, after.handed_over, after.task_token) == (Status.CLOSED, False, "")


def test_what_was_handed_over_is_not_touched_by_the_executions_end():
    done = decisions.handed_over(approved())
    assert decisions.ended(done, Execution(status="ABORTED")) == done


def test_a_round_that_could_not_be_mailed_closes_the_request():
    closed = decisions.abandoned(record(round=2, lease=Lease(owner="one", until=ASKED_AT + 60)), 2)
    assert (closed.status, closed.task_token, closed.lease) == (Status.CLOSED, "", None)


def test_a_dead_letter_of_an_earlier_round_closes_nothing():
    later = record(round=3)
    assert decisions.abandoned(later, 2) == later


def test_a_dead_letter_does_not_undo_a_decision():
    assert decisions.abandoned(approved(), 1) == approved()


def test_a_record_survives_being_stored():
    for full in (replace(approved(), version=7), rejected(), record(scheduled_for="2026-11-25T09:00:00Z")):
        assert Record.from_item(full.to_item()) == full


@pytest.mark.parametrize(
    "changes",
    [
        {"votes": {}},
        {"votes": None},
        {"approvalsRequired": 3},
        {"title": "Order lunch"},
        {"details": "Nothing else."},
        {"requestedBy": "anna@example.com"},
        {"status": "REJECTED"},
        {"approvalsRequired": 0, "votes": {}},
    ],
)
def test_a_decision_that_its_votes_do_not_carry_is_none(changes):
    """Whoever may write to the table may write a status and an answer."""
    item = {name: value for name, value in (approved().to_item() | changes).items() if value is not None}
    read = Record.from_item(item)
    assert read.status is Status.OPEN
    assert read.verdict is not Status.REJECTED


def test_an_answer_to_another_question_than_the_records_is_not_counted():
    """The page was shown before somebody changed the words in the table."""
    changed = record(title="Order lunch")
    with pytest.raises(Refused) as refused:
        cast(changed, ANNA, vote())
    assert refused.value.reason is Refusal.CHANGED
    assert refused.value.record == changed


def test_votes_are_kept_apart_from_what_the_mailing_writes():
    """Only the page's role may write that attribute: IAM sees names of the top level only."""
    item = approved().to_item()
    assert item["votes"].keys() == {ANNA, BEN}
    assert "vote" not in str(item["approvers"])


def test_a_record_of_the_schema_before_keeps_its_shape_until_it_ends():
    item = approved().to_item()
    for who, old in item.pop("votes").items():
        del old["digest"]
        item["approvers"][who]["vote"] = old
    del item["asked"]
    item["schemaVersion"] = 1
    read = Record.from_item(item)
    assert (read.status, read.votes.keys()) == (Status.APPROVED, {ANNA, BEN})
    written = read.to_item()
    assert "votes" not in written
    assert written["approvers"] == item["approvers"]
    assert Record.from_item(written) == read
    told = json.loads(decisions.answer(read).output)
    assert "digest" not in told, "its run compares none, and a run that does must not go on by such a record"


def test_a_record_of_a_release_that_knew_no_scheduled_time_is_read_without_one():
    old = record().to_item()
    del old["scheduledFor"]
    assert Record.from_item(old) == record()


def test_a_record_of_an_unknown_schema_is_refused_by_version():
    with pytest.raises(ValueError, match="schemaVersion 99"):
        Record.from_item(record().to_item() | {"schemaVersion": 99})


def test_nothing_that_prints_a_record_prints_its_token():
    assert record().task_token not in repr(record())
