"""The stack's configuration: what is read, and what follows from it."""

from __future__ import annotations

import json
import re

import pytest
import time_machine
from hypothesis import example, given, settings
from hypothesis import strategies as st

from handlers.contract.policy import DEFAULT_POLICY
from infra.config.policies import LONGEST_DEADLINE_SECONDS
from infra.config.settings import DEFAULT_TASK, ConfigError, Settings
from infra.config.shapes import keys
from tests.support.harness import ALICE, EVERYTHING, MAILED, deploy, load
from tests.support.refusals import warnings

SENDING = ("mailFrom", "mailFromName", "replyTo")


def test_every_key_is_read_into_its_own_setting():
    """What becomes of `policies` is said by test_policy_settings.py. The defaults are compared with the docs' table."""
    assert keys(Settings).keys() == MAILED.keys()
    given = MAILED | {"events": "false", "announceDecision": "false"}  # which are on by default
    read, defaults = load(**given), load(approvers=[ALICE])
    for key, name in keys(Settings).items():
        assert getattr(read, name) != getattr(defaults, name), f"MAILED has the default of {key}"
        if key != "policies":
            assert getattr(read, name) == written(given[key]), key


def written(text: str) -> object:
    """What the text of a key says, if that is JSON; a list is never changed."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return tuple(value) if isinstance(value, list) else value


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


@pytest.mark.parametrize(
    "key", ["schedule", "eventPattern", "task", *SENDING, "operatorEmail", "escalateTo", "policies"]
)
def test_an_empty_text_means_none(key):
    assert load(approvers=[ALICE], **{key: ""}) == load(approvers=[ALICE])


@pytest.mark.parametrize(
    ("task", "read"),
    [
        ({"details": "All of it."}, DEFAULT_TASK | {"details": "All of it."}),
        ({"title": "Pay"}, {"title": "Pay", "details": ""}),
        ({"title": "Pay", "policy": "default"}, {"title": "Pay", "details": "", "policy": "default"}),
        ({"title": "  Daily payout\n", "details": " \t"}, {"title": "Daily payout", "details": ""}),
        (
            {"title": f"{'x' * 200}   ", "details": f"\n{'y' * 1000}"},
            {"title": "x" * 200, "details": "y" * 1000},
        ),
    ],
    ids=["no title", "no policy", "a policy", "blanks around it", "the longest, with blanks around it"],
)
def test_the_question_is_trimmed_and_has_a_policy_only_where_it_is_given(task, read):
    assert load(approvers=[ALICE], task=task).task == read


@pytest.mark.parametrize("key", ["approvers", "escalateTo", "operatorEmail", "mailFrom", "replyTo"])
@pytest.mark.parametrize("domain", ["münchen.example", "MÜNCHEN.example", "xn--mnchen-3ya.example"])
def test_an_address_is_kept_as_mail_services_take_it(key, domain):
    people = load(**{"approvers": [ALICE], "mailFrom": "approvals@example.com", key: f"Ann@{domain}"})
    assert getattr(people, keys(Settings)[key]) in (
        "Ann@xn--mnchen-3ya.example",
        ("Ann@xn--mnchen-3ya.example",),
    )


def test_settings_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        load(approvers=[ALICE]).reminders = 3


def test_nothing_is_said_of_a_stack_as_it_should_be():
    assert warnings(approvers=[ALICE]) == []
    assert warnings(**EVERYTHING) == warnings(**MAILED) == []


@pytest.mark.parametrize(("characters", "warned"), [(2_048, False), (2_049, True), (4_096, True)])
def test_a_pattern_above_the_default_quota_is_warned_about(characters, warned):
    pattern = {"source": ["x" * (characters - len('{"source":[""]}'))]}
    found = warnings(approvers=[ALICE], eventPattern=json.dumps(pattern, indent=4))
    assert [f"{characters:,} characters" in warning and "2,048" in warning for warning in found] == [True] * warned


@time_machine.travel("2026-11-25T12:00:00Z", tick=False)
def test_a_deployment_logs_its_warnings(caplog):
    for schedule in ("at(2026-11-25T12:59:00)", "at(2026-11-25T13:01:00)"):
        deploy(config={"approvers": ALICE, "schedule": schedule, "timezone": "Europe/Berlin"})
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "schedule at(2026-11-25T12:59:00) lies in the past" in caplog.text


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
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("WARNING", "signoff:reminders is not used: payments:reminders counts. Remove one of them.")
    ]


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
    key=st.sampled_from([key for key in MAILED if key != "approvers"]),
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
