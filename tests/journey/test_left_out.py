"""Whoever is named as the requester, however that is written, neither decides nor is left in the dark."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.support.stacks import ALICE, BOB, CAROL, Run, Stack
from tests.support.waiting import until

ROLE = "arn:aws:sts::123456789012:assumed-role/Ops/"


def by_event(stack: Stack, requester: str) -> Run:
    title = f"Payout {uuid4().hex[:8]}"
    detail = {"title": title, "requestedBy": requester}
    event = {"id": str(uuid4()), "detail-type": "Payout requested", "source": "shop", "detail": detail}
    return Run(stack, stack.start_raw(event), title)


def told(run: Run) -> list[Any]:
    """The mails to whoever is left out of this run."""
    return [one for one in run.stack.sandbox.messages() if f"You are not asked: {run.title}" in one.subject]


def test_an_approver_whom_an_event_names_as_its_requester_hears_that_they_are_left_out(plain):
    run = by_event(plain, BOB)
    (mail,) = until(lambda: told(run), "mail to whoever is left out")
    assert mail.to == BOB
    assert "You are named as its requester" in mail.body
    assert f"Asked by: {BOB}" in mail.body
    assert "http" not in mail.body
    assert sorted(one.to for one in run.mails(2)) == [ALICE, CAROL]
    until(lambda: run.item().get("toldLeftOut") == [BOB], "note that they know")
    plain.press(run.link())
    run.succeeded()
    assert len(told(run)) == 1


def test_an_honest_sender_whose_requester_is_a_role_lets_nobody_approve_their_own_request(plain):
    run = plain.start(requestedBy=ROLE + ALICE)
    assert sorted(one.to for one in run.mails(2)) == [BOB, CAROL]
    assert [one.to for one in until(lambda: told(run), "mail to whoever is left out")] == [ALICE]
    assert plain.press(run.link(BOB)).status_code == 200
    assert [vote["approver"] for vote in run.succeeded()["approval"]["votes"]] == [BOB]


def test_whoever_asks_by_their_own_address_is_neither_asked_nor_told(plain):
    run = plain.start(requestedBy=ALICE)
    run.mails(2)
    plain.press(run.link(BOB))
    run.succeeded()
    assert sorted(one.to for one in run.mails(2)) == [BOB, CAROL]
    assert not told(run)


@pytest.mark.parametrize("start", [by_event, lambda stack, requester: stack.start(requestedBy=requester)])
def test_where_too_few_are_left_they_hear_of_it_before_the_run_fails(plain, start):
    run = start(plain, f"{ALICE}, {BOB}; Carol <{CAROL}>")
    assert run.failed()[0] == "TooFewApprovers"
    assert sorted({one.to for one in until(lambda: len(told(run)) >= 3 and told(run), "three mails")}) == [
        ALICE,
        BOB,
        CAROL,
    ]
