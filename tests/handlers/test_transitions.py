"""Which events a write makes. Random walks through a request's life are in tests/properties/world.py."""

from __future__ import annotations

from dataclasses import replace

import pytest

from handlers.approvals.parsing.item import from_item, to_item
from handlers.approvals.rules import announcing, decisions, endings, reminding, rounds
from handlers.approvals.rules.endings import Execution
from handlers.approvals.rules.record import Decision, Lease, Record
from handlers.approvals.rules.transitions import Transition, transitions
from handlers.contract.events import EventType
from handlers.contract.record import Status
from tests.support.events import OPERATOR
from tests.support.records import ANNA, BEN, BOSS, CARLA, approved, asking, giving, record, rejected, vote, voted

FIELD = {"name": "ticket", "label": "Ticket", "type": "text"}
STOPPED = Execution(status="ABORTED", error="Stopped", cause="Wrong day.")
LEASE = Lease(owner="somebody", until=1)
OPEN = record()


def cast(before: Record, who: str, decision: Decision = Decision.APPROVE) -> Record:
    after = decisions.cast(before, who, vote(decision))
    assert isinstance(after, Record)
    return after


def reminded(before: Record, now: int = 0) -> Record:
    after = reminding.remind(before, ANNA, OPERATOR, f"e{now}" * 32, before.deadline - 600 + now)
    assert isinstance(after, Record)
    return after


WRITES = {
    "the first": (None, OPEN, ["Requested"]),
    "the first, which is already closed": (None, replace(OPEN, status=Status.CLOSED), ["Requested", "Closed"]),
    "a record made anew by another run": (approved(), replace(OPEN, execution_arn="arn:another"), ["Requested"]),
    "a round": (OPEN, replace(OPEN, round=2, lease=LEASE), ["Reminded"]),
    "a round without anybody left": (
        voted({who: vote() for who in (ANNA, BEN, CARLA)}, approvals_required=4),
        voted({who: vote() for who in (ANNA, BEN, CARLA)}, approvals_required=4, round=2),
        [],
    ),
    "a vote": (OPEN, cast(OPEN, ANNA), ["Voted by anna"]),
    "a vote that decides": (
        voted({ANNA: vote()}),
        cast(voted({ANNA: vote()}), BEN),
        ["Voted by ben", "Decided"],
    ),
    "an expiry": (OPEN, replace(OPEN, status=Status.EXPIRED), ["Expired"]),
    "a stop": (OPEN, endings.ended(OPEN, STOPPED), ["Closed"]),
    "a stop after a decision": (approved(), endings.ended(approved(), STOPPED), ["Closed"]),
    "a reminder by hand": (OPEN, reminded(OPEN), ["Reminded by anna"]),
    "another one": (reminded(OPEN), reminded(reminded(OPEN), now=60), ["Reminded by anna"]),
    "a round after a reminder by hand": (reminded(OPEN), replace(reminded(OPEN), round=2), ["Reminded"]),
    "a lease": (OPEN, replace(OPEN, lease=LEASE), []),
    "a lease that is given back": (replace(OPEN, lease=LEASE), rounds.release(replace(OPEN, lease=LEASE), LEASE), []),
    "a mail": (OPEN, OPEN.with_approver(ANNA, mailed_round=2), []),
    "a mail to the requester": (OPEN, rounds.told_left_out(OPEN, BOSS), []),
    "word of the decision": (approved(), announcing.told(approved(), CARLA, Status.APPROVED), []),
    "the hand-over": (rejected(), decisions.handed_over(rejected()), []),
    "a token that is spent": (OPEN, replace(OPEN, task_token=""), []),
    "a note for the operator": (rejected(), endings.operator_told(rejected(), 5), []),
    "the same again": (approved(), approved(), []),
}


@pytest.mark.parametrize("write", WRITES)
def test_a_write_makes_the_events_of_what_it_has_changed_in_order(write):
    before, after, expected = WRITES[write]
    made = [f"{one.type}{one.who and ' by '}{one.who.partition('@')[0]}" for one in transitions(before, after)]
    assert made == [f"Approval {one}" for one in expected]


def test_somebody_who_joins_another_answer_has_voted_again():
    before = giving(giving(asking(FIELD, approvals_required=3), ANNA, ticket="A-1"), BEN, ticket="B-2")
    after = decisions.cast(
        before, BEN, replace(vote(at=before.deadline), digest=before.digest, values={"ticket": "A-1"})
    )
    assert isinstance(after, Record)
    assert after.votes[BEN].withdrawn
    assert transitions(before, after) == [Transition(EventType.VOTED, BEN)]


@pytest.mark.parametrize("status", [Status.APPROVED, Status.REJECTED])
def test_a_decision_that_somebody_has_written_without_votes_is_none(status):
    tampered = from_item(to_item(replace(OPEN, status=status)))
    assert transitions(OPEN, tampered) == []
    assert transitions(tampered, cast(OPEN, ANNA)) == [Transition(EventType.VOTED, ANNA)]
