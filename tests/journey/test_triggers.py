"""What starts a run besides a person: time and events."""

from __future__ import annotations

import json
import re
from datetime import datetime
from uuid import uuid4

from handlers.contract.question import request_id
from tests.support.stacks import ALICE, JSON, Run, link_in
from tests.support.waiting import until


def test_the_schedule_asks_the_stacks_own_question(triggered):
    def mailed() -> list:
        return [mail for mail in triggered.sandbox.messages() if "Nightly run" in mail.subject and mail.to == ALICE]

    (mail, *_) = until(mailed, "scheduled mail", 60)
    assert "As every night." in mail.body
    link = link_in(mail.body)
    asked = triggered.get(link, **JSON).json()["request"]
    when = f"{datetime.fromisoformat(asked['scheduledFor']):%a %-d %b %Y, %H:%M} UTC"
    assert f"\nScheduled for: {when}\n" in mail.body
    assert mail.subject.endswith(f"Nightly run ({when.partition(' ')[2]})")
    assert f"<dt>Scheduled for</dt><dd>{when}</dd>" in triggered.get(link).text
    assert triggered.press(link).status_code == 200
    machine = triggered.sandbox.outputs["stateMachineArn"]
    (run, *_) = until(
        lambda: triggered.sfn.list_executions(stateMachineArn=machine, statusFilter="SUCCEEDED")["executions"],
        "success of the scheduled run",
    )
    started_with = json.loads(triggered.sfn.describe_execution(executionArn=run["executionArn"])["input"])
    # What makes a second attempt of this schedule at this time the same start.
    assert re.fullmatch(r"arn:aws:scheduler:\S+:schedule/\S+", started_with["scheduleArn"])
    assert started_with["scheduledTime"] == asked["scheduledFor"]
    assert (
        asked["requestId"]
        == request_id(started_with, run["executionArn"])
        == request_id(started_with, f"{run['executionArn']}-2")
    )


def test_an_event_asks_its_own_question_and_others_ask_nothing(triggered):
    wanted, other = f"Payout {uuid4().hex[:8]}", f"Payout {uuid4().hex[:8]}"
    events = triggered.sandbox.client("events")
    for title, amount in ((other, 50), (wanted, 500)):
        detail = {"title": title, "details": {"amount": amount}, "amount": amount, "requestedBy": "shop@example.com"}
        sent = events.put_events(
            Entries=[{"Source": "shop", "DetailType": "Payout requested", "Detail": json.dumps(detail)}]
        )
        assert sent["FailedEntryCount"] == 0
    run = Run(triggered, "", wanted)
    assert "amount: 500" in run.mails(1, to=ALICE)[0].body
    machine = triggered.sandbox.outputs["stateMachineArn"]
    started = [
        triggered.sfn.describe_execution(executionArn=one["executionArn"])["input"]
        for one in triggered.sfn.list_executions(stateMachineArn=machine)["executions"]
    ]
    assert [title for text in started for title in (wanted, other) if title in text] == [wanted]
