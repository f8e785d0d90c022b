"""The plugin, and Python's arguments: both say what the configuration says.

UPDATE_DOCS=1 writes component/schema.json anew.
"""

from __future__ import annotations

import json
import os
from dataclasses import MISSING, Field, fields
from functools import partial
from typing import Any

import pytest
from pulumi.errors import InputPropertiesError

from component.provider import OTHERS, VERSION, Provider
from infra.approvals import Approvals, ApprovalsArgs, GroupArgs, PolicyArgs, TaskArgs
from infra.config.policies import GroupRules, PolicyRules
from infra.config.settings import DEFAULT_TASK, Settings, Task
from infra.config.shapes import Shape, keys
from tests.support.harness import ROOT, Graph, deploy

SCHEMA = ROOT / "component/schema.json"
TOKEN = "signoff:index:Approvals"
SENDER = {"mailFrom": "approvals@example.com"}
PEOPLE = ["alice@example.com", "bob@example.com"]


@pytest.fixture(scope="module")
def provider() -> Provider:
    return Provider(VERSION)


def test_the_schema_is_what_the_plugin_says(provider):
    made = json.dumps(json.loads(provider.schema), indent=2) + "\n"
    if os.environ.get("UPDATE_DOCS"):
        SCHEMA.write_text(made, encoding="utf-8")
    else:
        assert SCHEMA.read_text(encoding="utf-8") == made, "run this test with UPDATE_DOCS=1"


def default(field: Field[Any]) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


def said(args: type[Any]) -> dict[str, Any]:
    """The defaults of the fields by their names; MISSING for one that has to be given."""
    return {field.name: default(field) for field in fields(args)}


def configured(shape: type[Shape]) -> dict[str, Any]:
    """The same of a configuration's."""
    found = {name: shape.model_fields[name] for name in keys(shape).values()}
    return {
        name: MISSING if one.is_required() else one.get_default(call_default_factory=True)
        for name, one in found.items()
    }


def test_the_arguments_have_the_names_and_defaults_of_the_configuration():
    arguments = said(ApprovalsArgs)
    assert [arguments.pop(name) for name in OTHERS] == [None, None]
    assert arguments.pop("task") == TaskArgs()
    assert {**arguments, "task": DEFAULT_TASK} == configured(Settings)


def test_so_have_those_of_groups_and_of_the_task():
    assert said(GroupArgs) == configured(GroupRules) | {"approvers": MISSING}
    assert said(TaskArgs) == configured(Task) | {"policy": None}


def test_a_policy_has_the_configurations_names_and_inherits_what_is_not_given():
    assert said(PolicyArgs) == dict.fromkeys(configured(PolicyRules))


def test_three_bad_arguments_are_three_errors_by_their_paths_and_nothing_is_made(provider):
    inputs = {
        "approvers": ["alice"],
        "deadlineSeconds": 5.0,
        "policies": {"payout": {"groups": {"finance": {"approvers": PEOPLE, "approvalsRequired": 3.0}}}},
    }
    graph = Graph()
    with pytest.raises(InputPropertiesError) as refused:
        deploy(lambda: provider.construct("releases", TOKEN, inputs), {}, graph)
    told = {one["property_path"]: one["reason"] for one in refused.value.errors or ()}
    assert len(refused.value.errors or ()) == 3
    assert told.keys() == {
        "approvers[0]",
        "deadlineSeconds",
        "policies.payout.groups.finance.approvalsRequired",
    }
    assert told["deadlineSeconds"].startswith("must be a whole number in 60..")
    assert graph.nodes == []


@pytest.mark.parametrize(
    ("name", "inputs", "path"),
    [
        ("Releases", {}, "name"),
        ("releases", {"label": "a b"}, "label"),
        ("releases", {"reminders": 1.5}, "reminders"),
        ("releases", {"task": {"policy": "payout"}}, "task.policy"),
        ("releases", {"mailsPerSecond": 11.0}, "mailsPerSecond"),
        ("releases", {"replyTo": "help@example.com"}, "replyTo"),
    ],
)
def test_a_bad_argument_is_told_by_its_name(provider, name, inputs, path):
    with pytest.raises(InputPropertiesError) as refused:
        deploy(lambda: provider.construct(name, TOKEN, {"approvers": PEOPLE, **inputs}), {})
    assert [one["property_path"] for one in refused.value.errors or ()] == [path]


def test_two_of_one_label_are_refused_and_a_preview_before_an_update_is_not():
    provider, inputs = Provider(VERSION), {"approvers": PEOPLE, "label": "people"}

    def construct(name: str) -> None:
        """In a connection of its own, as the engine does it."""
        deploy(lambda: provider.construct(name, TOKEN, inputs), {})

    construct("releases")
    construct("releases")
    with pytest.raises(InputPropertiesError) as refused:
        construct("payouts")
    assert [one["property_path"] for one in refused.value.errors or ()] == ["label"]


def test_where_mails_go_by_ses_there_is_no_topic_to_name(provider):
    for given, absent in (({}, {"chat_topic_arn"}), (SENDER, {"chat_topic_arn", "approver_topic_arn"})):
        graph = deploy(partial(provider.construct, "releases", TOKEN, {"approvers": PEOPLE, **given}), {})
        assert {name for name, value in graph.one(TOKEN).outputs.items() if value == ""} == absent


def made(graph: Graph) -> list[tuple[str, str, Any]]:
    """What AWS would get."""
    return sorted(
        (node.type, node.name, json.dumps(node.inputs, sort_keys=True, default=lambda code: sorted(code.assets)))
        for node in graph.nodes
        if node.type.startswith("aws:")
    )


def test_the_plugin_makes_what_python_makes_and_reads_whole_numbers_from_floats(provider):
    inputs = {
        "approvers": PEOPLE,
        "approvalsRequired": 2.0,
        "deadlineSeconds": 7200.0,
        "eventPattern": {"source": ["shop"], "detail": {"amount": [{"numeric": [">", 1000.0, "<", 2000.5]}]}},
        "policies": {"hotfix": {"groups": {"ops": {"approvers": PEOPLE, "approvalsRequired": 2.0}}}},
        "processFunctionArn": "arn:aws:lambda:eu-central-1:123456789012:function:pay",
    }
    args = ApprovalsArgs(
        approvers=PEOPLE,
        approvals_required=2,
        deadline_seconds=7200,
        event_pattern={"source": ["shop"], "detail": {"amount": [{"numeric": [">", 1000, "<", 2000.5]}]}},
        policies={"hotfix": PolicyArgs(groups={"ops": GroupArgs(approvers=PEOPLE, approvals_required=2)})},
        process_function_arn="arn:aws:lambda:eu-central-1:123456789012:function:pay",
    )
    by_plugin = deploy(lambda: provider.construct("releases", TOKEN, inputs), {})
    assert made(by_plugin) == made(deploy(lambda: Approvals("releases", args), {}))
    assert len(made(by_plugin)) > 60
