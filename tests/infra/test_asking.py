"""What another workflow needs in order to ask through ours; tests/examples/test_parent.py completes it."""

from __future__ import annotations

import json
import re
from typing import Any

import parliament
import pytest
from jsonata import Jsonata
from statelint.config import Config
from statelint.linter import Linter
from statelint.problem import ProblemType

from infra.approvals import Approvals, ApprovalsArgs
from infra.asking import ask_policy, ask_state
from tests.support.harness import ALICE, deploy

Json = dict[str, Any]
MACHINE = "arn:aws:states:eu-central-1:123456789012:stateMachine:signoff"
DESCRIBED = {
    "Cause": 'by anna@example.com: "No."\n\u00fcbel',
    "Error": "Rejected",
    "ExecutionArn": "arn",
    "Input": '{"title": "}"}',
    "Status": "FAILED",
}


def completed(language: str) -> Json:
    """A workflow of that language whose one state asks."""
    state = json.loads(ask_state(MACHINE))
    state["Next"] = state["Catch"][0]["Next"] = "Done"
    return {
        "QueryLanguage": language,
        "StartAt": "Ask people",
        "States": {"Ask people": state, "Done": {"Type": "Succeed"}},
    }


@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
def test_the_completed_state_is_valid_in_a_workflow_of_either_language(language):
    # The linter wants 2.0 for 2, which JSON does not tell apart.
    assert Linter.validate(completed(language), Config(ignored_problem_types={ProblemType.FLOAT})) == []


def test_no_answer_is_ever_retried():
    for retry in json.loads(ask_state(MACHINE))["Retry"]:
        assert all(error.startswith("StepFunctions.") for error in retry["ErrorEquals"])
        assert "StepFunctions.ExecutionAlreadyExistsException" not in retry["ErrorEquals"]


def test_the_policy_is_for_this_machine_and_for_executions_of_the_prefix():
    policy = ask_policy(MACHINE, "release-")
    executions = "arn:aws:states:eu-central-1:123456789012:execution:signoff:release-*"
    rule = "arn:aws:events:eu-central-1:123456789012:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule"
    assert [(one["Effect"], one["Action"], one["Resource"]) for one in json.loads(policy)["Statement"]] == [
        ("Allow", ["states:StartExecution"], [MACHINE]),
        ("Allow", ["states:DescribeExecution", "states:StopExecution"], [executions]),
        ("Allow", ["events:PutTargets", "events:PutRule", "events:DescribeRule"], [rule]),
    ]
    (finding,) = parliament.analyze_policy_string(policy).findings
    assert finding.detail[0]["required_format"] == "arn:*:states:*:*:express:*:*:*", (
        "it knows the executions of express machines only"
    )


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_everything_is_named_in_the_partition_of_the_machine_that_asks(partition):
    machine = MACHINE.replace("arn:aws:", f"arn:{partition}:")
    written = ask_state(machine) + ask_policy(machine)
    assert set(re.findall(r"arn:([a-z-]+):(?:states|events):", written)) == {partition}


@pytest.mark.parametrize("prefix", ["", "*", "a" * 17, "release:", "release-\n", "r'"])
@pytest.mark.parametrize("make", [ask_state, ask_policy])
def test_a_prefix_that_would_be_none_or_more_than_one_is_refused(make, prefix):
    with pytest.raises(ValueError, match=r"^a prefix must be 1 to 16 letters"):
        make(MACHINE, prefix)


def test_it_is_refused_where_the_program_says_it_since_a_preview_knows_no_arn():
    def program() -> None:
        approvals = Approvals("releases", ApprovalsArgs(approvers=[ALICE]))
        for make in (approvals.ask_state_for, approvals.ask_policy_for):
            with pytest.raises(ValueError, match=r"^a prefix must be"):
                make("release:")

    deploy(program, {})


def test_the_longest_name_of_an_execution_is_one():
    """https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html"""
    name = json.loads(ask_state(MACHINE, "a" * 16))["Arguments"]["Name"].removeprefix("{%").removesuffix("%}").strip()
    program = Jsonata(name)
    program.register_lambda("hash", lambda text, algorithm: "0" * 64)
    context = {"Execution": {"Id": "arn"}, "State": {"Name": "Ask people"}}
    assert len(program.evaluate(None, {"states": {"context": context}})) == 80


def told(**error: Any) -> Json:
    """What the Catch makes of an error."""
    (catch,) = json.loads(ask_state(MACHINE))["Catch"]
    program = Jsonata(catch["Output"].removeprefix("{%").removesuffix("%}").strip())
    program.register_lambda("parse", json.loads)
    return program.evaluate(None, {"states": {"errorOutput": error}})


@pytest.mark.parametrize(
    ("described", "ending"),
    [
        (DESCRIBED, {"Error": "Rejected", "Cause": DESCRIBED["Cause"]}),
        (DESCRIBED | {"Cause": '{"errorMessage": "}"}'}, {"Error": "Rejected", "Cause": '{"errorMessage": "}"}'}),
        (
            {"ExecutionArn": "arn", "Input": "{}", "Status": "ABORTED"},
            {"Error": "ABORTED", "Cause": "no cause was given"},
        ),
        ({"Error": "States.Timeout", "Status": "FAILED"}, {"Error": "States.Timeout", "Cause": "no cause was given"}),
    ],
)
def test_the_error_and_the_cause_of_the_child_are_told(described, ending):
    cause = json.dumps(described, separators=(",", ":"), ensure_ascii=False)
    assert told(Error="States.TaskFailed", Cause=cause) == ending


@pytest.mark.parametrize(
    "cause",
    [
        "Execution Already Exists: 'arn' (Service: AWSStepFunctions; Status Code: 400)",
        '{"Cause":"cut off in the mid',
        "",
        "{",
        "}",
        "{} and more",
    ],
)
def test_a_cause_that_is_no_json_is_told_as_it_is(cause):
    ending = {"Error": "States.TaskFailed", "Cause": cause}
    assert told(**ending) == ending


def test_an_error_without_a_cause_breaks_nothing():
    for error in ({"Error": "States.Timeout"}, {"Error": "States.Timeout", "Cause": None}):
        assert told(**error) == {"Error": "States.Timeout", "Cause": "no cause was given"}
