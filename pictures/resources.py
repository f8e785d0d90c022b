"""The resources, and who may call whom: drawn from what the program registers, its IAM policies above all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from pictures import dot
from sandbox.registered import Graph, Node, ours, program, register

# What the program is told, so that it makes all that it can make.
CONFIG = {
    "approvers": '["alice@example.com", "bob@example.com", "carol@example.com"]',
    "schedule": "cron(0 9 ? * MON-FRI *)",
    "eventPattern": '{"source": ["shop"]}',
    "task": '{"title": "Daily payout"}',
    "operatorEmail": "operations@example.com",
}
# What is drawn as a box. The rest (roles, policies, mappings, permissions, targets) says how these hang together, or is
# about logs.
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
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
FUNCTION = "aws:lambda/function:Function"
MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
RULE, TARGET = "aws:cloudwatch/eventRule:EventRule", "aws:cloudwatch/eventTarget:EventTarget"
PEOPLE = {"class": "people"}
NOT_DRAWN = {"logs", "xray"}  # everybody writes logs and traces


class Call(NamedTuple):
    """Somebody who may do something to somebody, by their names in the program."""

    caller: str
    called: str
    what: str


def recorded() -> Graph:
    """Of ours: what else a holder of the program makes is not drawn."""
    graph = register(program, CONFIG)
    graph.nodes = ours(graph.nodes)
    return graph


def document(graph: Graph) -> str:
    """In graphviz's language: a frame for each component, a box for each resource, an arrow for each permission.

    All in the order of their names: the program registers in another order each time.
    """
    parents = {node.urn: node for node in graph.nodes}
    boxes: dict[str, list[str]] = defaultdict(list)
    for node in sorted(graph.nodes, key=lambda node: node.name):
        if node.type in KINDS:
            boxes[component(node, parents)].append(dot.node(node.name, node.name, KINDS[node.type]))
    alarms = graph.of(ALARM)
    boxes[component(alarms[0], parents)].append(dot.node(ALARM, f"{len(alarms)} alarms", "CloudWatch"))
    outside = []
    for topic, addresses in sorted(subscribed(graph).items()):
        who = addresses[0] if len(addresses) == 1 else f"{len(addresses)} people"
        outside += [dot.node(f"{topic}: people", who, "by e-mail", **PEOPLE), dot.edge(topic, f"{topic}: people")]
    arrows: dict[tuple[str, str], set[str]] = defaultdict(set)
    for call in calls(graph):
        arrows[call.caller, call.called].add(call.what)
    return dot.graph(
        "rankdir=LR; nodesep=0.15; ranksep=0.6",
        [
            *(dot.cluster(name, name, inside) for name, inside in sorted(boxes.items())),
            *outside,
            *(dot.edge(caller, called, "\n".join(sorted(what))) for (caller, called), what in sorted(arrows.items())),
        ],
    )


def component(node: Node, parents: dict[str, Node]) -> str:
    """The class of the outermost component that a resource belongs to."""
    while node.parent in parents:
        node = parents[node.parent]
    return node.type.rpartition(":")[2]


def subscribed(graph: Graph) -> dict[str, list[str]]:
    """The addresses of each topic."""
    found: dict[str, list[str]] = defaultdict(list)
    for subscription in graph.of("aws:sns/topicSubscription:TopicSubscription"):
        found[owner(graph, subscription.inputs["topic"])].append(subscription.inputs["endpoint"])
    return found


def calls(graph: Graph) -> list[Call]:
    """Who may call whom. That Lambda reads a queue for a function, with the function's role, is one call, not two."""
    polled = [
        Call(owner(graph, mapping.inputs["eventSourceArn"]), owner(graph, mapping.inputs["functionName"]), "invokes")
        for mapping in graph.of(MAPPING)
    ]
    readers = {(call.called, call.caller) for call in polled}
    others = [*allowed(graph), *invoked(graph), *failed(graph), *told(graph)]
    return [*polled, *(call for call in others if (call.caller, call.called) not in readers)]


def allowed(graph: Graph) -> Iterator[Call]:
    """What roles may do, said of those who have them."""
    for policy in graph.of("aws:iam/rolePolicy:RolePolicy"):
        for statement in policy.json("policy")["Statement"]:
            for caller in holders(graph, policy.inputs["role"]):
                for arn in statement["Resource"]:
                    for action in statement["Action"]:
                        service, _, name = action.partition(":")
                        if service not in NOT_DRAWN and (called := owner(graph, arn)):
                            yield Call(caller, called, name)


def holders(graph: Graph, role: str) -> Iterator[str]:
    """Who has a role, by its physical name. A rule has one for each of its targets."""
    (found,) = [node for node in graph.of("aws:iam/role:Role") if node.physical == role]
    for node in graph.nodes:
        if found.arn in str(node.inputs):
            if node.type in KINDS:
                yield node.name
            elif node.type == TARGET:
                yield rule_of(graph, node)


def invoked(graph: Graph) -> Iterator[Call]:
    """Functions that let a service call them, and from where."""
    for permission in graph.of("aws:lambda/permission:Permission"):
        (function,) = [node for node in graph.of(FUNCTION) if node.physical == permission.inputs["function"]]
        yield Call(owner(graph, permission.inputs["sourceArn"]), function.name, "invokes")


def failed(graph: Graph) -> Iterator[Call]:
    """Where what could not be delivered goes to."""
    for queue in graph.of("aws:sqs/queue:Queue"):
        if "redrivePolicy" in queue.inputs:
            redrive = queue.json("redrivePolicy")
            yield Call(
                queue.name, owner(graph, redrive["deadLetterTargetArn"]), f"after {redrive['maxReceiveCount']} receives"
            )
    for target in graph.of(TARGET):
        yield Call(rule_of(graph, target), owner(graph, target.inputs["deadLetterConfig"]["arn"]), "undelivered")


def told(graph: Graph) -> Iterator[Call]:
    """Rules that wait for what another resource does, and alarms."""
    for rule in graph.of(RULE):
        for machine in graph.of("aws:sfn/stateMachine:StateMachine"):
            if machine.arn in rule.inputs["eventPattern"]:
                yield Call(machine.name, rule.name, "events")
    for alarm in graph.of(ALARM):
        for topic in alarm.inputs["alarmActions"]:
            yield Call(ALARM, owner(graph, topic), "Publish")


def rule_of(graph: Graph, target: Node) -> str:
    (rule,) = [node for node in graph.of(RULE) if node.physical == target.inputs["rule"]]
    return rule.name


def owner(graph: Graph, arn: str) -> str:
    """The resource that an ARN is of, or of a part of: an index of a table, the executions of a state machine.

    Empty if it is none of ours.
    """
    if arn.startswith("arn:aws:execute-api:"):
        return graph.named("aws:apigatewayv2/api:Api", "approval-api").name
    whole = arn.replace(":execution:", ":stateMachine:").removesuffix(":*").partition("/index/")[0]
    return next((node.name for node in graph.nodes if node.arn == whole), "")
