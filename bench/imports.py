"""Import and first answer of each function in a fresh interpreter, against a floor, and what its imports cost."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from bench.counter import Counters
from bench.figures import Figure
from bench.journey import Browser, approve
from bench.stage import BENCH, OURS, PATIENCE_SECONDS, REGION, Function, Stack, deployed, emulator, until
from sandbox import environments
from sandbox.archive import zipped

PROBE = BENCH / "probe.py"
# Comes with boto3; other imports are the function's own, libraries in its archive, or Python's.
SDK = ("boto3", "botocore", "s3transfer", "urllib3", "dateutil", "jmespath", "six")
CLIENTS = {"states": "stepfunctions"}  # where boto3's name of a service differs from that in ARNs
IMPORT_RUNS = 3


@dataclass
class Start:
    """A function's start in fresh interpreters; milliseconds per run.

    load, answer          until it is imported, and from there until it has answered its first event
    load_cpu, answer_cpu  the same in CPU time
    """

    load: list[float] = field(default_factory=list)
    load_cpu: list[float] = field(default_factory=list)
    answer: list[float] = field(default_factory=list)
    answer_cpu: list[float] = field(default_factory=list)

    @property
    def whole(self) -> Figure:
        return Figure.of([load + answer for load, answer in zip(self.load, self.answer, strict=True)])

    @property
    def cpu(self) -> Figure:
        """The same in CPU time: steadier when the machine is busy."""
        return Figure.of([load + answer for load, answer in zip(self.load_cpu, self.answer_cpu, strict=True)])


@dataclass
class Starts:
    """Of one function.

    compiled  its archive's modules are already bytecode
    source    they are compiled at each start, as on AWS, where archives are read-only and hold no bytecode
    services  it called, in order; the floor calls the same
    imports   milliseconds by library
    """

    memory_mib: int
    archive_bytes: int
    services: list[str] = field(default_factory=list)
    compiled: Start = field(default_factory=Start)
    source: Start = field(default_factory=Start)
    floor: Start = field(default_factory=Start)
    imports: dict[str, float] = field(default_factory=dict)


def measure(rounds: int) -> dict[str, Starts]:
    """By entry module. IAM is off: our interpreter has no role."""
    with emulator(iam=False) as running, tempfile.TemporaryDirectory() as folder:
        stack = deployed(running, OURS)
        events = Events.prepare(stack, needed=2 * (rounds + 2))
        functions = sorted(stack.functions, key=lambda function: function.entry)
        probes = [Probe.unpack(stack, function, Path(folder)) for function in functions]
        measured = {probe.function.entry: probe.nothing_yet() for probe in probes}
        with Counters(running.port, [probe.function.entry for probe in probes]) as counters:
            for probe in probes:
                entry = probe.function.entry
                # Not measured: writes the bytecode, and finds the services for the floor.
                probe.run(probe.compiled, events.next(entry), endpoint=counters.variables[entry]["AWS_ENDPOINT_URL"])
                measured[entry].services = [call.service for call in counters.order if call.who == entry]
        known = harmless_calls(stack, events)
        for _ in range(rounds):
            for probe in probes:
                told = measured[probe.function.entry]
                add(told.compiled, probe.run(probe.compiled, events.next(probe.function.entry)))
                services = [CLIENTS.get(service, service) for service in told.services]
                add(told.floor, probe.run(probe.compiled, {"services": services, "known": known}))
                add(told.source, probe.run(probe.source, events.next(probe.function.entry), keep_bytecode=False))
        for probe in probes:
            measured[probe.function.entry].imports = probe.imports()
    return measured


def add(start: Start, took: Mapping[str, float]) -> None:
    for name, value in took.items():
        getattr(start, name).append(value)


@dataclass(frozen=True)
class Probe:
    """One function's archive, unpacked twice: with and without bytecode."""

    stack: Stack
    function: Function
    archive: bytes
    compiled: Path
    source: Path

    @classmethod
    def unpack(cls, stack: Stack, function: Function, folder: Path) -> Probe:
        archive = zipped(function.given["code"])
        folders = [folder / function.entry / kind for kind in ("compiled", "source")]
        for one in folders:
            with zipfile.ZipFile(io.BytesIO(archive)) as content:
                content.extractall(one)
        return cls(stack, function, archive, *folders)

    def nothing_yet(self) -> Starts:
        return Starts(memory_mib=int(self.function.given["memorySize"]), archive_bytes=len(self.archive))

    def run(
        self, folder: Path, given: Mapping[str, Any], *, endpoint: str = "", keep_bytecode: bool = True
    ) -> dict[str, float]:
        """Milliseconds by the names of Start's fields."""
        if "event" in given:
            given = {"module": self.module, **given}
        ended = subprocess.run(  # noqa: S603
            [lambda_python(), PROBE],
            input=json.dumps(given),
            env=self._environment(folder, endpoint, keep_bytecode=keep_bytecode),
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )
        if ended.returncode:
            raise RuntimeError(f"{self.function.entry} has failed:\n{ended.stdout}{ended.stderr}")
        took: dict[str, float] = json.loads(ended.stdout.splitlines()[-1])
        return took

    def imports(self) -> dict[str, float]:
        runs = [by_library(self._import_times()) for _ in range(IMPORT_RUNS)]
        names = {name for run in runs for name in run}
        return {name: median(run.get(name, 0) for run in runs) for name in sorted(names)}

    def _import_times(self) -> str:
        environment = self._environment(self.compiled, "", keep_bytecode=True)
        del environment["AWS_LAMBDA_FUNCTION_NAME"]  # the imports alone, not what the init phase makes
        ended = subprocess.run(  # noqa: S603
            [lambda_python(), "-X", "importtime", "-c", f"import {self.module}"],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE_SECONDS,
        )
        return ended.stderr

    @property
    def module(self) -> str:
        return str(self.function.given["handler"]).rpartition(".")[0]

    def _environment(self, folder: Path, endpoint: str, *, keep_bytecode: bool) -> dict[str, str]:
        return {
            **self.function.given["environment"]["variables"],
            "AWS_ENDPOINT_URL": endpoint or self.stack.cloud.endpoint,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_LAMBDA_FUNCTION_NAME": self.function.name,
            "HOME": str(folder.parent),
            "PYTHONPATH": str(folder),
            **({} if keep_bytecode else {"PYTHONDONTWRITEBYTECODE": "1"}),
        }


def lambda_python() -> Path:
    return environments.functions(Path(sys.prefix)).python


def by_library(import_times: str) -> dict[str, float]:
    """Milliseconds by library from `-X importtime`: each module's own time, without its imports."""
    found: dict[str, float] = defaultdict(float)
    for line in import_times.splitlines():
        times, _, name = line.removeprefix("import time:").rpartition("|")
        own = times.split("|")[0].strip()
        if own.isdigit():
            found[library(name.strip())] += int(own) / 1000
    return found


def library(module: str) -> str:
    top = module.partition(".")[0]
    if top in SDK:
        return "boto3 and what it brings"
    if top == "handlers":
        return "our own modules"
    return "Python's own" if top in sys.stdlib_module_names or top.startswith("_") else top


@dataclass
class Events:
    """Events as AWS sends them to the functions; those with an effect can be used once."""

    stack: Stack
    events: dict[str, Iterator[dict[str, Any]]]
    ended: str

    @classmethod
    def prepare(cls, stack: Stack, needed: int) -> Events:
        """Leaves the needed number of executions open; only we receive their messages."""
        browser = Browser.open()
        ended = approve(stack, browser).execution
        opened = stack.start()
        (mail,) = stack.mail()
        for mapping in stack.cloud.client("lambda").list_event_source_mappings()["EventSourceMappings"]:
            stack.cloud.client("lambda").update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
        for _ in range(2 * needed):
            stack.start()
        bodies = messages(stack, 2 * needed)
        path = urlsplit(mail.link).path.partition("/approvals/")
        always = {
            "page": http_event("GET", "/approvals/" + path[2]),
            "generate_task": {
                "input": {"task": {"title": "Release"}},
                "execution": opened,
                "policies": ["default"],
                "eventPolicy": "default",
            },
            "process_task": {
                "requestId": "00000000-0000-0000-0000-000000000000",
                "execution": opened,
                "approval": {"votes": [{"approver": "alice@example.com"}]},
            },
            "reconcile": {
                "time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
                "detail": {"executionArn": ended, "status": "SUCCEEDED", "stopDate": int(time.time() * 1000)},
            },
        }
        events = {entry: repeated(event) for entry, event in always.items()}
        events["ask"] = (sqs_event(body) for body in bodies[:needed])
        events["give_up"] = (sqs_event(body) for body in bodies[needed:])
        return cls(stack, events, ended)

    def next(self, entry: str) -> dict[str, Any]:
        return {"event": next(self.events[entry])}


def repeated(event: dict[str, Any]) -> Iterator[dict[str, Any]]:
    while True:
        yield event


def messages(stack: Stack, count: int) -> Sequence[str]:
    """Bodies of the request queue."""
    sqs, url = stack.cloud.as_aws("sqs"), stack.deployed.outputs["requestQueueUrl"]
    bodies: list[str] = []

    def enough() -> bool:
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1, VisibilityTimeout=3600)
        bodies.extend(one["Body"] for one in found.get("Messages", []))
        return len(bodies) >= count

    until(enough, "messages of the request queue")
    return bodies


def sqs_event(body: str) -> dict[str, Any]:
    record = {
        "messageId": "00000000-0000-0000-0000-000000000000",
        "receiptHandle": "none",
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "0"},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "awsRegion": REGION,
    }
    return {"Records": [record]}


def http_event(method: str, path: str) -> dict[str, Any]:
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"accept": "text/html", "user-agent": "bench", "host": "approve.example.com"},
        "requestContext": {"http": {"method": method, "path": path, "sourceIp": "127.0.0.1", "userAgent": "bench"}},
        "isBase64Encoded": False,
    }


def harmless_calls(stack: Stack, events: Events) -> dict[str, dict[str, Any]]:
    """A call of each service that changes nothing, by boto3's name of the service."""
    outputs = stack.deployed.outputs
    table, topic = outputs["approvalTableName"], outputs["approverTopicArn"]
    return {
        "dynamodb": {"operation": "get_item", "request": {"TableName": table, "Key": {"requestId": {"S": "none"}}}},
        "sns": {"operation": "get_topic_attributes", "request": {"TopicArn": topic}},
        "sqs": {"operation": "get_queue_attributes", "request": {"QueueUrl": outputs["requestQueueUrl"]}},
        "stepfunctions": {"operation": "describe_execution", "request": {"executionArn": events.ended}},
    }
