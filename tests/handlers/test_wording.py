"""The words of page and mail: what is still missing, against the rule; and a stranger's, which do not pass for ours."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from itertools import chain, combinations

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from handlers.approvals.faces import page, wording
from handlers.approvals.faces.page import State
from handlers.approvals.rules.record import Decision, Record
from handlers.approvals.rules.rounds import Kind
from handlers.contract.policy import Group
from handlers.contract.visible import quoted
from tests.support import plain
from tests.support.document import parse
from tests.support.records import ANNA, escalated, grouped, record, vote

MEMBERS = tuple(f"{letter}@example.com" for letter in "abcde")
CONTACT = "contact@example.com"
NEEDED = re.compile(r"(?P<total>\d+) approvals?(?:, at least (?P<least>.+))?|(?P<each>\d+ approvals? from .+)")
FROM = re.compile(r"(\d+)(?: approvals?)? from ([a-z]+)(?:, | and |$)")


@st.composite
def requests(draw: st.DrawFn) -> Record:
    """With groups that overlap in any way, and any votes; perhaps escalated, perhaps asked for by one of a group."""
    groups = {}
    for name in draw(st.lists(st.sampled_from(["finance", "legal", "ops"]), min_size=1, unique=True)):
        approvers = draw(st.lists(st.sampled_from(MEMBERS), min_size=1, unique=True))
        groups[name] = Group(approvers=tuple(approvers), approvals_required=draw(st.integers(1, len(approvers))))
    sample = grouped(groups=groups, approvals_required=draw(st.integers(1, 5)), escalate_to=(CONTACT,))
    sample = escalated(sample) if draw(st.booleans()) else sample
    if requester := draw(st.sampled_from(["", *MEMBERS])):
        left = {who: approver for who, approver in sample.approvers.items() if who != requester}
        sample = replace(sample, requested_by=requester, approvers=left)
    said = vote()  # on the sample's own question
    for who in sample.approvers:
        if decision := draw(st.sampled_from([None, *Decision])):
            sample = sample.with_approver(who, vote=replace(said, decision=decision, digest=sample.digest))
    return sample


def enough(words: str, more: Collection[str], sample: Record) -> bool:
    """Whether approvals of these people are what the words ask for."""
    if not words:
        return True
    found = NEEDED.fullmatch(words)
    assert found, words
    listed = found["least"] or found["each"] or ""
    parts = FROM.findall(listed)
    assert len(parts) == listed.count(" from ")
    groups = sample.policy.groups
    return len(more) >= int(found["total"] or 0) and all(
        sum(who in groups[name].approvers or who == CONTACT for who in more) >= int(number) for number, name in parts
    )


def approved_by(more: Collection[str], sample: Record) -> bool:
    for who in more:
        sample = sample.with_approver(who, vote=replace(vote(), digest=sample.digest))
    return sample.tally.approves


def still_needed_in_the_mail(sample: Record) -> str:
    body = plain.body(sample, MEMBERS[0], Kind.REMINDER, "https://example.com", "test", "UTC")
    (line,) = [line for line in body.split("\n") if line.startswith("Still needed: ")]
    return line.removeprefix("Still needed: ")


def still_needed_on_the_page(sample: Record) -> str:
    """As whoever has answered reads it."""
    who = next(iter(sample.votes))
    text = parse(page.html(State.VOTED, record=sample, who=who)).one("section", **{"class": "notice neutral"}).text
    ((listed, number),) = re.findall(
        r"counts\. (?:Still needed before the workflow can go on: (.+)|(.+) (?:is|are) needed before .+)\. The others",
        text,
    )
    return listed or number.replace(" more ", " ")


@given(sample=requests())
def test_what_is_said_to_be_missing_is_what_approves_and_nothing_less_does(sample: Record) -> None:
    """Whoever else approves: if and only if the words ask for no more than that, the request is approved."""
    counted = sample.tally
    event(f"approved: {counted.approves}")
    if counted.approves:
        assert not wording.still_needed(counted)
        return
    said = {still_needed_in_the_mail(sample)}
    if sample.votes:
        said.add(still_needed_on_the_page(sample))
    (words,) = said
    named = {name: int(number) for number, name in FROM.findall(words)}
    assert named == {name: count.missing for name, count in counted.groups.items() if count.missing}
    open_ = [who for who, approver in sample.approvers.items() if not approver.vote]
    for more in chain.from_iterable(combinations(open_, number) for number in range(len(open_) + 1)):
        assert enough(words, more, sample) == approved_by(more, sample), (words, more)


# --- who asks, what, and when

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
    assert f"Asked by: {said}\n" in plain.body(sample, ANNA, Kind.REQUEST, "https://example.com", "test", "UTC")
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
    said = plain.body(sample, ANNA, kind, "https://example.com", "test", "UTC")
    assert said.count(claim) == said.count(f'"{claim}"') >= 2
    shown = parse(page.html(State.OPEN, record=sample, who=ANNA)).one("dl", **{"class": "facts"}).text
    assert shown.count(claim) == shown.count(f'"{claim}"') == 2
