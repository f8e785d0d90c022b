"""The request that mail and pages show: one record, as the rules make it, at a time that never changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from handlers.approvals.rules.decisions import decide
from handlers.approvals.rules.record import Approver, Decision, Record, Vote
from handlers.contract.policy import Policy
from handlers.contract.record import Status

ALICE, BOB, CAROL, DANA = (f"{name}@example.com" for name in ("alice", "bob", "carol", "dana"))
ASKED_AT = int(datetime(2026, 11, 26, 9, 0, tzinfo=UTC).timestamp())
NOW = ASKED_AT + 30 * 60
LINK = (
    "https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com/approvals/"
    "1a2b3c4d-5e6f-4a7b-8c9d-0e1f2a3b4c5d/mfrggzdfmztwq2lknnwg23tpobyxe43uov3ho6dzpi"
)

OPEN = Record(
    request_id="1a2b3c4d-5e6f-4a7b-8c9d-0e1f2a3b4c5d",
    execution_arn="arn:aws:states:eu-central-1:123456789012:execution:workflow-machine:1a2b3c4d",
    title="Release 1.4 to production",
    details="Adds invoices in Danish crowns.\nMigration: none. Roll back with release 1.3.2.",
    requested_by=DANA,
    requested_at=f"{datetime.fromtimestamp(ASKED_AT, UTC):%Y-%m-%dT%H:%M:%SZ}",
    deadline=ASKED_AT + 86_400,
    expires_at=ASKED_AT + 366 * 86_400,
    round=1,
    rounds=3,
    policy=Policy(approvers=(ALICE, BOB, CAROL), approvals_required=2),
    approvers={who: Approver(mailed_round=1) for who in (ALICE, BOB, CAROL)},
)


def approves(record: Record, who: str, comment: str, minutes: int) -> Record:
    """With the approval of one more person, so many minutes after they were asked."""
    vote = Vote(
        decision=Decision.APPROVE,
        comment=comment,
        at=ASKED_AT + minutes * 60,
        source_ip="203.0.113.7",
        user_agent="",
        digest=record.digest,
    )
    return record.with_approver(who, vote=vote)


HALF = approves(OPEN, ALICE, "Tests are green, the runbook is up to date.", 12)
APPROVED = decide(approves(HALF, BOB, "Looks good to me.", 25), Status.APPROVED, ASKED_AT + 25 * 60)
EXPIRED = replace(HALF, status=Status.EXPIRED)
CLOSED = replace(HALF, status=Status.CLOSED)
