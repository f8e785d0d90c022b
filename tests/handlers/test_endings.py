"""What it means for a record that its run is over, or about to be."""

from __future__ import annotations

import pytest

from handlers.approvals.parsing.item import from_item, to_item
from handlers.approvals.rules.decisions import handed_over
from handlers.approvals.rules.endings import Execution, abandoned, ended, is_owed, operator_told
from handlers.approvals.rules.record import Lease, Record
from handlers.contract.record import Status
from handlers.contract.workflow import Ending
from tests.support.records import ASKED_AT, approved, record, rejected


def failed(error: str, cause: str = "") -> Execution:
    return Execution(status="FAILED", error=error, cause=cause, stopped_at=ASKED_AT)


SUCCEEDED, ABORTED = (Execution(status=one, stopped_at=ASKED_AT) for one in ("SUCCEEDED", "ABORTED"))
TIMED_OUT = Execution(status="TIMED_OUT", stopped_at=ASKED_AT)
NOT_ASKED = Execution(status="FAILED", error="SQS.AmazonSQSException", asking_failed=True)


@pytest.mark.parametrize(
    ("before", "execution", "status"),
    [
        (record(), ABORTED, Status.CLOSED),
        (record(), TIMED_OUT, Status.CLOSED),
        (record(), Execution(status="DELETED"), Status.CLOSED),
        (record(), failed("NotificationFailed"), Status.CLOSED),
        (record(), failed("RecordUnavailable"), Status.CLOSED),
        (record(), NOT_ASKED, Status.CLOSED),
        (record(), failed("Expired"), Status.EXPIRED),
        (approved(), SUCCEEDED, Status.APPROVED),
        (approved(), failed("PayoutRefused"), Status.APPROVED),
        (approved(), failed("Expired"), Status.CLOSED),
        (approved(), failed("RecordUnavailable"), Status.CLOSED),
        (approved(), ABORTED, Status.CLOSED),
        (rejected(), failed("Rejected"), Status.REJECTED),
        (rejected(), failed("NotificationFailed"), Status.CLOSED),
    ],
)
def test_an_ended_execution_settles_what_was_open(before: Record, execution: Execution, status: Status) -> None:
    settled = ended(before, execution)
    assert (settled.status, settled.handed_over, settled.task_token) == (status, status is before.status, "")
    assert not settled.answered_without_vote
    assert ended(settled, SUCCEEDED) == settled, "what has ended does not end again"


@pytest.mark.parametrize(
    ("before", "execution"),
    [
        *((record(), one) for one in (SUCCEEDED, failed("Rejected"), failed("PayoutRefused"), failed("Duplicate"))),
        *((approved(), one) for one in (failed("Rejected"), failed("Duplicate"))),
        (rejected(), SUCCEEDED),
    ],
)
def test_a_record_says_when_the_workflow_took_an_answer_that_nobody_voted_for(before, execution):
    after = ended(before, execution)
    assert after.answered_without_vote
    assert (after.status, after.handed_over, after.task_token) == (Status.CLOSED, False, "")
    assert from_item(to_item(after)) == after


def test_a_round_that_could_not_be_mailed_closes_the_request():
    closed = abandoned(record(round=2, lease=Lease(owner="one", until=ASKED_AT + 60)), 2, "No mails.")
    assert (closed.status, closed.task_token, closed.lease) == (Status.CLOSED, "", None)
    for other in (record(round=3), approved()):
        assert abandoned(other, 2, "No mails.") == other, "a dead letter of an earlier round, or of a decided request"


# As AWS words it: localstack/localstack, tests/aws/services/stepfunctions/v2/, the snapshots.
OUTPUT_FAILED = (
    "An error occurred while executing the state 'Request approval' (entered at the event id #7). The JSONata "
    "expression '$states.result…' specified for the field 'Output' threw an error during evaluation."
)
TOO_LARGE = "The state/task '{}' returned a result with a size exceeding the maximum number of bytes service limit."


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        ("AnswerMismatch", ""),
        *(
            (error, cause)
            for error in ("States.QueryEvaluationError", "States.Runtime")
            for cause in (OUTPUT_FAILED, OUTPUT_FAILED.replace("Request approval", "Ask for late decision"), "")
        ),
        ("States.DataLimitExceeded", TOO_LARGE.format("Request approval")),
    ],
)
@pytest.mark.parametrize("before", [record(), approved(), handed_over(approved())], ids=["open", "decided", "done"])
def test_an_answer_that_was_refused_has_no_effect_although_it_was_handed_over_and_the_operator_hears(
    before, error, cause
):
    """Whether a Catch sees a failure of `Output` is disputed; without one, the execution ends under AWS's name."""
    refused = failed(error, cause)
    after = ended(before, refused)
    assert (after.status, after.handed_over, after.task_token) == (Status.CLOSED, False, "")
    assert after.answer_mismatched is (error != "States.DataLimitExceeded")
    assert not after.answered_without_vote
    assert from_item(to_item(after)) == after
    assert is_owed(refused, [after])


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        ("States.Runtime", OUTPUT_FAILED.replace("Request approval", "Return to main processing")),
        ("States.DataLimitExceeded", TOO_LARGE.format("Return to main processing")),
        ("States.TaskFailed", OUTPUT_FAILED),
        ("InvalidTask", ""),
    ],
)
def test_an_answer_stays_taken_if_the_main_processing_fails_with_whatever(error, cause):
    """A `process_task` may raise anything, too."""
    for before in (approved(), handed_over(approved())):
        after = ended(before, failed(error, cause))
        assert (after.status, after.handed_over, after.answer_mismatched) == (Status.APPROVED, True, False)
    assert ended(handed_over(approved()), ABORTED) == handed_over(approved())


@pytest.mark.parametrize(
    ("status", "over"), [*((one.value, True) for one in Ending), ("RUNNING", False), ("DELETED", False)]
)
def test_an_execution_that_cannot_be_found_is_not_seen_to_be_over(status, over):
    """A new one may not be there yet for a moment."""
    assert Execution(status=status).over is over


@pytest.mark.parametrize(
    ("records", "execution", "owed"),
    [
        ([record()], failed("NotificationFailed"), True),
        ([record()], ABORTED, True),
        ([record()], TIMED_OUT, True),
        ([], failed("InvalidTask"), True),
        ([], failed("Rejected"), False),
        ([rejected()], failed("Rejected"), False),
        ([approved()], failed("Rejected"), True),
        ([], failed("Duplicate"), False),
        ([record(status=Status.CLOSED)], failed("Duplicate"), True),
        ([record()], failed("Expired"), False),
        ([approved()], SUCCEEDED, False),
        ([record(answered_without_vote=True)], SUCCEEDED, True),
        ([operator_told(record(), ASKED_AT)], failed("NotificationFailed"), False),
        ([operator_told(record(), ASKED_AT - 60)], failed("NotificationFailed"), True),
        ([operator_told(record(), ASKED_AT), record()], failed("NotificationFailed"), True),
    ],
)
def test_an_operator_is_owed_a_word_of_each_ending_that_is_not_peoples_own_doing(records, execution, owed):
    assert is_owed(execution, records) is owed
