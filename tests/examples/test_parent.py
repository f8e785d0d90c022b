"""The workflow of examples/parent, as AWS would get it; tests/journey/test_workflows_that_ask.py runs it."""

from __future__ import annotations

import ast
import json
import re
import runpy
from typing import Any

import pytest
from statelint.config import Config
from statelint.linter import Linter
from statelint.problem import ProblemType

from handlers.contract.form_fields import read_fields
from handlers.contract.workflow import WorkflowError
from infra.asking import ask_policy, ask_state
from sandbox.deploy import PROJECT
from tests.support.harness import Graph, deploy
from tests.support.parents import in_jsonpath

Json = dict[str, Any]
PROGRAM = PROJECT / "examples/parent/__main__.py"
PARTITIONS = ["aws", "aws-cn", "aws-us-gov"]


def outputs(partition: str) -> dict[str, str]:
    """Of the stack that is asked. Its machine's name has the prefix in it, which is no caller's to replace."""
    arn = f"arn:{partition}:states:eu-central-1:123456789012:stateMachine:task-ask-{partition}"
    return {"askState": ask_state(arn), "askPolicy": ask_policy(arn)}


def recorded(partition: str) -> Graph:
    return deploy(lambda: runpy.run_path(str(PROGRAM)), outputs(partition))


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


def test_another_team_can_take_it_as_it_is():
    """It imports nothing of this project."""
    tree = ast.parse(PROGRAM.read_text())
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert imported == {"__future__", "json", "typing", "pulumi", "pulumi_aws"}


@pytest.mark.parametrize("partition", PARTITIONS)
def test_the_stacks_outputs_are_used_with_a_prefix_of_its_own(partition):
    graph = recorded(partition)
    machine = f"arn:{partition}:states:eu-central-1:123456789012:stateMachine:task-ask-{partition}"
    policy = graph.one("aws:iam/rolePolicy:RolePolicy").json("policy")
    assert policy == json.loads(ask_policy(machine, "release-"))
    asking = graph.one("aws:sfn/stateMachine:StateMachine").json("definition")["States"]["Ask people"]
    state = json.loads(ask_state(machine, "release-"))
    assert asking["Arguments"].pop("Input").items() > state["Arguments"].pop("Input").items()
    assert (asking["Next"], asking["Catch"][0]["Next"]) == ("Which region?", "How did it end?")
    state["Next"], state["Catch"][0]["Next"] = asking["Next"], asking["Catch"][0]["Next"]
    assert asking == state


def test_each_way_that_people_can_choose_leads_somewhere(definition):
    """An option that the Choice state does not know would take the default's way."""
    (field,) = definition["States"]["Ask people"]["Arguments"]["Input"]["fields"]
    assert read_fields([field])
    choice = definition["States"]["Which region?"]
    known = [re.findall(r"approval\.values\.(\w+) = '(\w+)'", one["Condition"]) for one in choice["Choices"]]
    others = [option["value"] for option in field["options"] if [(field["name"], option["value"])] not in known]
    assert field["required"]
    assert (len(others), choice["Default"]) == (1, "Release to Europe")


def test_the_role_is_for_step_functions_in_this_account(graph):
    (trust,) = graph.one("aws:iam/role:Role").json("assumeRolePolicy")["Statement"]
    assert trust["Principal"] == {"Service": "states.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}


def test_the_guide_shows_how_the_state_and_the_policy_are_completed_and_what_follows(graph, definition):
    page = (PROJECT / "docs/reuse.md").read_text()
    given = outputs("aws")
    names: Json = {"json": json, "ask_state": given["askState"], "ask_policy": given["askPolicy"]}
    exec(page.split("```python")[1].split("```")[0], names)
    states = json.loads(page.split("```json")[1].split("```")[0])
    own = {name: state for name, state in definition["States"].items() if not name.startswith("Release")}
    assert {"Ask people": names["ask"], **states} == own
    assert json.loads(names["policy"]) == graph.one("aws:iam/rolePolicy:RolePolicy").json("policy")


def test_the_guide_names_each_error_that_the_stack_can_end_with():
    page = (PROJECT / "docs/reuse.md").read_text().partition("## The endings")[2]
    assert {error.value for error in WorkflowError} <= set(re.findall(r"`(\w+)`", page))
