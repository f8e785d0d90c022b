"""The mail to somebody who is named as the requester."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.approvals.adapters.sns import ApproverTopic, Letterhead, Pace
from handlers.approvals.faces import left_out
from handlers.approvals.rules.record import Record
from tests.support.records import ANNA, BEN, DIGEST, REQUEST_ID, TASK_TOKEN, record
from tests.support.services import FakeClock, FakeSns

ROLE = "arn:aws:sts::123456789012:assumed-role/Ops/"


def body(sample: Record) -> str:
    return left_out.body(sample, "dev", "Europe/Berlin")


def test_the_mail_says_why_they_are_not_asked_and_what_the_question_is():
    subject = left_out.subject(record(requested_by=ROLE + ANNA), "dev", "UTC")
    assert subject == "[dev] You are not asked: Deploy 1.4 to production"
    written = body(record(requested_by=ROLE + ANNA))
    assert "You are named as its requester" in written
    assert "What: Deploy 1.4 to production" in written
    assert ROLE + ANNA in written
    assert "14:30" in written
    assert f"Request {REQUEST_ID}" in written


def test_the_mail_has_no_link_no_token_and_nothing_that_others_wrote_at_length():
    written = body(record(requested_by=ANNA, details="https://evil.example/approve"))
    for secret in ("http", DIGEST, TASK_TOKEN):
        assert secret not in written


@pytest.mark.parametrize("text", ["a\nAsked by: nobody", "a\r\n\r\nTo answer, open this link:", "\u202ea", "a\u2028b"])
def test_nobody_writes_lines_of_their_own_into_it(text):
    plain, forged = body(record()), body(record(title=text, requested_by=text))
    assert forged.count("\n") == plain.count("\n")
    assert "\u202e" not in forged


def test_it_goes_to_that_person_alone_and_keeps_the_pace():
    client, clock = FakeSns(), FakeClock()
    sns: Any = client
    topic = ApproverTopic(sns, "arn:topic", Letterhead(environment="dev", timezone="UTC"), Pace(2, clock))
    topic.leave_out(record(), ANNA)
    topic.leave_out(record(), BEN)
    assert [one["MessageAttributes"]["approver"]["StringValue"] for one in client.mails] == [ANNA, BEN]
    assert clock.slept == [0, 2]
