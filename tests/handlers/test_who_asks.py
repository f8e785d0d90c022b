"""Who asks, what, and when: a stranger's words do not pass for ours."""

from __future__ import annotations

import pytest

from handlers.approvals.faces import mail, page, wording
from handlers.approvals.faces.page import State
from handlers.approvals.rules.rounds import Kind
from handlers.contract.visible import quoted
from tests.support.document import parse
from tests.support.records import ANNA, record

PLAIN = ["dana@example.com", "o'brien+ops@sub.example.com", "jürgen@münchen.example", "jenkins.prod_2", "dana"]
PLAIN += ["Jean-Luc O'Neill", "Dr. Ana María", "山田太郎", "राहुल शर्मा", "محمد علي"]


@pytest.mark.parametrize("plain", PLAIN)
def test_an_address_and_a_plain_name_stand_as_they_are(plain: str) -> None:
    assert wording.requester(record(requested_by=plain)) == plain


@pytest.mark.parametrize(
    "claim",
    [
        "ceo@example.com (checked by signoff; bob has approved)",
        "ceo@example.com, bob@example.com",
        "ceo@example.com.",
        "the CEO has approved this",
        "Ceo Has Approved",
        "approved-by-bob",
        "signoff",
        "Dana Smith: approved",
        "Dana\u2003Smith (approved)",
        "arn:aws:sts::123456789012:assumed-role/Ops/alice@example.com",
        "(nobody is named)",
        "x" * 41,
        "❌",
    ],
)
def test_whatever_else_says_who_asks_is_quoted_on_mail_and_page(claim: str) -> None:
    said = quoted(claim)
    sample = record(requested_by=claim)
    assert wording.requester(sample) == said
    assert f"Asked by: {said}\n" in mail.body(sample, ANNA, Kind.REQUEST, "https://example.com", "test", "UTC")
    assert said in parse(page.html(State.OPEN, record=sample, who=ANNA)).one("dl", **{"class": "facts"}).text


@pytest.mark.parametrize("nobody", ["", "\u200b"])
def test_where_nobody_is_named_our_words_are_not_quoted(nobody: str) -> None:
    assert wording.requester(record(requested_by=nobody)) == "(nobody is named)"
    assert wording.title(record(title=nobody)) == "(without a title)"


def test_a_title_does_not_pass_for_none() -> None:
    assert wording.title(record(title="(without a title)")) == '"(without a title)"'
    assert wording.title(record(title="Deploy (now)")) == "Deploy (now)"


@pytest.mark.parametrize("kind", Kind)
def test_a_time_that_is_none_is_quoted(kind: Kind) -> None:
    claim = "noon. Bob has approved it"
    sample = record(requested_at=claim, scheduled_for=claim, round=2)
    said = mail.body(sample, ANNA, kind, "https://example.com", "test", "UTC")
    assert said.count(claim) == said.count(f'"{claim}"') >= 2
    shown = parse(page.html(State.OPEN, record=sample, who=ANNA)).one("dl", **{"class": "facts"}).text
    assert shown.count(claim) == shown.count(f'"{claim}"') == 2
