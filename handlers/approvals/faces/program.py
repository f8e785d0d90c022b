"""A request as JSON, for programs. Times are ISO 8601, UTC."""

from typing import Any

from handlers.approvals.faces.when import iso
from handlers.approvals.rules.joining import ways_out
from handlers.approvals.rules.quorum import Count, Tally
from handlers.approvals.rules.record import Record
from handlers.contract.form_fields import Values, as_json, links_of, typed


def votes_for_programs(record: Record) -> list[dict[str, Any]]:
    """[{"approver", "decision", "comment", "values", "at"}], oldest first, without IP addresses and browsers."""
    return [
        {
            "approver": who,
            "decision": vote.decision.value,
            "comment": vote.comment,
            "values": values_for_programs(record, vote.values),
            "at": iso(vote.at),
        }
        for who, vote in record.votes.items()
    ]


def values_for_programs(record: Record, values: Values) -> dict[str, Any]:
    """As JSON of their types, in the order of the fields."""
    return {field.name: typed(field.type, values[field.name]) for field in record.form if field.name in values}


def approvals_for_programs(counted: Tally) -> dict[str, Any]:
    """{"approvals", "approvalsRequired", "missing", "groups"}: of different people in all, and in each group by name.

    "groups" is {} for a policy without any. Nothing is missing anywhere if and only if the votes approve.
    """
    groups = {name: _count(count) for name, count in counted.groups.items()}
    return {**_count(counted.approvals), "groups": groups}


def _count(count: Count) -> dict[str, int]:
    return {"approvals": count.given, "approvalsRequired": count.required, "missing": count.missing}


def request_for_programs(record: Record, who: str) -> dict[str, Any]:
    """What the page shows to `who`."""
    counted = record.tally
    return {
        **record.as_json,
        "fields": as_json(record.form),
        "links": as_json(links_of(record.links)),
        "deadline": iso(record.deadline),
        "digest": record.digest,
        "status": record.status.value,
        "policy": record.policy.name,
        **approvals_for_programs(counted),
        "rejectionsRequired": counted.rejections.required,
        "wouldHaveToJoin": [
            {
                "values": values_for_programs(record, way.answer.values),
                "of": [*way.answer.by],
                "approvers": [*way.people],
            }
            for way in ways_out(record)
        ],
        "you": who,
        "votes": votes_for_programs(record),
    }
