"""A record as the table keeps it. What other releases wrote is in test_versions.py."""

from __future__ import annotations

from dataclasses import replace

import pytest

from handlers.approvals.adapters.answers import approval
from handlers.approvals.adapters.item import from_item, to_item
from handlers.contract.policy import Group, as_json, policy_digest
from handlers.contract.record import Status
from tests.support.records import ANNA, BEN, CARLA, approved, policy, record, rejected


def test_a_record_survives_being_stored():
    for full in (replace(approved(), version=7), rejected(), record(scheduled_for="2026-11-25T09:00:00Z")):
        assert from_item(to_item(full)) == full


@pytest.mark.parametrize(
    "changes",
    [
        {"votes": {}},
        {"votes": None},
        {"policy": as_json(policy(approvals_required=3))},
        {"policy": as_json(policy(approvers=(ANNA, CARLA)))},
        {"policy": as_json(policy(groups={"finance": Group(approvers=(CARLA,))}))},
        {"title": "Order lunch"},
        {"details": "Nothing else."},
        {"requestedBy": "anna@example.com"},
        {"status": "REJECTED"},
        {"policy": as_json(policy(approvals_required=1)), "votes": {}},
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


def test_a_policy_that_somebody_changed_in_the_table_has_another_digest_than_the_run_asked_under():
    """The digest is made of what the record says whenever it is needed."""
    forged = to_item(approved()) | {"policy": as_json(policy(approvals_required=1)) | {"digest": "forged"}}
    told = approval(from_item(forged))["policyDigest"]
    assert told == policy_digest(policy(approvals_required=1)) != approval(approved())["policyDigest"]
