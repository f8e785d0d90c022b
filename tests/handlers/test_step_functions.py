"""Step Functions as the use cases see it: whether an answer was taken, and what an execution says of itself."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from handlers.approvals.adapters import aws
from handlers.approvals.adapters.step_functions import StepFunctions
from handlers.approvals.faces.answers import approval, rejection
from handlers.approvals.rules.endings import Execution, ended
from handlers.approvals.usecases.ports import UnavailableError
from handlers.contract.record import Status
from handlers.contract.workflow import WorkflowError
from tests.support.aws import silent, stubbed
from tests.support.nesting import fits
from tests.support.records import ASKED_AT, EXECUTION_ARN, TASK_TOKEN, approved, rejected

DEAD = ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"]


def described(**said) -> dict:
    return {
        "executionArn": EXECUTION_ARN,
        "stateMachineArn": "arn:aws:states:eu-central-1:123456789012:stateMachine:signoff",
        "status": "RUNNING",
        "startDate": datetime.fromtimestamp(ASKED_AT, UTC),
    } | said


def execution(**said) -> Execution:
    client, answers = stubbed("stepfunctions")
    answers.add_response("describe_execution", described(**said), {"executionArn": EXECUTION_ARN})
    return StepFunctions(client).execution(EXECUTION_ARN)


def test_an_approval_is_the_output_of_the_task_that_waits():
    client, answers = stubbed("stepfunctions")
    output = json.dumps(approval(approved()), ensure_ascii=False)
    answers.add_response("send_task_success", {}, {"taskToken": TASK_TOKEN, "output": output})
    assert StepFunctions(client).hand_over(TASK_TOKEN, approved())
    assert json.loads(output)["digest"] == approved().digest


def test_a_rejection_is_the_cause_of_the_task_that_waits():
    client, answers = stubbed("stepfunctions")
    told = {"taskToken": TASK_TOKEN, "error": "Rejected", "cause": rejection(rejected())}
    answers.add_response("send_task_failure", {}, told)
    assert StepFunctions(client).hand_over(TASK_TOKEN, rejected())


def test_a_failure_is_told_by_its_name_and_cause():
    client, answers = stubbed("stepfunctions")
    told = {"taskToken": TASK_TOKEN, "error": "NotificationFailed", "cause": "No queue."}
    answers.add_response("send_task_failure", {}, told)
    assert StepFunctions(client).fail(TASK_TOKEN, WorkflowError.NOTIFICATION_FAILED, "No queue.")


def test_whatever_a_failure_says_fits_into_the_cause_of_a_workflow_that_waits():
    client, answers = stubbed("stepfunctions")
    told: list[str] = []
    client.meta.events.register("provide-client-params.*", lambda params, **_call: told.append(params["cause"]))
    answers.add_response("send_task_failure", {})
    assert StepFunctions(client).fail(TASK_TOKEN, WorkflowError.TOO_FEW_APPROVERS, 'no "quorum" ' * 1_000)
    assert fits(told[0])


@pytest.mark.parametrize("code", DEAD)
def test_a_token_that_nobody_waits_for_takes_no_answer(code):
    for record, method in ((approved(), "send_task_success"), (rejected(), "send_task_failure")):
        client, answers = stubbed("stepfunctions")
        answers.add_client_error(method, code)
        assert not StepFunctions(client).hand_over(TASK_TOKEN, record)
    client, answers = stubbed("stepfunctions")
    answers.add_client_error("send_task_failure", code)
    assert not StepFunctions(client).fail(TASK_TOKEN, WorkflowError.NOTIFICATION_FAILED, "No queue.")


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException", "InvalidOutput", "KmsThrottling"])
def test_whatever_else_step_functions_says_is_no_answer(code):
    client, answers = stubbed("stepfunctions")
    for method in ("send_task_success", "send_task_failure", "send_task_failure", "describe_execution"):
        answers.add_client_error(method, code)
    workflow = StepFunctions(client)
    for call in (
        lambda: workflow.hand_over(TASK_TOKEN, approved()),
        lambda: workflow.hand_over(TASK_TOKEN, rejected()),
        lambda: workflow.fail(TASK_TOKEN, WorkflowError.EXPIRED, "Too late."),
        lambda: workflow.execution(EXECUTION_ARN),
    ):
        with pytest.raises(UnavailableError, match=code) as error:
            call()
        assert error.value.kind in {"ClientError", code}
    answers.assert_no_pending_responses()


def test_silence_is_told_by_the_kind_of_it():
    workflow = StepFunctions(silent("stepfunctions"))
    for call in (
        lambda: workflow.hand_over(TASK_TOKEN, approved()),
        lambda: workflow.fail(TASK_TOKEN, WorkflowError.EXPIRED, "Too late."),
        lambda: workflow.execution(EXECUTION_ARN),
    ):
        with pytest.raises(UnavailableError) as error:
            call()
        assert error.value.kind == "ConnectTimeoutError"
        assert TASK_TOKEN not in str(error.value)


@pytest.mark.parametrize("status", ["RUNNING", "PENDING_REDRIVE"])
def test_an_execution_that_runs_says_nothing_of_an_end(status):
    assert execution(status=status) == Execution(status=status, running=True)


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"])
def test_an_execution_that_is_over_says_how_and_when(status):
    told = execution(
        status=status,
        error="PayoutRefused",
        cause="No money",
        stopDate=datetime.fromtimestamp(ASKED_AT + 60, UTC),
        input='{"title": "Pay"}',
        redriveCount=2,
    )
    assert told == Execution(
        status=status,
        error="PayoutRefused",
        cause="No money",
        stopped_at=ASKED_AT + 60,
        started_with='{"title": "Pay"}',
        redrives=2,
    )
    assert told.over


@pytest.mark.parametrize(
    ("error", "asking_failed"),
    [
        ("SQS.AmazonSQSException", True),
        ("SQS.SdkClientException", True),
        ("NotificationFailed", False),
        ("PayoutRefused", False),
    ],
)
def test_an_execution_whose_queue_took_no_message_has_taken_no_decision(error, asking_failed):
    told = execution(status="FAILED", error=error)
    assert told.asking_failed is asking_failed
    after = ended(replace(approved(), task_token=""), told)
    expected = Status.APPROVED if error == "PayoutRefused" else Status.CLOSED
    assert (after.status, after.answered_without_vote) == (expected, False)


def test_an_execution_that_cannot_be_found_is_neither_running_nor_seen_to_be_over():
    """Its history is kept for 90 days; a new one may not be there for a moment."""
    client, answers = stubbed("stepfunctions")
    answers.add_client_error("describe_execution", "ExecutionDoesNotExist")
    told = StepFunctions(client).execution(EXECUTION_ARN)
    assert (told.running, told.over) == (False, False)


def test_a_look_that_is_throttled_is_tried_again_for_some_minutes(monkeypatch):
    """Runs that end together exceed the quota of DescribeExecution; nobody at the page waits for these looks."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    patient, at_the_page = aws.client("stepfunctions", aws.ADAPTIVE), aws.client("stepfunctions")
    assert patient.meta.config.retries == {"mode": "adaptive", "total_max_attempts": 20}
    assert at_the_page.meta.config.retries == {"mode": "standard", "total_max_attempts": 3}
