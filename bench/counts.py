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
    page_bytes   of what a look at the request shows; 0 without a page
    metrics      custom metrics, written through the logs
    """

    calls: Mapping[Call, float]
    states: float
    messages: float
    requests: int
    invocations: Mapping[str, float]
    log_bytes: float
    record_bytes: int
    page_bytes: int
    metrics: int

    def operations(self, service: str) -> float:
        return sum(times for call, times in self.calls.items() if call.service == service)


def count(stack: Stack, running: Emulator) -> Counted:
    """Runs approvals with a counter between functions and emulator. Leaves the functions cold, otherwise unchanged."""
    browser = Browser.open()
    with Counters(running.port, [function.entry for function in stack.functions]) as counters:
        stack.configure(counters.variables)
        approve(stack, browser)
        counters.calls.clear()
        lines = Counter({function.entry: len(log_lines(stack, function)) for function in stack.functions})
        approved = [approve(stack, browser) for _ in range(APPROVALS)]
        calls = {call: times / APPROVALS for call, times in sorted(counters.calls.items())}
    stack.chill()
    events = [event for one in approved for event in history(stack, one.execution)]
    new = {function.entry: log_lines(stack, function)[lines[function.entry] :] for function in stack.functions}
    own = [line for one in new.values() for line in one]
    return Counted(
        calls=calls,
        states=sum("stateEnteredEventDetails" in event for event in events) / APPROVALS,
        messages=sum(is_message(event) for event in events) / APPROVALS,
        requests=1 if stack.program.looks is None else 2,
        invocations={
            entry: sum(line.startswith("REPORT ") for line in written) / APPROVALS for entry, written in new.items()
        },
        log_bytes=sum(len(line.encode()) + LOG_EVENT_BYTES for line in own) / APPROVALS,
        record_bytes=record_bytes(stack),
        page_bytes=approved[0].page_bytes,
        metrics=len({metric for line in own for metric in metrics(line)}),
    )


def history(stack: Stack, execution: str) -> list[dict[str, Any]]:
    found = stack.cloud.client("stepfunctions").get_execution_history(executionArn=execution, maxResults=1000)
    events: list[dict[str, Any]] = found["events"]
    return events


def is_message(event: Mapping[str, Any]) -> bool:
    return "sqs" in event.get("taskScheduledEventDetails", {}).get("resource", "")


def log_lines(stack: Stack, function: Function) -> list[str]:
    """None as long as it was never called."""
    logs = stack.cloud.client("logs")
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=function.log_group)
    return [event["message"] for page in pages for event in page["events"]]


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
