"""Who may do what: the very JSON that AWS gets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import parliament
import pytest

from tests.infra.harness import Graph, Node

ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
RESOURCE_POLICIES = ("aws:sqs/queuePolicy:QueuePolicy", "aws:sns/topicPolicy:TopicPolicy")
ACCOUNT = "123456789012"
MACHINE_ARN = f"arn:aws:states:eu-central-1:{ACCOUNT}:stateMachine:workflow-machine-0a1b2c3"
# Statements whose actions know no resources, by AWS's word.
UNSCOPED = {
    "Trace": "https://docs.aws.amazon.com/xray/latest/devguide/security_iam_service-with-iam.html",
    "DeliverLogs": "https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html",
}
UNSCOPED_ACTIONS = re.compile(r"xray:(Put|Get)\w+|logs:\w*(LogDelivery|LogDeliveries|ResourcePolic\w+|LogGroups)")
# A whole name, of which at most the parts are left open: a group's log streams, a machine's executions.
SCOPED = re.compile(rf"arn:aws:[a-z]+:eu-central-1:{ACCOUNT}:[^*]+(:\*)?")
# What the linter says wrongly, with the page that says otherwise.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
KNOWN_FINDINGS = {
    ("RESOURCE_MISMATCH", "states:SendTaskSuccess"): "its data is older than the scope by state machine",
    ("RESOURCE_MISMATCH", "states:SendTaskFailure"): "its data is older than the scope by state machine",
    ("RESOURCE_MISMATCH", "states:DescribeExecution"): "it knows the executions of express machines only",
}
TRUSTED = {
    "approval-function-role": ("lambda.amazonaws.com", None),
    "notifier-request-approval-role": ("lambda.amazonaws.com", None),
    "notifier-fail-request-role": ("lambda.amazonaws.com", None),
    "records-reconcile-request-role": ("lambda.amazonaws.com", None),
    "workflow-generate-task-role": ("lambda.amazonaws.com", None),
    "workflow-process-task-role": ("lambda.amazonaws.com", None),
    "workflow-role": ("states.amazonaws.com", {"StringEquals": {"aws:SourceAccount": ACCOUNT}}),
    "trigger-rule-role": ("events.amazonaws.com", {"StringEquals": {"aws:SourceAccount": ACCOUNT}}),
    "trigger-schedule-role": (
        "scheduler.amazonaws.com",
        {
            "ArnEquals": {
                "aws:SourceArn": f"arn:aws:scheduler:eu-central-1:{ACCOUNT}:schedule-group/trigger-schedules-0a1b2c3"
            }
        },
    ),
}


def statements(graph: Graph, *types: str) -> Iterator[tuple[Node, dict[str, Any]]]:
    for type_ in types:
        for node in graph.of(type_):
            for statement in node.json("policy")["Statement"]:
                yield node, statement


def test_every_role_has_one_policy_and_every_policy_a_role(full):
    roles = sorted(f"{node.name}-0a1b2c3" for node in full.of(ROLE))
    assert sorted(policy.inputs["role"] for policy in full.of(ROLE_POLICY)) == roles


def test_no_role_may_do_anything_to_everything(full):
    for node, statement in statements(full, ROLE_POLICY):
        where = f"{node.name}/{statement['Sid']}"
        if statement["Resource"] == ["*"]:
            assert statement["Sid"] in UNSCOPED, where
            assert all(UNSCOPED_ACTIONS.fullmatch(action) for action in statement["Action"]), where
        else:
            assert all(SCOPED.fullmatch(resource) for resource in statement["Resource"]), where


def test_no_role_is_allowed_an_action_by_wildcard(full):
    for node, statement in statements(full, ROLE_POLICY):
        assert statement["Effect"] == "Allow", node.name
        assert all(re.fullmatch(r"[a-z]+:[A-Za-z]+", action) for action in statement["Action"]), node.name
        assert not statement.keys() & {"NotAction", "NotResource"}, node.name


def test_only_those_who_hear_people_may_answer_for_them_and_only_this_machine(full):
    answering = [
        (node.name, tuple(statement["Resource"]))
        for node, statement in statements(full, ROLE_POLICY)
        if any(action.startswith("states:SendTask") for action in statement["Action"])
    ]
    assert sorted(answering) == [
        ("approval-function-policy", (MACHINE_ARN,)),
        ("notifier-fail-request-policy", (MACHINE_ARN,)),
        ("notifier-request-approval-policy", (MACHINE_ARN,)),
    ]


def test_only_the_triggers_may_start_the_machine(full):
    starting = [
        (node.name, tuple(statement["Resource"]))
        for node, statement in statements(full, ROLE_POLICY)
        if "states:StartExecution" in statement["Action"]
    ]
    assert sorted(starting) == [
        ("trigger-rule-policy", (MACHINE_ARN,)),
        ("trigger-schedule-policy", (MACHINE_ARN,)),
    ]


def test_the_functions_that_are_the_users_own_reach_nothing_but_their_logs(full):
    for name in ("workflow-generate-task-policy", "workflow-process-task-policy"):
        allowed = full.named(ROLE_POLICY, name).json("policy")["Statement"]
        assert [statement["Sid"] for statement in allowed] == ["Log", "Trace"]


def test_every_function_writes_to_its_own_log_only(full):
    logs = [(node.name, one["Resource"]) for node, one in statements(full, ROLE_POLICY) if one["Sid"] == "Log"]
    group = f"arn:aws:logs:eu-central-1:{ACCOUNT}:log-group:/aws/lambda/test-{{0}}-{{0}}-logs-0a1b2c3:*"
    functions = [node.name for node in full.of("aws:lambda/function:Function")]
    assert sorted(logs) == sorted((f"{name}-policy", [group.format(name)]) for name in functions)


def test_every_role_is_listed_with_whom_it_trusts(full):
    assert {role.name for role in full.of(ROLE)} == TRUSTED.keys()


@pytest.mark.parametrize(("name", "trusted"), TRUSTED.items())
def test_a_role_trusts_one_service_on_our_behalf_only(full, name, trusted):
    service, condition = trusted
    (statement,) = full.named(ROLE, name).json("assumeRolePolicy")["Statement"]
    assert statement["Principal"] == {"Service": service}
    assert statement["Action"] == "sts:AssumeRole"
    assert statement.get("Condition") == condition


def test_every_queue_and_topic_refuses_what_comes_without_tls(full):
    guarded = {node.inputs.get("queueUrl", node.inputs.get("arn")) for node, _ in statements(full, *RESOURCE_POLICIES)}
    queues = {
        f"https://sqs.eu-central-1.amazonaws.com/{ACCOUNT}/{node.name}-0a1b2c3"
        for node in full.of("aws:sqs/queue:Queue")
    }
    topics = {f"arn:aws:sns:eu-central-1:{ACCOUNT}:{node.name}-0a1b2c3" for node in full.of("aws:sns/topic:Topic")}
    assert guarded == queues | topics
    for type_ in RESOURCE_POLICIES:
        for node in full.of(type_):
            (refusal,) = [one for one in node.json("policy")["Statement"] if one["Effect"] == "Deny"]
            target = node.inputs.get("queueUrl", node.inputs.get("arn"))
            assert refusal["Principal"] == "*", node.name
            assert refusal["Action"] in {"sqs:*", "sns:Publish"}, node.name
            assert refusal["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}, node.name
            assert re.split("[:/]", refusal["Resource"])[-1] == re.split("[:/]", target)[-1], node.name


def test_queues_and_topics_admit_services_only_and_only_on_our_behalf(full):
    for node, statement in statements(full, *RESOURCE_POLICIES):
        if statement["Effect"] == "Allow":
            (service,) = statement["Principal"].values()
            assert service in {"events.amazonaws.com", "cloudwatch.amazonaws.com"}, node.name
            (condition,) = statement["Condition"].values()
            assert condition.keys() <= {"aws:SourceArn", "aws:SourceAccount"}, node.name
            assert all(ACCOUNT in value for value in condition.values()), node.name


def test_the_linter_finds_nothing_in_what_roles_may_do(full):
    found = [
        (node.name, finding.issue, detail["action"] if isinstance(detail, dict) else str(detail))
        for node in full.of(ROLE_POLICY)
        for finding in parliament.analyze_policy_string(node.inputs["policy"]).findings
        for detail in (finding.detail if isinstance(finding.detail, list) else [finding.detail])
    ]
    assert [one for one in found if one[1:] not in KNOWN_FINDINGS] == []
    assert {one[1:] for one in found} == KNOWN_FINDINGS.keys(), "an exception is no longer needed"
