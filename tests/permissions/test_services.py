"""What AWS's own services do in our roles' names, which the emulator does without asking: IAM is asked instead.

Which calls they make is read from what makes them call: the state machine's definition, the schedule, the rule, the
event source mappings, the API. Policies and definitions are those of the recorded graph, as AWS would get them.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest
from parliament import iam_definition

from tests.support.harness import ARNS, Graph, Node
from tests.support.roles import decisions

PERMISSION = "aws:lambda/permission:Permission"
MACHINE = "aws:sfn/stateMachine:StateMachine"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
Call = tuple[str, str]  # an action and the ARN of what it is done to

# Every action that a service knows.
ACTIONS = {
    service["prefix"]: [f"{service['prefix']}:{one['privilege']}" for one in service["privileges"]]
    for service in iam_definition
}
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
POLL = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
# https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
DELIVER_LOGS = (
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
)
# https://docs.aws.amazon.com/step-functions/latest/dg/concepts-xray-tracing.html
TRACE = (
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
)
ANYTHING = "*"


def tasks(definition: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The Task states of a definition, at any depth."""
    for state in definition["States"].values():
        if state["Type"] == "Task":
            yield state
        for inner in (*state.get("Branches", []), *filter(None, [state.get("ItemProcessor")])):
            yield from tasks(inner)


def call(state: dict[str, Any]) -> Call:
    """What a Task state does: `arn:aws:states:::sqs:sendMessage.waitForTaskToken` is SendMessage to its queue."""
    service, operation = state["Resource"].removeprefix("arn:aws:states:::").split(".")[0].split(":")
    target = state["Arguments"]
    if service == "lambda":
        return "lambda:InvokeFunction", target["FunctionName"]
    action = f"{service}:{operation[0].upper()}{operation[1:]}"
    if service == "sqs":
        return action, ARNS["aws:sqs/queue:Queue"].format(target["QueueUrl"].rsplit("/", 1)[-1])
    assert service == "dynamodb", f"say here which resource {state['Resource']} is about"
    return action, ARNS["aws:dynamodb/table:Table"].format(target["TableName"])


def calls_of_the_machine(graph: Graph) -> set[Call]:
    machine = graph.named(MACHINE, "workflow-machine")
    found = {call(state) for state in tasks(machine.json("definition"))}
    if machine.inputs["loggingConfiguration"]["level"] != "OFF":
        found |= {(action, ANYTHING) for action in DELIVER_LOGS}
    if machine.inputs["tracingConfiguration"]["enabled"]:
        found |= {(action, ANYTHING) for action in TRACE}
    return found


def calls_of_the_schedule(graph: Graph) -> set[Call]:
    target = graph.named("aws:scheduler/schedule:Schedule", "trigger-schedule").inputs["target"]
    return {("states:StartExecution", target["arn"]), ("sqs:SendMessage", target["deadLetterConfig"]["arn"])}


def calls_of_the_rule(graph: Graph) -> set[Call]:
    """Its dead-letter queue it reaches by that queue's own policy, see below."""
    return {("states:StartExecution", started_by_rule(graph).inputs["arn"])}


def started_by_rule(graph: Graph) -> Node:
    return graph.named("aws:cloudwatch/eventTarget:EventTarget", "trigger-rule-target")


SERVICES = {
    "workflow": calls_of_the_machine,
    "trigger-schedule": calls_of_the_schedule,
    "trigger-rule": calls_of_the_rule,
}


def policy_of(graph: Graph, name: str) -> str:
    return graph.named(ROLE_POLICY, f"{name}-policy").inputs["policy"]


def test_the_roles_of_services_are_those_that_are_asked_about_here(graph):
    trusted = {
        role.name.removesuffix("-role")
        for role in graph.of("aws:iam/role:Role")
        if "lambda.amazonaws.com" not in role.inputs["assumeRolePolicy"]
    }
    assert trusted == SERVICES.keys()


def test_machine_schedule_and_rule_have_their_roles(graph):
    arn = ARNS["aws:iam/role:Role"].format
    assert graph.named(MACHINE, "workflow-machine").inputs["roleArn"] == arn("workflow-role-0a1b2c3")
    target = graph.named("aws:scheduler/schedule:Schedule", "trigger-schedule").inputs["target"]
    assert target["roleArn"] == arn("trigger-schedule-role-0a1b2c3")
    assert started_by_rule(graph).inputs["roleArn"] == arn("trigger-rule-role-0a1b2c3")


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_may_make_each_call_that_it_makes(graph, iam, name):
    for action, resource in SERVICES[name](graph):
        assert decisions(iam, policy_of(graph, name), [action], resource) == {action: "allowed"}, resource


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_may_do_nothing_else_to_what_it_calls(graph, iam, name):
    calls = SERVICES[name](graph)
    services = {action.split(":")[0] for action, _ in calls}
    every = [action for service in services for action in ACTIONS[service]]
    everywhere = {action for action, resource in calls if resource == ANYTHING}
    for resource in {resource for _, resource in calls}:
        made = {action for action, at in calls if at == resource} | everywhere
        said = decisions(iam, policy_of(graph, name), every, resource)
        assert {action for action, answer in said.items() if answer != "implicitDeny"} == made, resource


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_may_do_it_to_nothing_else(graph, iam, name):
    for action, resource in SERVICES[name](graph):
        for other in elsewhere(resource):
            assert decisions(iam, policy_of(graph, name), [action], other) == {action: "implicitDeny"}, other


def elsewhere(arn: str) -> list[str]:
    """A neighbour whose name begins alike, and the same name in another account and another region."""
    if arn == ANYTHING:
        return []
    return [f"{arn}-other", arn.replace("123456789012", "999999999999"), arn.replace("eu-central-1", "eu-west-1")]


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("ask-requests", "ask"),
        ("give-up-mapping", "give-up"),
    ],
)
def test_an_event_source_mapping_may_read_its_queue_only(graph, iam, name, function):
    mappings = {node.name: node.inputs for node in graph.of("aws:lambda/eventSourceMapping:EventSourceMapping")}
    assert mappings.keys() == {"ask-requests", "give-up-mapping"}
    assert mappings[name]["functionName"] == ARNS["aws:lambda/function:Function"].format(f"{function}-0a1b2c3")
    own = mappings[name]["eventSourceArn"]
    assert set(decisions(iam, policy_of(graph, function), POLL, own).values()) == {"allowed"}
    for queue in graph.of("aws:sqs/queue:Queue"):
        arn = ARNS[queue.type].format(f"{queue.name}-0a1b2c3")
        if arn != own:
            said = decisions(iam, policy_of(graph, function), ACTIONS["sqs"], arn)
            assert set(said.values()) == {"implicitDeny"}, arn


def test_the_rule_and_no_other_may_keep_its_failures_in_the_triggers_dead_letter_queue(graph):
    queue = started_by_rule(graph).inputs["deadLetterConfig"]["arn"]
    policy = graph.named("aws:sqs/queuePolicy:QueuePolicy", "trigger-dead-letters-policy").json("policy")
    (admitted,) = [one for one in policy["Statement"] if one["Effect"] == "Allow"]
    assert (admitted["Action"], admitted["Resource"]) == (["sqs:SendMessage"], [queue])
    rule = started_by_rule(graph).inputs["rule"]
    sources = admitted["Condition"]["ArnEquals"]["aws:SourceArn"]
    assert sources == ARNS["aws:cloudwatch/eventRule:EventRule"].format(rule)


def test_nobody_may_invoke_a_function_but_the_api_and_the_rule_on_endings(graph):
    assert {node.name for node in graph.of(PERMISSION)} == {
        "page-invoke",
        "page-invoke-stray",
        "reconcile-invoke",
    }


# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
def test_the_api_may_invoke_its_function_by_its_own_routes_and_no_other_api_may(graph):
    permissions = [graph.named(PERMISSION, name).inputs for name in ("page-invoke", "page-invoke-stray")]
    integration = graph.named("aws:apigatewayv2/integration:Integration", "page-integration").inputs
    for given in permissions:
        assert integration["integrationUri"] == ARNS["aws:lambda/function:Function"].format(given["function"])
        assert given["action"] == "lambda:InvokeFunction"
        assert given["principal"] == "apigateway.amazonaws.com"

    def like(pattern: str, arn: str) -> bool:
        # As IAM's ArnLike: a wildcard does not reach over the first five colons.
        pairs = zip(pattern.split(":", 5), arn.split(":", 5), strict=True)
        return all(fnmatchcase(part, wanted) for wanted, part in pairs)

    def admitted(arn: str) -> bool:
        return any(like(given["sourceArn"], arn) for given in permissions)

    api = "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3"
    routes = [node.inputs["routeKey"] for node in graph.of("aws:apigatewayv2/route:Route")]
    assert len(routes) == 6
    for route in routes:
        # A route has its method and path in its ARN; what matches none has the key of the route that takes it.
        own = f"{api}/$default/{route.replace(' ', '')}"
        assert admitted(own), own
        assert not admitted(own.replace("a1b2c3", "z9y8x7")), "another API of the account"
        assert not admitted(own.replace("123456789012", "999999999999")), "an API of another account"
    assert not admitted(f"{api}/$default/GET/admin/{{requestId}}"), "a route that the program has not made"
