"""What AWS's own services do in our roles' names, which the emulator does without asking: IAM is asked instead.

Which calls they make is read from what makes them call: the state machine's definition, the schedule, the rule, the
event source mappings, the API. Policies and definitions are those of the recorded graph, as AWS would get them.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import pytest
from parliament import iam_definition

from tests.support.harness import ARNS, Graph
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
    found = {call(state) for state in machine.json("definition")["States"].values() if state["Type"] == "Task"}
    if machine.inputs["loggingConfiguration"]["level"] != "OFF":
        found |= {(action, ANYTHING) for action in DELIVER_LOGS}
    if machine.inputs["tracingConfiguration"]["enabled"]:
        found |= {(action, ANYTHING) for action in TRACE}
    return found


def calls_of_the_schedule(graph: Graph) -> set[Call]:
    target = graph.named("aws:scheduler/schedule:Schedule", "trigger-schedule").inputs["target"]
    return {("states:StartExecution", target["arn"]), ("sqs:SendMessage", target["deadLetterConfig"]["arn"])}


def calls_of_the_rule(graph: Graph) -> set[Call]:
    """Its dead-letter queue it reaches by that queue's own policy: tests/infra/test_trigger.py."""
    target = graph.named("aws:cloudwatch/eventTarget:EventTarget", "trigger-rule-target")
    return {("states:StartExecution", target.inputs["arn"])}


SERVICES = {
    "workflow": calls_of_the_machine,
    "trigger-schedule": calls_of_the_schedule,
    "trigger-rule": calls_of_the_rule,
}


def policy_of(graph: Graph, name: str) -> str:
    return graph.named(ROLE_POLICY, f"{name}-policy").inputs["policy"]


def test_the_roles_of_services_are_those_that_are_asked_about_here(graph):
    arn = ARNS["aws:iam/role:Role"].format
    used = {
        "workflow": graph.named(MACHINE, "workflow-machine").inputs["roleArn"],
        "trigger-schedule": graph.named("aws:scheduler/schedule:Schedule", "trigger-schedule").inputs["target"][
            "roleArn"
        ],
        "trigger-rule": graph.named("aws:cloudwatch/eventTarget:EventTarget", "trigger-rule-target").inputs["roleArn"],
    }
    assert used == {name: arn(f"{name}-role-0a1b2c3") for name in SERVICES}
    roles = {role.name for role in graph.of("aws:iam/role:Role")}
    functions = {f"{function.name}-role" for function in graph.of("aws:lambda/function:Function")}
    assert roles == {f"{name}-role" for name in SERVICES} | functions


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_may_make_the_calls_that_it_makes_and_no_other_to_what_it_calls(graph, iam, name):
    """That it may make them to nothing else is what whole ARNs say: tests/infra/test_iam.py."""
    calls = SERVICES[name](graph)
    services = {action.split(":")[0] for action, _ in calls}
    every = [action for service in services for action in ACTIONS[service]]
    everywhere = {action for action, resource in calls if resource == ANYTHING}
    for resource in {resource for _, resource in calls}:
        made = {action for action, at in calls if at == resource} | everywhere
        said = decisions(iam, policy_of(graph, name), every, resource)
        assert {action for action, answer in said.items() if answer == "allowed"} == made, resource


# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
def test_the_api_alone_may_invoke_its_function_and_by_its_own_routes_only(graph):
    given = {node.name: node.inputs for node in graph.of(PERMISSION)}
    del given["reconcile-invoke"], given["bounce-invoke"]  # the rules': tests/infra/test_reconciler.py
    permissions = list(given.values())
    integrated = {node.inputs["integrationUri"] for node in graph.of("aws:apigatewayv2/integration:Integration")}
    for one in permissions:
        assert ARNS["aws:lambda/function:Function"].format(one["function"]) in integrated
        assert (one["action"], one["principal"]) == ("lambda:InvokeFunction", "apigateway.amazonaws.com")
        assert one["sourceArn"].split("/")[0] == "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3"

    def admitted(arn: str) -> bool:
        return any(fnmatchcase(arn, one["sourceArn"]) for one in permissions)

    api = "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3"
    routes = [node.inputs["routeKey"] for node in graph.of("aws:apigatewayv2/route:Route")]
    assert len(routes) == 7
    for route in routes:
        # A route has its method and path in its ARN; what matches none has the key of the route that takes it.
        own = f"{api}/$default/{route.replace(' ', '')}"
        assert admitted(own), own
    assert not admitted(f"{api}/$default/GET/admin/{{requestId}}"), "a route that the program has not made"
