"""The holder's two functions: what they are given, and what becomes of whatever they return or raise."""

from __future__ import annotations

import json
import math
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from handlers import generate, process
from handlers.approvals.parsing.trigger import InvalidTask, Policies
from handlers.contract.question import LIMITS, question_digest
from tests.fuzz.inputs import deep
from tests.support.walk import as_shipped

PAY: dict[str, Any] = {"title": "Pay", "details": "100", "requestedBy": "dana@example.com"}
RUN = "arn:aws:states:eu-central-1:123456789012:execution:workflow-machine-0a1b2c3:one"
POLICIES = Policies(known={"default": 1, "payout": 1})
TIME = "2026-11-25T09:00:00Z"


def made(returned: Any, trigger: Any = PAY) -> dict[str, Any]:
    """The request of a run whose function returns this."""
    return generate.request(trigger, RUN, {}, POLICIES, generate_task=lambda _start: returned)


def refusal(returned: Any, trigger: Any = PAY) -> str:
    with pytest.raises(InvalidTask) as refused:
        made(returned, trigger)
    return str(refused.value)


# --- what generate_task is given


def given(trigger: Any) -> dict[str, Any]:
    starts: list[dict[str, Any]] = []

    def keep(start: dict[str, Any]) -> dict[str, Any]:
        starts.append(start)
        return PAY

    generate.request(trigger, RUN, {}, POLICIES, generate_task=keep)
    (start,) = starts
    return start


def test_it_is_given_the_start_and_the_question_that_the_rules_read_from_it():
    assert given(PAY) == {
        "input": PAY,
        "execution": RUN,
        "policies": ["default", "payout"],
        "question": PAY | {"policy": "default", "fields": [], "links": []},
        "problem": None,
    }


def test_where_the_rules_find_no_question_it_is_given_their_words_and_may_ask_all_the_same():
    start = given({"details": "100"})
    assert start["question"] is None
    assert start["problem"].startswith("title must not be missing beside details")
    assert made(PAY, {"details": "100"})["title"] == "Pay"


def test_no_question_ends_the_run_with_the_problem_or_says_that_there_is_none():
    assert refusal(None, {"details": "100"}) == given({"details": "100"})["problem"]
    assert refusal(None) == "generate_task returned None, so there is nothing to ask"


def test_what_it_does_to_its_start_changes_neither_id_nor_time():
    trigger = {"task": PAY, "scheduledTime": TIME, "scheduleArn": "schedule"}

    def spoil(start: dict[str, Any]) -> dict[str, Any]:
        question: dict[str, Any] = start["question"]
        start["input"].clear()
        start["policies"].append("other")
        return question

    plain = generate.request(dict(trigger), RUN, {}, POLICIES)
    spoilt = generate.request(dict(trigger), RUN, {}, POLICIES, generate_task=spoil)
    assert spoilt | {"requestedAt": ""} == plain | {"requestedAt": ""}
    assert plain["scheduledFor"] == TIME


# --- what it returns


def test_only_a_title_is_needed_and_the_rest_is_added():
    asked = made({"title": " Pay "})
    assert asked.keys() == {"requestId", "title", "details", "requestedBy", "policy", "requestedAt", "digest"}
    assert (asked["title"], asked["details"], asked["requestedBy"], asked["policy"]) == ("Pay", "", "", "default")
    assert made(PAY | {"policy": "payout"})["policy"] == "payout"


@pytest.mark.parametrize("trigger", [{"scheduledTime": TIME}, {"details": "no title", "scheduledTime": TIME}])
def test_a_scheduled_run_says_its_time_whatever_is_asked(trigger):
    assert made(PAY, trigger)["scheduledFor"] == TIME


@pytest.mark.parametrize(
    ("details", "text"), [({"amount": 5}, '{\n  "amount": 5\n}'), (["a", None], '[\n  "a",\n  null\n]')]
)
def test_objects_and_lists_as_details_are_written_out_as_of_an_input(details, text):
    asked = made(PAY | {"details": details})
    assert asked["details"] == text
    assert asked["digest"] == question_digest(asked)


def test_an_id_of_its_own_is_the_requests():
    asked = made(PAY | {"requestId": "invoice_R-17"})
    assert asked["requestId"] == "invoice_R-17"
    assert asked["digest"] == question_digest(asked)


@pytest.mark.parametrize("value", ["R-17", 5, None, {"a": [1.5, {"b": True}]}, "x" * (10_000 - len('{"invoice": ""}'))])
def test_other_keys_are_passed_on(value):
    assert made(PAY | {"invoice": value})["invoice"] == value


LIMIT = LIMITS["title"]
NO_TITLE = f"title must have 1 to {LIMIT} characters, and one that can be seen; generate_task returned "
ID = "requestId must be 1 to 64 letters, digits, hyphens or underscores; generate_task returned "
REFUSED: list[tuple[Any, str]] = [
    ([PAY], "what is returned must be a dict or None; generate_task returned [{'title': 'Pay'"),
    ("Pay", "what is returned must be a dict or None; generate_task returned 'Pay'"),
    (False, "what is returned must be a dict or None; generate_task returned False"),
    ({}, f"{NO_TITLE}None"),
    (PAY | {"title": ""}, f"{NO_TITLE}''"),
    (PAY | {"title": " \u200b"}, f"{NO_TITLE}' \\u200b'"),
    (PAY | {"title": 5}, "title must be text, got int; generate_task returned 5"),
    (PAY | {"title": "x" * 201}, "title must be at most 200 characters, got 201; generate_task returned 'xxx"),
    (PAY | {"title": "\ud800"}, "title must be valid Unicode text, got a lone surrogate; generate_task returned"),
    (PAY | {"details": 5}, "details must be text, an object or a list, got int; generate_task returned 5"),
    (PAY | {"details": "x" * 10_001}, "details must be at most 10000 characters, got 10001; generate_task"),
    (PAY | {"details": ["x" * 10_000]}, "details must be at most 10000 characters, got 10004; generate_task"),
    (PAY | {"details": {"at": date.max}}, "details must be text or JSON, got dict with a value that JSON lacks; g"),
    (PAY | {"details": [math.nan]}, "details must be text or JSON, got list with a value that JSON lacks; gener"),
    (PAY | {"details": deep(100_000)}, "details must not be nested that deeply; generate_task returned"),
    (PAY | {"requestedBy": ["dana"]}, "requestedBy must be text, got list; generate_task returned ['dana']"),
    (PAY | {"requestedBy": "x" * 255}, "requestedBy must be at most 254 characters, got 255; generate_task"),
    (PAY | {"policy": "gone"}, 'policy must be one of default, payout, got "gone"'),
    (PAY | {"policy": 7}, "policy must be text, got int; generate_task returned 7"),
    *((PAY | {"requestId": value}, f"{ID}{value!r}") for value in ("", "a b", "x" * 65, "é", "a\n", 5, None)),
    *(
        (PAY | {key: value}, f"{key} must not be returned, since it is made afterwards; generate_task returned {value}")
        for key in ("digest", "requestedAt", "scheduledFor", "approval", "result", "execution")
        for value in (None, 5)
    ),
    *((PAY | {key: "x"}, f"{meant} must be spelled exactly that way, got") for key, meant in [
        ("Title", "title"), ("requested_by", "requestedBy"), ("request_id", "requestId")
    ]),
    (PAY | {5: "x"}, "a key must be text; generate_task returned 5"),
    (PAY | {"due": date.max}, "'due' must be JSON in valid Unicode; generate_task returned datetime.date(9999"),
    (PAY | {"due": math.inf}, "'due' must be JSON in valid Unicode; generate_task returned inf"),
    (PAY | {"due": "\udc00"}, "'due' must be JSON in valid Unicode; generate_task returned '\\udc00'"),
    (PAY | {"due": deep(100_000)}, "'due' must be JSON in valid Unicode; generate_task returned"),
    (PAY | {"a": "é" * 5_000, "b": 1}, "other keys must be at most 10000 bytes as JSON, got 10017; generate_task"),
]  # fmt: skip


@pytest.mark.parametrize(("returned", "said"), REFUSED)
def test_what_nobody_could_be_asked_ends_the_run_at_once_with_key_limit_and_value(returned, said):
    words = refusal(returned)
    assert words.startswith(said)
    assert len(words) < 250
    assert words.encode().decode().isprintable()


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError


def test_a_value_that_cannot_be_told_is_refused_as_well():
    assert refusal(Broken()).endswith("generate_task returned <Broken that has no repr>")


# --- what it raises


def test_an_exception_of_its_own_reaches_lambda_by_its_class_and_text(monkeypatch):
    """Lambda reports the name of the class, which the state machine catches; nothing has to be imported for it."""
    theirs = type("InvalidTask", (Exception,), {})

    def refuse(_start: dict[str, Any]) -> None:
        raise theirs("an invoice must have a number")

    with pytest.raises(theirs, match="an invoice must have a number") as raised:
        generate.request(PAY, RUN, {}, POLICIES, generate_task=refuse)
    assert raised.type.__name__ == InvalidTask.__name__
    assert raised.type is not InvalidTask


# --- what process_task returns

APPROVED = PAY | {"requestId": "R-17", "execution": RUN, "approval": {"votes": [{"approver": "anna@example.com"}]}}


@pytest.fixture
def result(monkeypatch):
    """What the run is told of what process_task returns, and the lines of the log."""
    lines: list[tuple[str, dict[str, Any]]] = []

    def log(message: str, **fields: Any) -> None:
        lines.append((message, fields))

    def of(returned: Any) -> tuple[Any, list[tuple[str, dict[str, Any]]]]:
        monkeypatch.setattr(process, "logger", SimpleNamespace(info=log, warning=log))
        monkeypatch.setattr(process, "process_task", lambda _approved: returned)
        return process.handler(APPROVED, None), lines  # type: ignore[arg-type]

    return of


DONE = ("mission completed", {"requestId": "R-17", "execution": RUN, "approvals": 1})


@pytest.mark.parametrize("returned", [None, "done", 5, {"a": [1.5, None, True, "é"]}, []])
def test_what_is_json_becomes_the_result_as_it_is(result, returned):
    told, lines = result(returned)
    assert told == returned
    assert lines == [DONE]


LOOP: list[Any] = []
LOOP.append(LOOP)


@pytest.mark.parametrize(
    ("returned", "told"),
    [
        ({"paid": [Decimal(5)] * 2, "id": "R-17"}, {"paid": ["Decimal('5')"] * 2, "id": "R-17"}),
        ({1}, "{1}"),
        (b"x" * 5_000, "b'" + "x" * 995 + "..."),
        (math.nan, "nan"),
        ({(1, 2): "key"}, "{(1, 2): 'key'}"),
        ("\ud800", "'\\ud800'"),
        (LOOP, "[[...]]"),
        (Broken(), "<Broken that has no repr>"),
    ],
)  # fmt: skip
def test_what_json_lacks_is_told_in_words_and_the_run_succeeds(result, returned, told):
    shown, lines = result(returned)
    assert shown == told
    kind = "Decimal" if isinstance(returned, dict) and "paid" in returned else type(returned).__name__
    ids = {"requestId": "R-17", "execution": RUN}
    assert lines == [("process_task returned what JSON lacks", ids | {"kinds": [kind]}), DONE]


@as_shipped
def test_the_shipped_functions_ask_what_the_rules_read_and_say_who_approved():
    assert made_as_shipped()["title"] == "Pay"
    assert process.handler(APPROVED, None) == {  # type: ignore[arg-type]
        "requestId": "R-17",
        "status": "completed",
        "approvedBy": ["anna@example.com"],
    }


def made_as_shipped() -> Any:
    return json.loads(json.dumps(generate.request(PAY, RUN, {}, POLICIES)))
