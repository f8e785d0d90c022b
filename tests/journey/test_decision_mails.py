"""How a request ended reaches everybody who was asked, and whoever asked if they are subscribed; each once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.stacks import ALICE, BOB, CAROL, Run, Stack
from tests.support.waiting import until


@pytest.fixture(scope="module")
def stack(deployed) -> Iterator[Stack]:
    """Carol approves payouts only."""
    with deployed("dev", approvers=[ALICE, BOB], policies={"payout": {"approvers": [CAROL]}}) as stack:
        yield stack


def news(run: Run, people: set[str]) -> list[Any]:
    """All mails about how this run ended, once these people have one and the record says so."""

    def look() -> list[Any]:
        found = [one for one in run.stack.sandbox.messages() if run.title in one.subject and "http" not in one.body]
        return found if people <= {one.to for one in found} else []

    found = until(look, f"news of {run.title}")
    until(lambda: "lease" not in run.item(), "end of the mailing")
    assert Counter(one.to for one in look()) == Counter(people)
    assert all("You have nothing to do." in one.body for one in found)
    return found


@pytest.mark.parametrize(("decision", "headline"), [("approve", "Approved"), ("reject", "Rejected")])
def test_the_others_and_an_approver_of_another_policy_who_asked_hear_of_a_decision(stack, decision, headline):
    run = stack.start(requestedBy="Carol@Example.com")
    stack.press(run.link(ALICE), decision, "As agreed.")
    for mail in news(run, {BOB, CAROL}):
        assert mail.subject == f"[dev] {headline}: {run.title}"
        assert ALICE in mail.body
        assert "As agreed." in mail.body


def test_all_hear_that_a_run_was_stopped_and_why(stack):
    run = stack.start()
    run.mails(2)
    stack.sfn.stop_execution(executionArn=run.arn, error="Ops", cause="The wrong release.")
    for mail in news(run, {ALICE, BOB}):
        assert mail.subject == f"[dev] Stopped: {run.title}"
        assert "The wrong release." in mail.body


def test_all_hear_that_a_request_has_expired(stack):
    run = stack.start()
    run.mails(2)
    assert stack.sandbox.emulator.end_round(run.arn)
    assert run.failed()[0] == "Expired"
    for mail in news(run, {ALICE, BOB}):
        assert mail.subject == f"[dev] Expired: {run.title}"
