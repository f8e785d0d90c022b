"""What the events say: fields that everybody on the bus may read, by the names that the page has for programs.

Never a token, a link, a hash, an IP address or a browser. docs/events/ has a JSON schema of each.
"""

import json
from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from handlers.approvals.faces.program import approvals_for_programs, values_for_programs, votes_for_programs
from handlers.approvals.faces.when import iso
from handlers.approvals.rules.endings import undecided
from handlers.approvals.rules.record import Record
from handlers.approvals.rules.transitions import Transition
from handlers.contract.events import EventType
from handlers.contract.question import ADDRESS_LIMIT
from handlers.contract.record import Status

# One call has 256 KB for all of its entries, and one write of ours makes two events at the most.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html
DETAIL_LIMIT = 120_000  # bytes
TEXT_LIMIT = 1_000  # characters of each text; as many as an address may have where that makes it too large
CUT = "... (cut)"


def detail(record: Record, transition: Transition) -> str:
    """As JSON. The id is the same whenever this is told again."""
    said = {
        "id": _id(record, transition.type),
        "requestId": record.request_id,
        "executionArn": record.execution_arn,
        "title": record.title,
        "requestedBy": record.requested_by,
        "policy": record.policy.name,
        "round": record.round,
        "deadline": iso(record.deadline),
        "version": record.version,
        **_more(record, transition),
    }
    text = _written(said, TEXT_LIMIT)
    return text if len(text.encode()) <= DETAIL_LIMIT else _written(said, ADDRESS_LIMIT)


def cause(record: Record) -> str:
    """Why a request ended without a decision, in the words that were given."""
    ended = record.ended
    if not ended:
        return undecided(record, record.request_id)[1]
    return ended.cause or ended.error or ended.status


def _id(record: Record, type_: EventType) -> str:
    """A UUID of version 5: https://www.rfc-editor.org/rfc/rfc9562#section-5.5"""
    return str(uuid5(NAMESPACE_URL, json.dumps([record.execution_arn, record.request_id, record.version, type_])))


def _more(record: Record, transition: Transition) -> dict[str, Any]:
    match transition.type:
        case EventType.REMINDED:
            return {"approver": transition.who, "by": record.reminded_by if transition.who else ""}
        case EventType.VOTED:
            vote, counted = record.votes[transition.who], approvals_for_programs(record.tally)
            return {
                "approver": transition.who,
                "decision": vote.decision.value,
                "comment": vote.comment,
                "values": values_for_programs(record, vote.values),
                "approvals": counted["approvals"],
                "missing": counted["missing"],
            }
        case EventType.DECIDED:
            taken = record.answers[0].values if record.status is Status.APPROVED else {}
            return {
                "outcome": record.status.value,
                "values": values_for_programs(record, taken),
                "votes": votes_for_programs(record),
            }
        case EventType.EXPIRED | EventType.CLOSED:
            return {"cause": cause(record)}
    return {}


def _written(said: Mapping[str, Any], limit: int) -> str:
    return json.dumps(_shortened(said, limit), ensure_ascii=False)


def _shortened(value: Any, limit: int) -> Any:
    if isinstance(value, Mapping):
        return {name: _shortened(one, limit) for name, one in value.items()}
    if isinstance(value, list):
        return [_shortened(one, limit) for one in value]
    return f"{value[:limit]}{CUT}" if isinstance(value, str) and len(value) > limit else value
