"""Answers that carry values: only equal ones count together, and people may join another's once."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from handlers.approvals.rules import rounds
from handlers.approvals.rules.decisions import cast
from handlers.approvals.rules.joining import to_join, ways_out
from handlers.approvals.rules.quorum import tally
from handlers.approvals.rules.record import DECIDED, Decision, Record, Withdrawn
from handlers.approvals.rules.refusal import Reason, Refusal
from handlers.contract.policy import Policy
from handlers.contract.record import Status
from tests.handlers.test_quorum import asked as plainly
from tests.support.policies import policies
from tests.support.records import ANNA, ASKED_AT, BEN, CARLA, asking, message, vote

REGION = asking({"name": "region", "label": "Region", "type": "text", "required": True}).fields
EU, US = {"region": "eu"}, {"region": "us"}
TWO = Policy(approvers=(ANNA, BEN, CARLA), approvals_required=2)


def asked(policy: Policy = TWO) -> Record:
    return replace(plainly(policy), fields=REGION)


def press(
    record: Record, who: str, decision: Decision = Decision.APPROVE, *, at: int = 0, **given: Any
) -> Record | Refusal:
    said = {"values": EU} | given
    return cast(record, who, replace(vote(decision, at=ASKED_AT + at), digest=record.digest, **said))


def pressed(record: Record, who: str, **given: Any) -> Record:
    after = press(record, who, **given)
    assert isinstance(after, Record)
    return after


def refusal(record: Record, who: str, **given: Any) -> Refusal:
    after = press(record, who, **given)
    assert isinstance(after, Refusal)
    return after


def test_somebody_who_approved_may_join_an_answer_of_others_once_and_nothing_else_changes_a_vote():
    record = pressed(asked(replace(TWO, approvals_required=3)), ANNA, comment="eu first")
    record = pressed(record, BEN, values=US, at=1)
    for values in ({"region": "ap"}, EU):
        assert refusal(record, ANNA, values=values, at=2).reason is Reason.VOTED
    assert refusal(record, ANNA, decision=Decision.REJECT, at=2).reason is Reason.VOTED
    joined = pressed(record, ANNA, values=US, at=2, comment="as Ben says")
    mine = joined.votes[ANNA]
    assert (mine.values, mine.comment) == (US, "as Ben says")
    assert mine.withdrawn == Withdrawn(at=ASKED_AT, comment="eu first", values=EU)
    assert joined.answers[0].by == (BEN, ANNA)
    assert pressed(joined, ANNA, values=US, at=2, comment="as Ben says") == joined
    later = pressed(joined, CARLA, at=3)
    assert to_join(later, ANNA) == []
    assert refusal(later, ANNA, at=4).reason is Reason.VOTED


def test_a_vote_that_does_not_join_anybody_or_comes_late_is_refused():
    record = pressed(asked(), ANNA)
    record = pressed(record, BEN, values=US, at=1)
    late = record.deadline - ASKED_AT + 3_600
    assert refusal(record, ANNA, values=US, at=late).reason is Reason.EXPIRED
    for over in (Status.EXPIRED, Status.CLOSED):  # in time, on a clock that is slow
        assert isinstance(press(replace(record, status=over), ANNA, values=US, at=2), Refusal)
        assert isinstance(press(replace(record, status=over), CARLA, values=US, at=2), Refusal)
    assert to_join(replace(record, title="Another"), ANNA) == [], "answers to another question"
    rejecting = pressed(asked(replace(TWO, rejections_required=2)), CARLA, decision=Decision.REJECT)
    rejecting = pressed(rejecting, ANNA, at=1)
    assert refusal(rejecting, CARLA, at=2).reason is Reason.VOTED


VALUES = [{"region": one} for one in ("eu", "us", "ap")]


@given(policy=policies(), data=st.data())
def test_no_decision_has_values_that_fewer_people_gave_than_the_policy_asks_for(policy, data):
    now = asked(policy)
    steps = data.draw(
        st.lists(
            st.tuples(
                st.sampled_from(sorted(now.approvers)),
                st.sampled_from([*[Decision.APPROVE] * 7, Decision.REJECT]),
                st.sampled_from(VALUES),
            ),
            min_size=8,
            max_size=16,
        )
    )
    first: dict[str, Any] = {}
    for at, (who, decision, values) in enumerate(steps):
        after = press(now, who, decision, values=values, at=at)
        if now.status in DECIDED:
            assert isinstance(after, Refusal)
            continue
        before = now.votes.get(who)
        if before and isinstance(after, Record) and after != now:
            assert before.withdrawn is None
            assert before.decision is decision is Decision.APPROVE
            assert values in [one.values for other, one in now.votes.items() if other != who]
            assert after.votes[who].withdrawn == Withdrawn(at=first[who].at, values=first[who].values)
        now = after if isinstance(after, Record) else now
        first.setdefault(who, now.votes[who])
    by_values = {one["region"]: [who for who, cast in now.votes.items() if cast.values == one] for one in VALUES}
    rejecting = [who for who, cast in now.votes.items() if cast.decision is Decision.REJECT]
    taken = [region for region, people in by_values.items() if tally(now.electorate, people, ()).approves]
    if now.status is Status.APPROVED:
        assert now.answers[0].values == {"region": taken[0]}
        assert len(taken) == 1
    else:
        assert not taken
        assert (now.status is Status.REJECTED) is tally(now.electorate, (), rejecting).rejects


@given(policy=policies(), data=st.data())
def test_who_would_have_to_join_is_said_if_and_only_if_nobody_else_can_complete_an_answer(policy, data):
    """Against trying out: all that the others could still press, and all that could still be joined."""
    now = asked(policy)
    for at, who in enumerate(data.draw(st.permutations(sorted(now.approvers)))):
        decision = data.draw(st.sampled_from([*[Decision.APPROVE] * 3, Decision.REJECT, None]))
        if decision and now.status is Status.OPEN:
            now = pressed(now, who, decision=decision, values=data.draw(st.sampled_from(VALUES)), at=at)
    ways = ways_out(now)
    if now.status is not Status.OPEN:
        assert not ways
        return
    answers = [answer for answer in now.answers if answer.by]
    waiting = {who for who in now.electorate.everybody if who not in now.votes}
    completed = [one for one in answers if tally(now.electorate, {*one.by, *waiting}, ()).approves]
    joiners = {one.by: {who for other in answers if other is not one for who in other.by} for one in answers}
    joined = [
        one.by
        for one in answers
        if any(
            tally(now.electorate, {*one.by, *waiting, *some}, ()).approves
            for size in range(len(joiners[one.by]) + 1)
            for some in combinations(sorted(joiners[one.by]), size)
        )
    ]
    assert [way.answer.by for way in ways] == ([] if completed else joined)
    for way in ways:
        assert way.people
        assert set(way.people) <= joiners[way.answer.by]


def test_what_is_asked_for_is_bound_to_the_answer():
    made = rounds.unasked(message(fields=REGION))
    assert len({one.digest for one in (made, replace(made, fields=""), replace(made, links="[]"))}) == 3
