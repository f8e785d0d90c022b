"""A policy as messages and records hold it."""

from collections.abc import Mapping
from typing import Any

from handlers.approvals.parsing.fields import Fields
from handlers.contract.policy import Group, Policy


def read_policy(given: Mapping[str, Any]) -> Policy:
    """What `as_json` has written, with the groups by name, since DynamoDB keeps no order in a map.

    Raises ValueError, as `Fields` does.
    """
    fields = Fields(given, "policy.")
    groups = Fields(fields.object("groups"), "policy.groups.")
    if "" in groups.values:
        raise ValueError("policy.groups must have no empty name")
    return Policy(
        name=fields.text("name"),
        approvers=fields.texts("approvers"),
        groups={name: _group(Fields(groups.object(name), f"policy.groups.{name}.")) for name in sorted(groups.values)},
        escalate_to=fields.texts("escalateTo"),
        approvals_required=fields.positive("approvalsRequired"),
        rejections_required=fields.positive("rejectionsRequired"),
        prevent_self_approval=fields.truth("preventSelfApproval"),
        audit_days=fields.positive("auditDays"),
    )


def _group(fields: Fields) -> Group:
    return Group(approvers=fields.texts("approvers"), approvals_required=fields.positive("approvalsRequired"))
