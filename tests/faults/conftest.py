"""One stack behind the proxy, with everything that makes a crash long made short."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from tests.faults.proxy import Proxy
from tests.faults.travel import SECONDS, World
from tests.support.stacks import ALICE, BOB, OPERATOR, Stack, running

CONFIG = {
    "approvers": [ALICE, BOB],
    "approvalsRequired": 2,
    "rejectionsRequired": 1,
    "escalateTo": [],
    "operatorEmail": OPERATOR,
    "deadlineSeconds": 1200,
    "reminders": 1,
    "mailsPerSecond": 10,
    "deliveryAttempts": 10,
    "chatNotifications": True,
}
BY_SES = CONFIG | {"mailFrom": "approvals@example.com", "chatNotifications": False}
WORKERS = 8  # so many function processes at once; most wait for a call that does not answer


@pytest.fixture(scope="session")
def worlds() -> Iterator[dict[bool, World]]:
    """One that mails by SNS and, True, one that does by SES."""
    with Proxy() as proxy, running("dev", CONFIG, lambda_endpoint_url=proxy.url) as by_sns:
        proxy.upstream, proxy.emulator = by_sns.emulator.port, by_sns.emulator.pid
        with running("own", BY_SES, emulator=by_sns.emulator) as by_ses:
            stop = threading.Event()
            worlds = {}
            for channel, sandbox in enumerate((by_sns, by_ses)):
                stack = Stack(sandbox)
                limit(stack)
                switch_off_endings(stack)
                worlds[bool(channel)] = World(stack=stack, proxy=proxy, ends=watch(stack, stop))
            yield worlds
            stop.set()


def limit(stack: Stack) -> None:
    """Time, to what a case needs; and one message a batch, so that a crash takes no other request with it."""
    functions = stack.sandbox.client("lambda")
    queues = {stack.sandbox.outputs[one].rpartition("/")[2]: one for one in SECONDS}
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        if ":dynamodb:" in mapping["EventSourceArn"]:  # a case brings what the stream says, too
            functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
            continue
        output = queues.get(mapping["EventSourceArn"].rpartition(":")[2])
        if not output:
            continue
        functions.update_function_configuration(FunctionName=mapping["FunctionArn"], Timeout=SECONDS[output][0])
        functions.update_event_source_mapping(
            UUID=mapping["UUID"], BatchSize=1, ScalingConfig={"MaximumConcurrency": WORKERS}
        )


def switch_off_endings(stack: Stack) -> None:
    """Word of an ending would fix what a case looks at, so a case brings it itself."""
    events = stack.sandbox.client("events")
    for rule in events.list_rules(NamePrefix="approvals-reconcile-endings")["Rules"]:
        events.disable_rule(Name=rule["Name"])


def watch(stack: Stack, stop: threading.Event) -> Callable[[str], str | None]:
    """How an execution ended, None as long as it runs; one look at all of them serves all who wait."""
    ended: dict[str, str] = {}

    def look() -> None:
        while not stop.wait(1):
            pages = stack.sfn.get_paginator("list_executions").paginate(
                stateMachineArn=stack.sandbox.outputs["stateMachineArn"]
            )
            for page in pages:
                ended.update(
                    {one["executionArn"]: one["status"] for one in page["executions"] if one["status"] != "RUNNING"}
                )

    threading.Thread(target=look, daemon=True).start()
    return ended.get
