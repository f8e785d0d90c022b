"""What one approval uses, counted and not timed: calls, states, invocations, bytes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.counter import Call, Counters
from bench.journey import Browser, approve
from bench.stage import Function, Stack
from sandbox.emulator import Emulator

APPROVALS = 4  # counts are divided by it
LOG_EVENT_BYTES = 26  # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html


@dataclass(frozen=True, kw_only=True)
class Counted:
    """Counts for one approval by one person who opens the page, if there is one, and presses.

    calls        by function, service and operation
    states       entered
    messages     on the queue
    requests     to the HTTP API
    invocations  by entry module
    log_bytes    as CloudWatch Logs counts them
    record_bytes of the record once it is decided; 0 without a record
    metrics      custom metrics, written through the logs
    """

    calls: Mapping[Call, float]
    states: float
    messages: float
    requests: int
    invocations: Mapping[str, float]
    log_bytes: float
    record_bytes: int
    metrics: int

    def operations(self, service: str) -> float:
        return sum(times for call, times in self.calls.items() if call.service == service)


def count(stack: Stack, running: Emulator) -> Counted:
    """Runs approvals with a counter between functions and emulator. Leaves the functions cold, otherwise unchanged."""
    browser = Browser.open()
    with Counters(running.port, [function.entry for function in stack.functions]) as counters:
        stack.configure(counters.variables)
        approve(stack, browser)
        counters.clear()
        lines = Counter({function.entry: len(log_lines(stack, function)) for function in stack.functions})
        executions = [approve(stack, browser).execution for _ in range(APPROVALS)]
        calls = {call: times / APPROVALS for call, times in sorted(counters.calls.items())}
    stack.chill()
    histories = [history(stack, execution) for execution in executions]
    new = {function.entry: log_lines(stack, function)[lines[function.entry] :] for function in stack.functions}
    own = [line for one in new.values() for line in one]
    return Counted(
        calls=calls,
        states=sum(len(entered(events)) for events in histories) / APPROVALS,
        messages=sum(len(sent(events)) for events in histories) / APPROVALS,
        requests=1 if stack.program.looks is None else 2,
        invocations={
            entry: sum(line.startswith("REPORT ") for line in written) / APPROVALS for entry, written in new.items()
        },
        log_bytes=sum(len(line.encode()) + LOG_EVENT_BYTES for line in own) / APPROVALS,
        record_bytes=record_bytes(stack),
        metrics=len({metric for line in own for metric in metrics(line)}),
    )


def history(stack: Stack, execution: str) -> list[dict[str, Any]]:
    found = stack.cloud.client("stepfunctions").get_execution_history(executionArn=execution, maxResults=1000)
    events: list[dict[str, Any]] = found["events"]
    return events


def entered(events: list[dict[str, Any]]) -> list[str]:
    return [event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event]


def sent(events: list[dict[str, Any]]) -> list[Any]:
    scheduled = (event.get("taskScheduledEventDetails", {}) for event in events)
    return [details for details in scheduled if "sqs" in details.get("resource", "")]


def log_lines(stack: Stack, function: Function) -> list[str]:
    found: list[str] = []
    pages = stack.cloud.client("logs").get_paginator("filter_log_events")
    groups = stack.cloud.client("logs").describe_log_groups(logGroupNamePrefix=function.log_group)["logGroups"]
    for group in groups:
        for page in pages.paginate(logGroupName=group["logGroupName"]):
            found += [event["message"] for event in page["events"]]
    return found


def metrics(line: str) -> set[str]:
    """The metrics in a line of CloudWatch's embedded metric format; none for any other line."""
    if '"_aws"' not in line:
        return set()
    written = json.loads(line)
    service = written.get("service", "")
    return {
        f"{service} {metric['Name']}"
        for directive in written["_aws"]["CloudWatchMetrics"]
        for metric in directive["Metrics"]
    }


def record_bytes(stack: Stack) -> int:
    """Of the largest record."""
    table = stack.deployed.outputs.get("approvalTableName")
    if not table:
        return 0
    items = stack.cloud.client("dynamodb").scan(TableName=table)["Items"]
    return max(item_bytes({"M": item}) for item in items)


def item_bytes(value: Mapping[str, Any]) -> int:
    """Approximately the bytes that DynamoDB counts for a value in its wire format.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    ((kind, held),) = value.items()
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + item_bytes(inner) for name, inner in held.items())
    if kind == "L":
        return 3 + sum(1 + item_bytes(inner) for inner in held)
    if kind in {"SS", "NS"}:
        return sum(len(inner.encode()) for inner in held)
    return len(held.encode()) if kind in {"S", "N"} else 1
