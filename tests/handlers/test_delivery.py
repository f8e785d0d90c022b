"""Mails that did not arrive: whose they were, what is noted of them, and when a request is out of reach."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from handlers.approvals.rules import rounds
from handlers.approvals.rules.delivery import (
    out_of_reach,
    person_tag,
    whose,
)
from handlers.approvals.rules.record import Approver, Decision
from handlers.contract.record import Status
from tests.support.policies import policies, said_by
from tests.support.records import (
    ANNA,
    BEN,
    BOSS,
    CARLA,
    OF_EACH_TYPE,
    approved,
    asking,
    escalated,
    giving,
    losing,
    record,
    vote,
)

APPROVE, REJECT = Decision.APPROVE, Decision.REJECT
STRANGER = "dana@example.com"


@pytest.mark.parametrize(
    ("tag", "who"),
    [
        (person_tag(ANNA), ANNA),
        (person_tag(BOSS), BOSS),  # named, and not asked yet
        (person_tag(STRANGER), STRANGER),  # who asks, in the spelling that is mailed
        (ANNA, ""),
        (person_tag(ANNA)[:31], ""),
        ("", ""),
    ],
)
def test_the_tag_alone_says_whose_a_mail_was(tag, who):
    assert whose(record(requested_by=f" Dana <{STRANGER.upper()}>", escalate_to=(BOSS,)), tag) == who


TWO_REGIONS = giving(giving(asking(OF_EACH_TYPE[0]), ANNA, region="eu-1"), BEN, region="us-1")


@pytest.mark.parametrize(
    ("sample", "lost", "ends"),
    [
        (record(), [ANNA], False),
        (record(), [ANNA, BEN], True),
        (record(escalate_to=(BOSS,)), [ANNA, BEN], False),
        (escalated(record(escalate_to=(BOSS,))), [ANNA, BEN, BOSS], True),
        (TWO_REGIONS, [ANNA, BEN, CARLA], False),
        (approved(), [CARLA], False),
        (record(status=Status.CLOSED), [ANNA, BEN, CARLA], False),
    ],
    ids=[
        "two are left for two approvals",
        "one is left for two",
        "an escalation contact is still to come",
        "the contact is lost, too",
        "answers with other values can be joined, by whoever is lost, too: they have their links",
        "it is decided",
        "it is closed",
    ],
)
def test_a_request_is_out_of_reach_when_those_whom_mail_reaches_cannot_approve_it(sample, lost, ends):
    """Votes, groups and requesters: the property below."""
    words = out_of_reach(losing(sample, *lost))
    assert bool(words) is ends
    assert not ends or all(f'{who}: "user unknown"' in words for who in lost)
    assert not out_of_reach(losing(sample, *lost, permanent=False)), "the next round's mails may arrive"


def test_whoever_is_lost_is_not_waited_for_before_others_are_asked_to_join():
    waiting = replace(TWO_REGIONS, round=2)
    assert rounds.recipients(waiting) == [CARLA]
    assert rounds.recipients(losing(waiting, CARLA)) == [ANNA, BEN]


def test_the_reasons_are_few_and_each_is_one_line():
    people = [f"person-{number}@example.com" for number in range(50)]
    sample = record(approvers={who: Approver() for who in people})
    sample = replace(sample, policy=replace(sample.policy, approvers=tuple(people), approvals_required=50))
    words = out_of_reach(losing(sample, *people, reason='550\r\n\r\n"All is well."\u202e' * 10))
    assert words.endswith("; and 47 more")
    assert words.isprintable()
    assert words.count('"') == 6, "theirs are no marks of ours"
    assert len(words) < 1_500


@given(
    policies(),
    st.dictionaries(st.sampled_from([ANNA, BEN, CARLA, BOSS]), st.sampled_from(Decision)),
    st.sets(st.sampled_from([ANNA, BEN, CARLA, BOSS])),
    st.sampled_from(["", ANNA]),
    st.booleans(),
)
def test_a_request_is_never_given_up_while_some_people_could_approve_it(asked, votes, lost, requester, last):
    sample = replace(record(requested_by=requester), policy=asked)
    people = {*asked.asked_first, *(asked.escalate_to if last else ())} & {*sample.electorate.everybody}
    sample = replace(sample, approvers={who: Approver() for who in people})
    cast = {who: said for who, said in votes.items() if who in people}
    for who, said in cast.items():
        sample = sample.with_approver(who, vote=replace(vote(said), digest=sample.digest))
    assume(sample.verdict is Status.OPEN)
    sample = losing(sample, *(lost & people))
    could = {*sample.electorate.everybody} - {*cast} - (lost & people)
    ways = (more for size in range(len(could) + 1) for more in combinations(could, size))
    approving = [who for who, said in cast.items() if said is APPROVE]
    fulfilled = any(
        said_by(sample.electorate, dict.fromkeys([*approving, *more], APPROVE)) is Status.APPROVED for more in ways
    )
    assert bool(out_of_reach(sample)) is (bool(lost & people) and not fulfilled)
