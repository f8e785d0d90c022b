"""The largest request that the config admits, in which everybody writes as much as the page takes."""

from __future__ import annotations

import json
from base64 import b32encode
from hashlib import sha256
from urllib.parse import urlencode

import pytest

from handlers.approvals.faces import mail
from handlers.approvals.faces.answers import approval, rejection
from handlers.approvals.rules import decisions
from handlers.approvals.rules.links import digest
from handlers.approvals.rules.record import Approver, Decision, Record
from handlers.approvals.rules.rounds import Kind
from handlers.contract.policy import Group, Policy, as_json
from handlers.contract.record import Status
from infra.config.policies import LARGEST_QUORUM, LINKS, MOST_GROUPS, MOST_PEOPLE
from infra.config.policy_checks import POLICY_BYTES
from tests.fuzz.functions import Page, page_of
from tests.support.events import http
from tests.support.records import REQUEST_ID, record
from tests.support.services import accept

STATE_BYTES = 256 * 1024  # https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
PEOPLE = [f"{number:03}-{'x' * 7}@a.bc" for number in range(2 * LARGEST_QUORUM)]
BROWSER = "Mozilla/5.0 " * 30


def largest(asked: list[str]) -> Record:
    """As many links and as long a text as there can be; the links of the first mail are those that the test presses."""
    spare = LINKS // len(asked) - 1
    approvers = {
        who: Approver(links=(digest(secret(who)), *(digest(f"{who}{n}") for n in range(spare))), mailed_round=1)
        for who in asked
    }
    policy = Policy(
        name="p" * 40,
        groups={f"{number:040}": Group(approvers=tuple(asked)) for number in range(MOST_GROUPS)},
        approvals_required=LARGEST_QUORUM,
        rejections_required=LARGEST_QUORUM,
    )
    spare_bytes = POLICY_BYTES - len(json.dumps(as_json(policy), separators=(",", ":")))
    assert 0 <= spare_bytes < POLICY_BYTES / 10
    return record(
        approvers=approvers,
        policy=policy,
        title="\x01" * 200,
        details="\x01" * 10_000,
        requested_by="\x01" * 254,
        task_token="t" * 2_048,
    )


def secret(who: str) -> str:
    """Of the form that a link has."""
    return b32encode(sha256(who.encode()).digest()).decode().rstrip("=").lower()


def press(api: Page, who: str, decision: Decision, comment: str) -> dict:
    body = urlencode({"decision": decision, "comment": comment})
    event = http("POST", f"/approvals/{REQUEST_ID}/{secret(who)}", body, accept="application/json")
    event["requestContext"]["http"]["userAgent"] = BROWSER
    return api.serve(event)


@pytest.mark.parametrize(
    ("last", "character"),
    [
        (Decision.APPROVE, "x"),  # as it is
        (Decision.APPROVE, "\U0001f600"),  # most bytes in UTF-8
        (Decision.APPROVE, "\x01"),  # most in JSON
        (Decision.REJECT, "\x01"),  # whatever it is made of, a cause is cut: tests/handlers/test_answers.py
    ],
)
def test_everybody_can_answer_the_largest_request_and_the_workflow_takes_it(last, character):
    assert len(PEOPLE) == MOST_PEOPLE
    api = page_of(largest(PEOPLE))
    first = Decision.REJECT if last is Decision.APPROVE else Decision.APPROVE
    turns = [first] * (LARGEST_QUORUM - 1) + [last] * LARGEST_QUORUM
    refused = 0
    for who, decision in zip(PEOPLE, turns, strict=False):
        answer = press(api, who, decision, character * 1_000)
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
    assert refused < len(turns), "somebody's words are kept"
    request = {"title": kept.title, "details": kept.details, "requestedBy": kept.requested_by}
    told = json.dumps(approval(kept), ensure_ascii=False) if last is Decision.APPROVE else rejection(kept)
    assert len((json.dumps(request) + told).encode()) < STATE_BYTES
    accept(mail.subject(kept, Kind.REMINDER, "test"), mail.body(kept, PEOPLE[-1], Kind.REMINDER, "link", "test", "UTC"))


def test_a_hundred_people_can_write_more_than_people_do():
    assert len(PEOPLE) * 800 <= decisions.COMMENTS_LIMIT
