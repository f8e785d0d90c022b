"""The mail about how a request ended: what it says of each ending, and what it never says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from handlers.approvals.faces import decision_mail, mail
from handlers.approvals.faces.letter import as_text
from handlers.approvals.rules.endings import Execution, ended
from handlers.approvals.rules.record import Record
from handlers.contract.record import Status
from tests.fuzz.inputs import NASTY
from tests.support.records import (
    ANNA,
    DIGEST,
    SOURCE_IP,
    TASK_TOKEN,
    USER_AGENT,
    approved,
    cancelled,
    record,
    rejected,
    vote,
    voted,
)
from tests.support.services import accept

STOPPED = ended(record(), Execution(status="ABORTED", error="Ops", cause="The wrong release."))
REFUSED = ended(approved(), Execution(status="FAILED", error="AnswerMismatch", cause="Another question."))
STOLEN = ended(record(), Execution(status="SUCCEEDED"))


@pytest.mark.parametrize(
    ("after", "headline", "says"),
    [
        (approved(), "Approved", ["has been approved, and goes on", "ben@example.com approved", "Fine with me."]),
        (rejected(), "Rejected", ["has been rejected, and does not go on", "| Not on a Friday."]),
        (record(status=Status.EXPIRED), "Expired", ["has not been approved in time", "Nobody has answered."]),
        (STOPPED, "Stopped", ["was stopped by whoever operates it", 'Error: "Ops"', 'Why: "The wrong release."']),
        (cancelled(), "Cancelled", ["was cancelled by whoever operates it", 'Why: "The wrong: release."']),
        (REFUSED, "Ended", ["has ended, and has taken no answer", "AnswerMismatch", "anna@example.com approved"]),
        (STOLEN, "Ended", ["has ended with an answer that nobody has given here"]),
    ],
)
def test_it_says_how_it_ended_by_whom_and_why_and_holds_nothing_to_act_with(after: Record, headline, says) -> None:
    assert (
        mail.subject_about(after, decision_mail.headline(after), "prod", "UTC")
        == f"[prod] {headline}: Deploy 1.4 to production"
    )
    body = as_text(decision_mail.parts(after, "prod", "UTC"))
    assert all(words in body for words in [*says, "A workflow in prod ", "You have nothing to do."])
    assert not any(secret in body for secret in ("http", "arn:", TASK_TOKEN, DIGEST, SOURCE_IP, USER_AGENT))


@pytest.mark.parametrize("text", [*NASTY, "\x01" * 10_000, "\U0001f600" * 10_000, "Why: none\n\nAnswers:\n\n- all"])
def test_sns_takes_it_whatever_people_wrote_and_nobody_else_writes_its_lines(text: str) -> None:
    before = voted({ANNA: vote(comment=text[:1_000])})
    after = ended(
        replace(before, title=text[:200] or "t", requested_by=text[:254]),
        Execution(status="ABORTED", error=text, cause=text),
    )
    body = as_text(decision_mail.parts(after, text[:30], "UTC"))
    accept(mail.subject_about(after, decision_mail.headline(after), text[:30], "UTC"), body)
    assert sum(line.startswith("Why: ") for line in body.splitlines()) <= 1
    assert body.count("\nAnswers:\n") == 1
