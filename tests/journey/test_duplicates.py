"""Services deliver at least once: the same start, delivered twice, asks once and goes on once."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest

from tests.support.stacks import ALICE, BOB, CAROL, OPERATOR, Run, Stack
from tests.support.waiting import until


def event(title: str, **changes: Any) -> dict[str, Any]:
    """As EventBridge hands it to an execution."""
    return {
        "version": "0",
        "id": str(uuid4()),
        "detail-type": "Payout requested",
        "source": "shop",
        "account": "000000000000",
        "time": "2026-11-25T09:00:00Z",
        "region": "eu-central-1",
        "resources": [],
        "detail": {"title": title, "details": {"amount": 500}},
    } | changes


def scheduled(title: str) -> dict[str, Any]:
    """As Scheduler hands it to an execution, with an attempt's own ids in nothing that we ask for."""
    return {
        "task": {"title": title, "details": ""},
        "scheduledTime": "2026-11-25T09:00:00Z",
        "scheduleArn": f"arn:aws:scheduler:eu-central-1:000000000000:schedule/nightly/{uuid4()}",
    }


def started(stack: Stack, trigger: dict[str, Any], title: str) -> Run:
    return Run(stack, stack.start_raw(trigger), title)


def is_a_duplicate_of(second: Run, first: Run) -> None:
    error, cause = second.failed()
    assert error == "Duplicate"
    assert first.arn in cause
    assert "Return to main processing" not in second.states()


@pytest.mark.parametrize("start", [event, scheduled])
def test_the_same_start_asks_once_while_the_first_run_waits_and_after_its_end(plain, start):
    title = f"Payout {uuid4().hex[:8]}"
    trigger = start(title)
    first = started(plain, trigger, title)
    first.mails(3)
    is_a_duplicate_of(started(plain, trigger, title), first)
    assert first.status == "RUNNING"
    assert plain.press(first.link(BOB)).status_code == 200
    assert first.succeeded()["result"]["approvedBy"] == [BOB]
    is_a_duplicate_of(started(plain, trigger, title), first)
    assert sorted(mail.to for mail in first.mails(3)) == [ALICE, BOB, CAROL]
    assert not [mail for mail in plain.sandbox.messages() if mail.to == OPERATOR and "Duplicate" in mail.body]


def test_two_runs_of_one_start_at_the_same_moment_ask_once(plain):
    title = f"Payout {uuid4().hex[:8]}"
    trigger = event(title)
    runs = [started(plain, trigger, title) for _ in range(3)]
    over = until(lambda: len(ended := [run for run in runs if run.status != "RUNNING"]) == 2 and ended, "two ends")
    (first,) = [run for run in runs if run not in over]
    for second in over:
        is_a_duplicate_of(second, first)
    assert sorted(mail.to for mail in first.mails(3)) == [ALICE, BOB, CAROL]
    plain.press(first.link(), "reject", "Not this month.")
    assert first.failed()[0] == "Rejected"


def test_a_stopped_duplicate_leaves_the_request_of_the_first_run_open(plain):
    title = f"Payout {uuid4().hex[:8]}"
    trigger = event(title)
    first = started(plain, trigger, title)
    first.mails(3)
    second = started(plain, trigger, title)
    plain.sfn.stop_execution(executionArn=second.arn)
    second.ended()
    assert plain.press(first.link()).status_code == 200
    first.succeeded()


def test_what_a_rule_has_started_is_not_asked_again_by_its_own_input(triggered):
    title = f"Payout {uuid4().hex[:8]}"
    detail = {"title": title, "amount": 500}
    triggered.sandbox.client("events").put_events(
        Entries=[{"Source": "shop", "DetailType": "Payout requested", "Detail": json.dumps(detail)}]
    )
    machine = triggered.sandbox.outputs["stateMachineArn"]

    def started_by_the_rule() -> Run | None:
        for execution in triggered.sfn.list_executions(stateMachineArn=machine)["executions"]:
            if title in triggered.sfn.describe_execution(executionArn=execution["executionArn"])["input"]:
                return Run(triggered, execution["executionArn"], title)
        return None

    first = until(started_by_the_rule, "run")
    first.mails(3)
    again = triggered.sfn.start_execution(stateMachineArn=machine, input=first.described()["input"])
    is_a_duplicate_of(Run(triggered, again["executionArn"], title), first)
    asked_anew = json.loads(first.described()["input"])
    del asked_anew["id"]
    anew = Run(triggered, triggered.start_raw(asked_anew), title)
    until(lambda: len(anew.mails(6)) == 6, "mails of the start that was made anew on purpose")
