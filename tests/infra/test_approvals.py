"""`Approvals` in somebody's program: two of them never meet, and bad arguments are named as they were written."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from infra.approvals import LONGEST_NAME, Approvals, ApprovalsArgs, GroupArgs, PolicyArgs, TaskArgs
from infra.config.settings import ConfigError
from tests.support.harness import ALICE, Graph, Node, deploy

BOB = "bob@example.com"
FUNCTION = "aws:lambda/function:Function"
POLICIES = ("aws:iam/rolePolicy:RolePolicy", "aws:sqs/queuePolicy:QueuePolicy", "aws:sns/topicPolicy:TopicPolicy")
OWN_WORK = "arn:aws:lambda:eu-central-1:123456789012:function:pay"
# Of the names that Pulumi makes, eight characters are its own.
# https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html, under each service's quotas
LIMITS = {
    "aws:cloudwatch/dashboard:Dashboard": 255,
    "aws:cloudwatch/eventRule:EventRule": 64,
    "aws:cloudwatch/logGroup:LogGroup": 512,
    "aws:cloudwatch/metricAlarm:MetricAlarm": 255,
    "aws:dynamodb/table:Table": 255,
    "aws:iam/role:Role": 64,
    "aws:iam/rolePolicy:RolePolicy": 128,
    FUNCTION: 64,
    "aws:lambda/permission:Permission": 100,
    "aws:scheduler/schedule:Schedule": 64,
    "aws:scheduler/scheduleGroup:ScheduleGroup": 64,
    "aws:sfn/stateMachine:StateMachine": 80,
    "aws:sns/topic:Topic": 256,
    "aws:sqs/queue:Queue": 80,
}
EVERYTHING: dict[str, Any] = {
    "schedule": "rate(1 day)",
    "event_pattern": {"source": ["shop"]},
    "operator_email": BOB,
    "one_click": True,
    "chat_notifications": True,
    "dashboard": True,
}


def made(*instances: tuple[str, dict[str, Any]]) -> Graph:
    """What a program registers that holds these, by name and arguments."""

    def program() -> None:
        for name, args in instances:
            Approvals(name, ApprovalsArgs(**{"approvers": [ALICE]} | args))

    return deploy(program)


def refused(name: str = "payouts", **args: Any) -> list[str]:
    graph = Graph()
    with pytest.raises(ConfigError) as raised:
        deploy(lambda: Approvals(name, ApprovalsArgs(**{"approvers": [ALICE]} | args)), graph=graph)
    assert not graph.nodes
    return str(raised.value).splitlines()


@pytest.fixture(scope="module", params=[{}, {"mail_from": "approvals@example.com"}], ids=["SNS", "SES"])
def two(request) -> Graph:
    given = EVERYTHING | request.param
    return made(("one", given), ("two", given | {"label": "the-second"}))


def of(graph: Graph, name: str) -> list[Node]:
    return [node for node in graph.nodes if node.name == name or node.name.startswith(f"{name}-")]


def test_two_in_one_stack_never_meet(two):
    """No role of the one may touch anything of the other, whose names all begin with its own."""
    one, other = of(two, "one"), of(two, "two")
    assert len(one) == len(other) == len(two.nodes) / 2
    for mine, theirs in ((one, "two"), (other, "one")):
        for node in mine:
            said = json.dumps(node.inputs, default=repr)
            assert not re.search(rf"[:/\"]{theirs}-\w", said), node.name


def test_each_is_known_by_its_label_in_logs_metrics_and_mails(two):
    for name, label in (("one", "test-one"), ("two", "the-second")):
        functions = [node for node in of(two, name) if node.type == FUNCTION]
        assert {node.inputs["environment"]["variables"]["LABEL"] for node in functions} == {label}
        groups = {node.inputs["loggingConfig"]["logGroup"] for node in functions}
        assert all(group.startswith(f"/aws/lambda/{label}-") for group in groups)
        assert len(groups) == len(functions)
        (alarm,) = [node for node in of(two, name) if node.name.endswith("answers-without-vote")]
        assert alarm.inputs["metricQueries"][1]["metric"]["dimensions"]["label"] == label
        policy = two.named("aws:iam/rolePolicy:RolePolicy", f"{name}-announce-policy").inputs["policy"]
        assert f'"events:source": ["signoff.{label}"]' in policy
        assert (
            two.named("aws:cloudwatch/dashboard:Dashboard", f"{name}-dashboard-dashboard")
            .inputs["dashboardName"]
            .startswith(f"{label}-")
        )


def test_neither_is_started_by_its_own_events_but_one_may_be_by_the_others():
    own, others = ({"source": [f"signoff.{label}"]} for label in ("test-payouts", "payouts"))
    said = "must not list signoff.{}, this one's own events, or each approval could start the next request"
    assert refused(event_pattern=own) == [
        f'payouts.event_pattern.source {said.format("test-payouts")}, got ["signoff.test-payouts"]'
    ]
    assert refused(event_pattern=others, label="payouts")
    assert made(("payouts", {"event_pattern": others})).nodes


def test_a_label_names_one_of_them_only():
    with pytest.raises(ConfigError, match=r"^two\.label must be no other's in this program, got payouts$"):
        made(("one", {"label": "payouts"}), ("two", {"label": "payouts"}))
    assert refused(label="pay outs") == ["payouts.label must be 1 to 40 letters, digits and ._-, got pay outs"]
    assert refused(label="") == ["payouts.label must be 1 to 40 letters, digits and ._-, got "]


def test_the_longest_name_leaves_room_for_every_childs():
    graph = made(("n" * LONGEST_NAME, EVERYTHING | {"mail_from": "approvals@example.com"}))
    named = [node for node in graph.nodes if node.type in LIMITS]
    assert {node.type for node in named} == LIMITS.keys()
    long = {node.name: len(node.physical) for node in named if len(node.physical) > LIMITS[node.type]}
    assert not long
    assert max(len(node.physical) for node in graph.of("aws:iam/role:Role")) == 64, "else it could be longer"


@pytest.mark.parametrize("name", ["", "Payouts", "1st", "pay_outs", "n" * (LONGEST_NAME + 1)])
def test_a_name_that_its_childrens_names_could_not_begin_with_is_refused(name):
    said = f"must be 1 to {LONGEST_NAME} lower-case letters, digits and hyphens, a letter first, got {name}"
    assert refused(name) == [f"{name}.name {said}"]


def test_bad_arguments_are_named_all_at_once_as_python_spells_them():
    policies = {"payOut": {"approvals_required": 0, "groups": {"itOps": {"approvers": ["x"]}}}}
    said = refused(approvers=[], mails_per_second=99, policies=policies, event_pattern={"detail-type": [1]})
    assert [line.partition(" must")[0] for line in said] == [
        "payouts.approvers",
        "payouts.policies.payOut.approvals_required",
        "payouts.policies.payOut.groups.itOps.approvers[0]",
        "payouts.event_pattern.detail-type[0]",
        "payouts.mails_per_second",
    ]
    assert refused(approvals_required=2) == [
        "payouts.approvals_required must be at most the number of approvers, 1, got 2"
    ]


def test_plain_mappings_do_for_the_dataclasses():
    written = made(
        (
            "one",
            {
                "policies": {"pay": PolicyArgs(groups={"legal": GroupArgs(approvers=[BOB])}, deadline_seconds=600)},
                "task": TaskArgs(title="Pay", policy="pay"),
            },
        )
    )
    plain = made(
        (
            "one",
            {
                "policies": {"pay": {"groups": {"legal": {"approvers": (BOB,)}}, "deadline_seconds": 600}},
                "task": {"title": "Pay", "policy": "pay", "details": None},
                "schedule": None,
            },
        )
    )
    machine = "aws:sfn/stateMachine:StateMachine"
    assert "legal" in plain.one(machine).inputs["definition"]
    assert written.one(machine).inputs == plain.one(machine).inputs


def test_a_function_of_the_holders_own_does_the_work_and_none_of_ours():
    graph = made(("one", {"process_function_arn": OWN_WORK}))
    assert not [node.name for node in graph.of(FUNCTION) if "process" in node.name]
    callers = [node.name for kind in POLICIES for node in graph.of(kind) if OWN_WORK in node.inputs["policy"]]
    assert callers == ["one-workflow-policy"]
    states = graph.one("aws:sfn/stateMachine:StateMachine").json("definition")["States"]
    assert states["Return to main processing"]["Arguments"]["FunctionName"] == OWN_WORK
    (approvals,) = graph.of("signoff:approvals:Approvals")
    assert approvals.outputs["process_task_function_arn"] == OWN_WORK


def test_it_reads_neither_the_projects_name_nor_its_configuration():
    one, other = (deploy(lambda: Approvals("one", ApprovalsArgs(approvers=[ALICE])), project=name) for name in "ab")
    first, second = ([(node.name, node.type) for node in graph.nodes] for graph in (one, other))
    assert sorted(first) == sorted(second)
    for node in one.of(FUNCTION):
        assert node.inputs["environment"] == other.named(FUNCTION, node.name).inputs["environment"]
