"""What AWS says of a deployed stack, and what a person at the console could do to it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from handlers.approvals.rules.record import Record
from handlers.contract.events import source
from handlers.contract.record import Status
from infra.config.settings import LONGEST_LABEL
from operate.outputs import Target
from operate.reader import AT_ONCE, Reader
from sandbox.cloud import Cloud
from sandbox.emulator import Emulator
from sandbox.page.picture import Picture

RUNS = 25  # the newest; older ones are left out
LINES = 200  # of the log, the newest
TITLE_LENGTH = 250  # of one that nobody has checked; the program's own are shorter


@dataclass(frozen=True, kw_only=True)
class Run:
    """An execution and its approval record; there is none until people are asked."""

    arn: str
    name: str
    status: str
    started: datetime
    task: Mapping[str, Any]
    record: Record | None
    error: str
    cause: str
    output: str = ""

    @property
    def title(self) -> str:
        title = (self.record and self.record.title) or self.asked("title") or self.name
        return title if len(title) <= TITLE_LENGTH else f"{title[:TITLE_LENGTH]}…"

    def asked(self, name: str) -> str:
        """What the input says, which anybody may have written: text, or else nothing."""
        value = self.task.get(name)
        return value if isinstance(value, str) else ""


@dataclass(frozen=True, kw_only=True)
class Event:
    """One line of an execution's history; `state` is the one that it is about, if any. It never has input or output."""

    seconds: float
    kind: str
    state: str
    entered: bool
    error: str
    cause: str


@dataclass(frozen=True, kw_only=True)
class LogLine:
    at: datetime
    function: str
    text: str


@dataclass
class Stack:
    """A stack that is deployed.

    zone        of its mails and pages
    log_groups  of its functions, by the module that each runs
    """

    name: str
    cloud: Cloud
    emulator: Emulator
    outputs: Mapping[str, Any]
    zone: ZoneInfo
    log_groups: Mapping[str, str]
    _described: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    @cached_property
    def definition(self) -> dict[str, Any]:
        described = self._workflows.describe_state_machine(stateMachineArn=self.outputs["stateMachineArn"])
        return dict(json.loads(described["definition"]))

    @cached_property
    def picture(self) -> Picture:
        return Picture(self.definition["States"])

    @cached_property
    def policies(self) -> list[str]:
        """The names of the policies that a request may be made under."""
        first = self.definition["States"][self.definition["StartAt"]]
        return list(first["Arguments"]["Payload"]["policies"])

    def runs(self) -> list[Run]:
        """The newest first."""
        listed = list(islice(self.reader.executions(maxResults=RUNS), RUNS))
        records = {record.execution_arn: record for record in self.reader.newest(Status, AT_ONCE)}
        found = [self._run(one, records.get(one["executionArn"])) for one in listed]
        return sorted(found, key=lambda run: run.started, reverse=True)

    def _run(self, listed: Mapping[str, Any], record: Record | None) -> Run:
        arn, known = listed["executionArn"], (listed["executionArn"], listed["status"])
        if known not in self._described:  # what is asked for changes with the status only
            self._described[known] = {**listed, **self.reader.execution(arn)}
        described = self._described[known]
        return Run(
            arn=arn,
            name=listed["name"],
            status=described["status"],
            started=described["startDate"],
            task=task_of(described.get("input", "")),
            record=record,
            error=described.get("error", ""),
            cause=described.get("cause", ""),
            output=described.get("output", ""),
        )

    def history(self, run: Run) -> list[Event]:
        """Oldest first."""
        found, state = [], ""
        for event in self.reader.history(run.arn):
            details: dict[str, Any] = next((event[key] for key in event if key.endswith("EventDetails")), {})
            entered = "stateEnteredEventDetails" in event
            state = details.get("name", state) if entered else state
            found.append(
                Event(
                    seconds=(event["timestamp"] - run.started).total_seconds(),
                    kind=event["type"],
                    state="" if event["type"].startswith("Execution") else state,
                    entered=entered,
                    error=details.get("error", ""),
                    cause=details.get("cause", ""),
                )
            )
        return found

    def log(self, since: datetime) -> list[LogLine]:
        """What all functions have logged, oldest first."""
        lines = [line for function, group in self.log_groups.items() for line in self._log(function, group, since)]
        return sorted(lines, key=lambda line: line.at)[-LINES:]

    def _log(self, function: str, group: str, since: datetime) -> Iterator[LogLine]:
        reader = self.cloud.client("logs").get_paginator("filter_log_events")
        for page in reader.paginate(logGroupName=group, startTime=int(since.timestamp() * 1000)):
            for event in page["events"]:
                at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
                yield LogLine(at=at, function=function, text=event["message"].rstrip())

    def events(self) -> list[dict[str, Any]]:
        """What it has told on the bus, {"time", "source", "detail-type", "detail"}, oldest first."""
        kept = self.emulator.events_file.read_text().rpartition("\n")[0]
        told: list[dict[str, Any]] = [json.loads(line) for line in kept.splitlines()]
        return [one for one in told if one["source"] == source(self.name[:LONGEST_LABEL])]

    def start(self, task: Mapping[str, Any]) -> str:
        """Ask for `task` ({"title", "details", "requestedBy", "policy", "fields", "links"}); returns its ARN."""
        started = self._workflows.start_execution(
            stateMachineArn=self.outputs["stateMachineArn"], input=json.dumps({"task": dict(task)})
        )
        return str(started["executionArn"])

    def execution(self, name: str) -> str:
        """The ARN of an execution of this stack."""
        return self._target.execution(name)

    @cached_property
    def reader(self) -> Reader:
        return Reader(self._target, self.cloud.client)

    @property
    def _target(self) -> Target:
        return Target(json.loads(self.outputs["operate"]))

    @property
    def _workflows(self) -> Any:
        return self.cloud.client("stepfunctions")


def task_of(text: str) -> dict[str, Any]:
    """The task in an execution's input, which anybody may have written."""
    try:
        task = json.loads(text)["task"]
    except RecursionError:
        return {"title": "An input that is nested too deep to be shown"}
    except (ValueError, KeyError, TypeError):
        return {}
    return task if isinstance(task, dict) else {}
