"""What started the workflow: which question is read from it, and what is refused by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from handlers.approvals.faces import page, rows
from handlers.approvals.faces.page import State
from handlers.approvals.parsing.trigger import InvalidTask, Policies, question, scheduled_for
from handlers.approvals.rules.rounds import Kind
from handlers.contract.question import LIMITS, REQUEST_ID, question_digest, request_id
from handlers.generate import request
from tests.fuzz.inputs import deep
from tests.support import plain
from tests.support.records import ANNA, record

STACKS = {"title": "Nightly run", "details": "As every night."}
PAY = {"title": "Pay", "details": "100", "requestedBy": "dana@example.com"}
POLICIES = Policies(known={"default": 1, "payout": 1, "of-events": 1}, of_events="of-events")
KNOWN = "default, payout, of-events"
MACHINE = "arn:aws:states:eu-central-1:123456789012:stateMachine:workflow-machine-0a1b2c3"
RUN = MACHINE.replace(":stateMachine:", ":execution:") + ":one"
# JSON's null, and texts in which nobody can see anything.
NOT_GIVEN = [None, "", " \t\r\n ", "\u200b\ufeff", "\u00a0\u2003", "\u2800\u3164", "\u0007"]


def event(detail, **envelope):
    return {"version": "0", "detail-type": "Payout", "source": "shop", "detail": detail} | envelope


def schedule(time="2026-11-25T09:00:00Z", **asked):
    """What infra/trigger.py makes Scheduler send."""
    return {"task": asked or STACKS, "scheduledTime": time}


def task(trigger, stacks_own=STACKS) -> dict[str, str]:
    """What is asked, whatever the policy."""
    asked, scheduled = question(trigger, stacks_own, POLICIES), scheduled_for(trigger)
    del asked["policy"]
    asked = {name: said for name, said in asked.items() if said or name not in ("fields", "links")}
    return asked | ({"scheduledFor": scheduled} if scheduled else {})


def policy(trigger, stacks_own=STACKS) -> str:
    return question(trigger, stacks_own, POLICIES)["policy"]


def refusal(trigger, stacks_own=STACKS) -> str:
    with pytest.raises(InvalidTask) as refused:
        task(trigger, stacks_own)
    return str(refused.value)


STARTS: dict[str, Callable[[Any], Any]] = {
    "the input": lambda asked: asked,
    "the input as text": json.dumps,
    "task": lambda asked: {"task": asked},
    "task as text": lambda asked: {"task": json.dumps(asked)},
    "an event": event,
    "an event whose detail is text": lambda asked: event(json.dumps(asked)),
}
EVENTS = [name for name in STARTS if "event" in name]
OTHERS = [name for name in STARTS if "event" not in name]


@pytest.mark.parametrize("start", STARTS)
def test_a_task_is_found_in_every_kind_of_start(start):
    assert task(STARTS[start](PAY)) == PAY


# --- the stack's own question


@pytest.mark.parametrize("start", OTHERS)
def test_a_run_without_a_question_asks_the_stacks_own(start):
    assert task(STARTS[start]({})) == STACKS | {"requestedBy": ""}
    assert task(STARTS[start]({"comment": "Other keys are free."})) == STACKS | {"requestedBy": ""}
    assert task(STARTS[start]({"requestedBy": "dana@example.com"})) == STACKS | {"requestedBy": "dana@example.com"}


@pytest.mark.parametrize("start", STARTS)
def test_a_title_of_its_own_never_gets_the_stacks_details(start):
    assert task(STARTS[start]({"title": "Release 1.4"})) == {"title": "Release 1.4", "details": "", "requestedBy": ""}


@pytest.mark.parametrize("blank", [{}, {"title": "", "details": ""}, {"title": " \u200b ", "details": ""}])
@pytest.mark.parametrize("trigger", [{}, {"title": " "}, {"task": {"title": "   ", "details": ""}}])
def test_a_title_that_is_nowhere_is_said_to_be_nowhere(blank, trigger):
    assert refusal(trigger, blank) == "title must not be empty: neither the input nor the stack's `task` config has one"


# --- one idea of "not given"


@pytest.mark.parametrize("nothing", NOT_GIVEN)
@pytest.mark.parametrize("name", ["title", "details", "requestedBy"])
@pytest.mark.parametrize("start", STARTS)
def test_null_blank_and_missing_are_the_same_in_every_field(start, name, nothing):
    for asked in (PAY, {"title": "Pay"}, {}):
        rest = {key: value for key, value in asked.items() if key != name and (name != "title" or key != "details")}
        assert task(STARTS[start](rest | {name: nothing})) == task(STARTS[start](rest))


@pytest.mark.parametrize("nothing", NOT_GIVEN)
def test_null_blank_and_missing_are_the_same_around_the_fields(nothing):
    assert task(nothing) == task({})
    assert task({"task": nothing}) == task({})
    assert task(PAY | {"task": nothing, "Title": nothing, "TASK": nothing}) == PAY, "a slip that holds nothing, too"
    assert task(event(nothing)) == task({"detail-type": "Payout", "source": "shop"})
    assert task(schedule(nothing)) == STACKS | {"requestedBy": ""}
    assert task({"task": PAY, "title": nothing, "details": nothing, "requestedBy": nothing}) == PAY


# --- events


@pytest.mark.parametrize("start", EVENTS)
@pytest.mark.parametrize("detail", [{}, {"details": "100"}, {"requestedBy": "dana@example.com"}])
def test_an_event_without_a_title_is_named_by_its_type_and_not_by_the_scheduled_question(start, detail):
    asked = {"title": "Payout from shop", "details": "", "requestedBy": ""}
    assert task(STARTS[start](detail)) == asked | detail


@pytest.mark.parametrize("nothing", NOT_GIVEN)
def test_an_event_that_does_not_say_its_type_or_source_is_still_one(nothing):
    without = {"detail-type": nothing}
    for envelope, title in [
        ({"source": nothing}, "Payout from an unknown source"),
        (without, "Event from shop"),
        (without | {"source": nothing}, "Event from an unknown source"),
    ]:
        assert task(event({}, **envelope))["title"] == title


# --- an event's detail, where the event asks nothing


def shown(detail, **options) -> dict[str, str]:
    return question(event(detail), STACKS, POLICIES, **options)


@pytest.mark.parametrize("start", EVENTS)
def test_an_event_without_a_question_shows_its_detail(start):
    detail = {"invoice": "R-17", "amount": 1200, "paid": False, "to": {"name": "Ann", "ids": ["1", 2]}}
    asked = task(STARTS[start](detail))
    assert asked["title"] == "Payout from shop"
    assert json.loads(asked["details"]) == detail
    assert rows.read(asked["details"])


def test_whoever_asks_is_not_said_twice_nor_is_what_was_not_given():
    asked = shown({"amount": 5, "requestedBy": "dana@example.com", "title": None, "details": "\u200b"})
    assert asked["requestedBy"] == "dana@example.com"
    assert json.loads(asked["details"]) == {"amount": 5}


@pytest.mark.parametrize("own", [{"title": "Pay"}, {"details": "100"}, {"details": {}}])
def test_an_event_with_a_question_of_its_own_shows_that_alone(own):
    assert "hidden" not in json.dumps(task(event(own | {"secret": "hidden"})))


def test_a_stack_may_keep_details_of_events_out_of_the_mails():
    assert shown({"amount": 5}, event_details=False)["details"] == ""
    assert shown({"details": "Pay 5."}, event_details=False)["details"] == "Pay 5."


@pytest.mark.parametrize(
    ("detail", "in_rows"),
    [
        ({"a": "x" * 9_980}, True),  # indented, 9,993 characters
        ({"a": [0] * 150, "b": "x" * 9_000}, True),  # too long if it were indented
        ({"a": "x" * 9_999}, False),
        ({f"key {number}": "x" * 1_000 for number in range(20)}, False),
    ],
)
def test_a_detail_that_is_too_long_is_cut_as_text_and_says_so(detail, in_rows):
    details = shown(detail)["details"]
    assert len(details) <= LIMITS["details"]
    whole = json.dumps(detail)
    sample = record(details=details)
    body = plain.body(sample, ANNA, Kind.REQUEST, "https://example.com/link", "test", "UTC", "https://example.com/now")
    if in_rows:
        assert json.loads(details) == detail
        assert rows.read(details) is not None
        assert "Cut short" not in body
        return
    assert rows.read(details) is None
    said, _, beginning = details.partition("\n\n")
    assert said == f"(Cut short: the event's detail has {len(whole):,} characters, of which these are the first.)"
    assert whole.startswith(beginning)
    assert len(beginning) > 9_800
    assert said in " ".join(body.replace("|", " ").split())
    assert said in page.html(State.OPEN, record=sample, who=ANNA).replace("&#39;", "'")
    assert "https://example.com/now" not in body, "nobody approves at once what they have not seen"


@pytest.mark.parametrize(
    "detail",
    [
        {"a": "\ud800", "b\udc00": 1},
        '{"a": NaN, "b": 1e999}',
        {"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": 1}}}}}}}},
        {f"a{number}": number for number in range(300)},
    ],
)
def test_no_detail_ends_a_run(detail):
    details = shown(detail)["details"]
    details.encode()
    assert "a" in details


def test_a_detail_that_is_nested_too_deeply_says_so():
    assert shown({"a": deep(100_000)})["details"] == (
        "(Cut short: the event's detail is nested too deeply to be shown.)"
    )


# --- what is refused


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("value", [["alice@example.com"], {"a": "b"}, 5, 1.5, True, [], {}, 0, False])
def test_a_value_of_another_kind_is_refused_and_never_taken_for_a_blank(start, value):
    kind = type(value).__name__
    for name in ("title", "requestedBy"):
        assert refusal(STARTS[start](PAY | {name: value})) == f"{name} must be text, got {kind}"
    if not isinstance(value, list | dict):
        said = f"details must be text, an object or a list, got {kind}"
        assert refusal(STARTS[start](PAY | {"details": value})) == said


@pytest.mark.parametrize("start", STARTS)
def test_structured_details_are_shown_as_json(start):
    assert task(STARTS[start](PAY | {"details": {"amount": 100}}))["details"] == '{\n  "amount": 100\n}'
    assert task(STARTS[start](PAY | {"details": ["a", None]}))["details"] == '[\n  "a",\n  null\n]'


HOLDERS: list[tuple[str, Callable[[Any], Any]]] = [
    ("the input", lambda value: value),
    ("the task", lambda value: {"task": value}),
    ("detail", event),
]


@pytest.mark.parametrize(
    ("value", "got"),
    [
        ([PAY], "list"),
        (5, "int"),
        ("Pay", "str that is not JSON"),
        ("[" * 100_000, "str that is not JSON"),
        ("1" * 5_000, "str that is not JSON"),
        ("[]", "str that holds list"),
        ("null", "str that holds NoneType"),
        (json.dumps(json.dumps(PAY)), "str that holds str"),
    ],
)
@pytest.mark.parametrize(("name", "trigger"), HOLDERS)
def test_what_should_hold_the_fields_and_does_not_is_named(name, trigger, value, got):
    assert refusal(trigger(value)) == f"{name} must be a JSON object, got {got}"


@pytest.mark.parametrize(
    ("value", "key", "times"),
    [
        ('{"title": "Lunch", "titl\\u0065": "Payout", "title": ""}', "title", 3),
        ('{"title": "Pay", "details": {"to": "Ann", "to": "Eve"}}', "to", 2),
        ('{"title": "Pay", "details": [{"\\"": 1, "\\"": 2}]}', '\\"', 2),
        (json.dumps({"x" * 500: 1}).replace("}", ",") + json.dumps({"x" * 500: 2})[1:], "x" * 59, 2),
    ],
)
@pytest.mark.parametrize(("name", "trigger"), HOLDERS)
def test_a_key_that_comes_twice_in_a_text_is_refused_by_name(name, trigger, value, key, times):
    """Step Functions reads an input before we do; what it holds as text, nobody has read."""
    said = refusal(trigger(value))
    assert said.startswith(f'{name} must have each key once, got "{key}')
    assert said.endswith(f" {times} times")
    assert len(said) < 120


# What is refused wherever it is found, with how the words begin.
NO_TITLE = "title must not be missing beside details: the stack's `task` is asked as a whole or not at all"
AN_EVENTS = "must not be beside detail-type: an event's question is read from its detail"
ONE_PLACE = "must not be beside task: a question is read from one place"
SPELLED = "must be spelled exactly that way, got"
CONTRADICTIONS: list[tuple[Any, str]] = [
    ({"details": "Pay 100."}, NO_TITLE),
    ({"title": "x" * 201}, "title must be at most 200 characters, got 201"),
    (PAY | {"details": "x" * 10_001}, "details must be at most 10000 characters, got 10001"),
    (PAY | {"requestedBy": "x" * 255}, "requestedBy must be at most 254 characters, got 255"),
    (event(PAY, source=["shop"]), "source must be text, got list"),
    (event(PAY, **{"detail-type": ["shop"]}), "detail-type must be text, got list"),
    *(({outer: "o", "task": {}}, f"{outer} {ONE_PLACE}") for outer in LIMITS),
    *(({outer: "o", "task": '{"title": "inner"}'}, f"{outer} {ONE_PLACE}") for outer in LIMITS),
    ({"task": PAY, "policy": "payout"}, "policy must not be beside task"),
    ({"task": {"task": PAY}}, "task must not be inside task: title and details are read there"),
    *((event({}, **{outer: "o"}), f"{outer} {AN_EVENTS}") for outer in (*LIMITS, "task")),
    (event(PAY, policy="payout"), "policy must not be beside detail-type: the stack's eventPolicy says it for events"),
    ({"task": {"Task": PAY}}, f'task {SPELLED} "Task"'),
    (PAY | {"TASK": PAY}, f'task {SPELLED} "TASK"'),
    (PAY | {"DetailType": PAY}, f'detail-type {SPELLED} "DetailType"'),
    ({"Source": "shop", "Detail": PAY, "detailType": PAY}, f'detail-type {SPELLED} "detailType"'),
    ({"detail-type": "Payout", "Detail": PAY}, f'detail {SPELLED} "Detail"'),
    *((PAY | {spelled: "payout"}, f"policy {SPELLED}") for spelled in ("POLICY", " policy")),
    *((PAY | {"policy": name}, f"policy must be one of {KNOWN}, got {json.dumps(name)}") for name in ("Payout", "pay")),
    (PAY | {"policy": 7}, "policy must be text, got int"),
]


@pytest.mark.parametrize(("trigger", "said"), CONTRADICTIONS)
def test_what_contradicts_itself_or_is_too_long_is_refused_by_name(trigger, said):
    assert refusal(trigger).startswith(said)


@pytest.mark.parametrize(
    ("stacks_own", "said"),
    [({"title": "x" * 201}, "title must be at most 200"), (STACKS | {"policy": "gone"}, "policy must be one of")],
)
def test_the_stacks_question_is_read_as_carefully_as_any_other(stacks_own, said):
    """It was checked at the deployment; the definition may be newer than the function."""
    assert refusal({}, stacks_own).startswith(said)
    with pytest.raises(InvalidTask, match='got "gone"'):
        question(event(PAY), STACKS, Policies(known={"default": 1}, of_events="gone"))


SLIPS = {
    "title": ["Title", "TITLE", "ti-tle", " title", "title:", "title\u200b"],
    "details": ["DETAILS", "de_tails"],
    "requestedBy": ["requested_by", "requestedby", "REQUESTED-BY", "requested by"],
}


@pytest.mark.parametrize(("meant", "written"), [(meant, one) for meant, written in SLIPS.items() for one in written])
@pytest.mark.parametrize("start", OTHERS)
def test_a_key_of_the_same_letters_is_taken_for_a_slip(start, meant, written):
    for rest in ({}, {"title": "Pay"}, PAY):
        said = refusal(STARTS[start](rest | {written: "Deploy"}))
        assert said == f"{meant} must be spelled exactly that way, got {json.dumps(written)}"


@pytest.mark.parametrize("slip", [{"title" + "\u202e" * 1_000: "Pay"}, PAY | {"policy": 'p\u202e"\n' * 500}])
def test_a_slip_is_quoted_so_that_every_log_can_show_it(slip):
    said = refusal(slip)
    assert len(said) < 200
    assert said.isascii()
    assert said.isprintable()


@pytest.mark.parametrize("key", ["name", "titles", "subtitle", "requester", "tasks", "detail", "source", "id"])
def test_other_keys_are_free(key):
    for value in ("x", 5, {"Title": "x"}, ["x"]):
        assert task(PAY | {key: value}) == PAY
        assert task({"task": PAY, key: value}) == PAY


@pytest.mark.parametrize("key", ["Title", "DETAILS", "requested_by", "Task", "task"])
def test_the_keys_of_an_events_detail_are_its_senders(key):
    """A product event may well have a Title; refusing it would fail every run of such a sender."""
    assert task(event({key: "Shoes"}))["title"] == "Payout from shop"


# --- for which time


TIME = "2026-11-25T09:00:00Z"
SCHEDULED = {"detail-type": "Scheduled Event", "time": TIME}


@pytest.mark.parametrize("written", [TIME, "2026-11-25T10:00:00+01:00", " 2026-11-25T09:00:00.250 "])
def test_a_scheduled_run_carries_its_time(written):
    assert task(schedule(written)) == STACKS | {"requestedBy": "", "scheduledFor": TIME}
    assert task(schedule(written, title="Payout")) == {
        "title": "Payout",
        "details": "",
        "requestedBy": "",
        "scheduledFor": TIME,
    }
    assert task(PAY | {"scheduledTime": written}) == PAY | {"scheduledFor": TIME}


@pytest.mark.parametrize("source", ["aws.events", "aws.scheduler"])
@pytest.mark.parametrize("detail", [{}, "{}"])
def test_a_scheduled_event_carries_its_time(source, detail):
    asked = task(event(detail, **SCHEDULED, source=source))
    assert (asked["title"], asked["scheduledFor"]) == (f"Scheduled Event from {source}", TIME)


@pytest.mark.parametrize(
    "time", ["<aws.scheduler.scheduled-time>", "tomorrow", "0001-01-01T00:00:00+14:00", 1_795_597_200, True, [TIME], {}]
)
def test_what_is_no_time_is_not_given(time):
    assert task(schedule(time)) == STACKS | {"requestedBy": ""}


@pytest.mark.parametrize(
    "envelope",
    [{"time": TIME}, SCHEDULED, SCHEDULED | {"source": "aws.events", "time": "now"}, {"scheduledTime": TIME}],
)
def test_the_time_of_another_event_is_not_one_it_was_scheduled_for(envelope):
    assert "scheduledFor" not in task(event(PAY, **envelope))


# --- the request's id: the same for the same start


SCHEDULE = "arn:aws:scheduler:eu-central-1:123456789012:schedule/group/name"
SENT = event(PAY, id="6a7e8feb-b491-4cf7-a9f1-bf3703467718")
DUE = schedule() | {"scheduleArn": SCHEDULE}
ONCE = [
    SENT,
    DUE,
    SENT | {"id": "6a7e8feb-b491-4cf7-a9f1-bf3703467719"},
    DUE | {"scheduledTime": "2026-11-26T09:00:00Z"},
    DUE | {"scheduleArn": f"{SCHEDULE}-2"},
    # Parts that could run into each other, and a kind of start that could pass for another.
    DUE | {"scheduleArn": "a", "scheduledTime": "b c"},
    DUE | {"scheduleArn": "a b", "scheduledTime": "c"},
    event(PAY, id=RUN),
]


@pytest.mark.parametrize("as_sent", [lambda trigger: trigger, json.dumps])
def test_two_runs_of_one_start_ask_under_one_id_and_those_of_others_and_other_machines_do_not(as_sent):
    """EventBridge and Scheduler deliver at least once, each time as an execution of its own."""
    seen = {request_id(PAY, RUN)}
    for trigger in map(as_sent, ONCE):
        found = request_id(trigger, RUN)
        assert REQUEST_ID.fullmatch(found)
        assert found == found.lower() == request_id(trigger, RUN.replace(":one", ":two"))
        seen |= {found, request_id(trigger, RUN.replace("0a1b2c3", "4d5e6f7"))}
    assert len(seen) == 1 + 2 * len(ONCE)


def test_a_step_that_is_repeated_makes_the_same_request_but_for_its_time():
    """Step Functions calls the function again when it does not know whether it has run."""
    first, second = (request(PAY, RUN, STACKS, POLICIES) for _ in range(2))
    assert first | {"requestedAt": ""} == second | {"requestedAt": ""}


NO_IDS: list[Any] = [None, "", "  ", 7, ["a"], {}]


@pytest.mark.parametrize(
    "trigger",
    [
        PAY,
        PAY | {"id": SENT["id"]},
        event(PAY),
        *(event(PAY) | {"id": value} for value in NO_IDS),
        schedule(),
        DUE | {"scheduledTime": ""},
        DUE | {"scheduleArn": 7},
        DUE | {"scheduledTime": "<aws.scheduler.scheduled-time>"},
        DUE | {"scheduleArn": "<aws.scheduler.schedule-arn>"},
        '{"detail-type": "Payout", "id": "1", "id": "2"}',
        "[" * 10_000,
        PAY | {"scheduleArn": SCHEDULE},
        None,
    ],
)
def test_any_other_execution_is_a_start_of_its_own(trigger):
    assert request_id(trigger, RUN) == request_id(trigger, RUN) != request_id(trigger, RUN.replace(":one", ":two"))


# --- the policy


@pytest.mark.parametrize("start", OTHERS)
def test_whoever_starts_a_run_chooses_its_policy_or_gets_the_default_one(start):
    assert policy(STARTS[start](PAY | {"policy": " payout "})) == "payout"
    assert policy(STARTS[start](PAY)) == "default"
    assert {policy(STARTS[start](PAY | {"policy": nothing})) for nothing in NOT_GIVEN} == {"default"}


def test_the_stacks_question_has_the_policy_that_the_stack_gives_it_unless_the_run_says_another():
    own = STACKS | {"policy": "payout"}
    assert policy({}, own) == policy(schedule(**own), own) == policy(schedule(**own), STACKS) == "payout"
    assert policy({}, STACKS) == policy({"policy": "default"}, own) == "default"
    assert policy({"policy": "payout"}) == "payout"
    assert policy(PAY, own) == "default", "a title of its own"


@pytest.mark.parametrize("detail", [PAY, PAY | {"policy": "payout"}, {"policy": "payout"}, {"policy": 7}, {}])
def test_who_sends_an_event_does_not_choose_the_policy(detail):
    assert policy(event(detail), STACKS | {"policy": "payout"}) == "of-events"


# --- the whole answer


def test_a_request_id_in_the_input_is_not_believed():
    made = request(PAY | {"requestId": "mine"}, RUN, STACKS, POLICIES)
    assert made["requestId"] != "mine"
    assert set(made) == {"requestId", "title", "details", "requestedBy", "policy", "requestedAt", "digest"}


def test_the_digest_is_of_what_is_asked():
    made = request(PAY, RUN, STACKS, POLICIES)
    assert made["digest"] == question_digest(made)
    for name in ("requestId", "title", "details", "requestedBy"):
        assert question_digest(made | {name: "other"}) != made["digest"], name
