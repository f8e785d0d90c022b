"""The mail to somebody who is named as the requester."""

from __future__ import annotations

import pytest

from handlers.approvals.faces import left_out
from handlers.approvals.rules.record import Record
from tests.support.records import ANNA, DIGEST, REQUEST_ID, TASK_TOKEN, record

ROLE = "arn:aws:sts::123456789012:assumed-role/Ops/"


def body(sample: Record) -> str:
    return left_out.body(sample, "dev", "Europe/Berlin")


def test_the_mail_says_why_they_are_not_asked_and_what_the_question_is():
    sample = record(requested_by=ROLE + ANNA, details="https://evil.example/approve")
    assert left_out.subject(sample, "dev", "UTC") == "[dev] You are not asked: Deploy 1.4 to production"
    written = body(sample)
    for said in ("You are named as its requester", "What: Deploy 1.4 to production", ROLE + ANNA, "14:30", REQUEST_ID):
        assert said in written
    for unsaid in ("http", DIGEST, TASK_TOKEN):
        assert unsaid not in written, "no link, and nothing that others wrote at length"


@pytest.mark.parametrize("text", ["a\nAsked by: nobody", "a\r\n\r\nTo answer, open this link:", "\u202ea", "a\u2028b"])
def test_nobody_writes_lines_of_their_own_into_it(text):
    plain, forged = body(record()), body(record(title=text, requested_by=text))
    assert forged.count("\n") == plain.count("\n")
    assert "\u202e" not in forged
