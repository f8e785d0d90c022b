"""Sample records, votes and messages: a valid one each, of which a test changes what it is about."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from handlers.approvals.parsing.message import read_message
from handlers.approvals.rules import endings
from handlers.approvals.rules.decisions import decide
from handlers.approvals.rules.message import Message
from handlers.approvals.rules.record import Approver, Decision, Record, Undelivered, Vote
from handlers.contract import message as contract
from handlers.contract.form_fields import as_text, read_fields, read_links
from handlers.contract.policy import Group, Policy, as_json, policy_digest
from handlers.contract.question import question_digest
from handlers.contract.record import Status

ANNA, BEN, CARLA = "anna@example.com", "ben@example.com", "carla@example.com"
BOSS = "boss@example.com"

ASKED_AT = 1_795_786_200  # Fri 27 Nov 2026, 13:30 UTC
DEADLINE = ASKED_AT + 86_400
REQUEST_ID = "1a2b3c4d-5e6f-4a7b-8c9d-0e1f2a3b4c5d"
EXECUTION_ARN = "arn:aws:states:eu-central-1:123456789012:execution:signoff:c0ffee"

# Anna or Ben; what a new request asks for.
EITHER = Policy(approvers=(ANNA, BEN), audit_days=30)

# One of each type, as a question has them.
OF_EACH_TYPE: tuple[dict[str, Any], ...] = (
    {
        "name": "region",
        "label": "Which region first?",
        "type": "choice",
        "required": True,
        "options": [{"value": "eu-1", "label": "Frankfurt"}, {"value": "us-1", "label": "Virginia"}],
    },
    {"name": "share", "label": "Share", "type": "number", "help": "In %.", "min": 1, "max": 50, "decimals": 1}
    | {"required": True, "default": 12.5},
    {"name": "ticket", "label": "Ticket", "type": "text", "maxLength": 20},
    {"name": "notes", "label": "Notes", "type": "text", "multiline": True},
    {"name": "start", "label": "Not before", "type": "date", "min": "2026-12-01"},
    {"name": "announce", "label": "Announce it?", "type": "boolean"},
)
LINKS = ({"label": "The pipeline", "url": "https://ci.example.com/pipelines/2291?a=1&b=2"},)

POLICY_FIELDS = {"approvals_required", "rejections_required", "escalate_to", "groups"}

# What nobody may ever read in a mail or on a page.
SOURCE_IP, USER_AGENT, DIGEST, TASK_TOKEN = "203.0.113.7", "Mozilla/5.0 (test)", "d1" * 32, "task-token-AAAA"


def vote(decision: Decision = Decision.APPROVE, comment: str = "", at: int = ASKED_AT + 600) -> Vote:
    return Vote(
        decision=decision, comment=comment, at=at, source_ip=SOURCE_IP, user_agent=USER_AGENT, digest=record().digest
    )


def record(**changes: Any) -> Record:
    """Open, in its first round, nobody has answered; two of three people have to approve.

    `changes` are the record's, or its policy's.
    """
    of_policy = {name: changes.pop(name) for name in POLICY_FIELDS & changes.keys()}
    asked = {who: Approver(links=(DIGEST,), mailed_round=1) for who in (ANNA, BEN, CARLA)}
    sample = Record(
        request_id=REQUEST_ID,
        execution_arn=EXECUTION_ARN,
        title="Deploy 1.4 to production",
        details="Adds the new checkout.\nRoll back with 1.3.",
        requested_by="release-bot@example.com",
        requested_at="2026-11-27T13:30:00Z",
        deadline=DEADLINE,
        expires_at=DEADLINE + 365 * 86_400,
        round=1,
        rounds=3,
        policy=policy(**of_policy),
        approvers=asked,
        task_token=TASK_TOKEN,
    )
    return replace(sample, **changes)


def policy(**changes: Any) -> Policy:
    """Anna, Ben and Carla, two of whom have to approve; the requester may not."""
    sample = Policy(approvers=(ANNA, BEN, CARLA), approvals_required=2)
    return replace(sample, **changes)


def grouped(votes: dict[str, Vote] | None = None, groups: dict[str, Group] | None = None, **of_policy: Any) -> Record:
    """A payout: one of finance (Anna, Ben), one of legal (Carla, Ben), in all two people; Boss can stand in.

    `of_policy` changes its policy. Its contacts have not been asked: `escalated` asks them.
    """
    groups = groups or {"finance": Group(approvers=(ANNA, BEN)), "legal": Group(approvers=(CARLA, BEN))}
    settings: dict[str, Any] = {"name": "payout", "approvals_required": 2, "escalate_to": (BOSS,)} | of_policy
    asked = Policy(groups=groups, **settings)
    return voted(votes or {}, policy=asked, approvers={who: Approver(links=(DIGEST,)) for who in asked.asked_first})


def escalated(sample: Record) -> Record:
    """In its last round, with its escalation contacts."""
    contacts = {who: Approver() for who in sample.policy.escalate_to}
    return replace(sample, round=sample.rounds, approvers={**sample.approvers, **contacts})


def asking(*fields: dict[str, Any], links: tuple[dict[str, Any], ...] = (), **changes: Any) -> Record:
    """A record whose question has these fields and links, written as in a question."""
    return record(fields=as_text(read_fields(fields)), links=as_text(read_links(links)), **changes)


def giving(sample: Record, who: str, at: int = ASKED_AT + 600, comment: str = "", **values: str) -> Record:
    """Approved by this person, too, with these canonical values; still open whatever that makes."""
    said = replace(vote(comment=comment, at=at), digest=sample.digest, values=values)
    return sample.with_approver(who, vote=said)


def voted(votes: dict[str, Vote], **changes: Any) -> Record:
    """A record with these votes, still open whatever they say."""
    sample = record(**changes)
    for who, cast in votes.items():
        sample = sample.with_approver(who, vote=cast)
    return sample


def losing(sample: Record, *people: str, reason: str = "user unknown", permanent: bool = True) -> Record:
    """Each of these people's mails came back, which the operator knows."""
    for who in people:
        sample = sample.with_approver(who, undelivered=Undelivered("Bounce", reason, permanent, told=True))
    return sample


def cancelled() -> Record:
    """Cancelled by an operator."""
    after = endings.cancelled(record(), "arn:aws:sts::123456789012:assumed-role/Ops/erik: The wrong: release.")
    assert isinstance(after, Record)
    return after


def approved() -> Record:
    """Approved by Anna and Ben; Carla has not answered."""
    late = ASKED_AT + 1_200
    both = voted({ANNA: vote(comment="Looks good."), BEN: vote(comment="Fine with me.", at=late)})
    return decide(both, Status.APPROVED, late)


def rejected() -> Record:
    """Rejected by Ben; Anna had approved, Carla has not answered."""
    late = ASKED_AT + 1_200
    both = voted({ANNA: vote(), BEN: vote(Decision.REJECT, "Not on a Friday.", late)})
    return decide(both, Status.REJECTED, late)


def read_request(body: str) -> Message:
    """Of the request queue's messages, one that asks."""
    read = read_message(body)
    assert isinstance(read, Message)
    return read


def message(**changes: Any) -> Message:
    """The first round of the request that `record` is of."""
    return replace(read_request(json.dumps(message_body())), **changes)


def message_body(**question: str) -> dict[str, Any]:
    """What the state machine puts on the queue, with a digest that fits its question."""
    request = {
        "requestId": REQUEST_ID,
        "title": "Deploy 1.4 to production",
        "details": "Adds the new checkout.\nRoll back with 1.3.",
        "requestedBy": "release-bot@example.com",
        "requestedAt": "2026-11-27T13:30:00Z",
    } | question
    return contract.message_body(
        task_token=TASK_TOKEN,
        execution_arn=EXECUTION_ARN,
        round_=1,
        rounds=3,
        late=False,
        deadline=DEADLINE,
        policy=policy_body(EITHER),
        request=request | {"digest": question_digest(request)},
    )


def needing(approvals: int, sample: Record, **changes: Any) -> Record:
    """The record when it takes so many approvals."""
    return replace(sample, policy=replace(sample.policy, approvals_required=approvals), **changes)


def policy_body(one: Policy) -> dict[str, Any]:
    """A policy in a message."""
    return as_json(one) | {"digest": policy_digest(one)}
