"""The stack's configuration: what is refused, by key, limit and value, before anything is made."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.config import LINKS, LONGEST_EXECUTION_SECONDS, PEOPLE_CHARACTERS, SHORTEST_ROUND_SECONDS, ConfigError
from tests.infra.harness import ALICE, Graph, deploy, load, texts


def refusal(**config: Any) -> str:
    """What the whole program says of this configuration, having made nothing."""
    graph = Graph()
    with pytest.raises(ConfigError) as caught:
        deploy(config=texts(config), graph=graph)
    assert not graph.nodes, f"{len(graph.nodes)} resources were registered before the configuration was refused"
    return str(caught.value)


WHOLE_NUMBERS = {
    "approvalsRequired": (1, 50),
    "rejectionsRequired": (1, 50),
    "deadlineSeconds": (60, LONGEST_EXECUTION_SECONDS),
    "reminders": (0, 20),
    "auditDays": (1, 3650),
    "mailsPerSecond": (1, 10),
    "deliveryAttempts": (2, 20),
}


@pytest.mark.parametrize(
    ("key", "limits", "value"),
    [
        (key, f"{low}..{high}", value)
        for key, (low, high) in WHOLE_NUMBERS.items()
        for value in (low - 1, high + 1, "many", "", "1.5", "1e3", " 2", True, "2" * 5000)
    ],
)
def test_a_number_that_is_none_or_out_of_range_is_refused_with_its_limits(key, limits, value):
    said = refusal(approvers=[ALICE], **{key: value})
    assert said == f"signoff:{key} must be a whole number in {limits}, got {texts({key: value})[key]}"


@pytest.mark.parametrize(("key", "limits"), WHOLE_NUMBERS.items())
def test_a_number_at_its_limit_is_taken(key, limits):
    people = [f"{number}@example.com" for number in range(50)]
    for value in limits:
        assert load(approvers=people, **{key: value})


@pytest.mark.parametrize("key", ["oneClick", "preventSelfApproval", "protect", "pointInTimeRecovery"])
@pytest.mark.parametrize("value", ["yes", "True", "1", "", [True]])
def test_a_switch_is_either_true_or_false(key, value):
    assert refusal(approvers=[ALICE], **{key: value}).startswith(f"signoff:{key} must be true or false, got ")


@pytest.mark.parametrize("days", [0, 2, 6, 366, -1, "week", ""])
def test_logs_are_kept_only_as_long_as_cloudwatch_can(days):
    said = refusal(approvers=[ALICE], logRetentionDays=days)
    assert said.startswith("signoff:logRetentionDays must be one of 1, 3, 5, 7, ")
    assert said.endswith(f"3653, got {days}")


@pytest.mark.parametrize("key", ["approvers", "escalateTo"])
@pytest.mark.parametrize(
    ("value", "limit"),
    [
        ({"alice": ALICE}, "must be a list of e-mail addresses"),
        ('"alice@example.com"', "must be a list of e-mail addresses"),
        ("[alice@example.com]", "must be JSON"),
        (["alice"], "must be an e-mail address"),
        ([ALICE, "bob at example.com"], "must be an e-mail address"),
        ([ALICE, 7], "must be an e-mail address"),
        ([ALICE, None], "must be an e-mail address"),
        ([["bob@example.com"]], "must be an e-mail address"),
        (["bob@example.com\nBcc: eve@example.com"], "must be an e-mail address"),
        (["bob@example.com", "bob@example.com"], "must not name anybody twice (bob@example.com)"),
        (["bob@example.com", "Bob@Example.com"], "must not name anybody twice (bob@example.com)"),
    ],
)
def test_people_are_refused_unless_each_is_named_once_by_a_mail_address(key, value, limit):
    said = refusal(**{"approvers": [ALICE], key: value})
    assert said.startswith(f"signoff:{key} {limit}")
    assert said.endswith(f", got {texts({key: value})[key]}")


@pytest.mark.parametrize("approvers", [[], "", [""], " , "])
def test_a_stack_with_nobody_to_ask_is_refused(approvers):
    assert "signoff:approvers must be a list of at least one e-mail address" in refusal(approvers=approvers)


def test_a_stack_that_does_not_say_whom_to_ask_is_refused():
    assert refusal() == "signoff:approvers must be a list of at least one e-mail address, got nothing"


@pytest.mark.parametrize("again", [ALICE, "Alice@Example.COM"])
def test_an_approver_cannot_be_escalated_to_as_well(again):
    said = refusal(approvers=[ALICE], escalateTo=[again])
    assert said == "signoff:escalateTo must not repeat an approver, got alice@example.com in both"


@pytest.mark.parametrize("key", ["approvalsRequired", "rejectionsRequired"])
def test_a_quorum_that_the_approvers_cannot_reach_is_refused(key):
    said = refusal(approvers=[ALICE, "bob@example.com"], escalateTo=["head@example.com"], **{key: 3})
    assert said == f"signoff:{key} must be at most the number of approvers, 2, got 3"


@pytest.mark.parametrize("value", ["operations", "a@b", ["operations@example.com"]])
def test_an_operator_without_a_mail_address_is_refused(value):
    said = refusal(approvers=[ALICE], operatorEmail=value)
    assert said.startswith("signoff:operatorEmail must be an e-mail address")
    assert said.endswith(f"got {texts({'value': value})['value']}")


@pytest.mark.parametrize("zone", ["Berlin", "Mars/Olympus", "europe/berlin", "+01:00", "", "../UTC"])
def test_a_time_zone_that_does_not_exist_is_refused(zone):
    said = refusal(approvers=[ALICE], timezone=zone)
    assert said == f"signoff:timezone must be an IANA time zone such as Europe/Berlin, got {zone}"


@pytest.mark.parametrize(
    "schedule",
    [
        "rate(0 minutes)",
        "rate(-5 minutes)",
        "rate(1.5 hours)",
        "rate(5 seconds)",
        "rate(5)",
        "rate(five minutes)",
        "rate(5 minutes",
        "cron()",
        "cron(0 9 * * *)",
        "cron(0 9 ? * MON-FRI * *)",
        "cron(99 9 ? * MON-FRI *)",
        "cron(0 24 ? * MON-FRI *)",
        "cron(0 9 ? 13 MON-FRI *)",
        "cron(0 9 * * * *)",
        "cron(0 9 ? * MON-FRI *",
        "CRON(0 9 ? * MON-FRI *)",
        "0 9 * * 1-5",
        "at(tomorrow)",
        "at(2027-13-01T09:00:00)",
        "at(2027-02-30T09:00:00)",
        "at(2027-01-31T25:00:00)",
        "at(2027-01-31)",
        "at(2027-01-31T09:00:00Z)",
        "daily",
        " rate(5 minutes)",
        "rate(5 minutes)\n",
    ],
)
def test_a_schedule_that_aws_would_refuse_is_refused_here(schedule):
    said = refusal(approvers=[ALICE], schedule=schedule)
    assert said.startswith(
        "signoff:schedule must be rate(5 minutes), cron(0 9 ? * MON-FRI *) or at(2027-01-31T09:00:00)"
    )
    assert said.endswith(f", got {schedule}")


@pytest.mark.parametrize(
    ("pattern", "limit"),
    [
        ("source: shop", "must be JSON"),
        ('{"source": ["shop"]', "must be JSON"),
        ("[" * 100_000, "must be JSON"),
        (["shop"], "must be a JSON object, an EventBridge event pattern"),
        ('"shop"', "must be a JSON object, an EventBridge event pattern"),
        ("null", "must be a JSON object, an EventBridge event pattern"),
        ({"source": "shop"}, "must hold a non-empty list or object under each key (source)"),
        ({"source": []}, "must hold a non-empty list or object under each key (source)"),
        ({"source": ["shop"], "detail": {}}, "must hold a non-empty list or object under each key (detail)"),
    ],
)
def test_a_pattern_that_matches_no_event_is_refused(pattern, limit):
    said = refusal(approvers=[ALICE], eventPattern=pattern)
    assert said == f"signoff:eventPattern {limit}, got {texts({'pattern': pattern})['pattern']}"


@pytest.mark.parametrize(
    ("task", "limit"),
    [
        ("Daily payout", "must be JSON"),
        (["Daily payout"], "must be an object with title and details"),
        ({"titel": "Daily payout"}, "must be an object with title and details"),
        ({"title": 7}, "must have text of at most 200 characters as title"),
        ({"title": "x" * 201}, "must have text of at most 200 characters as title"),
        ({"title": "x", "details": "x" * 1001}, "must have text of at most 1000 characters as details"),
    ],
)
def test_a_task_that_is_no_question_is_refused(task, limit):
    said = refusal(approvers=[ALICE], task=task)
    assert said == f"signoff:task {limit}, got {texts({'task': task})['task']}"


def test_reminders_that_leave_no_time_to_read_the_mail_are_refused():
    said = refusal(approvers=[ALICE], deadlineSeconds=60, reminders=6)
    assert said == (
        "signoff:reminders must leave rounds of at least 10 seconds, got 6: rounds of 8.6 seconds in deadlineSeconds 60"
    )
    assert load(approvers=[ALICE], deadlineSeconds=60, reminders=5).round_seconds == SHORTEST_ROUND_SECONDS


def test_more_links_than_a_record_can_keep_are_refused():
    people = [f"{number:03}@a.bc" for number in range(100)]
    said = refusal(approvers=people[:60], escalateTo=people[60:], reminders=15)
    assert said == "signoff:reminders must be at most 14 for 100 people (1500 links in a request), got 15"
    assert load(approvers=people[:60], escalateTo=people[60:], reminders=14).rounds * len(people) == LINKS


def test_people_who_do_not_fit_into_a_functions_variables_are_refused():
    people = [f"somebody.with.a.long.name.{number}@department.example.com" for number in range(50)]
    said = refusal(approvers=people[:25], escalateTo=people[25:])
    assert said == (
        "signoff:approvers and escalateTo together must be at most "
        f"{PEOPLE_CHARACTERS} characters of JSON, got {len(json.dumps(people))}"
    )


def test_a_key_that_does_not_exist_is_refused_and_the_keys_that_do_are_listed():
    said = refusal(approvers=[ALICE], aprovalsRequired=2)
    assert said.startswith("signoff:aprovalsRequired is not a key of this program; the keys are approvers, ")


def test_all_problems_are_named_at_once():
    said = refusal(approvers=["alice"], timezone="Berlin", reminders=-1, colour="red").splitlines()
    assert [line.split()[0] for line in said] == [
        "signoff:colour",
        "signoff:approvers",
        "signoff:timezone",
        "signoff:reminders",
    ]
