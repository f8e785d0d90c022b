"""Everything in an account that somebody could read, as text, and what is found in it.

Metrics are log lines (EMF). The emulator writes no access log; tests/infra sees to it that its format keeps no path.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from sandbox import Sandbox
from sandbox.emulator import Emulator


@dataclass(frozen=True)
class Place:
    """One text that can be read. `kind` says what sort of thing holds it, `name` which one."""

    kind: str
    name: str
    text: str


def leaks(secrets: Iterable[str], places: Iterable[Place]) -> list[str]:
    """Where a secret is, whole or in part: either half of it is worth as much to who wants to find the rest in a log.

    What is returned names the places and never the secret: it ends up in a test's report.
    """
    halves = {half for secret in secrets for half in (secret[: len(secret) // 2], secret[len(secret) // 2 :])}
    assert all(len(half) >= 16 for half in halves), "too short to be found by accident only"
    return [f"{place.kind} {place.name}" for place in places if any(half in place.text for half in halves)]


def account(sandbox: Sandbox) -> Iterator[Place]:
    """What the emulator's account holds after the fact, of whichever stack; each execution and record by itself."""
    logs, lambdas = sandbox.client("logs"), sandbox.client("lambda")
    for group in all_of(logs, "describe_log_groups", "logGroups"):
        events = all_of(logs, "filter_log_events", "events", logGroupName=group["logGroupName"])
        yield Place("log", group["logGroupName"], text([group, *events]))
    for function in all_of(lambdas, "list_functions", "Functions"):
        name = function["FunctionName"]
        yield Place("function", name, text(lambdas.get_function_configuration(FunctionName=name)))
    for table in sandbox.client("dynamodb").list_tables()["TableNames"]:
        for item in all_of(sandbox.client("dynamodb"), "scan", "Items", TableName=table, ConsistentRead=True):
            yield Place("record", item["requestId"]["S"], text(without_open_token(item)))
    for event in sandbox.events():
        yield Place("event", event["detail"]["id"], text(event))
    for number, said in enumerate(sandbox.chat()):
        yield Place("chat", str(number), said)
    yield from executions(sandbox)
    yield from queues(sandbox)
    for rule in sandbox.client("events").list_rules()["Rules"]:
        targets = sandbox.client("events").list_targets_by_rule(Rule=rule["Name"])
        yield Place("trigger", rule["Name"], text([rule, targets["Targets"]]))


def executions(sandbox: Sandbox) -> Iterator[Place]:
    states = sandbox.client("stepfunctions")
    for machine in all_of(states, "list_state_machines", "stateMachines"):
        arn = machine["stateMachineArn"]
        yield Place("definition", arn, text(states.describe_state_machine(stateMachineArn=arn)))
        for execution in all_of(states, "list_executions", "executions", stateMachineArn=arn):
            arn = execution["executionArn"]
            yield Place("execution", arn, text(states.describe_execution(executionArn=arn)))
            history = all_of(states, "get_execution_history", "events", executionArn=arn, includeExecutionData=True)
            yield Place("history", arn, text(list(history)))


def queues(sandbox: Sandbox) -> Iterator[Place]:
    """All queues, hidden messages included."""
    answer = httpx.get(f"{sandbox.cloud.endpoint}/_ministack/sqs/messages", trust_env=False).raise_for_status()
    for regions in answer.json()["messages"].values():
        for held in regions.values():
            for url, messages in held.items():
                yield Place("queue", url, text(messages))


def console(emulator: Emulator) -> Place:
    """What the emulator itself prints, which includes what functions print. AWS has no such log.

    It prints no requests, so nothing of it has to be left out.
    """
    return Place("console", "emulator", emulator.log_file.read_text(errors="replace"))


def without_open_token(item: dict[str, Any]) -> dict[str, Any]:
    """An open request's record may hold its current token, in this one attribute; any other record may not."""
    is_open = item["status"] == {"S": "OPEN"}
    return {name: value for name, value in item.items() if not (is_open and name == "taskToken")}


def all_of(client: Any, operation: str, key: str, **arguments: Any) -> Iterator[Any]:
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from page[key]


def text(value: Any) -> str:
    return json.dumps(value, default=str, ensure_ascii=False)
