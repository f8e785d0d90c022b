"""What events say, and what they never say."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.approvals.adapters.eventbridge import EventBus
from handlers.approvals.faces import chat, events
from handlers.approvals.rules import decisions, endings
from handlers.approvals.rules.endings import Execution
from handlers.approvals.rules.record import Decision, Record
from handlers.approvals.rules.transitions import Transition
from handlers.approvals.usecases.ports import UnavailableError
from handlers.contract.events import EventType
from handlers.contract.record import Status
from tests.fuzz.inputs import NASTY
from tests.support.events import OPERATOR
from tests.support.records import (
    ANNA,
    BEN,
    DEADLINE,
    DIGEST,
    EXECUTION_ARN,
    OF_EACH_TYPE,
    REQUEST_ID,
    SOURCE_IP,
    TASK_TOKEN,
    USER_AGENT,
    approved,
    asking,
    giving,
    record,
    rejected,
    vote,
)
from tests.support.told import SCHEMAS, schema_file

GIVEN: dict[str, Any] = {"region": "eu-1", "share": "12.5", "ticket": "OPS-1", "announce": "true"}
TYPED = {"region": "eu-1", "share": 12.5, "ticket": "OPS-1", "announce": True}
FILLED = giving(asking(*OF_EACH_TYPE, approvals_required=1), ANNA, comment="Go.", **GIVEN)
STOPPED = endings.ended(record(), Execution(status="ABORTED", error="Stopped", cause="Wrong day."))
EXPIRED = replace(record(), status=Status.EXPIRED)
VOTED = Transition(EventType.VOTED, ANNA)
# Of every type one, and a record that has got there.
SAMPLES = [
    (record(), Transition(EventType.REQUESTED)),
    (record(round=2), Transition(EventType.REMINDED)),
    (FILLED, VOTED),
    (decisions.decide(FILLED, Status.APPROVED, 1, ANNA), Transition(EventType.DECIDED)),
    (rejected(), Transition(EventType.DECIDED)),
    (EXPIRED, Transition(EventType.EXPIRED)),
    (STOPPED, Transition(EventType.CLOSED)),
    (record(reminded_by=OPERATOR), Transition(EventType.REMINDED, ANNA)),
]


def said(sample: Record, transition: Transition) -> dict[str, Any]:
    return json.loads(events.detail(sample, transition))


def test_there_is_a_schema_for_each_type_that_admits_nothing_else_and_misses_nothing():
    """So one event of each type shows that every field of its schema is made."""
    assert {schema_file(one) for one in EventType} == set(SCHEMAS.iterdir()) - {SCHEMAS / "README.md"}
    assert {one.type for _, one in SAMPLES} == set(EventType)
    for type_ in EventType:
        schema = json.loads(schema_file(type_).read_text())
        assert schema["title"] == type_
        for one in (schema, *(one["items"] for one in schema["properties"].values() if "items" in one)):
            assert one["required"] == list(one["properties"])
            assert one["additionalProperties"] is False


@pytest.mark.parametrize(("sample", "transition"), SAMPLES)
def test_an_event_is_as_its_schema_has_it_and_tells_no_secret(sample, transition):
    told = events.detail(sample, transition)  # held against the schema: tests/conftest.py
    for secret in (SOURCE_IP, USER_AGENT, DIGEST, TASK_TOKEN, sample.digest):
        assert secret not in told
        assert secret not in chat.message(sample, transition, "test", "UTC")
    assert said(sample, transition) | {
        "requestId": REQUEST_ID,
        "executionArn": EXECUTION_ARN,
        "policy": "default",
        "deadline": "2026-11-28T13:30:00Z",
        "version": sample.version,
        "round": sample.round,
    } == said(sample, transition)


def test_a_vote_says_who_gave_what_and_what_is_missing():
    told = said(replace(FILLED, policy=replace(FILLED.policy, approvals_required=2)), VOTED)
    assert [*told.items()][9:] == [
        ("approver", ANNA),
        ("decision", "approve"),
        ("comment", "Go."),
        ("values", TYPED),
        ("approvals", 1),
        ("missing", 1),
    ]


def test_a_reminder_says_whom_an_operator_has_reminded_and_of_a_round_nothing():
    by_hand, of_round = said(*SAMPLES[-1]), said(*SAMPLES[1])
    assert (by_hand["approver"], by_hand["by"]) == (ANNA, OPERATOR)
    assert (of_round["approver"], of_round["by"]) == ("", "")


def test_a_decision_says_what_was_approved_and_who_said_what():
    told = said(*SAMPLES[3])
    assert (told["outcome"], told["values"]) == ("APPROVED", TYPED)
    no = said(*SAMPLES[4])
    assert (no["outcome"], no["values"]) == ("REJECTED", {})
    assert [(one["approver"], one["decision"]) for one in no["votes"]] == [(ANNA, "approve"), (BEN, "reject")]


@pytest.mark.parametrize(
    ("sample", "cause"),
    [
        (STOPPED, "Wrong day."),
        (endings.ended(record(), Execution(status="ABORTED", error="Stopped")), "Stopped"),
        (endings.ended(record(), Execution(status="TIMED_OUT")), "TIMED_OUT"),
        (EXPIRED, f"Request {REQUEST_ID} was not decided in time"),
    ],
)
def test_an_end_has_the_words_that_were_given_or_says_what_is_known(sample, cause):
    assert events.cause(sample) == cause


def test_an_id_is_the_same_for_a_repeat_and_another_for_any_other_event():
    sample = approved()
    others = [
        (sample, VOTED),
        (sample, Transition(EventType.DECIDED)),
        (replace(sample, version=sample.version + 1), VOTED),
        (replace(sample, execution_arn=f"{EXECUTION_ARN}2"), VOTED),
        (replace(sample, request_id="another"), VOTED),
    ]
    ids = [UUID(said(*one)["id"]) for one in others]
    assert ids == [UUID(said(*one)["id"]) for one in others]
    assert len(set(ids)) == len(ids)
    assert {one.version for one in ids} == {5}


def test_long_texts_are_cut_and_say_so_and_addresses_are_whole():
    address = f"{'x' * 242}@example.com"
    sample = record(title="t" * 1_001, requested_by=address)
    told = said(sample, Transition(EventType.REQUESTED))
    assert told["title"] == "t" * 1_000 + "... (cut)"
    assert told["requestedBy"] == address


class Bus:
    """EventBridge. What is refused is told in its response."""

    exceptions = None

    def __init__(self, *refused: bool) -> None:
        self.refused = refused
        self.entries: list[dict[str, str]] = []

    def put_events(self, *, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        self.entries += Entries
        answers = [
            {"ErrorCode": "Throttled", "ErrorMessage": "Later."} if one else {"EventId": "1"} for one in self.refused
        ]
        return {"FailedEntryCount": sum(self.refused), "Entries": answers}


def test_the_events_of_a_write_are_put_at_once_and_in_order():
    bus = Bus(False, False)
    EventBus(bus, "prod").put(approved(), [VOTED, Transition(EventType.DECIDED)])  # type: ignore[arg-type]
    assert [(one["Source"], one["DetailType"]) for one in bus.entries] == [
        ("signoff.prod", "Approval Voted"),
        ("signoff.prod", "Approval Decided"),
    ]


def test_an_event_that_is_refused_in_a_call_that_succeeds_is_a_failure():
    with pytest.raises(UnavailableError, match=r"Later\."):
        EventBus(Bus(False, True), "prod").put(approved(), [VOTED, Transition(EventType.DECIDED)])  # type: ignore[arg-type]


# What a table can hold: no half of a surrogate pair.
STORED = [text for text in NASTY if text.isascii() or text.encode("utf-8", "ignore").decode() == text]
TEXT = st.one_of(st.sampled_from(STORED), st.text(st.characters(exclude_categories=["Cs"])))


@given(title=TEXT, by=TEXT, comment=TEXT, name=TEXT, cause=TEXT, value=TEXT, decision=st.sampled_from(Decision))
@settings(max_examples=100)
def test_whatever_a_record_says_it_can_be_told(title, by, comment, name, cause, value, decision):
    field = {"name": "a", "label": "A", "type": "text"}
    sample = asking(field, title=title, requested_by=by, approvals_required=1)
    sample = replace(sample, policy=replace(sample.policy, name=name), deadline=DEADLINE)
    cast = replace(vote(decision, comment), digest=sample.digest, values={"a": value})
    sample = sample.with_approver(ANNA, vote=cast)
    decided = decisions.decide(sample, sample.verdict, 1, ANNA)
    stopped = endings.ended(sample, Execution(status="ABORTED", error=name, cause=cause))
    for one, type_ in [(sample, EventType.VOTED), (decided, EventType.DECIDED), (stopped, EventType.CLOSED)]:
        transition = Transition(type_, ANNA if type_ is EventType.VOTED else "")
        assert len(events.detail(one, transition).encode()) <= events.DETAIL_LIMIT
        told = json.loads(chat.message(one, transition, "test", "UTC"))
        assert 0 < len(told["content"]["description"]) <= chat.DESCRIPTION_LIMIT
        assert len(told["content"]["title"]) <= 250
