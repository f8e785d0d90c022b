"""The compared programs, deployed side by side in one emulator."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from sandbox.cloud import Cloud
from sandbox.config import stack_config
from sandbox.deploy import PROJECT, Deployed, deploy
from sandbox.emulator import Emulator
from sandbox.inbox import Inbox, Message

BENCH = Path(__file__).resolve().parent
REGION = "us-east-1"
ALICE, OPERATOR = "alice@example.com", "operator@example.com"
TASK = {"title": "Release 1.4 to production", "details": "Adds invoices.", "requestedBy": "dana@example.com"}
LINK = re.compile(r"^\s*(https?://\S+)\s*$", re.MULTILINE)
REPORT = re.compile(r"^REPORT .*?\tDuration: ([\d.]+) ms")
PATIENCE_SECONDS = 60
FUNCTION = "aws:lambda/function:Function"

Found = TypeVar("Found")


def until(look: Callable[[], Found], what: str, seconds: float = PATIENCE_SECONDS, pause: float = 0.01) -> Found:
    """What `look` returns as soon as it is true. Raises TimeoutError."""
    give_up = time.monotonic() + seconds
    while not (seen := look()):
        if time.monotonic() > give_up:
            raise TimeoutError(f"no {what} in {seconds} s")
        time.sleep(pause)
    return seen


@dataclass(frozen=True, kw_only=True)
class Program:
    """Something to deploy, for Alice alone.

    machine  the output that has the machine's ARN
    press    the HTTP method that answers at a mailed link
    looks    path of the API that shows something and changes nothing; "" if the link itself does, None if nothing does
    hears    entry module of the function that also runs after an execution has ended
    """

    name: str
    root: Path
    config: Mapping[str, str]
    machine: str = "stateMachineArn"
    press: str
    looks: str | None
    hears: str = ""


# As shipped, except for the approver, the fastest pace of mails that the configuration allows, and that nobody else is
# told: a stream tells when it likes, and docs/cost.md says what that adds.
OURS_CONFIG = {
    "aws:region": REGION,
    "approvers": [ALICE],
    "operatorEmail": OPERATOR,
    "reminders": 0,
    "mailsPerSecond": 10,
    "events": False,
    "announceDecision": False,
}
RIVAL_CONFIG = {"aws:region": REGION, "rival:approvers": json.dumps([ALICE])}
OURS = Program(
    name="signoff",
    root=PROJECT,
    config=stack_config(PROJECT, "dev", OURS_CONFIG),
    press="POST",
    looks="",
    hears="reconcile",
)
RIVAL = Program(name="rival", root=BENCH / "rival", config=RIVAL_CONFIG, press="GET", looks=None)
FLOOR = Program(
    name="floor",
    root=BENCH / "rival",
    config=RIVAL_CONFIG,
    machine="floorMachineArn",
    press="GET",
    looks="/empty",
)


@dataclass(frozen=True, kw_only=True)
class Mail:
    """To Alice. `sent` is when SNS has delivered it, epoch seconds to the millisecond."""

    body: str
    sent: float

    @property
    def link(self) -> str:
        found = LINK.search(self.body)
        if not found:
            raise ValueError(f"no link in {self.body}")
        return found[1]


@dataclass(frozen=True, kw_only=True)
class Function:
    """`entry` is the module's name, `given` the inputs from the program, code included."""

    entry: str
    name: str
    log_group: str
    given: Mapping[str, Any]


@dataclass
class Stack:
    """A deployed program."""

    program: Program
    cloud: Cloud
    deployed: Deployed
    inbox: Inbox
    functions: list[Function] = field(init=False)
    _read: int = 0

    def __post_init__(self) -> None:
        self.functions = [
            Function(
                entry=made["handler"].split(".")[-2],
                name=made["name"],
                log_group=made["loggingConfig"]["logGroup"],
                given=made,
            )
            for made in self.deployed.of(FUNCTION)
        ]
        self.machine: str = self.deployed.outputs[self.program.machine]
        self._workflow = self.cloud.client("stepfunctions")

    def function(self, entry: str) -> Function:
        (found,) = [one for one in self.functions if one.entry == entry]
        return found

    def start(self, **task: str) -> str:
        """Returns the execution's ARN."""
        given = json.dumps({"task": {**TASK, **task}})
        return str(self._workflow.start_execution(stateMachineArn=self.machine, input=given)["executionArn"])

    def mail(self) -> Mail:
        """The next one. Raises TimeoutError."""
        found = until(lambda: self.mails(ALICE)[self._read :], f"mail from {self.program.name}")[0]
        self._read += 1
        return Mail(body=found.body, sent=datetime.fromisoformat(found.receivedAt).timestamp())

    def mails(self, to: str) -> list[Message]:
        """All that somebody has got, oldest first."""
        return [message for message in self.inbox.messages() if message.to == to]

    def ended(self, execution: str) -> float:
        """When it has succeeded, epoch seconds to the millisecond. Raises TimeoutError, RuntimeError for a failure."""

        def look() -> Any:
            seen = self._workflow.describe_execution(executionArn=execution)
            return seen if seen["status"] != "RUNNING" else None

        seen = until(look, "end of an execution")
        if seen["status"] != "SUCCEEDED":
            raise RuntimeError(f"an execution of {self.program.name} has failed: {seen}")
        return float(seen["stopDate"].timestamp())

    def durations(self, function: Function, since: float = 0) -> list[float]:
        """Milliseconds of each invocation that is over, as the emulator reports them, from the epoch second `since`."""
        pages = self.cloud.client("logs").get_paginator("filter_log_events")
        found = pages.paginate(logGroupName=function.log_group, startTime=int(since * 1000))
        events = (event["message"] for page in found for event in page["events"])
        return [float(report[1]) for message in events if (report := REPORT.match(message))]

    def settle(self, since: float) -> None:
        """Wait for what follows the end of an execution, so that the next one has the machine to itself."""
        if self.program.hears:
            function = self.function(self.program.hears)
            until(lambda: self.durations(function, since), f"{self.program.hears} after the end")

    def chill(self) -> None:
        """Kill the functions' processes: the next invocation of each is cold."""
        self.configure({})

    def configure(self, variables: Mapping[str, Mapping[str, str]]) -> None:
        """Add these variables to the functions' own, by entry module, in new processes."""
        client = self.cloud.client("lambda")
        for function in self.functions:
            own = function.given.get("environment", {}).get("variables", {})
            told = {**own, **variables.get(function.entry, {})}
            client.update_function_configuration(FunctionName=function.name, Environment={"Variables": told})

        def updated() -> bool:
            seen = (client.get_function_configuration(FunctionName=function.name) for function in self.functions)
            return all(one["LastUpdateStatus"] == "Successful" for one in seen)

        until(updated, f"new processes for {self.program.name}")


def deployed(running: Emulator, program: Program) -> Stack:
    cloud = Cloud(endpoint=running.endpoint, region=REGION)
    made = deploy("dev", program.config, cloud, root=program.root)
    inbox = Inbox(running.mail_file.open(), [topic["arn"] for topic in made.of("aws:sns/topic:Topic")])
    return Stack(program, cloud, made, inbox)
