"""A record as one DynamoDB item, in plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handlers.approvals.adapters.policies import read_policy
from handlers.approvals.adapters.versions import check
from handlers.approvals.rules.record import Approver, Decision, Lease, Record, Vote
from handlers.contract.policy import Policy, as_json
from handlers.contract.record import Attribute, Status

SCHEMA_VERSION = 1  # incremented when the item's shape changes


def to_item(record: Record) -> dict[str, Any]:
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
        "policy": as_json(record.policy),
        "approvers": {who: _approver_item(approver) for who, approver in record.approvers.items()},
        "decidedAt": record.decided_at,
        "handedOver": record.handed_over,
    }
    sometimes = {
        Attribute.TASK_TOKEN.value: record.task_token,
        Attribute.VOTES.value: {who: _vote_item(vote) for who, vote in record.votes.items()},
        Attribute.ASKED.value: record.asked,
        "lease": {"owner": record.lease.owner, "until": record.lease.until} if record.lease else None,
        "toldLeftOut": list(record.told_left_out),
        "answeredWithoutVote": record.answered_without_vote,
        "answerMismatched": record.answer_mismatched,
        "operatorTold": round(record.operator_told * 1000),  # milliseconds: a table has no binary fractions
    }
    return item | {name: value for name, value in sometimes.items() if value}


def from_item(item: Mapping[str, Any]) -> Record:
    """Raises NewerVersionError for an item from a newer release, and ValueError for one of an unknown version."""
    check(f"the record of request {item[Attribute.REQUEST_ID]}", item.get("schemaVersion"), SCHEMA_VERSION)
    lease, votes, policy = item.get("lease"), item.get(Attribute.VOTES, {}), read_policy(item["policy"])
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
        policy=policy,
        approvers={
            who: Approver(
                links=tuple(approver["links"]),
                mailed_round=int(approver["mailedRound"]),
                missed_rounds=int(approver["missedRounds"]),
                vote=_vote(votes[who]) if who in votes else None,
            )
            for who, approver in _in_order(item["approvers"], policy)
        },
        decided_at=int(item["decidedAt"]),
        handed_over=bool(item["handedOver"]),
        task_token=item.get(Attribute.TASK_TOKEN, ""),
        lease=Lease(owner=lease["owner"], until=int(lease["until"])) if lease else None,
        told_left_out=tuple(item.get("toldLeftOut", ())),
        answered_without_vote=item.get("answeredWithoutVote", False),
        answer_mismatched=item.get("answerMismatched", False),
        operator_told=int(item.get("operatorTold", 0)) / 1000,
    ).as_voted()


def _in_order(approvers: Mapping[str, Any], policy: Policy) -> list[tuple[str, Any]]:
    """As the policy names them; DynamoDB keeps no order in a map.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
    """
    place = {who: number for number, who in enumerate(policy.everybody)}
    return sorted(approvers.items(), key=lambda entry: (place.get(entry[0], len(place)), entry[0]))


def _approver_item(approver: Approver) -> dict[str, Any]:
    return {
        "links": list(approver.links),
        "mailedRound": approver.mailed_round,
        "missedRounds": approver.missed_rounds,
    }


def _vote_item(vote: Vote) -> dict[str, Any]:
    return {
        "decision": vote.decision.value,
        "comment": vote.comment,
        "at": vote.at,
        "sourceIp": vote.source_ip,
        "userAgent": vote.user_agent,
        "digest": vote.digest,
    }


def _vote(item: Mapping[str, Any]) -> Vote:
    return Vote(
        decision=Decision(item["decision"]),
        comment=item["comment"],
        at=int(item["at"]),
        source_ip=item["sourceIp"],
        user_agent=item["userAgent"],
        digest=item["digest"],
    )
