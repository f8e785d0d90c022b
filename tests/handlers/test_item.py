"""A record as the table keeps it. What other releases wrote is in test_versions.py."""

from __future__ import annotations

from dataclasses import replace

import pytest

from handlers.approvals.adapters.answers import written_answer
from handlers.approvals.adapters.item import from_item, to_item
from handlers.contract.record import Status
from tests.support.records import ANNA, BEN, approved, record, rejected


def test_a_record_survives_being_stored():
    for full in (replace(approved(), version=7), rejected(), record(scheduled_for="2026-11-25T09:00:00Z")):
        assert from_item(to_item(full)) == full


@pytest.mark.parametrize(
    "changes",
    [
        {"votes": {}},
        {"votes": None},
        {"approvalsRequired": 3},
        {"title": "Order lunch"},
        {"details": "Nothing else."},
        {"requestedBy": "anna@example.com"},
        {"status": "REJECTED"},
        {"approvalsRequired": 0, "votes": {}},
    ],
)
def test_a_decision_that_its_votes_do_not_carry_is_none(changes):
    """Whoever may write to the table may write a status and an answer."""
    item = {name: value for name, value in (to_item(approved()) | changes).items() if value is not None}
    read = from_item(item)
    assert read.status is Status.OPEN
    assert read.verdict is not Status.REJECTED


def test_votes_are_kept_apart_from_what_the_mailing_writes():
    """Only the page's role may write that attribute: IAM sees names of the top level only."""
    item = to_item(approved())
    assert item["votes"].keys() == {ANNA, BEN}
    assert "vote" not in str(item["approvers"])


@pytest.mark.parametrize("decided", [approved(), rejected()])
def test_a_decided_record_holds_its_answer_for_runs_that_began_before_it_was_asked_for(decided):
    assert to_item(decided)["answer"] == written_answer(decided)
    assert to_item(record())["answer"] == ""


def test_an_answer_that_somebody_wrote_into_the_table_is_not_kept():
    """It is made of the votes whenever it is needed."""
    forged = to_item(approved()) | {"answer": '{"outcome": "forged"}'}
    assert to_item(from_item(forged)) == to_item(approved())
