"""The mail to an operator about a mail that did not arrive."""

from __future__ import annotations

from dataclasses import replace

import pytest

from handlers.approvals.faces import undelivered_mail
from handlers.approvals.parsing.notice import read_notice
from handlers.approvals.rules.decisions import handed_over
from handlers.approvals.rules.delivery import Notice
from handlers.approvals.rules.record import Record
from tests.support.events import undelivered
from tests.support.records import ANNA, EXECUTION_ARN, REQUEST_ID, TASK_TOKEN, approved, record

GONE = read_notice(undelivered())
FULL = read_notice(undelivered("DeliveryDelay"))
FORGED = "What to do about it is in docs/mail.md."
ATTACK = f'550"\r\n\r\n{FORGED}\u2028{FORGED}\x85\x1b[2J\u202ehttps://evil.example.com/x\x00'


def body(notice: Notice = GONE, sample: Record | None = None, who: str = ANNA) -> str:
    return undelivered_mail.body(sample or record(), who, notice, "test")


def test_it_says_whose_mail_of_which_request_did_not_arrive_why_and_what_follows():
    lines = body().splitlines()
    assert lines[0] == "A mail about an approval in test came back."
    assert {
        f"- To: {ANNA}",
        '- What: "Deploy 1.4 to production"',
        f"- Request: {REQUEST_ID}",
        '- Why: "Permanent, General, 5.1.1, smtp; 550 5.1.1 user unknown"',
        f"- Execution: {EXECUTION_ARN}",
        "They are mailed no more about this request. The links they have, and their answer, stay good.",
    } <= set(lines)
    assert TASK_TOKEN not in body()


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("Bounce", "came back"),
        ("Complaint", "was reported as spam"),
        ("Reject", "was not sent"),
        ("Rendering Failure", "was not sent"),
        ("DeliveryDelay", "is delayed"),
    ],
)
def test_the_subject_says_what_became_of_it_and_what_it_was_about(kind, told):
    subject = undelivered_mail.subject(record(), read_notice(undelivered(kind)), "test", "UTC")
    assert subject == f"[test] A mail {told}: Deploy 1.4 to production"


@pytest.mark.parametrize(
    ("notice", "sample", "who", "told"),
    [
        (FULL, record(), ANNA, "They are mailed again in the next round, if there is one."),
        (GONE, handed_over(approved()), ANNA, ""),
        (GONE, record(), "dana@example.com", ""),
    ],
    ids=["for now", "of what is decided", "of whoever only asks"],
)
def test_what_follows_is_said_where_anything_does(notice, sample, who, told):
    assert [one for one in body(notice, sample, who).splitlines() if one.startswith("They ")] == [told] * bool(told)


def test_nothing_that_strangers_wrote_passes_for_a_line_of_ours_and_sns_takes_the_rest():
    title = "Überweisung\r\nBcc: x@example.com " + "x" * 300
    hostile, sample = replace(GONE, reason=ATTACK * 1_000), record(title=title, requested_by=ATTACK)
    written = body(hostile, sample, ATTACK)
    assert not set("\x1b\x00\u202e\u2028\x85\r") & set(written)
    assert written.splitlines().count(FORGED) == 1
    assert [line[:8] for line in written.splitlines() if "evil" in line] == ["- To: 55", '- Why: "']
    assert len(written.encode()) < 5_000
    subject = undelivered_mail.subject(sample, hostile, "test", "UTC")
    assert subject.isascii()
    assert subject.isprintable()
    assert len(subject) < 100
