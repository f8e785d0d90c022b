"""One approval request as it is kept: a single DynamoDB item, read and written as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Self

from handlers.contract.question import digest_of
from handlers.contract.record import Status

# Raised when the shape of the item changes; a reader knows its own version and the one before (design decision 11).
# 1 kept the votes inside of `approvers`. A record keeps the shape that it was made in until it ends.
SCHEMA_VERSION = 2
READABLE_VERSIONS = frozenset({1, SCHEMA_VERSION})


DECIDED = frozenset({Status.APPROVED, Status.REJECTED})


class Decision(StrEnum):
    """What one approver can say."""

    APPROVE = "approve"
    REJECT = "reject"


@dataclass(frozen=True, kw_only=True)
class Vote:
    """One approver's answer. `at` is in epoch seconds; `source_ip` and `user_agent` say who really pressed.

    `digest` is that of the question which the answer was given to; "" in a vote of schema 1.
    """

    decision: Decision
    comment: str
    at: int
    source_ip: str
    user_agent: str
    digest: str = ""

    def to_item(self) -> dict[str, Any]:
        return {
            "decision": self.decision.value,
            "comment": self.comment,
            "at": self.at,
            "sourceIp": self.source_ip,
            "userAgent": self.user_agent,
        } | ({"digest": self.digest} if self.digest else {})

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        return cls(
            decision=Decision(item["decision"]),
            comment=item["comment"],
            at=int(item["at"]),
            source_ip=item["sourceIp"],
            user_agent=item["userAgent"],
            digest=item.get("digest", ""),
        )


@dataclass(frozen=True, kw_only=True)
class Approver:
    """Somebody who has been asked: SHA-256 digests of the links sent, the last round mailed (0: none yet), the vote."""

    links: tuple[str, ...] = ()
    mailed_round: int = 0
    vote: Vote | None = None

    def to_item(self) -> dict[str, Any]:
        """Without the vote, which is kept apart."""
        return {"links": list(self.links), "mailedRound": self.mailed_round}

    @classmethod
    def from_item(cls, item: Mapping[str, Any], vote: Mapping[str, Any] | None) -> Self:
        return cls(
            links=tuple(item["links"]),
            mailed_round=int(item["mailedRound"]),
            vote=Vote.from_item(vote) if vote else None,
        )


@dataclass(frozen=True, kw_only=True)
class Lease:
    """Who is sending this round's mails, and until when (epoch seconds) nobody else may."""

    owner: str
    until: int


@dataclass(frozen=True, kw_only=True)
class Record:
    """A request, the people asked, and what they said.

    Times are epoch seconds, except `requested_at` and `scheduled_for`, which are the ISO 8601 texts of the task; the
    latter is "" unless a schedule has asked. `version` counts the writes: each one names the version it was computed
    from, so that of two concurrent writers one has to look again.
    """

    request_id: str
    execution_arn: str
    title: str
    details: str
    requested_by: str
    requested_at: str
    deadline: int
    expires_at: int
    round: int
    rounds: int
    approvals_required: int
    rejections_required: int
    approvers: Mapping[str, Approver]
    scheduled_for: str = ""
    escalate_to: tuple[str, ...] = ()
    status: Status = Status.OPEN
    decided_at: int = 0
    handed_over: bool = False
    answer: str = ""
    task_token: str = field(default="", repr=False)
    lease: Lease | None = None
    answered_without_vote: bool = False  # by somebody who holds a task token
    answer_mismatched: bool = False  # the workflow had asked another question, and refused it
    operator_told: int = 0  # of the ending at that time, in epoch seconds; 0: of none
    version: int = 1
    schema_version: int = SCHEMA_VERSION

    @property
    def digest(self) -> str:
        """Of the question as it stands here."""
        return digest_of(self)

    @property
    def asked(self) -> bool:
        """Whether anybody has been mailed."""
        return any(approver.mailed_round for approver in self.approvers.values())

    @property
    def verdict(self) -> Status:
        """APPROVED or REJECTED if the votes say so, each given to this very question, else OPEN."""
        cast = [vote.decision for vote in self.votes.values() if vote.digest in {"", self.digest}]
        if cast.count(Decision.REJECT) >= max(1, self.rejections_required):
            return Status.REJECTED
        if cast.count(Decision.APPROVE) >= max(1, self.approvals_required):
            return Status.APPROVED
        return Status.OPEN

    @property
    def votes(self) -> dict[str, Vote]:
        """The votes cast so far, by approver, oldest first."""
        cast = {who: approver.vote for who, approver in self.approvers.items() if approver.vote}
        return dict(sorted(cast.items(), key=lambda entry: (entry[1].at, entry[0])))

    def with_approver(self, who: str, **changes: Any) -> Self:
        return replace(self, approvers={**self.approvers, who: replace(self.approvers[who], **changes)})

    def to_item(self) -> dict[str, Any]:
        approvers = {who: approver.to_item() for who, approver in self.approvers.items()}
        votes = {who: vote.to_item() for who, vote in self.votes.items()}
        if self.schema_version == 1:
            for who, vote in votes.items():
                approvers[who]["vote"] = vote
        item = {
            "requestId": self.request_id,
            "schemaVersion": self.schema_version,
            "version": self.version,
            "status": self.status.value,
            "executionArn": self.execution_arn,
            "title": self.title,
            "details": self.details,
            "requestedBy": self.requested_by,
            "requestedAt": self.requested_at,
            "scheduledFor": self.scheduled_for,
            "deadline": self.deadline,
            "expiresAt": self.expires_at,
            "round": self.round,
            "rounds": self.rounds,
            "approvalsRequired": self.approvals_required,
            "rejectionsRequired": self.rejections_required,
            "approvers": approvers,
            "escalateTo": list(self.escalate_to),
            "decidedAt": self.decided_at,
            "handedOver": self.handed_over,
            "answer": self.answer,
        }
        if self.task_token:
            item["taskToken"] = self.task_token
        if self.lease:
            item["lease"] = {"owner": self.lease.owner, "until": self.lease.until}
        if votes and self.schema_version > 1:
            item["votes"] = votes
        if self.asked:
            item["asked"] = True
        if self.answered_without_vote:
            item["answeredWithoutVote"] = True
        if self.answer_mismatched:
            item["answerMismatched"] = True
        if self.operator_told:
            item["operatorTold"] = self.operator_told
        return item

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        """Raises ValueError for an item that a newer release has written.

        A decision is what the votes say: a stored one without them is none, whoever wrote it.
        """
        if int(item["schemaVersion"]) not in READABLE_VERSIONS:
            raise ValueError(
                f"record {item['requestId']} has schemaVersion {item['schemaVersion']}, "
                f"this release reads {sorted(READABLE_VERSIONS)}"
            )
        lease = item.get("lease")
        votes = item.get("votes", {})
        record = cls(
            request_id=item["requestId"],
            version=int(item["version"]),
            status=Status(item["status"]),
            execution_arn=item["executionArn"],
            title=item["title"],
            details=item["details"],
            requested_by=item["requestedBy"],
            requested_at=item["requestedAt"],
            scheduled_for=item.get("scheduledFor", ""),  # the first release kept none
            deadline=int(item["deadline"]),
            expires_at=int(item["expiresAt"]),
            round=int(item["round"]),
            rounds=int(item["rounds"]),
            approvals_required=int(item["approvalsRequired"]),
            rejections_required=int(item["rejectionsRequired"]),
            approvers={
                who: Approver.from_item(approver, votes.get(who) or approver.get("vote"))
                for who, approver in item["approvers"].items()
            },
            escalate_to=tuple(item["escalateTo"]),
            decided_at=int(item["decidedAt"]),
            handed_over=bool(item["handedOver"]),
            answer=item["answer"],
            task_token=item.get("taskToken", ""),
            lease=Lease(owner=lease["owner"], until=int(lease["until"])) if lease else None,
            answered_without_vote=item.get("answeredWithoutVote", False),
            answer_mismatched=item.get("answerMismatched", False),
            operator_told=int(item.get("operatorTold", 0)),
            schema_version=int(item["schemaVersion"]),
        )
        if record.status in DECIDED and record.status is not record.verdict:
            return replace(record, status=Status.OPEN)
        return record
