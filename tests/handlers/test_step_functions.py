"""Step Functions as the use cases see it: whether an answer was taken, and what an execution says of itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from handlers.approvals.adapters import aws
from handlers.approvals.adapters.step_functions import StepFunctions
from handlers.approvals.faces.answers import approval, rejection
from handlers.approvals.rules.endings import Execution
from handlers.approvals.usecases.ports import UnavailableError
from handlers.contract.workflow import WorkflowError
from tests.support.aws import silent, stubbed
from tests.support.nesting import fits
from tests.support.records import ASKED_AT, EXECUTION_ARN, TASK_TOKEN, approved, rejected


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


ANSWERS: dict[str, Callable[[StepFunctions], Any]] = {
    "an approval": lambda workflow: workflow.hand_over(TASK_TOKEN, approved()),
    "a rejection": lambda workflow: workflow.hand_over(TASK_TOKEN, rejected()),
    "a failure": lambda workflow: workflow.fail(TASK_TOKEN, WorkflowError.NOTIFICATION_FAILED, "No queue."),
}
CALLS = ANSWERS | {
    "a look": lambda workflow: workflow.execution(EXECUTION_ARN),
    "a stop": lambda workflow: workflow.stop(EXECUTION_ARN, WorkflowError.CANCELLED, "Enough."),
}
METHODS = dict(
    zip(CALLS, ["send_task_success", *["send_task_failure"] * 2, "describe_execution", "stop_execution"], strict=True)
)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("an approval", {"output": json.dumps(approval(approved()), ensure_ascii=False)}),
        ("a rejection", {"error": "Rejected", "cause": rejection(rejected())}),
        ("a failure", {"error": "NotificationFailed", "cause": "No queue."}),
    ],
)
def test_the_task_that_waits_is_told(answer, told):
    client, answers = stubbed("stepfunctions")
    answers.add_response(METHODS[answer], {}, {"taskToken": TASK_TOKEN} | told)
    assert ANSWERS[answer](StepFunctions(client))


def test_whatever_a_failure_says_fits_into_the_cause_of_a_workflow_that_waits():
    client, answers = stubbed("stepfunctions")
    told: list[str] = []
    client.meta.events.register("provide-client-params.*", lambda params, **_call: told.append(params["cause"]))
    answers.add_response("send_task_failure", {})
    assert StepFunctions(client).fail(TASK_TOKEN, WorkflowError.TOO_FEW_APPROVERS, 'no "quorum" ' * 1_000)
    assert fits(told[0])


@pytest.mark.parametrize("code", ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"])
@pytest.mark.parametrize("answer", ANSWERS)
def test_a_token_that_nobody_waits_for_takes_no_answer(answer, code):
    client, answers = stubbed("stepfunctions")
    answers.add_client_error(METHODS[answer], code)
    assert not ANSWERS[answer](StepFunctions(client))


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException", "InvalidOutput"])
@pytest.mark.parametrize("call", CALLS)
def test_whatever_else_step_functions_says_is_no_answer_and_neither_is_silence(call, code):
    client, answers = stubbed("stepfunctions")
    answers.add_client_error(METHODS[call], code)
    with pytest.raises(UnavailableError, match=code) as error:
        CALLS[call](StepFunctions(client))
    assert error.value.kind in {"ClientError", code}
    with pytest.raises(UnavailableError) as error:
        CALLS[call](StepFunctions(silent("stepfunctions")))
    assert error.value.kind == "ConnectTimeoutError"
    assert TASK_TOKEN not in str(error.value)


@pytest.mark.parametrize("status", ["RUNNING", "PENDING_REDRIVE"])
def test_an_execution_that_runs_says_nothing_of_an_end(status):
    assert execution(status=status) == Execution(status=status, running=True)


@pytest.mark.parametrize(("error", "asking_failed"), [("PayoutRefused", False), ("SQS.AmazonSQSException", True)])
def test_an_execution_that_is_over_says_how_and_when_and_whether_its_queue_took_no_message(error, asking_failed):
    told = execution(
        status="FAILED",
        error=error,
        cause="No money",
        stopDate=datetime.fromtimestamp(ASKED_AT + 60, UTC),
        input='{"title": "Pay"}',
        redriveCount=2,
    )
    assert told == Execution(
        status="FAILED",
        error=error,
        cause="No money",
        stopped_at=ASKED_AT + 60,
        started_with='{"title": "Pay"}',
        redrives=2,
        asking_failed=asking_failed,
    )
    assert told.over


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
