"""The stack's configuration: what is read, and what follows from it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest
import time_machine
from hypothesis import example, given, settings
from hypothesis import strategies as st

from handlers.contract.policy import DEFAULT_POLICY
from infra.config.policies import LONGEST_DEADLINE_SECONDS
from infra.config.settings import DEFAULT_TASK, ConfigError, Settings
from tests.support.harness import ALICE, EVERYTHING, deploy, load


def test_approvers_are_all_that_a_stack_has_to_say():
    assert load(approvers=[ALICE]) == Settings(approvers=(ALICE,))


def test_the_defaults_are_these():
    assert vars(load(approvers=[ALICE])) == {
        "approvers": (ALICE,),
        "approvals_required": 1,
        "rejections_required": 1,
        "deadline_seconds": 86_400,
        "reminders": 2,
        "escalate_to": (),
        "prevent_self_approval": True,
        "policies": {},
        "schedule": "",
        "timezone": "UTC",
        "event_pattern": {},
        "event_policy": "default",
        "event_details": True,
        "task": DEFAULT_TASK,
        "operator_email": "",
        "one_click": False,
        "audit_days": 365,
        "log_retention_days": 30,
        "mails_per_second": 5,
        "delivery_attempts": 8,
        "protect": False,
        "point_in_time_recovery": True,
    }


def test_every_key_is_read_into_its_own_setting():
    """What becomes of `policies` is said by tests/infra/test_policy_settings.py."""
    read = vars(load(**EVERYTHING))
    assert list(read.pop("policies")) == ["note", "payout"]
    assert read == {
        "approvers": (ALICE, "bob@example.com", "carol@example.com"),
        "approvals_required": 2,
        "rejections_required": 2,
        "deadline_seconds": 100_000,
        "reminders": 6,
        "escalate_to": ("head@example.com",),
        "prevent_self_approval": False,
        "schedule": "cron(0 9 ? * MON-FRI *)",
        "timezone": "Europe/Berlin",
        "event_pattern": {"source": ["shop"], "detail": {"amount": [{"numeric": [">", 1000]}]}},
        "event_policy": "note",
        "event_details": False,
        "task": {"title": "Daily payout", "details": "Pay out everything.", "policy": "payout"},
        "operator_email": "operations@example.com",
        "one_click": True,
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


@pytest.mark.parametrize("key", ["schedule", "eventPattern", "task", "operatorEmail", "escalateTo", "policies"])
def test_an_empty_text_means_none(key):
    assert load(approvers=[ALICE], **{key: ""}) == Settings(approvers=(ALICE,))


def test_a_task_without_a_title_keeps_the_default_title():
    assert load(approvers=[ALICE], task={"details": "All of it."}).task == DEFAULT_TASK | {"details": "All of it."}


@pytest.mark.parametrize("name", ["default", "payout"])
def test_the_stacks_task_has_a_policy_only_where_it_is_given(name):
    chosen = load(approvers=[ALICE], policies={"payout": {}}, task={"title": "Pay", "policy": name})
    assert chosen.task == {"title": "Pay", "details": "", "policy": name}
    assert load(approvers=[ALICE], policies={"payout": {}}, task={"title": "Pay"}).task == {
        "title": "Pay",
        "details": "",
    }


def test_events_are_asked_under_the_policy_that_the_stack_names():
    assert load(approvers=[ALICE], policies={"payout": {}}, eventPolicy="payout").event_policy == "payout"


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


@pytest.mark.parametrize("key", ["approvers", "escalateTo", "operatorEmail"])
@pytest.mark.parametrize("domain", ["münchen.example", "MÜNCHEN.example", "xn--mnchen-3ya.example"])
def test_an_address_is_kept_as_mail_services_take_it(key, domain):
    people = load(**{"approvers": [ALICE], key: f"Ann@{domain}"})
    assert getattr(people, {"escalateTo": "escalate_to", "operatorEmail": "operator_email"}.get(key, key)) in (
        "Ann@xn--mnchen-3ya.example",
        ("Ann@xn--mnchen-3ya.example",),
    )


def test_the_question_is_trimmed():
    task = {"title": "  Daily payout\n", "details": " \t"}
    assert load(approvers=[ALICE], task=task).task == {"title": "Daily payout", "details": ""}


def test_what_is_trimmed_away_does_not_count():
    task = {"title": f"{'x' * 200}   ", "details": f"\n{'y' * 1000}"}
    assert load(approvers=[ALICE], task=task).task == {"title": "x" * 200, "details": "y" * 1000}


def test_settings_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        load(approvers=[ALICE]).reminders = 3


def warnings(**config) -> list[str]:
    return list(load(**{"approvers": [ALICE], **config}).warnings(datetime(2026, 11, 25, 12, tzinfo=UTC)))


def test_nothing_is_said_of_a_stack_as_it_should_be():
    assert warnings() == []
    assert warnings(**EVERYTHING) == []


@pytest.mark.parametrize(("characters", "warned"), [(2_048, False), (2_049, True), (4_096, True)])
def test_a_pattern_above_the_default_quota_is_warned_about(characters, warned):
    pattern = {"source": ["x" * (characters - len('{"source":[""]}'))]}
    found = warnings(eventPattern=json.dumps(pattern, indent=4))
    assert [f"{characters:,} characters" in warning and "2,048" in warning for warning in found] == [True] * warned


@pytest.mark.parametrize(
    ("schedule", "zone", "said"),
    [
        ("at(2020-01-01T00:00:00)", "UTC", "lies in the past"),
        ("at(2027-03-28T02:30:00)", "Europe/Berlin", "Europe/Berlin skips"),
    ],
)
def test_a_time_that_is_over_or_never_comes_is_warned_about(schedule, zone, said):
    (warning,) = warnings(schedule=schedule, timezone=zone)
    assert warning.startswith(f"schedule {schedule} ")
    assert said in warning
    assert warning.endswith(": AWS does not say whether it then starts nothing, or a run at once.")


def test_a_cron_that_is_over_is_said_to_start_nothing():
    (warning,) = warnings(schedule="cron(0 9 * * ? 2020-2025)")
    assert warning.endswith(": it starts nothing.")


@time_machine.travel("2026-11-25T12:00:00Z", tick=False)
def test_a_deployment_logs_its_warnings(caplog):
    load(approvers=[ALICE], schedule="at(2026-11-25T12:59:00)", timezone="Europe/Berlin")
    load(approvers=[ALICE], schedule="at(2026-11-25T13:01:00)", timezone="Europe/Berlin")
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "at(2026-11-25T12:59:00) lies in the past" in caplog.text


@pytest.mark.parametrize("project", ["signoff", "payments", "sign-off", "signoff2"])
@pytest.mark.parametrize("space", ["signoff", ""])
def test_keys_are_read_in_a_project_of_any_name(project, space, caplog):
    """In our namespace, and in the project's own, which a key without one is in."""
    everything = {f"{space}:{key}".removeprefix(":"): text for key, text in EVERYTHING.items()}
    assert load_in(project, everything) == load(**EVERYTHING)
    assert not caplog.records


def test_where_both_namespaces_have_a_key_the_projects_counts_and_the_deployment_says_so(caplog):
    found = load_in("payments", {"signoff:approvers": ALICE, "signoff:reminders": "1", "reminders": "3"})
    assert found == load(approvers=ALICE, reminders=3)
    assert [record.message for record in caplog.records] == [
        "signoff:reminders is not used: payments:reminders counts. Remove one of them."
    ]
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_the_program_deploys_in_a_project_of_any_name():
    ours, theirs = deploy(), deploy(project="payments")
    assert {node.name for node in theirs.nodes} == {node.name for node in ours.nodes}


def load_in(project: str, config: dict[str, str]) -> Settings:
    seen: list[Settings] = []
    deploy(lambda: seen.append(Settings.load()), config, project=project)
    return seen[0]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=5,
)
SCHEDULES = st.builds(
    "{}({})".format, st.sampled_from(["rate", "cron", "at"]), st.text("0129*?/,-#LWTMONFRI: ", max_size=24)
)


@settings(deadline=None)
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
    assert not said or re.match(rf"signoff:{key}[ .\[]", said)


@settings(deadline=None)
@given(
    deadline=st.integers(60, LONGEST_DEADLINE_SECONDS),
    reminders=st.integers(0, 20),
)
def test_the_rounds_end_at_the_deadline_and_the_last_begins_before_it(deadline, reminders):
    made = Settings(approvers=(ALICE,), deadline_seconds=deadline, reminders=reminders).terms[DEFAULT_POLICY]
    assert made.rounds == reminders + 1
    assert reminders * made.round_seconds + made.last_round_seconds == deadline
    assert made.round_seconds <= made.last_round_seconds < made.round_seconds + made.rounds
