"""The demo, where its request needs more than one person."""

from __future__ import annotations

import json

import httpx
import pytest

from sandbox.demo import APPROVED, CHOSEN, REJECTED, TASK, answer, news
from sandbox.timeline import Timeline
from tests.support.stacks import running

ANN, BEN, CLEO, DORA = (f"{name}@example.com" for name in ("ann", "ben", "cleo", "dora"))
CONFIG = {
    "mailsPerSecond": 10,
    "policies": {
        "payout": {
            "groups": {"finance": {"approvers": [ANN, BEN]}, "legal": {"approvers": [CLEO, DORA]}},
            "rejectionsRequired": 2,
        },
    },
}


@pytest.fixture
def sandbox(emulator, request):
    """One for each test: the demo answers all mail that there is."""
    with running("dev", CONFIG | getattr(request, "param", {}), emulator=emulator) as started:
        yield started
        started.deployed.destroy()


def finished(sandbox, ending):
    """The execution, after people have answered in this way."""
    execution = sandbox.stack.start(TASK | {"policy": "payout"})
    answer(sandbox, execution, ending, Timeline())
    return sandbox.client("stepfunctions").describe_execution(executionArn=execution)


def test_people_approve_until_each_group_has_and_nobody_is_asked_for_more(sandbox):
    ended = finished(sandbox, APPROVED)
    assert ended["status"] == "SUCCEEDED"
    output = json.loads(ended["output"])
    assert output["result"]["approvedBy"] == [ANN, BEN, CLEO]
    assert output["approval"]["values"] == {"region": CHOSEN}


def test_people_reject_until_there_are_enough(sandbox):
    ended = finished(sandbox, REJECTED)
    assert (ended["status"], ended["error"]) == ("FAILED", "Rejected")
    assert f"{ANN}: " in ended["cause"]
    assert f"{BEN}: " in ended["cause"]


def test_the_demo_ends_with_the_mails_about_the_decision(sandbox, capsys):
    execution = sandbox.stack.start(TASK | {"policy": "payout"})
    answer(sandbox, execution, APPROVED, Timeline())
    capsys.readouterr()
    news(sandbox, execution, Timeline())
    told = capsys.readouterr().out
    assert [who for who in (ANN, BEN, CLEO, DORA) if f"To: {who}" in told] == [ANN, BEN, DORA]
    assert told.count(f"Subject: [dev] Approved: {TASK['title']}") == 3
    assert told.count("From: AWS Notifications <no-reply@sns.amazonaws.com>") == 3
    assert {one["detail-type"] for one in sandbox.events()} >= {"Approval Requested", "Approval Decided"}
    shown = httpx.get(sandbox.inbox_url, trust_env=False).text
    assert "Approval Decided" in shown
    assert f"{CLEO} approve: Looks good to me." in shown


@pytest.mark.parametrize("sandbox", [{"mailFrom": "approvals@example.com"}], indirect=True)
def test_it_shows_mails_from_an_address_of_ones_own_which_tell_the_requester_too(sandbox, capsys):
    execution = sandbox.stack.start(TASK)
    answer(sandbox, execution, APPROVED, Timeline())
    news(sandbox, execution, Timeline())
    told = capsys.readouterr().out
    assert told.count("From: approvals@example.com") == told.count("Mail for ") == 3
    assert f"To: {TASK['requestedBy']}" in told
