"""A decision in the form that the workflow accepts."""

import json
from typing import Any

from handlers.approvals.faces import wording
from handlers.approvals.faces.program import approvals_for_programs, values_for_programs, votes_for_programs
from handlers.approvals.faces.when import iso
from handlers.approvals.rules.record import Decision, Record
from handlers.contract.policy import policy_digest
from handlers.contract.question import ADDRESS_LIMIT
from handlers.contract.visible import one_line, quoted, shortened
from handlers.contract.workflow import CAUSE_LIMIT

REASON_LIMIT = 400  # characters of a comment in a cause; the record has all of it
SHORTEST_REASON = 10  # less than that says nothing


def approval(record: Record) -> dict[str, Any]:
    """The output of an approval: {"requestId", "outcome", "decidedAt", "values", "votes", "digest", "policy",
    "policyDigest"}.

    And how many have approved, of how many, in all and in each group: `approvals_for_programs`.
    """
    return {
        "requestId": record.request_id,
        "outcome": record.status.value,
        "decidedAt": iso(record.decided_at),
        "policy": record.policy.name,
        **approvals_for_programs(record.tally),
        "values": values_for_programs(record, record.answers[0].values),
        "votes": votes_for_programs(record),
        "digest": record.digest,
        "policyDigest": policy_digest(record.policy),
    }


def rejection(record: Record) -> str:
    """The cause: who rejected, and each one's comment, in quotation marks that the comment cannot close.

    Names come first, and the comments share the remaining room equally: no comment can hide another's name.
    """
    policy = wording.policy(record)
    under = f" under policy {policy}" if policy else ""
    head = f"Request {record.request_id}{under} was rejected at {iso(record.decided_at)} by "
    against = [
        (one_line(who, ADDRESS_LIMIT), vote.comment)
        for who, vote in record.votes.items()
        if vote.decision is Decision.REJECT
    ]
    names = _in_json(head + "; ".join(who for who, _ in against))
    room = (CAUSE_LIMIT - names) // max(1, len(against))
    return fitted(head + "; ".join(who + _reason(comment, room) for who, comment in against))


def fitted(cause: str) -> str:
    """Within CAUSE_LIMIT."""
    while _in_json(cause) > CAUSE_LIMIT:
        cause = shortened(cause, len(cause) * 3 // 4)
    return cause


def _reason(comment: str, room: int) -> str:
    """`room` is in characters of JSON."""
    words = quoted(comment, REASON_LIMIT)
    while words and _in_json(f": {words}") > room:
        words = quoted(words[1:-1], len(words) * 3 // 4) if len(words) > SHORTEST_REASON else ""
    return f": {words}" if words else ""


def _in_json(text: str) -> int:
    return len(json.dumps(text))
