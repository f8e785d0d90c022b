"""What started the workflow: which question is read from it, and what is refused by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from handlers.approvals.faces import mail, page, rows
from handlers.approvals.faces.page import State
from handlers.approvals.parsing.trigger import InvalidTask, Policies, question
from handlers.approvals.rules.rounds import Kind
from handlers.contract.question import LIMITS, REQUEST_ID, question_digest, request_id
from handlers.generate_task import request
from tests.support.records import ANNA, record

STACKS = {"title": "Nightly run", "details": "As every night."}
PAY = {"title": "Pay", "details": "100", "requestedBy": "dana@example.com"}
POLICIES = Policies(known=["default", "payout", "of-events"], of_events="of-events")
MACHINE = "arn:aws:states:eu-central-1:123456789012:stateMachine:workflow-machine-0a1b2c3"
RUN = MACHINE.replace(":stateMachine:", ":execution:") + ":one"
# JSON's null, and texts in which nobody can see anything.
NOT_GIVEN = [None, "", " \t\r\n ", "\u200b\ufeff", "\u00a0\u2003", "\u2800\u3164", "\ufe0f", "\u0007"]
LETTER_CASES = ["Title", "TITLE", "tiTle", "ti-tle", " title", "title:", "title\u200b"]


def event(detail, **envelope):
    return {"version": "0", "detail-type": "Payout", "source": "shop", "detail": detail} | envelope


def schedule(time="2026-11-25T09:00:00Z", **asked):
    """What infra/trigger.py makes Scheduler send."""
    return {"task": asked or STACKS, "scheduledTime": time}


def task(trigger, stacks_own=STACKS) -> dict[str, str]:
    """What is asked, whatever the policy."""
    asked = question(trigger, stacks_own, POLICIES)
    del asked["policy"]
    return asked


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


@pytest.mark.parametrize("start", OTHERS)
def test_whoever_asks_the_stacks_question_is_named(start):
    assert task(STARTS[start]({"requestedBy": "dana@example.com"})) == STACKS | {"requestedBy": "dana@example.com"}


@pytest.mark.parametrize("start", STARTS)
def test_a_title_of_its_own_never_gets_the_stacks_details(start):
    assert task(STARTS[start]({"title": "Release 1.4"})) == {"title": "Release 1.4", "details": "", "requestedBy": ""}


@pytest.mark.parametrize("start", OTHERS)
def test_details_of_its_own_never_get_the_stacks_title(start):
    said = refusal(STARTS[start]({"details": "Pay 100."}))
    assert said == "title must not be missing beside details: the stack's `task` is asked as a whole or not at all"


def test_the_schedule_asks_what_it_was_deployed_with():
    assert task(schedule(title="Payout", details="")) == {
        "title": "Payout",
        "details": "",
        "requestedBy": "",
        "scheduledFor": "2026-11-25T09:00:00Z",
    }


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
    assert task(PAY | {"task": nothing}) == PAY
    assert task(event(nothing)) == task({"detail-type": "Payout", "source": "shop"})
    assert task(schedule(nothing)) == STACKS | {"requestedBy": ""}
    assert task({"task": PAY, "title": nothing, "details": nothing, "requestedBy": nothing}) == PAY


def test_what_can_be_seen_is_given():
    for seen in ("0", "false", "null", "-", "🚀", "\u2800x"):
        assert task({"title": seen})["title"] == seen


# --- events


@pytest.mark.parametrize("start", EVENTS)
def test_an_event_without_a_title_is_named_by_its_type_and_not_by_the_scheduled_question(start):
    assert task(STARTS[start]({})) == {"title": "Payout from shop", "details": "", "requestedBy": ""}
    named = task(STARTS[start]({"details": "100"}))
    assert (named["title"], named["details"]) == ("Payout from shop", "100")


@pytest.mark.parametrize("nothing", NOT_GIVEN)
def test_an_event_that_does_not_say_its_type_or_source_is_still_one(nothing):
    def named(**envelope):
        return task(event({}, **envelope))["title"]

    assert named(source=nothing) == "Payout from an unknown source"
    assert named(**{"detail-type": nothing}) == "Event from shop"
    assert named(**{"detail-type": nothing}, source=nothing) == "Event from an unknown source"


def test_schedulers_own_default_event_is_one():
    sent = event("{}", **{"detail-type": "Scheduled Event", "source": "aws.scheduler", "time": "2026-11-25T08:00:00Z"})
    assert task(sent) == {
        "title": "Scheduled Event from aws.scheduler",
        "details": "",
        "requestedBy": "",
        "scheduledFor": "2026-11-25T08:00:00Z",
    }


# --- an event's detail, where the event asks nothing


def shown(detail, **options) -> dict[str, str]:
    return question(event(detail), STACKS, POLICIES, **options)


@pytest.mark.parametrize("start", EVENTS)
def test_an_event_without_a_question_shows_its_detail(start):
    detail = {"invoice": "R-17", "amount": 1200, "paid": False, "to": {"name": "Ann", "ids": ["1", 2]}}
    asked = task(STARTS[start](detail))
    assert asked["title"] == "Payout from shop"
    assert json.loads(asked["details"]) == detail
    assert rows.read(asked["details"]) == {
        "invoice": "R-17",
        "amount": "1200",
        "paid": "false",
        "to": {"name": "Ann", "ids": ['"1"', "2"]},
    }


def test_whoever_asks_is_not_said_twice_nor_is_what_was_not_given():
    asked = shown({"amount": 5, "requestedBy": "dana@example.com", "title": None, "details": "\u200b"})
    assert asked["requestedBy"] == "dana@example.com"
    assert json.loads(asked["details"]) == {"amount": 5}


@pytest.mark.parametrize(
    "own", [{"title": "Pay"}, {"details": "100"}, {"details": {}}, {"title": "Pay", "details": ""}]
)
def test_an_event_with_a_question_of_its_own_shows_that_alone(own):
    asked = task(event(own | {"secret": "hidden"}))
    assert "hidden" not in json.dumps(asked)


@pytest.mark.parametrize("detail", [None, "", "{}", {}, {"requestedBy": "dana@example.com"}])
def test_an_event_without_a_detail_has_no_details(detail):
    assert shown(detail)["details"] == ""


@pytest.mark.parametrize("trigger", [{"amount": 5}, {"task": {"amount": 5}}, {"title": "Pay", "amount": 5}])
def test_other_starts_show_nothing_but_their_question(trigger):
    assert "amount" not in json.dumps(task(trigger))


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
    body = mail.body(sample, ANNA, Kind.REQUEST, "https://example.com/link", "test", "UTC", "https://example.com/now")
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
        {"a": {"a": {"a": {"a": {"a": {"a": {"a": 1}}}}}}},
        {str(number): number for number in range(300)},
    ],
)
def test_no_detail_ends_a_run(detail):
    details = shown(detail)["details"]
    details.encode()
    assert "a" in details or "299" in details


def test_a_detail_that_is_nested_too_deeply_says_so():
    nested: Any = 0
    for _ in range(100_000):
        nested = [nested]
    assert shown({"a": nested})["details"] == "(Cut short: the event's detail is nested too deeply to be shown.)"


# --- what is refused


@pytest.mark.parametrize("name", ["title", "requestedBy"])
@pytest.mark.parametrize(
    ("value", "kind"),
    [(["alice@example.com"], "list"), ({"a": "b"}, "dict"), (5, "int"), (1.5, "float"), (True, "bool")],
)
@pytest.mark.parametrize("start", STARTS)
def test_title_and_requester_are_text(start, name, value, kind):
    assert refusal(STARTS[start](PAY | {name: value})) == f"{name} must be text, got {kind}"


@pytest.mark.parametrize("name", ["title", "requestedBy"])
@pytest.mark.parametrize("value", [[], {}, 0, False])
def test_what_holds_nothing_but_is_no_text_is_not_taken_for_a_blank(name, value):
    assert f"{name} must be text, got {type(value).__name__}" in refusal(PAY | {name: value})


@pytest.mark.parametrize("start", STARTS)
def test_structured_details_are_shown_as_json(start):
    assert task(STARTS[start](PAY | {"details": {"amount": 100}}))["details"] == '{\n  "amount": 100\n}'
    assert task(STARTS[start](PAY | {"details": ["a", None]}))["details"] == '[\n  "a",\n  null\n]'


@pytest.mark.parametrize(("value", "kind"), [(100, "int"), (0, "int"), (1.5, "float"), (True, "bool")])
@pytest.mark.parametrize("start", STARTS)
def test_details_are_text_an_object_or_a_list(start, value, kind):
    assert refusal(STARTS[start](PAY | {"details": value})) == f"details must be text, an object or a list, got {kind}"


@pytest.mark.parametrize("where", ["source", "detail-type"])
def test_an_events_type_and_source_are_text(where):
    assert refusal(event(PAY, **{where: ["shop"]})) == f"{where} must be text, got list"


@pytest.mark.parametrize(
    ("value", "got"),
    [
        ([], "list"),
        ([PAY], "list"),
        (5, "int"),
        (True, "bool"),
        ("Pay", "str that is not JSON"),
        ('{"title": "Pay"', "str that is not JSON"),
        ("[" * 100_000, "str that is not JSON"),
        ("1" * 5_000, "str that is not JSON"),
        ("[]", "str that holds list"),
        ("null", "str that holds NoneType"),
        ("5", "str that holds int"),
        (json.dumps(json.dumps(PAY)), "str that holds str"),
    ],
)
@pytest.mark.parametrize(
    ("name", "trigger"),
    [("the input", lambda value: value), ("the task", lambda value: {"task": value}), ("detail", event)],
)
def test_what_should_hold_the_fields_and_does_not_is_named(name, trigger, value, got):
    assert refusal(trigger(value)) == f"{name} must be a JSON object, got {got}"


@pytest.mark.parametrize(
    ("value", "key", "times"),
    [
        ('{"title": "Lunch", "title": "Payout"}', "title", 2),
        ('{"title": "Lunch", "titl\\u0065": "Payout", "title": ""}', "title", 3),
        ('{"title": "Pay", "details": {"to": "Ann", "to": "Eve"}}', "to", 2),
        ('{"title": "Pay", "details": [{"\\"": 1, "\\"": 2}]}', '\\"', 2),
        (json.dumps({"x" * 500: 1}).replace("}", ",") + json.dumps({"x" * 500: 2})[1:], "x" * 59, 2),
    ],
)
@pytest.mark.parametrize(
    ("name", "trigger"),
    [("the input", lambda value: value), ("the task", lambda value: {"task": value}), ("detail", event)],
)
def test_a_key_that_comes_twice_in_a_text_is_refused_by_name(name, trigger, value, key, times):
    """Step Functions reads an input before we do; what it holds as text, nobody has read."""
    said = refusal(trigger(value))
    assert said.startswith(f'{name} must have each key once, got "{key}')
    assert said.endswith(f" {times} times")
    assert len(said) < 120


@pytest.mark.parametrize(
    ("trigger", "said"),
    [
        ({"title": "x" * 201}, "title must be at most 200 characters, got 201"),
        ({"title": "Pay", "details": "x" * 10_001}, "details must be at most 10000 characters, got 10001"),
        ({"title": "Pay", "requestedBy": "x" * 255}, "requestedBy must be at most 254 characters, got 255"),
    ],
)
def test_a_field_that_is_too_long_is_refused_by_limit_and_length(trigger, said):
    assert refusal(trigger) == said


SLIPS = {
    "title": LETTER_CASES,
    "details": ["Details", "DETAILS", "de_tails"],
    "requestedBy": ["requested_by", "RequestedBy", "requestedby", "REQUESTED-BY", "requested by"],
}


@pytest.mark.parametrize(("meant", "written"), [(meant, one) for meant, written in SLIPS.items() for one in written])
@pytest.mark.parametrize("start", OTHERS)
def test_a_key_of_the_same_letters_is_taken_for_a_slip(start, meant, written):
    for rest in ({}, {"title": "Pay"}, PAY):
        said = refusal(STARTS[start](rest | {written: "Deploy"}))
        assert said == f"{meant} must be spelled exactly that way, got {json.dumps(written)}"


@pytest.mark.parametrize(
    ("meant", "written"),
    [("task", "Task"), ("task", "TASK"), ("detail-type", "DetailType"), ("detail-type", "detailType")],
)
def test_so_is_one_of_the_letters_of_what_holds_the_fields(meant, written):
    for rest in ({}, {"Source": "shop", "Detail": json.dumps(PAY)}, PAY):
        assert refusal(rest | {written: PAY}) == f"{meant} must be spelled exactly that way, got {json.dumps(written)}"
    assert refusal({"detail-type": "Payout", "Detail": PAY}) == 'detail must be spelled exactly that way, got "Detail"'


def test_a_slip_is_quoted_so_that_every_log_can_show_it():
    said = refusal({"title" + "\u202e" * 1_000: "Pay"})
    assert len(said) < 200
    assert said.isascii()


def test_a_slip_that_holds_nothing_does_no_harm():
    assert task(PAY | {"Title": None, "TASK": " "}) == PAY


@pytest.mark.parametrize(
    "key", ["name", "titles", "subtitle", "requester", "tasks", "comment", "detail", "source", "id"]
)
def test_other_keys_are_free(key):
    for value in ("x", 5, {"Title": "x"}, ["x"]):
        assert task(PAY | {key: value}) == PAY
        assert task({"task": PAY, key: value}) == PAY


@pytest.mark.parametrize("outer", ["title", "details", "requestedBy"])
@pytest.mark.parametrize("task_", [{"details": "d"}, {"title": "inner"}, {}, '{"title": "inner"}'])
def test_a_question_half_outside_and_half_in_task_is_refused(outer, task_):
    said = refusal({outer: "outer", "task": task_})
    assert said == f"{outer} must not be beside task: a question is read from one place"


def test_so_is_a_task_inside_a_task():
    assert refusal({"task": {"task": PAY}}) == "task must not be inside task: title and details are read there"
    assert refusal({"task": {"Task": PAY}}) == 'task must be spelled exactly that way, got "Task"'


@pytest.mark.parametrize("outer", ["title", "details", "requestedBy", "task"])
def test_so_is_one_beside_an_event(outer):
    said = refusal(event({}, **{outer: "outer"}))
    assert said == f"{outer} must not be beside detail-type: an event's question is read from its detail"


@pytest.mark.parametrize("key", ["Title", "DETAILS", "requested_by", "Task", "task"])
def test_the_keys_of_an_events_detail_are_its_senders(key):
    """A product event may well have a Title; refusing it would fail every run of such a sender."""
    assert task(event({key: "Shoes"}))["title"] == "Payout from shop"


# --- for which time


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-11-25T09:00:00Z", "2026-11-25T09:00:00Z"),
        ("2026-11-25T10:00:00+01:00", "2026-11-25T09:00:00Z"),
        ("2026-11-25T09:00:00", "2026-11-25T09:00:00Z"),
        (" 2026-11-25T09:00:00.250Z ", "2026-11-25T09:00:00Z"),
    ],
)
def test_a_scheduled_run_carries_its_time(written, read):
    assert task(schedule(written)) == STACKS | {"requestedBy": "", "scheduledFor": read}
    assert task(PAY | {"scheduledTime": written}) == PAY | {"scheduledFor": read}


@pytest.mark.parametrize(
    "time",
    [
        "<aws.scheduler.scheduled-time>",
        "tomorrow",
        "2026-13-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "2026-11-25T09:00:00Z\ud800",
        1_795_597_200,
        True,
        ["2026-11-25T09:00:00Z"],
        {},
    ],
)
def test_what_is_no_time_is_not_given(time):
    assert task(schedule(time)) == STACKS | {"requestedBy": ""}


@pytest.mark.parametrize("source", ["aws.events", "aws.scheduler"])
def test_a_scheduled_event_carries_its_time(source):
    sent = event({}, **{"detail-type": "Scheduled Event", "source": source, "time": "2026-11-25T09:00:00Z"})
    assert task(sent)["scheduledFor"] == "2026-11-25T09:00:00Z"


def test_the_time_of_another_event_is_not_one_it_was_scheduled_for():
    for sent in (
        event(PAY, time="2026-11-25T09:00:00Z"),
        event({}, **{"detail-type": "Scheduled Event", "time": "now"}),
    ):
        assert "scheduledFor" not in task(sent)
    mine = {"detail-type": "Scheduled Event", "source": "shop", "time": "2026-11-25T09:00:00Z"}
    assert "scheduledFor" not in task(event({}, **mine))
    assert "scheduledFor" not in task(event({}, scheduledTime="2026-11-25T09:00:00Z"))


# --- the request's id: the same for the same start


SCHEDULE = "arn:aws:scheduler:eu-central-1:123456789012:schedule/group/name"
SENT = event(PAY, id="6a7e8feb-b491-4cf7-a9f1-bf3703467718")
NO_IDS: list[Any] = [None, "", "  ", 7, ["a"], {}]
DUE = schedule() | {"scheduleArn": SCHEDULE}


def id_of(trigger, execution: str = RUN) -> str:
    return request_id(trigger, execution)


@pytest.mark.parametrize("trigger", [SENT, DUE, json.dumps(SENT), json.dumps(DUE)])
def test_two_runs_of_the_same_start_ask_under_the_same_id(trigger):
    """EventBridge and Scheduler deliver at least once, each time as an execution of its own."""
    assert id_of(trigger) == id_of(trigger, RUN.replace(":one", ":two"))
    assert REQUEST_ID.fullmatch(id_of(trigger))
    assert id_of(trigger) == id_of(trigger).lower()


def test_a_step_that_is_repeated_makes_the_same_request_but_for_its_time():
    """Step Functions calls the function again when it does not know whether it has run."""
    first, second = (request(PAY, RUN, STACKS, POLICIES) for _ in range(2))
    assert first | {"requestedAt": ""} == second | {"requestedAt": ""}


@pytest.mark.parametrize(
    "other",
    [
        SENT | {"id": "6a7e8feb-b491-4cf7-a9f1-bf3703467719"},
        DUE | {"scheduledTime": "2026-11-26T09:00:00Z"},
        DUE | {"scheduleArn": f"{SCHEDULE}-2"},
    ],
)
def test_another_event_time_or_schedule_is_another_start(other):
    assert id_of(other) not in {id_of(SENT), id_of(DUE)}


@pytest.mark.parametrize(
    "trigger",
    [
        PAY,
        PAY | {"id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718"},
        json.dumps(PAY),
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
    assert id_of(trigger) == id_of(trigger) != id_of(trigger, RUN.replace(":one", ":two"))


@pytest.mark.parametrize("trigger", [PAY, SENT, DUE])
def test_two_state_machines_that_hear_of_the_same_thing_both_ask(trigger):
    assert id_of(trigger) != id_of(trigger, RUN.replace("0a1b2c3", "4d5e6f7"))


def test_a_kind_of_start_cannot_pass_for_another():
    """Names are of parts that cannot run into each other."""
    assert id_of(event(PAY, id=RUN)) != id_of(PAY)
    assert id_of(DUE | {"scheduleArn": "a", "scheduledTime": "b c"}) != id_of(
        DUE | {"scheduleArn": "a b", "scheduledTime": "c"}
    )


# --- the policy


@pytest.mark.parametrize("start", OTHERS)
def test_whoever_starts_a_run_chooses_its_policy(start):
    assert policy(STARTS[start](PAY | {"policy": " payout "})) == "payout"


@pytest.mark.parametrize("start", OTHERS)
@pytest.mark.parametrize("nothing", NOT_GIVEN)
def test_a_run_that_names_no_policy_has_the_default_one(start, nothing):
    assert policy(STARTS[start](PAY | {"policy": nothing})) == policy(STARTS[start](PAY)) == "default"


def test_the_stacks_question_has_the_policy_that_the_stack_gives_it():
    own = STACKS | {"policy": "payout"}
    assert policy({}, own) == policy(schedule(**own), own) == policy(schedule(**own), STACKS) == "payout"
    assert policy({}, STACKS) == "default"


def test_a_run_may_ask_the_stacks_question_under_a_policy_of_its_own():
    assert policy({"policy": "payout"}) == "payout"
    assert policy({"policy": "default"}, STACKS | {"policy": "payout"}) == "default"


def test_a_run_with_a_title_of_its_own_does_not_get_the_policy_of_the_stacks_question():
    assert policy(PAY, STACKS | {"policy": "payout"}) == "default"


@pytest.mark.parametrize("detail", [PAY, PAY | {"policy": "payout"}, {"policy": "payout"}, {"policy": 7}, {}])
def test_who_sends_an_event_does_not_choose_the_policy(detail):
    assert policy(event(detail), STACKS | {"policy": "payout"}) == "of-events"


def test_a_policy_beside_an_event_is_refused():
    assert refusal(event(PAY, policy="payout")) == (
        "policy must not be beside detail-type: the stack's eventPolicy says it for events"
    )


def test_a_policy_beside_a_task_is_refused():
    assert refusal({"task": PAY, "policy": "payout"}).startswith("policy must not be beside task")


@pytest.mark.parametrize("spelled", ["Policy", "POLICY", " policy"])
def test_a_policy_is_named_by_its_key_exactly(spelled):
    assert refusal(PAY | {spelled: "payout"}).startswith("policy must be spelled exactly that way")


@pytest.mark.parametrize("name", ["Payout", "pay", "__proto__", "payout, default"])
def test_an_unknown_policy_is_refused_with_the_names_there_are(name):
    assert refusal(PAY | {"policy": name}) == f'policy must be one of default, payout, of-events, got "{name}"'


def test_a_policy_that_is_long_or_hides_something_is_quoted_safely():
    told = refusal(PAY | {"policy": 'p\u202e"\n' * 500})
    assert len(told) < 150
    assert "\u202e" not in told
    assert refusal(PAY | {"policy": 7}) == "policy must be text, got int"


def test_an_unknown_policy_of_the_stack_is_refused_too():
    """It was checked at the deployment; the definition may be newer than the function."""
    assert 'got "gone"' in refusal({}, STACKS | {"policy": "gone"})
    with pytest.raises(InvalidTask, match='got "gone"'):
        question(event(PAY), STACKS, Policies(known=["default"], of_events="gone"))


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


def test_the_requester_is_let_through_as_written():
    """Who that is, handlers/contract/address.py knows."""
    assert (
        task({"title": "Pay", "requestedBy": 'Dana <"Dana"@EXAMPLE.com.>'})["requestedBy"]
        == 'Dana <"Dana"@EXAMPLE.com.>'
    )


def test_the_stacks_question_is_read_as_carefully_as_any_other():
    assert refusal({}, {"title": "x" * 201}) == "title must be at most 200 characters, got 201"
