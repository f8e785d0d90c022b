"""The approval policy of a request: who decides, and how many of them it takes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from handlers.contract.digests import canonical_digest
from handlers.contract.plain import plain

DEFAULT_POLICY = "default"  # the stack's own keys


@dataclass(frozen=True, kw_only=True)
class Group:
    """Some of a policy's approvers, and how many of them have to approve."""

    approvers: tuple[str, ...]
    approvals_required: int = 1


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Who is asked (`escalate_to` in the last round only), how many of them decide, and how long the record is kept.

    It has `approvers` or `groups`. A request is approved once each group has its approvals and `approvals_required`
    different people have approved. Each record copies it, so a deployment changes nothing for pending requests.
    """

    name: str = DEFAULT_POLICY
    approvers: tuple[str, ...] = ()
    groups: Mapping[str, Group] = field(default_factory=dict)
    escalate_to: tuple[str, ...] = ()
    approvals_required: int = 1
    rejections_required: int = 1
    prevent_self_approval: bool = True
    audit_days: int = 365

    @cached_property
    def everybody(self) -> Collection[str]:
        """The approvers, whatever their groups, and the escalation contacts; each once, in that order."""
        return dict.fromkeys([*self.asked_first, *self.escalate_to])

    @cached_property
    def asked_first(self) -> Collection[str]:
        """Everybody who is asked from the first round on, each once."""
        members = (who for group in self.groups.values() for who in group.approvers)
        return dict.fromkeys([*self.approvers, *members])


def as_json(policy: Policy) -> dict[str, Any]:
    """The policy in the state machine's definition, in messages and in records."""
    said: dict[str, Any] = plain(policy)
    return said


def policy_digest(policy: Policy) -> str:
    """SHA-256, in hex, of the policy's canonical JSON.

    The state machine keeps that of the policy it asks under, and compares it, as text, with the one in an approval.
    """
    return canonical_digest(as_json(policy))
