"""The resources, and who may call whom: drawn from what the program registers, its IAM policies above all."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from pictures import dot
from tests.support.harness import Graph, Node, deploy

# What the program is told, so that it makes all that it can make.
CONFIG = {
    "approvers": '["alice@example.com"]',
    "schedule": "cron(0 9 ? * MON-FRI *)",
    "eventPattern": '{"source": ["shop"]}',
    "task": '{"title": "Daily payout"}',
    "operatorEmail": "operations@example.com",
}
# What is drawn as a box. Of the rest, roles, policies, mappings, permissions and targets say how these hang together.
KINDS = {
    "aws:apigatewayv2/api:Api": "HTTP API",
    "aws:cloudwatch/eventRule:EventRule": "EventBridge rule",
    "aws:dynamodb/table:Table": "DynamoDB table",
    "aws:lambda/function:Function": "Lambda function",
    "aws:scheduler/schedule:Schedule": "schedule",
    "aws:sfn/stateMachine:StateMachine": "state machine",
    "aws:sns/topic:Topic": "SNS topic",
    "aws:sqs/queue:Queue": "SQS queue",
}
TARGET = "aws:cloudwatch/eventTarget:EventTarget"
NOT_DRAWN = {"logs", "xray"}  # everybody writes logs and traces


# Who may do what to whom, by their names in the program: caller, called, action.
Call = tuple[str, str, str]


def recorded() -> Graph:
    """Of ours: what else a holder of the program makes is not drawn."""
    return deploy(config=CONFIG)


def document(graph: Graph) -> str:
    """In graphviz's language: a frame for each component, a box for each resource, an arrow for each permission.

    All in the order of their names: the program registers in another order each time.
    """
    parents = {node.urn: node for node in graph.nodes}
    boxes: dict[str, list[str]] = defaultdict(list)
    for node in sorted(graph.nodes, key=lambda node: node.name):
        if node.type in KINDS:
            boxes[component(node, parents)].append(dot.node(node.name, node.name, KINDS[node.type]))
    arrows: dict[tuple[str, str], set[str]] = defaultdict(set)
    for caller, called, what in calls(graph):
        arrows[caller, called].add(what)
    return dot.graph(
        "rankdir=LR; nodesep=0.15; ranksep=0.6",
        [
            *(dot.cluster(name, name, inside) for name, inside in sorted(boxes.items())),
            *(dot.edge(caller, called, "\n".join(sorted(each))) for (caller, called), each in sorted(arrows.items())),
        ],
    )


def component(node: Node, parents: dict[str, Node]) -> str:
    """The class of the outermost component that a resource belongs to."""
    while node.parent in parents:
        node = parents[node.parent]
    return node.type.rpartition(":")[2]


def calls(graph: Graph) -> list[Call]:
    """Who may call whom. That Lambda reads a queue for a function, with the function's role, is one call, not two."""
    polled = [
        (owner(graph, mapping.inputs["eventSourceArn"]), owner(graph, mapping.inputs["functionName"]), "invokes")
        for mapping in graph.of("aws:lambda/eventSourceMapping:EventSourceMapping")
    ]
    readers = {(function, queue) for queue, function, _ in polled}
    return [*polled, *(call for call in [*allowed(graph), *others(graph)] if call[:2] not in readers)]


def allowed(graph: Graph) -> Iterator[Call]:
    """What roles may do, said of those who have them."""
    for policy in graph.of("aws:iam/rolePolicy:RolePolicy"):
        for statement in policy.json("policy")["Statement"]:
            for caller in holders(graph, policy.inputs["role"]):
                for arn in statement["Resource"]:
                    for action in statement["Action"]:
                        service, _, name = action.partition(":")
                        if service not in NOT_DRAWN and (called := owner(graph, arn)):
                            yield caller, called, name


def holders(graph: Graph, role: str) -> Iterator[str]:
    """Who has a role, by its physical name. A rule has one for each of its targets."""
    (found,) = [node for node in graph.of("aws:iam/role:Role") if node.physical == role]
    for node in graph.nodes:
        if found.arn in str(node.inputs):
            if node.type in KINDS:
                yield node.name
            elif node.type == TARGET:
                yield by_physical(graph, node.inputs["rule"])


def others(graph: Graph) -> Iterator[Call]:
    """What needs no role: a function that lets a service call it, dead letters, and events that a rule waits for."""
    for permission in graph.of("aws:lambda/permission:Permission"):
        yield owner(graph, permission.inputs["sourceArn"]), by_physical(graph, permission.inputs["function"]), "invokes"
    for queue in graph.of("aws:sqs/queue:Queue"):
        if "redrivePolicy" in queue.inputs:
            redrive = queue.json("redrivePolicy")
            times = f"after {redrive['maxReceiveCount']} receives"
            yield queue.name, owner(graph, redrive["deadLetterTargetArn"]), times
    for target in graph.of(TARGET):
        undelivered = target.inputs["deadLetterConfig"]["arn"]
        yield by_physical(graph, target.inputs["rule"]), owner(graph, undelivered), "undelivered"
    for rule in graph.of("aws:cloudwatch/eventRule:EventRule"):
        for machine in graph.of("aws:sfn/stateMachine:StateMachine"):
            if machine.arn in rule.inputs["eventPattern"]:
                yield machine.name, rule.name, "events"


def by_physical(graph: Graph, name: str) -> str:
    """The name in the program of what AWS knows by another."""
    (found,) = [node.name for node in graph.nodes if node.type in KINDS and node.physical == name]
    return found


def owner(graph: Graph, arn: str) -> str:
    """The resource that an ARN is of, or of a part of: a table's index or stream, the executions of a state machine.

    Empty if it is none of ours.
    """
    if arn.startswith("arn:aws:execute-api:"):
        return graph.named("aws:apigatewayv2/api:Api", "page-api").name
    whole = arn.replace(":execution:", ":stateMachine:").removesuffix(":*")
    whole = re.split("/(?:index|stream)/", whole)[0]
    return next((node.name for node in graph.nodes if node.arn == whole), "")
