"""A record as the table keeps it. What other releases write is in test_versions.py."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.approvals.faces import page
from handlers.approvals.faces.answers import approval
from handlers.approvals.faces.page import State
from handlers.approvals.faces.program import request_for_programs
from handlers.approvals.parsing.item import from_item, to_item
from handlers.approvals.rules.record import Approver, Lease, Record
from handlers.approvals.rules.rounds import Kind, recipients
from handlers.contract.policy import Group, Policy, as_json, policy_digest
from handlers.contract.record import Status
from tests.support import plain
from tests.support.policies import policies
from tests.support.records import ANNA, ASKED_AT, BEN, CARLA, approved, policy, record, vote, voted


@pytest.mark.parametrize(
    "changes",
    [
        {"votes": {}},
        {"votes": None},
        {"policy": as_json(policy(approvals_required=3))},
        {"policy": as_json(policy(approvers=(ANNA, CARLA)))},
        {"policy": as_json(policy(approvals_required=1)), "votes": {}},
        {"title": "Order lunch"},
        {"details": "Nothing else."},
        {"requestedBy": "anna@example.com"},
        {"status": "REJECTED"},
    ],
)
def test_a_decision_that_its_votes_do_not_carry_is_none(changes):
    """Whoever may write to the table may write a status and an answer."""
    assert from_item(to_item(approved())) == approved()
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


def mixed(value: Any, random: Random) -> Any:
    """With the entries of each map in another order."""
    if isinstance(value, dict):
        return {name: mixed(value[name], random) for name in random.sample(list(value), len(value))}
    return [mixed(one, random) for one in value] if isinstance(value, list) else value


def seen(one: Record) -> str:
    """All that people and programs are shown of it, and whom a round asks in which order."""
    shown = page.html(State.OPEN, record=one, who=next(iter(one.policy.everybody)))
    bodies = [
        plain.body(one, who, Kind.ESCALATION, "https://example.com", "test", "UTC") for who in sorted(one.approvers)
    ]
    told = [request_for_programs(one, ANNA), approval(one), recipients(replace(one, round=2))]
    return json.dumps([shown, bodies, told, as_json(one.policy), one.digest])


@given(policies(), st.randoms(use_true_random=False))
def test_whatever_order_a_table_gives_its_maps_in_people_see_one(asked: Policy, random: Random):
    """DynamoDB keeps none. The policy's lists do: people come in their order, the last round's contacts at the end."""
    cast = {who: vote(at=ASKED_AT) for who in [*asked.everybody][:2]}
    kept = voted(cast, policy=asked, approvers={who: Approver(mailed_round=1) for who in asked.everybody})
    read = from_item(mixed(to_item(kept), random))
    assert seen(read) == seen(kept)
    assert list(read.approvers) == list(asked.everybody)


def test_groups_come_by_name_and_people_as_their_group_lists_them():
    asked = policy(approvers=(), groups={"legal": Group(approvers=(ANNA,)), "finance": Group(approvers=(CARLA, BEN))})
    read = from_item(to_item(record(policy=asked)))
    assert list(read.policy.groups) == ["finance", "legal"]
    assert list(read.approvers) == [CARLA, BEN, ANNA]


def test_what_a_later_release_adds_at_any_depth_is_ignored():
    """Only what must not be ignored needs a new version."""
    kept = record(lease=Lease(owner="one", until=ASKED_AT), approvers={ANNA: Approver(vote=vote())})

    def with_more(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        more = {name: with_more(one) for name, one in value.items()}
        return more if ANNA in value else more | {"new": "unheard of"}

    item = to_item(kept)
    assert (
        from_item(with_more({name: item[name] for name in item if name != "policy"}) | {"policy": item["policy"]})
        == kept
    )
