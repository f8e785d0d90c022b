"""Runs a program against Pulumi's mocks and hands back what it has registered. Nothing is made anywhere.

For the tests of the program, and for the picture of its resources.
"""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pulumi.runtime import mocks, rpc

from infra.config.settings import Settings
from sandbox.config import namespaced
from sandbox.deploy import Monitor, evaluate, plain

ROOT = Path(__file__).parents[2]
ALICE = "alice@example.com"
REQUIRED = {"approvers": f'["{ALICE}"]'}
# Everything that the program can make, in one stack, but what takes the place of the approver topic.
EVERYTHING = {
    "approvers": '["alice@example.com", "bob@example.com", "carol@example.com"]',
    "approvalsRequired": "2",
    "rejectionsRequired": "2",
    "deadlineSeconds": "100000",
    "reminders": "6",
    "escalateTo": '["head@example.com"]',
    "preventSelfApproval": "false",
    "policies": """{
        "payout": {
            "groups": {
                "finance": {"approvers": ["ann@example.com", "ben@example.com", "carol@example.com"]},
                "legal": {"approvers": ["ben@example.com", "cleo@example.com"], "approvalsRequired": 2}
            },
            "approvalsRequired": 3,
            "rejectionsRequired": 2,
            "deadlineSeconds": 7200,
            "reminders": 1,
            "escalateTo": ["dora@example.com"],
            "preventSelfApproval": true
        },
        "note": {"approvers": ["eve@example.com"]}
    }""",
    "schedule": "cron(0 9 ? * MON-FRI *)",
    "timezone": "Europe/Berlin",
    "eventPattern": '{"source": ["shop"], "detail": {"amount": [{"numeric": [">", 1000]}]}}',
    "eventPolicy": "note",
    "eventDetails": "false",
    "task": '{"title": "Daily payout", "details": "Pay out everything.", "policy": "payout"}',
    "operatorEmail": "operations@example.com",
    "oneClick": "true",
    "events": "true",
    "announceDecision": "true",
    "chatNotifications": "true",
    "dashboard": "true",
    "operatorAccess": "true",
    "auditDays": "730",
    "logRetentionDays": "365",
    "mailsPerSecond": "3",
    "deliveryAttempts": "4",
    "protect": "true",
    "pointInTimeRecovery": "false",
}
# The same with mail by SES: now nothing has its default.
MAILED = EVERYTHING | {
    "mailFrom": "approvals@mail.example.com",
    "mailFromName": "Approvals",
    "replyTo": "help@example.com",
    "mailsPerSecond": "14",
}
NAME, STACK = "signoff", "test"
REGION_AND_ACCOUNT = "eu-central-1:123456789012"
ARNS = {
    "aws:cloudwatch/eventRule:EventRule": f"arn:aws:events:{REGION_AND_ACCOUNT}:rule/{{}}",
    "aws:cloudwatch/logGroup:LogGroup": f"arn:aws:logs:{REGION_AND_ACCOUNT}:log-group:{{}}",
    "aws:cloudwatch/metricAlarm:MetricAlarm": f"arn:aws:cloudwatch:{REGION_AND_ACCOUNT}:alarm:{{}}",
    "aws:dynamodb/table:Table": f"arn:aws:dynamodb:{REGION_AND_ACCOUNT}:table/{{}}",
    "aws:iam/role:Role": "arn:aws:iam::123456789012:role/{}",
    "aws:lambda/function:Function": f"arn:aws:lambda:{REGION_AND_ACCOUNT}:function:{{}}",
    "aws:scheduler/scheduleGroup:ScheduleGroup": f"arn:aws:scheduler:{REGION_AND_ACCOUNT}:schedule-group/{{}}",
    "aws:scheduler/schedule:Schedule": f"arn:aws:scheduler:{REGION_AND_ACCOUNT}:schedule/{{}}",
    "aws:sfn/stateMachine:StateMachine": f"arn:aws:states:{REGION_AND_ACCOUNT}:stateMachine:{{}}",
    "aws:sns/topic:Topic": f"arn:aws:sns:{REGION_AND_ACCOUNT}:{{}}",
    "aws:sqs/queue:Queue": f"arn:aws:sqs:{REGION_AND_ACCOUNT}:{{}}",
}
INSTANCE = "approvals"  # the component of __main__.py
# What it composes, by the names below its own. Whatever you put beside it is yours: no test and no picture is about it.
OURS = {
    "alarm",
    "announce",
    "approvers",
    "ask",
    "bounce",
    "dashboard",
    "give-up",
    "operate",
    "operator",
    "page",
    "reconcile",
    "requests",
    "sender",
    "store",
    "trigger",
    "workflow",
}
BY_SNS, BY_SES = {"approvers"}, {"sender", "bounce"}  # what of OURS is there in one channel only
UNREAD = "an ARN that nothing may depend on"


@dataclass(frozen=True)
class Node:
    """One resource. `physical` is the name that AWS would know it by, `arn` is UNREAD if its type has none in ARNS."""

    urn: str
    type: str
    name: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    parent: str
    depends_on: frozenset[str]
    protect: bool

    def json(self, key: str) -> Any:
        """An input that is JSON text, as AWS will read it."""
        return json.loads(self.inputs[key])

    @property
    def physical(self) -> str:
        return physical_name(self.name, self.inputs)

    @property
    def arn(self) -> str:
        return ARNS[self.type].format(self.physical) if self.type in ARNS else UNREAD


@dataclass
class Graph:
    """All resources of a program, and its stack outputs."""

    nodes: list[Node] = field(default_factory=list)
    exports: dict[str, Any] = field(default_factory=dict)

    def of(self, type_: str) -> list[Node]:
        return [node for node in self.nodes if node.type == type_]

    def one(self, type_: str) -> Node:
        (node,) = self.of(type_)
        return node

    def named(self, type_: str, name: str) -> Node:
        (node,) = [node for node in self.of(type_) if node.name == name]
        return node

    def variables(self, function: str) -> dict[str, str]:
        """What a function is told, by its logical name."""
        variables: dict[str, str] = self.named("aws:lambda/function:Function", function).inputs["environment"][
            "variables"
        ]
        return variables


def physical_name(name: str, inputs: Mapping[str, Any]) -> str:
    """Auto-naming, as the engine does it, but for the instance's name: what it holds goes by the names below it."""
    return f"{inputs.get('namePrefix', '')}{below(name)}-0a1b2c3"


def below(name: str) -> str:
    return name.removeprefix(f"{INSTANCE}-")


class Mocks(mocks.Mocks):
    """Answers as AWS would, and records the requests."""

    def __init__(self) -> None:
        self.inputs: dict[tuple[str, str], dict[str, Any]] = {}

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.inputs[args.typ, args.name] = plain(args.inputs)
        if not args.custom:
            return f"{below(args.name)}-id", dict(args.inputs)
        name = physical_name(args.name, args.inputs)
        computed = {
            "arn": ARNS[args.typ].format(name) if args.typ in ARNS else UNREAD,
            "name": name,
            "url": f"https://sqs.eu-central-1.amazonaws.com/123456789012/{name}",
            "apiEndpoint": "https://a1b2c3.execute-api.eu-central-1.amazonaws.com",
            "executionArn": "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3",
            "streamArn": f"{ARNS['aws:dynamodb/table:Table'].format(name)}/stream/2026-11-30"
            if args.inputs.get("streamEnabled")
            else "",
        }
        return f"{below(args.name)}-id", computed | dict(args.inputs)

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], None]:
        raise AssertionError(f"unmocked invoke: {args.token}")


class Recorder(Monitor):
    """Records each registration."""

    mocks: Mocks

    def __init__(self) -> None:
        super().__init__(Mocks(), [])
        self.requests: dict[str, Any] = {}
        self.outputs: dict[str, dict[str, Any]] = {}

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the engine's name
        response = super().RegisterResource(request)
        if request.type != "pulumi:pulumi:Stack":
            self.requests[response.urn] = request
        return response

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 - the engine's name
        self.outputs[request.urn] = dict(rpc.deserialize_properties(request.outputs))
        return super().RegisterResourceOutputs(request)

    def nodes(self) -> list[Node]:
        return [
            Node(
                urn=urn,
                type=request.type,
                name=request.name,
                inputs=self.mocks.inputs[request.type, request.name],
                outputs=plain(self.outputs.get(urn, {})),
                parent=request.parent,
                depends_on=frozenset(request.dependencies),
                protect=request.protect,
            )
            for urn, request in self.requests.items()
        ]


def ours(nodes: Sequence[Node]) -> list[Node]:
    """What is in the instance, by the names below its own."""
    by_urn = {node.urn: node for node in nodes}

    def inside(node: Node) -> bool:
        parent = by_urn.get(node.parent)
        return parent is not None and (parent.type == "signoff:approvals:Approvals" or inside(parent))

    return [replace(node, name=below(node.name)) for node in nodes if inside(node)]


def program() -> None:
    """The whole stack, as the engine runs it."""
    runpy.run_path(str(ROOT / "__main__.py"))


def deploy(
    run: Callable[[], Any] = program,
    config: Mapping[str, str] = REQUIRED,
    graph: Graph | None = None,
    project: str = NAME,
) -> Graph:
    """What a program registers: by default all that the stack has of ours, with the least of configurations.

    `config` holds the texts that the engine would pass. A key without a namespace is the project's.
    Returns when all registrations have landed. A `graph` that is passed in is filled even when the program fails, with
    what had been registered by then.
    """
    graph = Graph() if graph is None else graph
    monitor = Recorder()
    given = {namespaced(project, key): value for key, value in config.items()}
    try:
        graph.exports = evaluate(run, monitor, project=project, stack=STACK, config=given)
    finally:
        graph.nodes = monitor.nodes() if run is not program else ours(monitor.nodes())
    return graph


def texts(config: Mapping[str, Any]) -> dict[str, str]:
    """As from the engine: texts stay texts, the rest is JSON."""
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}


def load(**config: Any) -> Settings:
    """What the program reads when a stack's file says this."""
    seen: list[Settings] = []
    deploy(lambda: seen.append(Settings.load()), texts(config))
    return seen[0]
