"""A policy as messages and records hold it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handlers.contract.policy import Group, Policy


def read_policy(fields: Mapping[str, Any]) -> Policy:
    """What `as_json` has written, with the groups by name, since DynamoDB keeps no order in a map.

    Raises ValueError, which names the field and never quotes the value.
    """
    return Policy(
        name=_text("name", fields.get("name")),
        approvers=_people("approvers", fields.get("approvers")),
        groups={
            _text("a group's name", name): _group(f"groups.{name}", one)
            for name, one in sorted(_object("groups", fields.get("groups")).items())
        },
        escalate_to=_people("escalateTo", fields.get("escalateTo")),
        approvals_required=_positive("approvalsRequired", fields.get("approvalsRequired")),
        rejections_required=_positive("rejectionsRequired", fields.get("rejectionsRequired")),
        prevent_self_approval=_truth("preventSelfApproval", fields.get("preventSelfApproval")),
        audit_days=_positive("auditDays", fields.get("auditDays")),
    )


def _group(name: str, given: Any) -> Group:
    fields = _object(name, given)
    return Group(
        approvers=_people(f"{name}.approvers", fields.get("approvers")),
        approvals_required=_positive(f"{name}.approvalsRequired", fields.get("approvalsRequired")),
    )


def _object(name: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{name} must be an object")  # noqa: TRY004 - malformed content, not a wrong call
    return value


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} must be a non-empty string")
    return value


def _people(name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError(f"{name} must be a list")  # noqa: TRY004 - as above
    return tuple(_text(f"each of {name}", one) for one in value)


def _positive(name: str, value: Any) -> int:
    """JSONata may write a whole number as a float."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 1 or value % 1:
        raise ValueError(f"{name} must be a positive whole number")
    return int(value)


def _truth(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be true or false")  # noqa: TRY004 - as above
    return value
