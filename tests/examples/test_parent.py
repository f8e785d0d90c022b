"""The workflow of examples/parent, as AWS would get it; tests/journey/test_workflows_that_ask.py runs it."""

from __future__ import annotations

import ast
import json
import re
import runpy
from typing import Any

import parliament
import pytest
from jsonata import Jsonata
from statelint.config import Config
from statelint.linter import Linter
from statelint.problem import ProblemType

from handlers.contract.workflow import WorkflowError
from sandbox.deploy import PROJECT
from tests.support.harness import Graph, deploy
from tests.support.parents import in_jsonpath

Json = dict[str, Any]
PROGRAM = PROJECT / "examples/parent/__main__.py"
PARTITIONS = ["aws", "aws-cn", "aws-us-gov"]
DESCRIBED = {
    "Cause": 'by anna@example.com: "No."\n\u00fcbel',
    "Error": "Rejected",
    "ExecutionArn": "arn",
    "Input": '{"title": "}"}',
    "Status": "FAILED",
}


def recorded(partition: str) -> Graph:
    machine = f"arn:{partition}:states:eu-central-1:123456789012:stateMachine:signoff"
    return deploy(lambda: runpy.run_path(str(PROGRAM)), {"stateMachineArn": machine})


@pytest.fixture(scope="module")
def graph() -> Graph:
    return recorded("aws")


@pytest.fixture(scope="module")
def definition(graph) -> Json:
    return graph.one("aws:sfn/stateMachine:StateMachine").json("definition")


def test_the_definition_is_valid_amazon_states_language(definition):
    # The linter wants 2.0 for 2, which JSON does not tell apart.
    assert Linter.validate(definition, Config(ignored_problem_types={ProblemType.FLOAT})) == []
    assert definition["QueryLanguage"] == "JSONata"


def test_so_is_a_workflow_in_jsonpath_whose_one_state_asks_in_jsonata(definition):
    mixed = in_jsonpath(definition)
    assert Linter.validate(mixed, Config(ignored_problem_types={ProblemType.FLOAT})) == []
    assert mixed["States"].keys() == definition["States"].keys()
    assert {name for name, state in mixed["States"].items() if "QueryLanguage" in state} == {"Ask people"}


def test_no_answer_is_ever_retried(definition):
    for retry in definition["States"]["Ask people"]["Retry"]:
        assert all(error.startswith("StepFunctions.") for error in retry["ErrorEquals"])
        assert "StepFunctions.ExecutionAlreadyExistsException" not in retry["ErrorEquals"]


def test_another_team_can_take_it_as_it_is():
    """It imports nothing of this project."""
    tree = ast.parse(PROGRAM.read_text())
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert imported == {"__future__", "json", "typing", "pulumi", "pulumi_aws"}


@pytest.mark.parametrize("partition", PARTITIONS)
def test_everything_is_named_in_the_partition_of_the_machine_that_asks(partition):
    written = json.dumps([node.inputs for node in recorded(partition).nodes])
    assert set(re.findall(r"arn:([a-z-]+):(?:states|events):", written)) == {partition}


def test_the_role_has_the_three_statements_and_is_for_step_functions_in_this_account(graph):
    policy = graph.one("aws:iam/rolePolicy:RolePolicy")
    executions = "arn:aws:states:eu-central-1:123456789012:execution:signoff:release-*"
    rule = "arn:aws:events:eu-central-1:123456789012:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule"
    assert [(one["Action"], one["Resource"]) for one in policy.json("policy")["Statement"]] == [
        (["states:StartExecution"], ["arn:aws:states:eu-central-1:123456789012:stateMachine:signoff"]),
        (["states:DescribeExecution", "states:StopExecution"], [executions]),
        (["events:PutTargets", "events:PutRule", "events:DescribeRule"], [rule]),
    ]
    (finding,) = parliament.analyze_policy_string(policy.inputs["policy"]).findings
    assert finding.detail[0]["required_format"] == "arn:*:states:*:*:express:*:*:*", (
        "it knows the executions of express machines only"
    )
    (trust,) = graph.one("aws:iam/role:Role").json("assumeRolePolicy")["Statement"]
    assert trust["Principal"] == {"Service": "states.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}


def test_the_guide_shows_these_states_and_statements(graph, definition):
    page = (PROJECT / "docs/reuse.md").read_text()
    states, _, statements, *_ = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", page, re.DOTALL))
    assert states == {name: state for name, state in definition["States"].items() if name != "Release"}
    assert statements == graph.one("aws:iam/rolePolicy:RolePolicy").json("policy")["Statement"]


def test_the_guide_names_each_error_that_the_stack_can_end_with():
    page = (PROJECT / "docs/reuse.md").read_text().partition("## The endings")[2]
    assert {error.value for error in WorkflowError} <= set(re.findall(r"`(\w+)`", page))


def told(definition: Json, **error: Any) -> Json:
    """What the Catch makes of an error."""
    (catch,) = definition["States"]["Ask people"]["Catch"]
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
def test_the_error_and_the_cause_of_the_child_are_told(definition, described, ending):
    cause = json.dumps(described, separators=(",", ":"), ensure_ascii=False)
    assert told(definition, Error="States.TaskFailed", Cause=cause) == ending


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
def test_a_cause_that_is_no_json_is_told_as_it_is(definition, cause):
    ending = {"Error": "States.TaskFailed", "Cause": cause}
    assert told(definition, **ending) == ending


def test_an_error_without_a_cause_breaks_nothing(definition):
    for error in ({"Error": "States.Timeout"}, {"Error": "States.Timeout", "Cause": None}):
        assert told(definition, **error) == {"Error": "States.Timeout", "Cause": "no cause was given"}
