"""A request as JSON, for programs. Times are ISO 8601, UTC."""

from __future__ import annotations

from typing import Any

from handlers.approvals.faces.when import iso
from handlers.approvals.rules.record import Record


def votes_for_programs(record: Record) -> list[dict[str, str]]:
    """[{"approver", "decision", "comment", "at"}], oldest first, without the voters' IP addresses and browsers."""
    return [
        {"approver": who, "decision": vote.decision.value, "comment": vote.comment, "at": iso(vote.at)}
        for who, vote in record.votes.items()
    ]


def groups_for_programs(record: Record) -> dict[str, dict[str, int]]:
    """{"finance": {"approvals", "approvalsRequired"}}; empty for a policy without groups."""
    return {
        name: {"approvals": count.given, "approvalsRequired": count.required}
        for name, count in record.tally.groups.items()
    }


def request_for_programs(record: Record, who: str) -> dict[str, Any]:
    """What the page shows to `who`."""
    counted = record.tally
    return {
        "requestId": record.request_id,
        "title": record.title,
        "details": record.details,
        "requestedBy": record.requested_by,
        "requestedAt": record.requested_at,
        "scheduledFor": record.scheduled_for,
        "deadline": iso(record.deadline),
        "digest": record.digest,
        "status": record.status.value,
        "policy": record.policy.name,
        "groups": groups_for_programs(record),
        "approvals": counted.approvals.given,
        "approvalsRequired": counted.approvals.required,
        "rejectionsRequired": counted.rejections.required,
        "you": who,
        "votes": votes_for_programs(record),
    }
