"""A record as one DynamoDB item, in plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handlers.approvals.adapters.answers import written_answer
from handlers.approvals.adapters.versions import Content, lifted
from handlers.approvals.rules.record import DECIDED, Approver, Decision, Lease, Record, Vote
from handlers.contract.record import Attribute, Status

# Incremented when the item's shape changes. Version 1 kept the votes inside `approvers`.
SCHEMA_VERSION = 2


def to_item(record: Record) -> dict[str, Any]:
    """A record keeps the shape it was created in to its end: only the page may write the attribute `votes`."""
    item: dict[str, Any] = {
        Attribute.REQUEST_ID.value: record.request_id,
        "schemaVersion": SCHEMA_VERSION,
        Attribute.VERSION.value: record.version,
        Attribute.STATUS.value: record.status.value,
        Attribute.EXECUTION_ARN.value: record.execution_arn,
        "title": record.title,
        "details": record.details,
        "requestedBy": record.requested_by,
        "requestedAt": record.requested_at,
        "scheduledFor": record.scheduled_for,
        "deadline": record.deadline,
        Attribute.EXPIRES_AT.value: record.expires_at,
        "round": record.round,
        "rounds": record.rounds,
        "approvalsRequired": record.approvals_required,
        "rejectionsRequired": record.rejections_required,
        "approvers": {who: _approver_item(approver) for who, approver in record.approvers.items()},
        "escalateTo": list(record.escalate_to),
        "decidedAt": record.decided_at,
        "handedOver": record.handed_over,
        # Only runs of the previous release's definition read it.
        "answer": written_answer(record) if record.status in DECIDED else "",
    }
    sometimes = {
        Attribute.TASK_TOKEN.value: record.task_token,
        Attribute.VOTES.value: {who: _vote_item(vote) for who, vote in record.votes.items()},
        Attribute.ASKED.value: record.asked,
        "lease": {"owner": record.lease.owner, "until": record.lease.until} if record.lease else None,
        "answeredWithoutVote": record.answered_without_vote,
        "answerMismatched": record.answer_mismatched,
        "operatorTold": record.operator_told,
    }
    item |= {name: value for name, value in sometimes.items() if value}
    return item if record.bound else _to_1(item)


def from_item(item: Content) -> Record:
    """Raises NewerVersionError for an item from a newer release, and ValueError for one that is too old."""
    version = int(item["schemaVersion"])
    what = f"the record of request {item[Attribute.REQUEST_ID]}"
    item = lifted(what, item, version, SCHEMA_VERSION, _from_1)
    lease, votes = item.get("lease"), item.get(Attribute.VOTES, {})
    return Record(
        request_id=item[Attribute.REQUEST_ID],
        version=int(item[Attribute.VERSION]),
        status=Status(item[Attribute.STATUS]),
        execution_arn=item[Attribute.EXECUTION_ARN],
        title=item["title"],
        details=item["details"],
        requested_by=item["requestedBy"],
        requested_at=item["requestedAt"],
        scheduled_for=item["scheduledFor"],
        deadline=int(item["deadline"]),
        expires_at=int(item[Attribute.EXPIRES_AT]),
        round=int(item["round"]),
        rounds=int(item["rounds"]),
        approvals_required=int(item["approvalsRequired"]),
        rejections_required=int(item["rejectionsRequired"]),
        approvers={
            who: Approver(
                links=tuple(approver["links"]),
                mailed_round=int(approver["mailedRound"]),
                vote=_vote(votes[who]) if who in votes else None,
            )
            for who, approver in item["approvers"].items()
        },
        escalate_to=tuple(item["escalateTo"]),
        decided_at=int(item["decidedAt"]),
        handed_over=bool(item["handedOver"]),
        task_token=item.get(Attribute.TASK_TOKEN, ""),
        lease=Lease(owner=lease["owner"], until=int(lease["until"])) if lease else None,
        answered_without_vote=item.get("answeredWithoutVote", False),
        answer_mismatched=item.get("answerMismatched", False),
        operator_told=int(item.get("operatorTold", 0)),
        bound=version == SCHEMA_VERSION,
    ).as_voted()


def _approver_item(approver: Approver) -> dict[str, Any]:
    return {"links": list(approver.links), "mailedRound": approver.mailed_round}


def _vote_item(vote: Vote) -> dict[str, Any]:
    return {
        "decision": vote.decision.value,
        "comment": vote.comment,
        "at": vote.at,
        "sourceIp": vote.source_ip,
        "userAgent": vote.user_agent,
    } | ({"digest": vote.digest} if vote.digest else {})


def _vote(item: Mapping[str, Any]) -> Vote:
    return Vote(
        decision=Decision(item["decision"]),
        comment=item["comment"],
        at=int(item["at"]),
        source_ip=item["sourceIp"],
        user_agent=item["userAgent"],
        digest=item.get("digest", ""),
    )


def _from_1(item: Content) -> Content:
    votes = {who: one["vote"] for who, one in item["approvers"].items() if one.get("vote")}
    return {"scheduledFor": "", **item, Attribute.VOTES.value: votes}


def _to_1(item: Mapping[str, Any]) -> dict[str, Any]:
    votes = item.get(Attribute.VOTES, {})
    approvers = {who: one | ({"vote": votes[who]} if who in votes else {}) for who, one in item["approvers"].items()}
    kept = {name: value for name, value in item.items() if name != Attribute.VOTES}
    return kept | {"schemaVersion": SCHEMA_VERSION - 1, "approvers": approvers}
