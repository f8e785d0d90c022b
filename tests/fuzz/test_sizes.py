"""The largest request that the config admits, in which everybody writes as much as the page takes."""

from __future__ import annotations

import json
from base64 import b32encode
from dataclasses import replace
from hashlib import sha256
from urllib.parse import urlencode

import pytest

from handlers.approvals.faces import chat, decision_mail, letter, mail
from handlers.approvals.faces.answers import approval, rejection
from handlers.approvals.parsing.item import to_item
from handlers.approvals.parsing.returned import OTHERS_LIMIT
from handlers.approvals.rules import announcing, decisions, delivery, rounds
from handlers.approvals.rules.delivery import Notice, Trouble
from handlers.approvals.rules.endings import Execution, ended
from handlers.approvals.rules.links import digest
from handlers.approvals.rules.record import Approver, Decision, Record, Vote
from handlers.approvals.rules.transitions import Transition
from handlers.contract.events import EventType
from handlers.contract.form_fields import FormField, Kind, Option, QuestionLink, as_text, too_large
from handlers.contract.policy import Group, Policy, as_json
from handlers.contract.record import MOST_REMINDERS, Status
from infra.config.policies import LARGEST_QUORUM, LINKS, MOST_GROUPS, MOST_PEOPLE
from infra.config.policy_checks import POLICY_BYTES
from tests.fuzz.functions import Page, page_of
from tests.support import plain
from tests.support.events import http
from tests.support.mails import agree, alternatives, asks, tells
from tests.support.records import REQUEST_ID, record
from tests.support.services import ITEM_BYTES, accept, item_size
from tests.support.told import told

PUT_BYTES = 256 * 1024  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html
STATE_BYTES = 256 * 1024  # https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
PEOPLE = [f"{number:03}-{'x' * 7}@a.bc" for number in range(2 * LARGEST_QUORUM)]
LONGEST_ARN = 640  # a path has 512: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
BROWSER = "Mozilla/5.0 " * 30
# As long an answer as a hundred people and one more may give, and specifications of 10,000 bytes.
ANSWER = FormField(name="a", label="A", type=Kind.TEXT, max_length=66, required=True)
OPTIONS = tuple(Option(value=f"{n:02}", label='"' * 38) for n in range(20))
FILLERS = [FormField(name=f"n{n}", label='"' * 40, type=Kind.CHOICE, options=OPTIONS) for n in range(2)]
READ = [QuestionLink(label='"' * 40, url="https://example.com/" + "y" * 700) for _ in range(4)]
ROOM_BYTES = 15_000  # for what a release to come adds
OTHERS = {"invoice": "o" * (OTHERS_LIMIT - 20)}
LONG_PEOPLE = [f"{number:03}{'x' * 61}@{'.'.join(['d' * 60] * 3)}.org" for number in range(MOST_PEOPLE)]


def largest(asked: list[str]) -> Record:
    """As many links and as long a text as there can be; the links of the first mail are those that the test presses."""
    spare, now = LINKS // len(asked) - 1, record().deadline
    approvers = {
        who: Approver(
            links=(digest(secret(who)), *(digest(f"{who}{n}") for n in range(spare))),
            mailed_round=1,
            reminders=MOST_REMINDERS,
            reminded_at=now,
        )
        for who in asked
    }
    return record(
        approvers=approvers,
        reminded_by="x" * LONGEST_ARN,
        title="\x01" * 200,
        details="\x01" * 10_000,
        requested_by="\x01" * 254,
        task_token="t" * 2_048,
    )


def in_groups() -> Policy:
    """As large as a policy can be, with everybody in every group."""
    policy = Policy(
        name="p" * 40,
        groups={f"{number:040}": Group(approvers=tuple(PEOPLE)) for number in range(MOST_GROUPS)},
        approvals_required=LARGEST_QUORUM,
        rejections_required=LARGEST_QUORUM,
    )
    spare_bytes = POLICY_BYTES - len(json.dumps(as_json(policy), separators=(",", ":")))
    assert 0 <= spare_bytes < POLICY_BYTES / 10
    return policy


def secret(who: str) -> str:
    """Of the form that a link has."""
    return b32encode(sha256(who.encode()).digest()).decode().rstrip("=").lower()


def press(api: Page, who: str, decision: Decision, comment: str) -> dict:
    body = urlencode({"decision": decision, "comment": comment})
    event = http("POST", f"/approvals/{REQUEST_ID}/{secret(who)}", body, accept="application/json")
    event["requestContext"]["http"]["userAgent"] = BROWSER
    return api.serve(event)


def can_be_told(before: Record, after: Record) -> None:
    """All events of a write in one call, with everybody's whole address."""
    made = told(before, after)
    assert [type_ for type_, _ in made][-2:] == [EventType.VOTED, EventType.DECIDED]
    entries = [("signoff.production", type_, json.dumps(detail, ensure_ascii=False)) for type_, detail in made]
    assert sum(14 + len("".join(entry).encode()) for entry in entries) < PUT_BYTES
    assert [vote["approver"] for vote in made[-1][1]["votes"]] == [*after.votes]
    for type_, _ in made[-2:]:
        chat.message(after, Transition(type_, made[-2][1]["approver"]), "production", "UTC")


@pytest.mark.parametrize(
    ("last", "character"),
    [
        (Decision.APPROVE, "\x01"),  # most bytes in JSON
        (
            Decision.REJECT,
            "\U0001f600",
        ),  # most in a mail; a cause is cut whatever it is: tests/handlers/test_answers.py
    ],
)
def test_everybody_can_answer_the_largest_request_and_the_workflow_takes_it(last, character):
    assert len(PEOPLE) == MOST_PEOPLE
    assert MOST_PEOPLE * 400 <= decisions.COMMENTS_LIMIT, "more than people write"
    api = page_of(replace(largest(PEOPLE), policy=in_groups()))
    first = Decision.REJECT if last is Decision.APPROVE else Decision.APPROVE
    turns = [first] * (LARGEST_QUORUM - 1) + [last] * LARGEST_QUORUM
    refused = 0
    for who, decision in zip(PEOPLE, turns, strict=False):
        before = api.store.record
        answer = press(api, who, decision, character * 1_000 if refused < 3 else "")
        if answer["statusCode"] == 400:
            refused += 1
            assert "room" in json.loads(answer["body"])["error"]
            assert api.store.record
            assert who not in api.store.record.votes
            answer = press(api, who, decision, "")
        assert answer["statusCode"] == 200
    kept = api.store.record
    assert kept
    assert kept.status is (Status.APPROVED if last is Decision.APPROVE else Status.REJECTED)
    assert kept.handed_over
    assert before
    can_be_told(before, kept)
    assert refused < len(turns), "somebody's words are kept"
    request = {"title": kept.title, "details": kept.details, "requestedBy": kept.requested_by}
    told = json.dumps(approval(kept), ensure_ascii=False) if last is Decision.APPROVE else rejection(kept)
    assert len((json.dumps(request) + told).encode()) < STATE_BYTES
    accept(
        plain.subject(kept, rounds.Kind.REMINDER, "test"),
        plain.body(kept, PEOPLE[-1], rounds.Kind.REMINDER, "link", "test", "UTC"),
    )
    agree(alternatives(asks(kept, rounds.Kind.REMINDER, PEOPLE[-1])))


@pytest.mark.parametrize("character", ["x", "\U0001f600", "\x01", '"'])
def test_the_longest_answers_to_the_most_fields_fit_beside_everything_else(character):
    """Everybody gives an answer of their own, and half of them join another's, which is all that a quorum allows."""
    assert too_large([*FILLERS, ANSWER], READ, MOST_PEOPLE) is None
    assert too_large([*FILLERS, ANSWER._replace(max_length=67)], READ, MOST_PEOPLE)
    policy = Policy(approvers=tuple(LONG_PEOPLE), approvals_required=LARGEST_QUORUM, rejections_required=LARGEST_QUORUM)
    kept = replace(largest(LONG_PEOPLE), policy=policy, fields=as_text([*FILLERS, ANSWER]), links=as_text(READ))
    kept = replace(kept, title=character * 200, details=character * 10_000, requested_by=character * 254)
    for who in LONG_PEOPLE:  # and everybody's mail has come back, for whatever reason
        bounced = Notice(request_id="", person="", kind=Trouble.BOUNCE, reason=character * 1_000, permanent=True)
        kept = delivery.noted(kept, who, bounced)
    digest_of = kept.digest
    for joining in (False, True):
        for number, who in enumerate(LONG_PEOPLE):
            text = "\U0001f600" * 66 if joining or not number else f"{number:03}" + "\U0001f600" * 63
            values = {"a": text, **{field.name: "00" for field in FILLERS}}
            for comment in (character * 400, ""):
                cast = Vote(
                    decision=Decision.APPROVE,
                    comment=comment,
                    values=values,
                    digest=digest_of,
                    at=kept.deadline - 200 + number + 100 * joining,
                    source_ip="203.0.113.100",
                    user_agent=BROWSER[:256],
                )
                after = decisions.cast(kept, who, cast)
                if isinstance(after, Record):
                    before, kept = kept, after
                    break
            if kept.status is not Status.OPEN:
                can_be_told(before, kept)
                break
    assert kept.status is Status.APPROVED
    assert sum(1 for one in kept.votes.values() if one.withdrawn) == LARGEST_QUORUM - 1
    how = Execution(status="FAILED", error=character * 10_000, cause=character * 10_000)
    over = replace(ended(replace(kept, status=Status.OPEN), how), decided_by=LONG_PEOPLE[0])
    for who in [*over.approvers, f"{'r' * 60}@{'d' * 60}.org"]:
        over = announcing.told(over, who, over.status)
    for one in (kept, over):
        assert item_size(to_item(one)) < ITEM_BYTES - ROOM_BYTES
        accept(
            mail.subject_about(one, decision_mail.headline(one), "test", "UTC"),
            letter.as_text(decision_mail.parts(one, "test", "UTC")),
        )
        agree(alternatives(tells(one, LONG_PEOPLE[-1])))
    request = kept.as_json | {"policy": policy.name, "digest": digest_of} | OTHERS
    state = json.dumps(request | {"approval": approval(kept)}, ensure_ascii=False)
    assert len(state.encode()) < STATE_BYTES - ROOM_BYTES
