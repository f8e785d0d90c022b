"""Run a program against Pulumi's mocks, wait until every registration has landed, then hand back the graph."""

from __future__ import annotations

import asyncio
import json
import runpy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import mocks, settings

from infra.config import Settings

ROOT = Path(__file__).parents[2]
PROJECT, STACK = "signoff", "test"
SECRET = "4dabf18193072939515e22adb298388d"  # the engine's mark around secret values
ALICE = "alice@example.com"
REQUIRED = {"approvers": f'["{ALICE}"]'}
# Everything that the program can make, in one stack.
EVERYTHING = {
    "approvers": '["alice@example.com", "bob@example.com", "carol@example.com"]',
    "approvalsRequired": "2",
    "rejectionsRequired": "2",
    "schedule": "cron(0 9 ? * MON-FRI *)",
    "timezone": "Europe/Berlin",
    "eventPattern": '{"source": ["shop"], "detail": {"amount": [{"numeric": [">", 1000]}]}}',
    "task": '{"title": "Daily payout", "details": "Pay out everything."}',
    "deadlineSeconds": "100000",
    "reminders": "6",
    "escalateTo": '["head@example.com"]',
    "operatorEmail": "operations@example.com",
    "oneClick": "true",
    "preventSelfApproval": "false",
    "auditDays": "730",
    "logRetentionDays": "365",
    "mailsPerSecond": "3",
    "deliveryAttempts": "4",
    "protect": "true",
    "pointInTimeRecovery": "false",
}
REGION_AND_ACCOUNT = "eu-central-1:123456789012"
ARNS = {
    "aws:cloudwatch/eventRule:EventRule": f"arn:aws:events:{REGION_AND_ACCOUNT}:rule/{{}}",
    "aws:cloudwatch/logGroup:LogGroup": f"arn:aws:logs:{REGION_AND_ACCOUNT}:log-group:{{}}",
    "aws:dynamodb/table:Table": f"arn:aws:dynamodb:{REGION_AND_ACCOUNT}:table/{{}}",
    "aws:iam/role:Role": "arn:aws:iam::123456789012:role/{}",
    "aws:lambda/function:Function": f"arn:aws:lambda:{REGION_AND_ACCOUNT}:function:{{}}",
    "aws:scheduler/scheduleGroup:ScheduleGroup": f"arn:aws:scheduler:{REGION_AND_ACCOUNT}:schedule-group/{{}}",
    "aws:sfn/stateMachine:StateMachine": f"arn:aws:states:{REGION_AND_ACCOUNT}:stateMachine:{{}}",
    "aws:sns/topic:Topic": f"arn:aws:sns:{REGION_AND_ACCOUNT}:{{}}",
    "aws:sqs/queue:Queue": f"arn:aws:sqs:{REGION_AND_ACCOUNT}:{{}}",
}
UNREAD = "an ARN that nothing may depend on"


@dataclass(frozen=True)
class Node:
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


@dataclass
class Graph:
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
        return self.named("aws:lambda/function:Function", function).inputs["environment"]["variables"]


class Mocks(pulumi.runtime.Mocks):
    def __init__(self) -> None:
        self.inputs: dict[tuple[str, str], dict[str, Any]] = {}

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.inputs[args.typ, args.name] = plain(args.inputs)
        if not args.custom:
            return f"{args.name}-id", dict(args.inputs)
        name = f"{args.inputs.get('namePrefix', '')}{args.name}-0a1b2c3"  # as the engine names what has no name
        computed = {
            "arn": ARNS[args.typ].format(name) if args.typ in ARNS else UNREAD,
            "name": name,
            "url": f"https://sqs.eu-central-1.amazonaws.com/123456789012/{name}",
            "apiEndpoint": "https://a1b2c3.execute-api.eu-central-1.amazonaws.com",
            "executionArn": "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3",
        }
        return f"{args.name}-id", computed | dict(args.inputs)

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], None]:
        raise AssertionError(f"unmocked invoke: {args.token}")


class Monitor(mocks.MockMonitor):
    mocks: Mocks

    def __init__(self) -> None:
        super().__init__(Mocks())
        self.requests: dict[str, Any] = {}
        self.outputs: dict[str, dict[str, Any]] = {}

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the engine's name
        response = super().RegisterResource(request)
        if response.urn in self.requests:  # the real engine refuses this, the mock one does not
            raise AssertionError(f"duplicate URN {response.urn}")
        if request.type != "pulumi:pulumi:Stack":
            self.requests[response.urn] = request
        return response

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 - the engine's name
        self.outputs[request.urn] = dict(pulumi.runtime.rpc.deserialize_properties(request.outputs))
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


def plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return plain(value["value"]) if SECRET in value else {key: plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list) else value


def program() -> None:
    """The whole stack, as the engine runs it."""
    runpy.run_path(str(ROOT / "__main__.py"))


def deploy(run: Callable[[], Any] = program, config: Mapping[str, str] = REQUIRED, graph: Graph | None = None) -> Graph:
    """`config` holds the texts that the engine would pass, by key without namespace.

    A `graph` that is passed in is filled even when the program fails, with what had been registered by then.
    """
    graph = Graph() if graph is None else graph
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda _loop, _context: None)  # what failed is raised; its dependants are no news
    asyncio.set_event_loop(loop)  # newer Pythons no longer make one for us
    settings.reset_options()  # or the first test's stack stays everybody's parent
    pulumi.runtime.set_all_config({f"{PROJECT}:{key}": value for key, value in config.items()}, [])
    monitor = Monitor()
    pulumi.runtime.set_mocks(monitor.mocks, PROJECT, STACK, preview=False, monitor=monitor)

    @pulumi.runtime.test
    def registered() -> pulumi.Output[None]:
        run()
        root = settings.get_root_resource()
        return pulumi.Output.all(**getattr(root, "outputs", {})).apply(graph.exports.update)

    try:
        registered()
    finally:
        loop.close()
        asyncio.set_event_loop(None)
        graph.nodes = monitor.nodes()
    return graph


def texts(config: Mapping[str, Any]) -> dict[str, str]:
    """As from the engine: texts stay texts, the rest is JSON."""
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}


def load(**config: Any) -> Settings:
    """What the program reads when a stack's file says this."""
    seen: list[Settings] = []
    deploy(lambda: seen.append(Settings.load()), texts(config))
    return seen[0]
