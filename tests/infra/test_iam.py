"""Who may do what: the very JSON that AWS gets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import parliament
import pytest

from infra.config.policies import MOST_PEOPLE
from tests.support.harness import BY_SES, BY_SNS, EVERYTHING, Graph, Node, deploy

ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
QUEUE_POLICY, TOPIC_POLICY = "aws:sqs/queuePolicy:QueuePolicy", "aws:sns/topicPolicy:TopicPolicy"
TABLE_POLICY = "aws:dynamodb/resourcePolicy:ResourcePolicy"
RESOURCE_POLICIES = (QUEUE_POLICY, TOPIC_POLICY, TABLE_POLICY)
TLS = {"Bool": {"aws:SecureTransport": "false"}}
CONSUMING = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:PurgeQueue"]
WRITING = ["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:BatchWriteItem"]
# What each resource's own policy denies to everybody, but for these roles: (policy, statement, actions, roles).
RESERVED: list[tuple[str, str, list[str], list[str]]] = [
    ("requests-queue-policy", "OnlySenders", ["sqs:SendMessage"], ["workflow", "announce"]),
    ("requests-queue-policy", "OnlyItsConsumer", CONSUMING, ["ask"]),
    ("requests-dead-letters-policy", "OnlySenders", ["sqs:SendMessage"], []),
    ("trigger-dead-letters-policy", "OnlySenders", ["sqs:SendMessage"], ["trigger-schedule"]),
    ("reconcile-undelivered-policy", "OnlySenders", ["sqs:SendMessage"], []),
    ("reconcile-failed-policy", "OnlySenders", ["sqs:SendMessage"], ["reconcile"]),
    ("bounce-undelivered-policy", "OnlySenders", ["sqs:SendMessage"], []),
    ("bounce-failed-policy", "OnlySenders", ["sqs:SendMessage"], ["bounce"]),
    ("announce-failed-policy", "OnlySenders", ["sqs:SendMessage"], ["announce"]),
    ("announce-chat-policy", "OnlyAnnounce", ["sns:Publish"], ["announce"]),
    ("store-stream-policy", "OnlyItsReader", ["dynamodb:GetRecords", "dynamodb:GetShardIterator"], ["announce"]),
    ("approvers-policy", "OnlyMailers", ["sns:Publish"], ["ask", "operate"]),
    ("operator-topic-policy", "OnlyPublishers", ["sns:Publish"], ["reconcile", "bounce"]),
    (
        "store-policy",
        "OnlyWriters",
        [*WRITING, "dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate"],
        [
            "page",
            "workflow",
            "ask",
            "give-up",
            "operate",
            "reconcile",
            "bounce",
        ],
    ),
    ("store-policy", "OnlyThePageVotes", WRITING, ["page"]),
]
VOTES = {"ForAnyValue:StringEquals": {"dynamodb:Attributes": ["votes"]}}
ACCOUNT = "123456789012"
MACHINE_ARN = f"arn:aws:states:eu-central-1:{ACCOUNT}:stateMachine:workflow-machine-0a1b2c3"
# Statements whose actions know no resources, by AWS's word.
UNSCOPED = {
    "Trace": "https://docs.aws.amazon.com/xray/latest/devguide/security_iam_service-with-iam.html",
    "DeliverLogs": "https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html",
}
UNSCOPED_ACTIONS = re.compile(r"xray:(Put|Get)\w+|logs:\w*(LogDelivery|LogDeliveries|ResourcePolic\w+|LogGroups)")
# A whole name, of which at most the parts are left open: a group's log streams, a machine's executions, a table's
# streams.
SCOPED = re.compile(rf"arn:aws:[a-z]+:eu-central-1:{ACCOUNT}:[^*]+(:\*|/stream/\*)?")
# What the linter says wrongly, with the page that says otherwise.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
KNOWN_FINDINGS = {
    ("RESOURCE_MISMATCH", "states:SendTaskSuccess"): "its data is older than the scope by state machine",
    ("RESOURCE_MISMATCH", "states:SendTaskFailure"): "its data is older than the scope by state machine",
    ("RESOURCE_MISMATCH", "states:DescribeExecution"): "it knows the executions of express machines only",
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.Lambda.Tutorial2.html
    ("RESOURCE_MISMATCH", "dynamodb:ListStreams"): "AWS's own example scopes it by the table's streams",
}
# What your own two functions may do beside logging and tracing, by the statement's Sid.
YOURS: dict[str, list[str]] = {"workflow-generate-policy": [], "workflow-process-policy": []}
TRUSTED = {
    "page-role": ("lambda.amazonaws.com", None),
    "ask-role": ("lambda.amazonaws.com", None),
    "give-up-role": ("lambda.amazonaws.com", None),
    "operate-role": ("lambda.amazonaws.com", None),
    "bounce-role": ("lambda.amazonaws.com", None),
    "announce-role": ("lambda.amazonaws.com", None),
    "reconcile-role": ("lambda.amazonaws.com", None),
    "workflow-generate-role": ("lambda.amazonaws.com", None),
    "workflow-process-role": ("lambda.amazonaws.com", None),
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


def there(graph: Graph, name: str) -> bool:
    """Whether a resource or role is one of those that this graph's channel has."""
    return name.split("-", maxsplit=1)[0] not in (BY_SES if "approverTopicArn" in graph.exports else BY_SNS)


def statements(graph: Graph, *types: str) -> Iterator[tuple[Node, dict[str, Any]]]:
    for type_ in types:
        for node in graph.of(type_):
            for statement in node.json("policy")["Statement"]:
                yield node, statement


def test_every_role_has_one_policy_and_every_policy_a_role(either):
    roles = sorted(f"{node.name}-0a1b2c3" for node in either.of(ROLE))
    assert sorted(policy.inputs["role"] for policy in either.of(ROLE_POLICY)) == roles


def test_no_role_is_allowed_an_action_or_a_resource_by_wildcard(either):
    for node, statement in statements(either, ROLE_POLICY):
        where = f"{node.name}/{statement['Sid']}"
        assert statement.keys() - {"Sid", "Effect", "Action", "Resource"} <= {"Condition"}, where
        assert statement["Effect"] == "Allow", where
        assert all(re.fullmatch(r"[a-z]+:[A-Za-z]+", action) for action in statement["Action"]), where
        if statement["Resource"] == ["*"]:
            assert statement["Sid"] in UNSCOPED, where
            assert all(UNSCOPED_ACTIONS.fullmatch(action) for action in statement["Action"]), where
        else:
            assert all(SCOPED.fullmatch(resource) for resource in statement["Resource"]), where


@pytest.mark.parametrize(
    ("action", "roles", "what"),
    [
        ("states:SendTask", ["ask", "bounce", "give-up", "page"], MACHINE_ARN),
        ("states:StartExecution", ["trigger-rule", "trigger-schedule"], MACHINE_ARN),
        ("states:StopExecution", ["operate"], f"{MACHINE_ARN.replace(':stateMachine:', ':execution:')}:*"),
    ],
    ids=["may answer for people", "may start it", "may stop its runs"],
)
def test_only_these_roles_may_and_only_this_machine(either, action, roles, what):
    allowed = [
        (node.name, statement["Resource"])
        for node, statement in statements(either, ROLE_POLICY)
        if any(one.startswith(action) for one in statement["Action"])
    ]
    assert sorted(allowed) == [(f"{role}-policy", [what]) for role in roles if there(either, role)]


@pytest.mark.parametrize(("name", "sids"), YOURS.items())
def test_the_functions_that_are_your_own_may_do_what_is_listed_and_nothing_else(either, name, sids):
    allowed = either.named(ROLE_POLICY, name).json("policy")["Statement"]
    assert [one["Sid"] for one in allowed] == ["Log", "Trace", *sids], f"{name}: if that is meant, list it in YOURS"


def test_what_your_functions_may_do_and_is_not_listed_is_told_in_words(either):
    name = "workflow-process-policy"
    with pytest.raises(AssertionError, match=f"{name}: if that is meant, list it in YOURS"):
        test_the_functions_that_are_your_own_may_do_what_is_listed_and_nothing_else(either, name, ["Another"])


def test_every_function_writes_to_its_own_log_only(either):
    logs = [(node.name, one["Resource"]) for node, one in statements(either, ROLE_POLICY) if one["Sid"] == "Log"]
    group = f"arn:aws:logs:eu-central-1:{ACCOUNT}:log-group:/aws/lambda/test-{{}}-{{}}-logs-0a1b2c3:*"
    functions = {node.name: node.inputs["handler"].split(".")[1] for node in either.of("aws:lambda/function:Function")}
    expected = [(f"{name}-policy", [group.format(word.replace("_", "-"), name)]) for name, word in functions.items()]
    assert sorted(logs) == sorted(expected)


def test_a_role_trusts_one_service_on_our_behalf_only(either):
    trusted = {}
    for role in either.of(ROLE):
        (statement,) = role.json("assumeRolePolicy")["Statement"]
        assert statement["Action"] == "sts:AssumeRole", role.name
        (service,) = statement["Principal"].values()
        assert statement["Principal"] == {"Service": service}, role.name
        trusted[role.name] = (service, statement.get("Condition"))
    expected = {name: whom for name, whom in TRUSTED.items() if there(either, name)}
    assert trusted == expected, "say in TRUSTED whom a role in our components trusts"


def test_every_queue_and_topic_refuses_what_comes_without_tls(either):
    guarded = {
        node.inputs.get("queueUrl", node.inputs.get("arn"))
        for node, _ in statements(either, QUEUE_POLICY, TOPIC_POLICY)
    }
    queues = {
        f"https://sqs.eu-central-1.amazonaws.com/{ACCOUNT}/{node.name}-0a1b2c3"
        for node in either.of("aws:sqs/queue:Queue")
    }
    topics = {f"arn:aws:sns:eu-central-1:{ACCOUNT}:{node.name}-0a1b2c3" for node in either.of("aws:sns/topic:Topic")}
    assert guarded == queues | topics
    for type_ in (QUEUE_POLICY, TOPIC_POLICY):
        for node in either.of(type_):
            (refusal,) = [one for one in node.json("policy")["Statement"] if one["Sid"] == "DemandTls"]
            assert refusal["Action"] in {"sqs:*", "sns:Publish"}, node.name
            assert (refusal["Effect"], refusal["Condition"]) == ("Deny", TLS), node.name


def test_a_resources_own_policy_is_about_that_resource_and_everybody(either):
    for node, statement in statements(either, *RESOURCE_POLICIES):
        (resource,) = [statement["Resource"]] if isinstance(statement["Resource"], str) else statement["Resource"]
        target = next(node.inputs[key] for key in ("queueUrl", "arn", "resourceArn") if key in node.inputs)
        assert re.split("[:/]", resource)[-1] == re.split("[:/]", target)[-1], node.name
        assert statement["Effect"] == "Allow" or statement["Principal"] == "*", node.name


def reserved(graph: Graph) -> Iterator[tuple[str, dict[str, Any]]]:
    """The statements of resource policies that name the roles which alone may do something."""
    for node, statement in statements(graph, *RESOURCE_POLICIES):
        if "aws:PrincipalIsAWSService" in json.dumps(statement):
            yield node.name, statement


def roles(statement: dict[str, Any]) -> list[str]:
    """Who is excepted, by the logical name that the role's ARN begins with."""
    arns = statement["Condition"].get("ArnNotEquals", {}).get("aws:PrincipalArn", [])
    return [arn.removeprefix(f"arn:aws:iam::{ACCOUNT}:role/").removesuffix("-role-0a1b2c3") for arn in arns]


def test_resources_say_who_may_use_them_and_these_are_all_who_are_named(either):
    found = [(name, one["Sid"], one["Action"], roles(one)) for name, one in reserved(either)]
    expected = [(name, sid, what, [one for one in named if there(either, one)]) for name, sid, what, named in RESERVED]
    assert sorted(found) == sorted(one for one in expected if there(either, one[0]))


def test_a_role_that_is_named_is_one_that_iam_allows_it_and_every_such_role_is_named(either):
    """Neither a role that is locked out nor an exception that nobody needs."""
    for name, statement in reserved(either):
        allowed = {
            policy.name.removesuffix("-policy")
            for policy, given in statements(either, ROLE_POLICY)
            if statement["Resource"] in given["Resource"] and set(given["Action"]) & set(statement["Action"])
        }
        named = set(roles(statement))
        assert named == (allowed & named if statement["Sid"] == "OnlyThePageVotes" else allowed), name


def test_a_resource_refuses_whoever_is_not_named_but_services_and_nothing_less(either):
    """An absent key matches ArnNotEquals, so services are let through by a key of their own."""
    for name, statement in reserved(either):
        assert statement["Effect"] == "Deny", name
        expected = {"Bool": {"aws:PrincipalIsAWSService": "false"}} | (
            VOTES if statement["Sid"] == "OnlyThePageVotes" else {}
        )
        conditions = {key: value for key, value in statement["Condition"].items() if key != "ArnNotEquals"}
        assert conditions == expected, name
        assert "ArnNotEquals" not in statement["Condition"] or roles(statement), name


def test_no_refusal_reaches_whoever_administers_a_resource(either):
    """Nobody could take back what is denied to everybody. What comes without TLS can come again with it."""
    data = {*CONSUMING, *WRITING, "sqs:SendMessage", "sns:Publish", "sns:Subscribe"}
    data |= {"dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate", "dynamodb:GetRecords", "dynamodb:GetShardIterator"}
    for node, statement in statements(either, *RESOURCE_POLICIES):
        if statement["Effect"] == "Deny" and statement["Condition"] != TLS:
            assert isinstance(statement["Action"], list), node.name
            assert set(statement["Action"]) <= data, node.name


def test_only_listed_people_are_subscribed_and_only_by_mail(full):
    policy = full.named(TOPIC_POLICY, "approvers-policy")
    listed = [one for one in policy.json("policy")["Statement"] if one["Action"] == ["sns:Subscribe"]]
    people = {one.inputs["endpoint"] for one in full.of(SUBSCRIPTION) if "filterPolicy" in one.inputs}
    by_address, by_protocol = (one["Condition"] for one in listed)
    assert set(by_address.pop("StringNotEqualsIgnoreCase")["sns:Endpoint"]) == people
    assert by_protocol.pop("StringNotEquals") == {"sns:Protocol": "email"}
    assert not by_address | by_protocol, "a second condition would have to be met as well"
    assert {one["Effect"] for one in listed} == {"Deny"}


def test_subscriptions_wait_for_the_policy_that_lists_them_and_nothing_else_for_one_that_names_roles(full):
    """Or a queue would wait for a role that waits for the queue."""
    listing = full.named(TOPIC_POLICY, "approvers-policy").urn
    policies = {node.urn for type_ in RESOURCE_POLICIES for node in full.of(type_)}
    waiting = {node.urn for node in full.nodes if node.depends_on & policies}
    assert waiting == {one.urn for one in full.of(SUBSCRIPTION) if "filterPolicy" in one.inputs}
    assert waiting == {node.urn for node in full.nodes if listing in node.depends_on}


# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html
# https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/rbac-considerations.html
def test_a_policy_is_within_its_services_limits_however_many_people_are_listed():
    domain = ".".join([61 * "d"] * 3)
    people = [f"{number:03}{'x' * 61}@{domain}.com" for number in range(MOST_PEOPLE)]
    assert {len(one) for one in people} == {254}, "as long as addresses can be"
    others = {"escalateTo": "[]", "policies": "{}", "eventPolicy": "default", "task": "{}"}
    graph = deploy(config=EVERYTHING | others | {"approvers": json.dumps(people)})
    for type_, limit in ((QUEUE_POLICY, 8_192), (TOPIC_POLICY, 30_000), (TABLE_POLICY, 20_000)):
        for node in graph.of(type_):
            assert node.inputs["policy"].isascii(), node.name
            assert len(node.inputs["policy"]) <= limit, node.name
            found = node.json("policy")["Statement"]
            assert len({one["Sid"] for one in found}) == len(found), node.name
            assert all(len(one["Action"]) <= 7 for one in found if isinstance(one["Action"], list)), node.name


def test_queues_and_topics_admit_services_only_and_only_on_our_behalf(either):
    for node, statement in statements(either, *RESOURCE_POLICIES):
        if statement["Effect"] == "Allow":
            (service,) = statement["Principal"].values()
            assert service in {"events.amazonaws.com", "cloudwatch.amazonaws.com"}, node.name
            (condition,) = statement["Condition"].values()
            assert condition.keys() <= {"aws:SourceArn", "aws:SourceAccount"}, node.name
            named = [one for value in condition.values() for one in ([value] if isinstance(value, str) else value)]
            assert named, node.name
            assert all(ACCOUNT in one and "*" not in one for one in named), node.name


def test_the_linter_finds_nothing_in_any_policy(either):
    found = [
        (node.name, finding.issue, detail["action"] if isinstance(detail, dict) else str(detail))
        for type_ in (ROLE_POLICY, *RESOURCE_POLICIES)
        for node in either.of(type_)
        for finding in parliament.analyze_policy_string(node.inputs["policy"]).findings
        for detail in (finding.detail if isinstance(finding.detail, list) else [finding.detail])
    ]
    assert [one for one in found if one[1:] not in KNOWN_FINDINGS] == []
    assert {one[1:] for one in found} == KNOWN_FINDINGS.keys(), "an exception is no longer needed"
