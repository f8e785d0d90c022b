"""The approval policy of a request."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Who is asked (`escalate_to` in the last round only), how many of them decide, and how long the record is kept.

    Each record copies it, so a deployment changes nothing for pending requests.
    """

    approvers: tuple[str, ...]
    escalate_to: tuple[str, ...]
    approvals_required: int
    rejections_required: int
    prevent_self_approval: bool
    audit_days: int
