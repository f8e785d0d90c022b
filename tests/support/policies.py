"""Policies that a stack may have, and the rule in words of our own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hypothesis import strategies as st

from handlers.approvals.rules.record import Decision
from handlers.contract.policy import Group, Policy
from handlers.contract.record import Status
from tests.support.records import ANNA, BEN, BOSS, CARLA


def said_by(policy: Policy, votes: Mapping[str, Decision]) -> Status:
    """What the votes decide, if all of them count: the rule as docs/configuration.md tells it."""
    if list(votes.values()).count(Decision.REJECT) >= policy.rejections_required:
        return Status.REJECTED
    approving = [who for who, decision in votes.items() if decision is Decision.APPROVE]
    for group in policy.groups.values():
        if sum(who in group.approvers or who in policy.escalate_to for who in approving) < group.approvals_required:
            return Status.OPEN
    return Status.APPROVED if len(approving) >= policy.approvals_required else Status.OPEN


@st.composite
def policies(draw: st.DrawFn, people: Sequence[str] = (ANNA, BEN, CARLA), contacts: Sequence[str] = (BOSS,)) -> Policy:
    """With people of its own or overlapping groups, and quorums that its approvers can reach."""
    some = st.lists(st.sampled_from(people), unique=True, min_size=1).map(tuple)
    groups: dict[str, Group] = {}
    if draw(st.booleans()):
        for name in ("finance", "legal", "security")[: draw(st.integers(1, 3))]:
            members = draw(some)
            groups[name] = Group(approvers=members, approvals_required=draw(st.integers(1, len(members))))
    own = () if groups else draw(some)
    approvers = {*own, *(who for group in groups.values() for who in group.approvers)}
    return Policy(
        approvers=own,
        groups=groups,
        escalate_to=tuple(draw(st.lists(st.sampled_from(contacts), unique=True))),
        approvals_required=draw(st.integers(1, len(approvers))),
        rejections_required=draw(st.integers(1, len(approvers))),
        audit_days=30,
    )
