"""Whatever starts the workflow: a question that every service on its way can carry, or InvalidTask."""

from __future__ import annotations

import json
import math
import re
import tracemalloc
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from handlers.approvals.faces import mail, page
from handlers.approvals.faces.page import State
from handlers.approvals.faces.pieces import FormError, Typed
from handlers.approvals.parsing.trigger import SPECS, InvalidTask, Policies, question, scheduled_for, specified
from handlers.approvals.rules import rounds
from handlers.approvals.rules.decisions import decide
from handlers.approvals.rules.record import Decision, Lease, Record
from handlers.approvals.rules.refusal import Refusal
from handlers.contract.policy import Policy
from handlers.contract.question import LIMITS
from handlers.contract.record import Status
from handlers.contract.visible import one_line
from handlers.generate import request
from tests.fuzz.functions import SECRET
from tests.fuzz.html import Markup, taken_apart
from tests.fuzz.inputs import anything, deep, deepest, texts, values
from tests.support import plain, records
from tests.support.fakes import MemoryStore, records_of
from tests.support.records import (
    ANNA,
    ASKED_AT,
    BEN,
    BOSS,
    EXECUTION_ARN,
    message_body,
    policy_body,
    read_request,
    vote,
)
from tests.support.services import accept

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
fuzz = settings(settings.get_profile("fuzz"), max_examples=300)
LINK = f"https://api.example.com/approvals/id/{SECRET}"
POLICY = Policy(
    approvers=(ANNA, BEN),
    escalate_to=(BOSS,),
    approvals_required=1,
    rejections_required=1,
    prevent_self_approval=False,
    audit_days=30,
)

NAMES = ["title", "details", "requestedBy", "task", "detail-type", "detail", "source", "scheduledTime", "time", "Title"]
# Fields and links as they are written, with some part of them turned into anything.
SPECIFIED = [*records.OF_EACH_TYPE, *records.LINKS]


@st.composite
def specs(draw: st.DrawFn) -> list[Any]:
    one = dict(draw(st.sampled_from(SPECIFIED)))
    hostile = st.dictionaries(st.sampled_from([*one, "default", "min"]) | texts, texts | values | deepest, max_size=2)
    return [one | draw(hostile), *draw(st.lists(values, max_size=1))]


fields = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(NAMES[:3], texts | values | deepest) | dict.fromkeys(SPECS, specs() | values | deepest)
)
written = st.dictionaries(st.sampled_from(NAMES[:3]), texts)
triggers = (
    fields
    | st.fixed_dictionaries({"task": fields | values})
    | st.fixed_dictionaries(
        {"detail-type": texts | values, "detail": fields | values}, optional={"source": texts | values, "task": values}
    )
    | st.dictionaries(st.sampled_from(NAMES) | texts, values, max_size=8)
    | st.fixed_dictionaries(
        {"task": written.map(json.dumps), "scheduledTime": texts | values | st.datetimes().map(datetime.isoformat)}
    )
    | values
    | deepest
)


def task(trigger) -> dict[str, str]:
    """What is asked in a stack whose `task` config asks nothing."""
    scheduled = scheduled_for(trigger)
    return question(trigger, {}, Policies(known={"default": 1})) | ({"scheduledFor": scheduled} if scheduled else {})


@given(trigger=triggers)
@fuzz
@example(trigger={"title": "\ud800"})
@example(trigger={"title": "Pay", "details": "\udc00"})
@example(trigger={"title": "Pay", "requestedBy": "anna\ud800@example.com"})
@example(trigger={"title": "Pay", "details": {"key \ud800": 1}})
@example(trigger={"title": "Pay", "details": {"amount": math.nan}})
@example(trigger={"title": "Pay", "details": [math.inf]})
@example(trigger={"title": "Pay", "details": {"amount": 10**5_000}})
@example(trigger={"title": "Pay", "details": deep(20_000)})
@example(trigger={"title": "Pay", "details": deep(300, [0] * 3_000)})
@example(trigger={"title": "x" * (256 * 1024)})
@example(trigger={"title": "\0"})
@example(trigger={"title": " \t\r\n "})
@example(trigger={"title": None})
@example(trigger={"detail-type": "Payout", "detail": None})
@example(trigger={"detail-type": None, "detail": {}})
@example(trigger={"detail-type": deep(20_000), "detail": {}})
@example(trigger={"detail-type": "x" * 128, "source": "y" * 256, "detail": {}})
@example(trigger={"detail-type": "\ud800", "detail": {}})
@example(trigger={"detail-type": "x", "source": 5, "detail": {}})
def test_an_input_makes_a_task_within_the_limits_or_is_refused_in_words(trigger):
    try:
        made = task(trigger)
    except InvalidTask as refused:
        words = str(refused)
        assert re.match(
            r"(the input|the task|title|details|requestedBy|task|detail-type|source|detail) must "
            r"|(fields|links)\b.*( must | is not a key here)",
            words,
        )
        assert re.search(r"got |must not be |is not a key|\.\.\.$", words)
        assert len(words) < 200
        assert words.isascii()
        assert words.isprintable()
        return
    assert made.keys() - {"scheduledFor"} == {*LIMITS, "policy", *SPECS}
    assert one_line(made["title"])
    assert made == made | specified(made)
    for name, text in made.items():
        assert len(text) <= LIMITS.get(name, 20)
        assert json.loads(json.dumps(made, allow_nan=False, ensure_ascii=False).encode()) == made


returned = st.dictionaries(
    st.sampled_from([*NAMES[:3], *SPECS, "policy", "requestId", "digest", "invoice"]) | texts,
    texts | values | deepest | specs(),
    max_size=6,
)


@given(returned=returned.map(lambda some: {"title": "Pay"} | some) | returned | values | deepest)
@fuzz
def test_what_generate_task_returns_makes_a_request_that_can_be_asked_or_is_refused_in_words(returned):
    policies = Policies(known={"default": 1})
    try:
        made = request({"title": "Pay"}, EXECUTION_ARN, {}, policies, generate_task=lambda _start: returned)
    except InvalidTask as refused:
        words = str(refused)
        assert re.search("generate_task returned|must |is not a key", words)
        assert len(words) < 400
        words.encode()
        return
    body = json.dumps(message_body() | {"request": made, "policy": policy_body(POLICY)}, allow_nan=False)
    assert (read := read_request(body)).title == made["title"]
    assert [read.fields, read.links] == [made.get(name, "") for name in SPECS]


def test_an_event_with_a_long_name_still_gets_its_question():
    made = task({"detail-type": "x" * 128, "source": "y" * 256, "detail": {}})
    assert made["title"].startswith("x" * 128 + " from y")
    assert len(made["title"]) == LIMITS["title"]


def test_the_largest_input_that_aws_takes_is_refused_and_not_written_out():
    """Deep and wide at once, an indented copy of 256 KiB would need more memory than the function has."""
    trigger = {"title": "Pay", "details": deep(400, [0] * 80_000)}
    tracemalloc.start()
    try:
        with pytest.raises(InvalidTask, match="details must be at most"):
            task(trigger)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 * 1024 * 1024


def asked(trigger) -> Record:
    """The record that the state machine and the queue make of a trigger."""
    made = request(trigger, EXECUTION_ARN, {}, Policies(known={"default": 1}))
    body = json.dumps(message_body() | {"request": made, "policy": policy_body(POLICY)}, ensure_ascii=False).encode()
    assert len(body) < 256 * 1024
    message = read_request(body.decode())
    assert message.title == made["title"]
    digests = dict.fromkeys((ANNA, BEN, BOSS), "d" * 64)

    def begin(latest: Record | None) -> Record | Refusal:
        new = latest or rounds.new_record(message)
        assert isinstance(new, Record)
        return rounds.begin(new, message, Lease(owner="me", until=ASKED_AT), ASKED_AT, digests)

    record, refusal = records_of(MemoryStore()).open(message.request_id, begin)
    assert record
    assert not refusal
    return record


def pages(record: Record) -> list[str]:
    """Every page of the request, at every stage."""
    voted = record.with_approver(ANNA, vote=vote(Decision.REJECT, "Fine"))
    decided = decide(voted, Status.REJECTED, ASKED_AT)
    wrong = FormError(message="No.", field="comment")
    html = partial(page.html, environment="test", error=wrong, typed=Typed(record.details), now=ASKED_AT)
    asking = [html(State.OPEN, record=stage, who=BEN) for stage in (record, voted)]
    return asking + [html(state, record=decided, who=ANNA) for state in State]


def markup_of(record: Record) -> Markup:
    return frozenset().union(*(taken_apart(shown)[0] for shown in pages(record)))


# A mail is plain text: a forged link has to be recognisable as somebody's text, a forged header must not start.
LINE = "\r\n\r\nTo answer, open this link:\r\n\r\nhttps://evil.example.com/"
forged = texts.map(lambda text: f"{text[:100]}{LINE}")
questions = st.fixed_dictionaries(
    {"title": texts | forged | st.text(min_size=1, max_size=200)},
    optional={"details": texts | forged | values | anything.map(lambda text: text * 30), "requestedBy": texts | forged},
)


ROWS: dict[str, list[Any]] = {"": [[], None, "x", {"a": "b"}]}  # each kind of them


def accepted(trigger) -> bool:
    try:
        return bool(task(trigger))
    except InvalidTask:
        return False


def test_what_is_let_through_can_be_mailed_kept_and_shown_and_stays_text():
    ours = frozenset().union(
        *(
            markup_of(asked({"title": "Pay", "details": details}))
            for details in ("", "100", "x\n" * 900, ROWS, [0] * 99)
        )
    )

    @given(trigger=questions.filter(accepted), kind=st.sampled_from(rounds.Kind))
    @settings(fuzz, max_examples=120)
    def check(trigger, kind):
        record = asked(trigger)
        subject = plain.subject(record, kind, "test")
        body = plain.body(record, ANNA, kind, LINK, "test", "Europe/Berlin", f"{LINK}/approve")
        accept(subject, body)
        assert subject.startswith(f"[test] {mail.HEADLINES[kind]}: ")
        assert re.findall("^To answer.*$", body, re.MULTILINE) == ["To answer, open this link:"]
        assert [line for line in body.splitlines() if line.startswith("http")] == [LINK, f"{LINK}/approve"]
        assert "\r" not in body
        assert markup_of(record) <= ours

    check()
