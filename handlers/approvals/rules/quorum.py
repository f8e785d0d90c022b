"""The rule: when votes approve or reject a request under its policy. Pure functions."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import NamedTuple

from handlers.contract.address import named_in
from handlers.contract.policy import Policy


class Count(NamedTuple):
    """How many people have said so, and how many it takes."""

    given: int
    required: int

    @property
    def missing(self) -> int:
        return max(0, self.required - self.given)


class Tally(NamedTuple):
    """The votes that count: approvals of different people in all and in each group, and rejections."""

    approvals: Count
    groups: Mapping[str, Count]
    rejections: Count

    @property
    def approves(self) -> bool:
        return not any(count.missing for count in (self.approvals, *self.groups.values()))

    @property
    def rejects(self) -> bool:
        return not self.rejections.missing


def left_out(policy: Policy, requested_by: str) -> Collection[str]:
    """Whom the policy names but the requester's text does, too: they may not decide. In the policy's order."""
    named = named_in(requested_by, policy.everybody) if policy.prevent_self_approval else ()
    return [who for who in policy.everybody if who in named]


def without_requester(policy: Policy, requested_by: str) -> Policy:
    """The policy for one request: whoever is left out is out of every group, and nobody stands in.

    The number of approvals required is never lowered. If fewer people are left than rejections are required, all of
    them must reject.
    """
    if barred := left_out(policy, requested_by):
        policy = replace(
            policy,
            approvers=_others(policy.approvers, barred),
            groups={
                name: replace(group, approvers=_others(group.approvers, barred))
                for name, group in policy.groups.items()
            },
            escalate_to=_others(policy.escalate_to, barred),
        )
    return replace(policy, rejections_required=min(policy.rejections_required, len(policy.everybody)))


def _others(people: tuple[str, ...], barred: Collection[str]) -> tuple[str, ...]:
    return tuple(who for who in people if who not in barred)


def shortages(policy: Policy) -> dict[str, Count]:
    """The groups with fewer approvers than they need, by name, and "" if the policy as a whole has.

    Escalation contacts are not counted on: they are asked in the last round only.
    """
    left = {name: Count(len(group.approvers), group.approvals_required) for name, group in policy.groups.items()}
    left[""] = Count(len(policy.asked_first), policy.approvals_required)
    return {name: count for name, count in left.items() if count.missing}


def tally(policy: Policy, approving: Collection[str], rejecting: Collection[str]) -> Tally:
    """The votes of everybody whom the policy names; any others do not count.

    A vote counts in every group that its voter is in, an escalation contact's in every group.
    """
    contacts = set(policy.escalate_to)
    everybody = set(policy.everybody)
    approved = everybody.intersection(approving)
    return Tally(
        approvals=Count(len(approved), max(1, policy.approvals_required)),
        groups={
            name: Count(len(approved & contacts.union(group.approvers)), group.approvals_required)
            for name, group in policy.groups.items()
        },
        rejections=Count(len(everybody.intersection(rejecting)), max(1, policy.rejections_required)),
    )
