"""What it means for a record that its run is over, or about to be."""

from __future__ import annotations

import pytest

from handlers.approvals.parsing.item import from_item, to_item
from handlers.approvals.rules.decisions import handed_over
from handlers.approvals.rules.endings import Execution, abandoned, ended, is_owed, operator_told, undecided
from handlers.approvals.rules.record import Approver, Lease, Record
from handlers.contract.record import Status
from handlers.contract.workflow import Ending, WorkflowError
from tests.support.records import ANNA, ASKED_AT, REQUEST_ID, approved, record, rejected


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
    settled = ended(before, execution)
    assert (settled.status, settled.handed_over, settled.task_token) == (status, handed_over, "")


@pytest.mark.parametrize(
    ("before", "execution", "unvoted"),
    [
        (record(), Execution(status="SUCCEEDED"), True),
        (record(), Execution(status="FAILED", error="Rejected"), True),
        (record(), Execution(status="FAILED", error="PayoutRefused"), True),
        (rejected(), Execution(status="SUCCEEDED"), True),
        (approved(), Execution(status="FAILED", error="Rejected"), True),
        (record(), Execution(status="FAILED", error="Duplicate"), True),
        (approved(), Execution(status="FAILED", error="Duplicate"), True),
        (record(), Execution(status="ABORTED"), False),
        (record(), Execution(status="TIMED_OUT"), False),
        (record(), Execution(status="DELETED"), False),
        (record(), Execution(status="FAILED", error="Expired"), False),
        (record(), Execution(status="FAILED", error="NotificationFailed"), False),
        (record(), Execution(status="FAILED", error="RecordUnavailable"), False),
        (record(), Execution(status="FAILED", error="SQS.AmazonSQSException", asking_failed=True), False),
        (approved(), Execution(status="FAILED", error="RecordUnavailable"), False),
        (approved(), Execution(status="SUCCEEDED"), False),
        (rejected(), Execution(status="FAILED", error="Rejected"), False),
    ],
)
def test_a_record_says_when_the_workflow_took_an_answer_that_nobody_voted_for(before, execution, unvoted):
    after = ended(before, execution)
    assert after.answered_without_vote is unvoted
    assert from_item(to_item(after)) == after
    if unvoted:
        assert (after.status, after.handed_over, after.task_token) == (Status.CLOSED, False, "")


def test_what_was_handed_over_is_not_touched_by_the_executions_end():
    done = handed_over(approved())
    assert ended(done, Execution(status="ABORTED")) == done


def test_a_round_that_could_not_be_mailed_closes_the_request():
    closed = abandoned(record(round=2, lease=Lease(owner="one", until=ASKED_AT + 60)), 2)
    assert (closed.status, closed.task_token, closed.lease) == (Status.CLOSED, "", None)


def test_a_dead_letter_of_an_earlier_round_closes_nothing():
    later = record(round=3)
    assert abandoned(later, 2) == later


def test_a_dead_letter_does_not_undo_a_decision():
    assert abandoned(approved(), 1) == approved()


def test_an_answer_to_another_question_than_the_workflows_has_no_effect_although_it_was_handed_over():
    mismatch = Execution(status="FAILED", error="AnswerMismatch")
    for before in (approved(), handed_over(approved())):
        after = ended(before, mismatch)
        assert (after.status, after.handed_over, after.answer_mismatched) == (Status.CLOSED, False, True)
        assert not after.answered_without_vote
        assert from_item(to_item(after)) == after


# As AWS words it: localstack/localstack, tests/aws/services/stepfunctions/v2/, the snapshots.
OUTPUT_FAILED = (
    "An error occurred while executing the state 'Request approval' (entered at the event id #7). The JSONata "
    "expression '$states.result…' specified for the field 'Output' threw an error during evaluation."
)
TOO_LARGE = "The state/task '{}' returned a result with a size exceeding the maximum number of bytes service limit."


@pytest.mark.parametrize("error", ["States.QueryEvaluationError", "States.Runtime"])
@pytest.mark.parametrize(
    "cause", [OUTPUT_FAILED, OUTPUT_FAILED.replace("Request approval", "Ask for late decision"), ""]
)
@pytest.mark.parametrize("before", [record(), approved(), handed_over(approved())], ids=["open", "decided", "done"])
def test_an_answer_whose_refusal_nothing_caught_is_refused_all_the_same(before, error, cause):
    """Whether a Catch sees a failure of `Output` is disputed; without one, the execution ends under AWS's name."""
    after = ended(before, Execution(status="FAILED", error=error, cause=cause))
    assert (after.status, after.handed_over, after.answer_mismatched) == (Status.CLOSED, False, True)
    assert not after.answered_without_vote
    assert after.task_token == ""


def test_an_answer_that_is_too_large_to_go_on_with_has_no_effect_and_is_no_other_questions():
    too_large = Execution(status="FAILED", error="States.DataLimitExceeded", cause=TOO_LARGE.format("Request approval"))
    after = ended(handed_over(approved()), too_large)
    assert (after.status, after.handed_over, after.answer_mismatched) == (Status.CLOSED, False, False)


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        ("States.Runtime", OUTPUT_FAILED.replace("Request approval", "Return to main processing")),
        ("States.QueryEvaluationError", OUTPUT_FAILED.replace("Request approval", "Return to main processing")),
        ("States.DataLimitExceeded", TOO_LARGE.format("Return to main processing")),
        ("States.TaskFailed", OUTPUT_FAILED),
        ("InvalidTask", ""),
    ],
)
def test_an_answer_stays_taken_if_the_main_processing_fails_with_whatever(error, cause):
    """A `process_task` may raise anything, too."""
    for before in (approved(), handed_over(approved())):
        after = ended(before, Execution(status="FAILED", error=error, cause=cause))
        assert (after.status, after.handed_over, after.answer_mismatched) == (Status.APPROVED, True, False)


@pytest.mark.parametrize("error", ["States.QueryEvaluationError", "States.Runtime", "States.DataLimitExceeded"])
def test_the_operator_is_owed_a_word_of_an_answer_that_was_refused(error):
    refused = failed(error)
    assert is_owed(refused, [ended(handed_over(approved()), refused)])


@pytest.mark.parametrize("status", [Status.EXPIRED, Status.CLOSED])
def test_what_has_ended_does_not_end_again(status):
    before = record(status=status)
    assert ended(before, Execution(status="SUCCEEDED")) == before


@pytest.mark.parametrize(
    ("status", "over"), [*((one.value, True) for one in Ending), ("RUNNING", False), ("DELETED", False)]
)
def test_an_execution_that_cannot_be_found_is_not_seen_to_be_over(status, over):
    """A new one may not be there yet for a moment."""
    assert Execution(status=status).over is over


@pytest.mark.parametrize(
    ("before", "error", "why"),
    [
        (record(), WorkflowError.EXPIRED, "was not decided in time"),
        (record(status=Status.EXPIRED), WorkflowError.EXPIRED, "was not decided in time"),
        (record(status=Status.CLOSED), WorkflowError.NOTIFICATION_FAILED, "was given up before its deadline"),
        (record(approvers={ANNA: Approver()}), WorkflowError.NOTIFICATION_FAILED, "was never mailed to anybody"),
        (None, WorkflowError.NOTIFICATION_FAILED, "was never mailed to anybody"),
    ],
)
def test_nobody_was_asked_is_told_from_nobody_answered(before, error, why):
    told, cause = undecided(before, REQUEST_ID)
    assert told is error
    assert cause.startswith(f"Request {REQUEST_ID} {why}")


def failed(error: str) -> Execution:
    return Execution(status="FAILED", error=error, stopped_at=ASKED_AT)


@pytest.mark.parametrize(
    ("records", "execution", "owed"),
    [
        ([record()], failed("NotificationFailed"), True),
        ([record()], Execution(status="ABORTED", stopped_at=ASKED_AT), True),
        ([record()], Execution(status="TIMED_OUT", stopped_at=ASKED_AT), True),
        ([], failed("InvalidTask"), True),
        ([], failed("Rejected"), False),
        ([rejected()], failed("Rejected"), False),
        ([], failed("Duplicate"), False),
        ([record(status=Status.CLOSED)], failed("Duplicate"), True),
        ([approved()], failed("Duplicate"), True),
        ([approved()], failed("Rejected"), True),
        ([record()], failed("Expired"), False),
        ([approved()], Execution(status="SUCCEEDED", stopped_at=ASKED_AT), False),
        ([record(answered_without_vote=True)], Execution(status="SUCCEEDED", stopped_at=ASKED_AT), True),
        ([operator_told(record(), ASKED_AT)], failed("NotificationFailed"), False),
        ([operator_told(record(), ASKED_AT - 60)], failed("NotificationFailed"), True),
        ([operator_told(record(), ASKED_AT), record()], failed("NotificationFailed"), True),
    ],
)
def test_an_operator_is_owed_a_word_of_each_ending_that_is_not_peoples_own_doing(records, execution, owed):
    assert is_owed(execution, records) is owed
