"""The stack's configuration: what is read, and what follows from it."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from infra.config import DEFAULT_TASK, LONGEST_EXECUTION_SECONDS, MAIL_SECONDS, MAIL_WORKERS, ConfigError, Settings
from tests.infra.harness import ALICE, EVERYTHING, load


def test_approvers_are_all_that_a_stack_has_to_say():
    assert load(approvers=[ALICE]) == Settings(approvers=(ALICE,))


def test_the_defaults_are_these():
    assert vars(load(approvers=[ALICE])) == {
        "approvers": (ALICE,),
        "approvals_required": 1,
        "rejections_required": 1,
        "schedule": "",
        "timezone": "UTC",
        "event_pattern": {},
        "task": DEFAULT_TASK,
        "deadline_seconds": 86_400,
        "reminders": 2,
        "escalate_to": (),
        "operator_email": "",
        "one_click": False,
        "prevent_self_approval": True,
        "audit_days": 365,
        "log_retention_days": 30,
        "mails_per_second": 5,
        "delivery_attempts": 8,
        "protect": False,
        "point_in_time_recovery": True,
    }


def test_every_key_is_read_into_its_own_setting():
    assert vars(load(**EVERYTHING)) == {
        "approvers": (ALICE, "bob@example.com", "carol@example.com"),
        "approvals_required": 2,
        "rejections_required": 2,
        "schedule": "cron(0 9 ? * MON-FRI *)",
        "timezone": "Europe/Berlin",
        "event_pattern": {"source": ["shop"], "detail": {"amount": [{"numeric": [">", 1000]}]}},
        "task": {"title": "Daily payout", "details": "Pay out everything."},
        "deadline_seconds": 100_000,
        "reminders": 6,
        "escalate_to": ("head@example.com",),
        "operator_email": "operations@example.com",
        "one_click": True,
        "prevent_self_approval": False,
        "audit_days": 730,
        "log_retention_days": 365,
        "mails_per_second": 3,
        "delivery_attempts": 4,
        "protect": True,
        "point_in_time_recovery": False,
    }


@pytest.mark.parametrize(
    ("text", "approvers"),
    [
        (ALICE, (ALICE,)),
        ("alice@example.com,bob@example.com", (ALICE, "bob@example.com")),
        (" alice@example.com ,  bob@example.com, ", (ALICE, "bob@example.com")),
    ],
)
def test_what_is_typed_at_the_prompt_of_a_new_project_is_read_as_a_list(text, approvers):
    assert load(approvers=text).approvers == approvers


@pytest.mark.parametrize("key", ["schedule", "eventPattern", "task", "operatorEmail", "escalateTo"])
def test_an_empty_text_means_none(key):
    assert load(approvers=[ALICE], **{key: ""}) == Settings(approvers=(ALICE,))


def test_a_task_without_a_title_keeps_the_default_title():
    assert load(approvers=[ALICE], task={"details": "All of it."}).task == DEFAULT_TASK | {"details": "All of it."}


@pytest.mark.parametrize(
    "schedule",
    [
        "rate(5 minutes)",
        "rate(1 hour)",
        "rate(14 days)",
        "cron(0 9 ? * MON-FRI *)",
        "cron(0/15 * * * ? *)",
        "cron(0 8 1 * ? 2027)",
        "cron(0 0 L * ? *)",
        "at(2027-01-31T09:00:00)",
    ],
)
def test_a_schedule_of_any_of_the_three_forms_is_taken_as_it_is(schedule):
    assert load(approvers=[ALICE], schedule=schedule).schedule == schedule


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=5,
)
SCHEDULES = st.builds(
    "{}({})".format, st.sampled_from(["rate", "cron", "at"]), st.text("0129*?/,-#LWTMONFRI: ", max_size=24)
)


@given(
    key=st.sampled_from([key for key in EVERYTHING if key != "approvers"]),
    text=st.text(max_size=40) | VALUES.map(json.dumps) | SCHEDULES,
)
@example(key="task", text='{"title": "\\ud800"}')
@example(key="schedule", text="cron(0 9 ? * MON#9 *)")
@example(key="operatorEmail", text='["a"]')
def test_any_text_is_either_taken_or_refused_by_the_name_of_its_key(key, text):
    try:
        load(**{"approvers": [ALICE, "bob@example.com", "carol@example.com"], key: text})
        said = ""
    except ConfigError as error:
        said = str(error)
    assert not said or said.startswith(f"signoff:{key} ")


@given(
    deadline=st.integers(60, LONGEST_EXECUTION_SECONDS),
    reminders=st.integers(0, 20),
)
def test_the_rounds_end_at_the_deadline_and_never_before(deadline, reminders):
    settings = Settings(approvers=(ALICE,), deadline_seconds=deadline, reminders=reminders)
    assert settings.rounds == reminders + 1
    assert deadline <= settings.rounds * settings.round_seconds < deadline + settings.rounds


@pytest.mark.parametrize("rate", range(1, 11))
def test_a_worker_has_time_for_its_batch_and_keeps_the_pace(rate):
    for people in range(1, 51):
        settings = Settings(approvers=tuple(f"{one}@example.com" for one in range(people)), mails_per_second=rate)
        mails = people * settings.request_batch_size
        assert 1 <= settings.request_batch_size <= 10
        assert mails * (settings.mail_pause_seconds + MAIL_SECONDS) + 10 <= settings.request_timeout_seconds <= 900
        assert MAIL_WORKERS / settings.mail_pause_seconds == pytest.approx(rate)
