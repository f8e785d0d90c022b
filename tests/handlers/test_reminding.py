"""Who can be reminded by hand, and what becomes of their record."""

from __future__ import annotations

from dataclasses import replace

import pytest

from handlers.approvals.parsing.item import from_item, to_item
from handlers.approvals.rules.decisions import CLOCK_SKEW_SECONDS
from handlers.approvals.rules.record import Lease, Record, Undelivered
from handlers.approvals.rules.refusal import Reason, Refusal
from handlers.approvals.rules.reminding import remind
from handlers.contract.record import MOST_REMINDERS
from tests.support.events import OPERATOR
from tests.support.records import ANNA, ASKED_AT, BEN, BOSS, CARLA, DEADLINE, REQUEST_ID, approved, record, vote, voted

NOW = ASKED_AT + 600
NEW = "e2" * 32


def anna(**changes: object) -> Record:
    return record().with_approver(ANNA, **changes)


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (record(lease=Lease(owner="a worker", until=NOW + 60)), ASKED_AT + 1),  # the round's mail has just gone out
        (record(), DEADLINE + CLOCK_SKEW_SECONDS),
        (anna(mailed_round=2, missed_rounds=1, undelivered=Undelivered("Bounce", "full", permanent=False)), NOW),
        (anna(reminders=MOST_REMINDERS - 1, reminded_at=NOW - 60), NOW),
    ],
)
def test_whoever_waits_gets_a_link_beside_their_others_and_the_record_says_who_sent_it(before, now):
    after = remind(before, ANNA, OPERATOR, NEW, now)
    assert isinstance(after, Record)
    one = before.approvers[ANNA]
    links = (*one.links, NEW)
    expected = before.with_approver(ANNA, links=links, reminders=one.reminders + 1, reminded_at=now)
    assert after == replace(expected, reminded_by=OPERATOR)
    assert from_item(to_item(after)) == after
    assert remind(after, ANNA, OPERATOR, NEW, now) == after, "a write whose response was lost"


@pytest.mark.parametrize(
    ("before", "who", "words"),
    [
        (approved(), CARLA, f"request {REQUEST_ID} is over: decided"),
        (record(deadline=NOW - CLOCK_SKEW_SECONDS - 1), ANNA, f"request {REQUEST_ID} is over: expired"),
        (record(requested_by=BEN), BEN, f"{BEN} is named as the requester, and may not decide"),
        (record(escalate_to=(BOSS,)), BOSS, f"{BOSS} was never asked"),
        (record(), "mallory@example.com", "mallory@example.com was never asked"),
        (anna(mailed_round=0), ANNA, f"{ANNA} was never asked"),
        (voted({ANNA: vote()}), ANNA, f"{ANNA} has answered"),
        (anna(undelivered=Undelivered("Bounce", "gone", permanent=True)), ANNA, f"no mail reaches {ANNA}"),
        (anna(reminders=MOST_REMINDERS), ANNA, f"{ANNA} was reminded 5 times by hand, which is the most"),
        (anna(reminded_at=NOW - 59), ANNA, f"{ANNA} was reminded less than a minute ago: try again in 1 s"),
    ],
)
def test_whoever_is_owed_nothing_is_refused_by_name(before, who, words):
    assert remind(before, who, OPERATOR, NEW, NOW) == Refusal(reason=Reason.NOT_DONE, words=words)
