"""`rehearse` on a deployed stack, in the operator's policy alone: it passes, and finds each fault that is put in."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest

from operate import rehearse, stack
from operate.doctor import checks
from operate.rehearse import AS_ASKED, Rehearsal
from tests.support.operating import Operator, Told
from tests.support.stacks import ALICE, BOB, QUICK, Stack, link_in, running
from tests.support.waiting import until

# What is wrong: the check that has to find it, and the remedy.
FAULTS = {
    "policy of approvals-requests-queue": "pulumi up",
    f"subscription of {ALICE}": "pulumi up",
    "consumer announce-changes": "update-event-source-mapping",
    "redrive policies of trigger-dead-letters": "pulumi up",
    "retention of page-access-logs": "pulumi up",
    "definition": "pulumi up",
    "log of announce": "Has it been called?",
    "no link and no token in page-access-logs": "answer for people",
    "alarm-api-errors": "operations.md#alarms",
}


class Rehearsed:
    """Runs the command as somebody who has the operator's policy and nothing else."""

    def __init__(self, stack: Stack) -> None:
        self.stack, self.known = stack, json.loads(stack.sandbox.outputs["operate"])
        self.operator = Operator(stack, "olga", stack.sandbox.outputs["operatorPolicy"])

    def __call__(self, *options: str, press: str = "", typed: str = "", patience: int = 60) -> Told:
        """The whole of it, while somebody presses."""
        known = len(self.stack.sandbox.messages())
        with ThreadPoolExecutor() as people, patch.object(rehearse, "PATIENCE", patience):
            pressed = people.submit(self._press, known, press) if press else None
            told = self.operator("rehearse", "--json", "--timeout", "60s", *options, typed=typed)
        assert not pressed or pressed.result() == 200
        return told

    def _press(self, known: int, button: str) -> int:
        link = self.link(known)
        assert self.stack.get(link).status_code == 200
        return self.stack.press(link, button, "As told.").status_code

    def link(self, known: int) -> str:
        """That of the request which is to be answered, in a mail after those that are known."""

        def look() -> str:
            mails = self.stack.sandbox.messages()[known:]
            return next((link_in(one.body) for one in mails if "please press" in one.subject), "")

        return until(look, "mail of the rehearsal")

    def runs(self, **which: Any) -> list[str]:
        machine = self.known["stateMachineArn"]
        found = self.stack.sfn.list_executions(stateMachineArn=machine, **which)["executions"]
        return [one["executionArn"] for one in found]


def failed(told: Told) -> dict[str, str]:
    """The remedies."""
    return {one["check"]: one["remedy"] for one in told.data if not one["ok"]}


def passed(told: Told) -> set[str]:
    return {one["check"] for one in told.data if one["ok"]}


def xray(*parts: str) -> Any:
    """The emulator has none. This one has a trace of these parts, if of any."""
    segments = [{"Document": json.dumps({"name": part})} for part in parts]
    return SimpleNamespace(batch_get_traces=lambda TraceIds: {"Traces": [{"Segments": segments}] if parts else []})  # noqa: N803 - AWS's name


@pytest.fixture(scope="module")
def rehearsed(emulator) -> Iterator[Rehearsed]:
    real = stack.Stack.client.func  # type: ignore[attr-defined]

    def client(here: Any) -> Any:
        make = real(here)
        return lambda service: xray("machine", "ask") if service == "xray" else make(service)

    (traced := cached_property(client)).__set_name__(stack.Stack, "client")
    with (
        running("dev", QUICK | {"approvers": [ALICE]}, emulator=emulator) as sandbox,
        patch.object(stack.Stack, "client", traced),
    ):
        yield Rehearsed(Stack(sandbox))


def test_a_rehearsal_that_is_rejected_passes_whole_and_runs_nothing(rehearsed):
    told, known = rehearsed(press="reject"), rehearsed.known
    assert told.code == 0, failed(told) or told.err
    functions = ("ask", "page", "operate", "reconcile", "announce")
    story = ("asked", "mailed", AS_ASKED, "link opened", "record", "ending", "second start", "definition", "trace")
    assert passed(told) >= {
        *story,
        *("cancelled, and its record closed", "metric Requested", "metric Mails", "metric Rejected"),
        *(f"log of {name}" for name in functions),
        *(f"no link and no token in {name}" for name in known["logGroups"]),
        *(f"letters in {name}" for name in known["queues"] if name != "requests-queue"),
        *known["alarms"],
    }
    assert "press Reject" in told.err
    assert not rehearsed.runs(statusFilter="RUNNING")
    logs, group = rehearsed.stack.sandbox.client("logs"), known["logGroups"]["workflow-process-logs"]
    assert not logs.filter_log_events(logGroupName=group)["events"]


def test_the_other_way_starts_nothing_unless_the_stacks_name_is_typed(rehearsed):
    known = rehearsed.runs()
    told = rehearsed("--approve", typed="prod\n")
    assert told.code == 1
    assert "nothing has been started" in told.err
    assert rehearsed.runs() == known


def test_ctrl_c_stops_its_run(rehearsed):
    known = len(rehearsed.stack.sandbox.messages())
    process = rehearsed.operator.begin("rehearse")
    link = rehearsed.link(known)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert not rehearsed.runs(statusFilter="RUNNING")
    until(lambda: rehearsed.stack.seen(link.split("/")[-2]).status == "CLOSED", "closed record")


@pytest.fixture(scope="module")
def faulty(rehearsed) -> Rehearsed:
    """Somebody has changed what was deployed, something logs a link, an alarm fires, and nobody is told anything."""
    client, known = rehearsed.stack.sandbox.client, rehearsed.known
    for name, attribute in (("requests-queue", "Policy"), ("trigger-dead-letters", "RedriveAllowPolicy")):
        url = client("sqs").get_queue_url(QueueName=known["queues"][name])["QueueUrl"]
        client("sqs").set_queue_attributes(QueueUrl=url, Attributes={attribute: ""})
    (alice,) = client("sns").list_subscriptions_by_topic(TopicArn=known["approverTopicArn"])["Subscriptions"]
    others = {"AttributeName": "FilterPolicy", "AttributeValue": json.dumps({"approver": [ALICE, BOB]})}
    client("sns").set_subscription_attributes(SubscriptionArn=alice["SubscriptionArn"], **others)
    client("lambda").update_event_source_mapping(UUID=known["mappings"]["announce-changes"], Enabled=False)
    machine = {"stateMachineArn": known["stateMachineArn"]}
    definition = json.loads(client("stepfunctions").describe_state_machine(**machine)["definition"])
    changed = json.dumps(definition | {"Comment": "Mine."})
    client("stepfunctions").update_state_machine(**machine, definition=changed)
    stream = {"logGroupName": known["logGroups"]["page-access-logs"], "logStreamName": "s"}
    client("logs").put_retention_policy(logGroupName=stream["logGroupName"], retentionInDays=1)
    client("logs").create_log_stream(**stream)
    line = {"timestamp": int(time.time() * 1000) + 60_000, "message": '{"path":"/approvals/6b999b6b/kXz0Zc3M"}'}
    client("logs").put_log_events(**stream, logEvents=[line])
    alarm = {"AlarmName": known["alarms"]["alarm-api-errors"], "StateValue": "ALARM", "StateReason": "A test."}
    client("cloudwatch").set_alarm_state(**alarm)
    return rehearsed


@pytest.fixture(scope="module")
def approved(faulty) -> Told:
    return faulty("--approve", typed="dev\n", press="approve", patience=10)


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_is_found_with_its_remedy(approved, fault):
    assert FAULTS[fault] in next(remedy for check, remedy in failed(approved).items() if check.startswith(fault))


def test_the_other_way_runs_what_it_has_named_before(approved, faulty):
    assert approved.out.startswith("["), "what is asked is no data"
    assert f"this runs: {faulty.stack.sandbox.outputs['processTaskFunctionArn']}" in approved.err
    assert {AS_ASKED, "record", "ending", "metric Approved", "log of workflow-process"} <= passed(approved)
    assert len(failed(approved)) == len(FAULTS), failed(approved)


def test_an_approval_of_what_asked_for_a_rejection_is_told_first(faulty):
    told = faulty(press="approve")
    first = told.data[0]
    assert (told.code, first["check"], first["ok"]) == (1, AS_ASKED, False)
    assert f"{ALICE} approved" in first["detail"]
    assert "the main processing runs" in first["detail"]
    assert "ending" not in passed(told) | failed(told).keys()
    assert told.err.rindex(AS_ASKED) < told.err.rindex("definition")


def test_a_stack_that_asks_nobody_is_found_and_its_run_is_stopped(faulty):
    uuid = faulty.known["mappings"]["ask-requests"]
    faulty.stack.sandbox.client("lambda").update_event_source_mapping(UUID=uuid, Enabled=False)
    told = faulty(patience=2)
    assert told.code == 1
    assert {"consumer ask-requests", "asked"} <= failed(told).keys()
    assert "mailed" not in passed(told) | failed(told).keys()
    assert not faulty.runs(statusFilter="RUNNING")


@pytest.mark.parametrize(
    ("parts", "measured", "found"),
    [
        ([], [], {"trace", "metric Requested", "metric Mails", "metric Rejected"}),
        (["machine"], [0.0], {"trace", "metric Requested", "metric Mails", "metric Rejected"}),
        (["machine", "ask"], [1.0, 2.0], set()),
    ],
)
def test_a_trace_has_the_state_machine_and_functions_and_a_metric_more_than_zero(parts, measured, found, monkeypatch):
    monkeypatch.setattr(rehearse, "PATIENCE", 0)
    known = {"label": "dev", "functions": {}, "logGroups": {}}
    here: Any = SimpleNamespace(
        target=known, reader=None, client={"xray": xray(*parts)}.get, measured=lambda *_: measured
    )
    trail = Rehearsal(here, approve=False, people_seconds=1)._trail()
    looks = (one for one in trail if one[0] == "trace" or one[0].startswith("metric"))
    assert {one.check for one in checks(looks) if not one.ok} == found
