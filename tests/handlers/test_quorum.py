"""The rule: any votes, in any order, under any policy."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.approvals.rules import rounds
from handlers.approvals.rules.decisions import cast
from handlers.approvals.rules.quorum import shortages, tally, without_requester
from handlers.approvals.rules.record import DECIDED, Approver, Decision, Record
from handlers.approvals.rules.refusal import Reason, Refusal
from handlers.contract.address import same_person
from handlers.contract.policy import Group, Policy
from handlers.contract.record import Status
from tests.support.policies import policies, said_by
from tests.support.records import ANNA, ASKED_AT, BEN, BOSS, CARLA, message, record, vote

PAYOUT = Policy(
    name="payout",
    groups={
        "finance": Group(approvers=(ANNA, BEN)),
        "legal": Group(approvers=(BEN, CARLA)),
    },
    escalate_to=(BOSS,),
    approvals_required=2,
    rejections_required=2,
)
STRANGER = "eve@example.com"


def request(policy: Policy, requester: str = "") -> Record | Refusal:
    """Everybody is asked, escalation contacts as well."""
    made = rounds.new_record(message(policy=policy, requested_by=requester))
    if isinstance(made, Refusal):
        return made
    return replace(made, approvers={who: Approver() for who in rounds.everybody(made)})


def asked(policy: Policy, requester: str = "") -> Record:
    made = request(policy, requester)
    assert isinstance(made, Record)
    return made


@given(policy=policies(), data=st.data())
def test_a_request_is_decided_by_the_vote_that_makes_the_rule_say_so_and_by_none_before(policy, data):
    now = asked(policy)
    order = data.draw(st.permutations(sorted(now.approvers)))
    decisions = data.draw(st.lists(st.sampled_from(Decision), min_size=len(order), max_size=len(order)))
    said: dict[str, Decision] = {}
    for number, (who, decision) in enumerate(zip(order, decisions, strict=True)):
        before = now
        voted = cast(now, who, replace(vote(decision, at=ASKED_AT + number), digest=now.digest))
        if before.status in DECIDED:
            assert isinstance(voted, Refusal)
            continue
        assert isinstance(voted, Record)
        now, said[who] = voted, decision
        assert now.status is now.verdict is said_by(policy, said)


@given(policy=policies(), order=st.data())
def test_the_order_of_the_votes_is_no_matter(policy, order):
    """Unless one of them decides before the others come."""
    votes = order.draw(st.dictionaries(st.sampled_from([ANNA, BEN, CARLA, BOSS, STRANGER]), st.sampled_from(Decision)))
    approving = [who for who, decision in votes.items() if decision is Decision.APPROVE]
    rejecting = [who for who, decision in votes.items() if decision is Decision.REJECT]
    counted = tally(policy, approving, rejecting)
    assert counted == tally(policy, approving[::-1], rejecting[::-1])
    of_policy = {who: decision for who, decision in votes.items() if who in policy.everybody}
    said = said_by(policy, of_policy)
    assert counted.rejects is (said is Status.REJECTED)
    if not counted.rejects:
        assert counted.approves is (said is Status.APPROVED)


@given(policy=policies(), requester=st.sampled_from([ANNA, BEN, CARLA, BOSS, STRANGER, "", f"Anna <{ANNA.upper()}>"]))
def test_a_requester_is_out_of_every_group_and_nobody_stands_in(policy, requester):
    left = without_requester(policy, requester)
    who = same_person(requester)
    assert who not in left.everybody
    assert set(left.everybody) == set(policy.everybody) - {who}
    for name, group in policy.groups.items():
        assert set(left.groups[name].approvers) == set(group.approvers) - {who}
        assert left.groups[name].approvals_required == group.approvals_required
    assert left.approvals_required == policy.approvals_required
    made = request(policy, requester)
    enough = all(len(group.approvers) >= group.approvals_required for group in left.groups.values())
    assert isinstance(made, Record) is (enough and len(left.asked_first) >= left.approvals_required)


@pytest.mark.parametrize(
    ("requester", "left"),
    [
        (f"arn:aws:sts::123456789012:assumed-role/Ops/{BEN}", [ANNA, CARLA, BOSS]),
        ("x" * 10_000 + f" {BEN.upper()}", [ANNA, CARLA, BOSS]),
        (f"{ANNA}; {BOSS} for {CARLA}", [BEN]),
    ],
)
def test_everybody_who_is_named_as_the_requester_is_barred_however_they_are_named(requester, left):
    assert list(without_requester(PAYOUT, requester).everybody) == left
    policy = replace(PAYOUT, prevent_self_approval=False)
    assert without_requester(policy, requester) == policy


def test_a_vote_of_somebody_whom_the_policy_does_not_name_does_not_count():
    """Whoever may write the table may write people into a record; the policy is bound to the run."""
    forged = record(policy=PAYOUT).with_approver(ANNA, vote=vote())
    forged = replace(forged, approvers={**forged.approvers, STRANGER: Approver(vote=vote())})
    forged = replace(
        forged,
        approvers={
            who: replace(one, vote=one.vote and replace(one.vote, digest=forged.digest))
            for who, one in forged.approvers.items()
        },
    )
    assert forged.tally.approvals.given == 1
    assert forged.verdict is Status.OPEN


BOTH_SHORT = {"a": Group(approvers=(ANNA,)), "b": Group(approvers=(ANNA,))}


@pytest.mark.parametrize(
    ("policy", "requester", "words"),
    [
        (
            Policy(groups={"legal": Group(approvers=(BEN, CARLA), approvals_required=2)}),
            BEN,
            ["from group legal 2 approval(s), of 1 approver(s)"],
        ),
        (replace(PAYOUT, approvals_required=3), ANNA, ["it needs 3 approval(s), of 2 approver(s)"]),
        (Policy(approvers=(ANNA,)), ANNA, ["it needs 1 approval(s), of 0 approver(s)"]),
        (Policy(groups=BOTH_SHORT), ANNA, ["1 approval(s), of 0", "from group a 1", "from group b 1"]),
    ],
)
def test_a_request_that_its_requester_would_be_needed_for_is_refused_by_the_group(policy, requester, words):
    refused = request(policy, requester)
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.TOO_FEW
    assert all(one in refused.words for one in words)
    assert refused.words.count("approval(s)") == len(words)
    assert shortages(without_requester(policy, requester))
