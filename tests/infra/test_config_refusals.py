"""The stack's configuration: what is refused, by key, limit and value, before anything is made."""

from __future__ import annotations

import json
from collections.abc import Collection
from importlib import resources

import pulumi
import pytest

from handlers.approvals.parsing.trigger import InvalidTask, Policies
from handlers.contract.policy import DEFAULT_POLICY
from handlers.contract.record import MOST_REMINDERS
from handlers.generate import request
from infra.config.policies import LINKS, MOST_PEOPLE, SHORTEST_ROUND_SECONDS
from infra.config.settings import ConfigError, settings_of
from tests.support.harness import ALICE, STACK, load, texts
from tests.support.refusals import refusal

WHOLE_NUMBERS = {
    "approvalsRequired": (1, 50),
    "rejectionsRequired": (1, 50),
    "deadlineSeconds": (60, 31_449_600),  # a day before AWS would end the run
    "reminders": (0, 20),
    "auditDays": (1, 3650),
    "mailsPerSecond": (1, 50),
    "deliveryAttempts": (2, 20),
}
SENDER = "approvals@example.com"


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
    people = [f"{number}@example.com" for number in range(50)]  # more than get a mail within the shortest deadline
    for value in limits:
        assert load(approvers=people if key.endswith("Required") else people[:1], mailFrom=SENDER, **{key: value})


def test_more_mails_than_sns_sends_are_refused_where_it_sends_them():
    said = refusal(approvers=[ALICE], mailsPerSecond=11)
    assert said == "signoff:mailsPerSecond must be at most 10 without mailFrom, as SNS sends no more, got 11"
    assert load(approvers=[ALICE], mailsPerSecond=10)


@pytest.mark.parametrize("key", ["oneClick", "eventDetails", "preventSelfApproval", "protect", "pointInTimeRecovery"])
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
        ("[alice@example.com]", 'must be JSON such as ["alice@example.com"], or addresses without quotes'),
        ('["alice@example.com", ]', "must be JSON, without a comma before a closing bracket"),
        ("['alice@example.com']", "must be JSON, with double quotes around texts"),
    ],
)
def test_people_who_are_no_list_are_refused(key, value, limit):
    said = refusal(**{"approvers": [ALICE], key: value})
    assert said.startswith(f"signoff:{key} {limit}")
    assert said.endswith(f", got {texts({key: value})[key]}")


@pytest.mark.parametrize("key", ["approvers", "escalateTo"])
@pytest.mark.parametrize(
    ("value", "index", "limit"),
    [
        (["bob@example.com", "bob at example.com"], 1, "must be an e-mail address"),
        (["", "bob@example.com", 7], 2, "must be an e-mail address"),
        ([["bob@example.com"]], 0, "must be an e-mail address"),
        (["bob@example.com\nBcc: eve@example.com"], 0, "must be an e-mail address"),
        (["bob@example.com", "bob@example.com"], 1, "must not name anybody twice (bob@example.com)"),
        (["bob@example.com", "Bob@Example.com"], 1, "must not name anybody twice (bob@example.com)"),
        (
            ["bob@münchen.example", "bob@xn--mnchen-3ya.example"],
            1,
            "must not name anybody twice (bob@xn--mnchen-3ya.example)",
        ),
        (["bob@example.com; carol@example.com"], 0, "must be an e-mail address (one address each: separate them with"),
        (["Bob Example <bob@example.com>"], 0, "must be an e-mail address (write bob@example.com)"),
        (["mailto:bob@example.com"], 0, "must be an e-mail address (write bob@example.com)"),
        (["bob\uff20example.com"], 0, "must be an e-mail address (write bob@example.com)"),
        (["bob@example.com."], 0, "must be an e-mail address (write bob@example.com)"),
        (['"bob"@example.com'], 0, "must be an e-mail address (write bob@example.com)"),
        (["bob\u200b@example.com"], 0, "must be an e-mail address (write bob@example.com)"),
    ],
)
def test_a_person_who_is_not_named_once_by_a_mail_address_is_refused_by_index(key, value, index, limit):
    (said,) = refusal(**{"approvers": [ALICE], key: value}).splitlines()
    assert said.startswith(f"signoff:{key}[{index}] {limit}")
    assert said.endswith(f", got {json.dumps(value[index], ensure_ascii=False)}")


@pytest.mark.parametrize("separator", ["; ", ";", " ", "\n", " / ", "|"])
@pytest.mark.parametrize("key", ["approvers", "escalateTo"])
def test_people_who_are_separated_otherwise_than_by_commas_are_told_of_commas(key, separator):
    said = refusal(**{"approvers": [ALICE], key: f"bob@example.com{separator}carol@example.com"})
    assert said.startswith(f"signoff:{key}[0] must be an e-mail address (one address each: separate them with commas)")


def test_of_many_people_only_those_who_are_misspelt_are_named_and_all_of_them():
    people = [f"{number}@example.com" for number in range(25)]
    people[3], people[17], people[20] = "three", "17@example", people[4]
    said = refusal(approvers=people).splitlines()
    assert [line.split()[0] for line in said] == [
        "signoff:approvers[3]",
        "signoff:approvers[17]",
        "signoff:approvers[20]",
    ]
    assert [line.rpartition(", got ")[2] for line in said] == ['"three"', '"17@example"', '"4@example.com"']


@pytest.mark.parametrize("config", [{}, *({"approvers": nobody} for nobody in ([], "", [""], " , "))])
def test_a_stack_with_nobody_to_ask_is_refused(config):
    got = texts(config).get("approvers", "nothing")
    assert refusal(**config) == f"signoff:approvers must be a list of at least one e-mail address, got {got}"


@pytest.mark.parametrize(
    ("who", "again"),
    [
        (ALICE, ALICE),
        (ALICE, "Alice@Example.COM"),
        ("Ann@münchen.example", "ann@XN--MNCHEN-3YA.example"),
    ],
)
def test_an_approver_cannot_be_escalated_to_as_well(who, again):
    said = refusal(approvers=[who], escalateTo=[again])
    assert said == f"signoff:escalateTo must not repeat an approver, got {again.lower()} in both"


@pytest.mark.parametrize("key", ["approvalsRequired", "rejectionsRequired"])
def test_a_quorum_that_the_approvers_cannot_reach_is_refused(key):
    said = refusal(approvers=[ALICE, "bob@example.com"], escalateTo=["head@example.com"], **{key: 3})
    assert said == f"signoff:{key} must be at most the number of approvers, 2, got 3"


@pytest.mark.parametrize("key", ["operatorEmail", "mailFrom", "replyTo"])
@pytest.mark.parametrize("value", ["operations", "a@b", ["operations@example.com"], "Operations <a@example.com>"])
def test_one_who_is_not_named_by_a_mail_address_is_refused(key, value):
    said = refusal(**{"approvers": [ALICE], "mailFrom": SENDER, key: value})
    assert said.startswith(f"signoff:{key} must be an e-mail address")
    assert said.endswith(f"got {texts({'value': value})['value']}")


@pytest.mark.parametrize("key", ["operatorEmail", "mailFrom", "replyTo"])
@pytest.mark.parametrize("separator", [", ", ";", " ", "\nBcc: "])
def test_two_of_whom_there_is_one_are_told_that_it_is_one_address(key, separator):
    both = f"a@example.com{separator}b@example.com"
    said = refusal(**{"approvers": [ALICE], "mailFrom": SENDER, key: both})
    assert said == f"signoff:{key} must be one e-mail address, got {both}"


@pytest.mark.parametrize(("key", "value"), [("mailFromName", "Approvals"), ("replyTo", "help@example.com")])
def test_what_only_mails_by_ses_have_is_refused_where_sns_sends_them(key, value):
    said = refusal(approvers=[ALICE], **{key: value})
    assert said == f"signoff:{key} must not be given without mailFrom, got {value}"


@pytest.mark.parametrize("inside", ["\r\n", "\t", "\u2028", "\u200b", "\u202e"])
def test_a_senders_name_with_what_nobody_sees_is_refused(inside):
    said = refusal(approvers=[ALICE], mailFrom=SENDER, mailFromName=f"Pay{inside}Bcc: eve@example.com")
    assert said.startswith("signoff:mailFromName must be one line, without invisible characters, got ")


def test_a_senders_name_is_trimmed_and_short():
    assert load(approvers=[ALICE], mailFrom=SENDER, mailFromName=' Zoë\'s "A" team 👍\n').mail_from_name == (
        'Zoë\'s "A" team 👍'
    )
    long = "x" * 65
    assert refusal(approvers=[ALICE], mailFrom=SENDER, mailFromName=long) == (
        f"signoff:mailFromName must be text of at most 64 characters, got {long}"
    )


def test_a_senders_name_is_no_longer_than_ses_takes_it_with_its_address():
    thumbs = 44 * "\U0001f44d"
    assert load(approvers=[ALICE], mailFrom=SENDER, mailFromName=thumbs)
    assert refusal(approvers=[ALICE], mailFrom=SENDER, mailFromName=thumbs + "\U0001f44d") == (
        "signoff:mailFromName must be at most 320 bytes with mailFrom, as encoded for mail, got 336"
    )


def test_more_domains_than_the_function_that_mails_can_be_told_are_refused_where_it_is_told_them():
    people = [f"{number}@{number:03}.{'d' * 20}.example" for number in range(MOST_PEOPLE)]
    config = {"approvers": people, "reminders": 0}
    assert refusal(**config, mailFrom=SENDER) == (
        "signoff:mailFrom needs the domains of all approvers in at most 2,000 characters together, got 3,299"
    )
    assert load(**config)


@pytest.mark.parametrize(
    ("zone", "meant"),
    [
        ("Mars/Olympus", ""),
        ("+01:00", ""),
        ("", ""),
        ("Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("Europe/Berln", "Europe/Berlin"),
        ("America/New York", "America/New_York"),
        ("New York", "America/New_York"),
        ("../UTC", "UTC"),
        ("posix/Europe/Berlin", "Europe/Berlin"),
        ("right/Europe/Berlin", "Europe/Berlin"),
        ("localtime", ""),
        ("posixrules", ""),
        ("Factory", ""),
    ],
)
def test_a_time_zone_that_does_not_exist_everywhere_is_refused_and_the_one_that_was_meant_is_named(zone, meant):
    said = refusal(approvers=[ALICE], timezone=zone)
    hint = f" (did you mean {meant}?)" if meant else ""
    assert said == f"signoff:timezone must be an IANA time zone such as Europe/Berlin{hint}, got {zone}"


def test_the_zones_are_those_of_the_pinned_package_whatever_the_machine_knows(tmp_path, monkeypatch):
    monkeypatch.setattr("zoneinfo.TZPATH", (str(tmp_path),))
    (tmp_path / "Home").write_bytes((resources.files("tzdata.zoneinfo") / "UTC").read_bytes())
    assert "signoff:timezone" in refusal(approvers=[ALICE], timezone="Home")
    for zone in ("UTC", "Europe/Berlin", "US/Pacific", "Etc/GMT-5"):
        assert load(approvers=[ALICE], timezone=zone).timezone == zone


def test_a_schedule_is_refused_by_its_key_and_in_the_forms_that_there_are():
    """Which ones are is in test_schedule.py."""
    assert refusal(approvers=[ALICE], schedule="daily") == (
        "signoff:schedule must be rate(5 minutes), cron(0 9 ? * MON-FRI *) or at(2027-01-31T09:00:00), got daily"
    )


@pytest.mark.parametrize(
    ("pattern", "limit"),
    [
        ("source: shop", "must be JSON"),
        ('{"source": ["shop"]', "must be JSON"),
        ('{"source": ["shop"],}', "must be JSON, without a comma before a closing bracket"),
        ("{'source': ['shop']}", "must be JSON, with double quotes around texts"),
        ("[" * 100_000, "must be JSON"),
        (["shop"], "must be a JSON object, an EventBridge event pattern"),
        ('"shop"', "must be a JSON object, an EventBridge event pattern"),
        ("null", "must be a JSON object, an EventBridge event pattern"),
    ],
)
def test_a_pattern_that_is_no_object_is_refused(pattern, limit):
    said = refusal(approvers=[ALICE], eventPattern=pattern)
    assert said == f"signoff:eventPattern {limit}, got {texts({'pattern': pattern})['pattern']}"


@pytest.mark.parametrize("key", ["eventPattern", "policies", "task"])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1, "a": 2}', 'must not give a key twice in one object, got "a" again'),
        ('{"a": 1, "b": 1, "a": 2, "b": 2}', 'must not give a key twice in one object, got "a", "b" again'),
        ('{"c": {"a": 1, "a": 2}}', 'must not give a key twice in one object, got "a" again'),
        ('{"a": NaN}', "must be JSON, which has no NaN"),
    ],
)
def test_an_object_that_json_would_change_is_refused(key, text, said):
    assert refusal(approvers=[ALICE], **{key: text}) == f"signoff:{key} {said}"


def test_every_wrong_element_of_a_pattern_is_named_by_its_path():
    said = refusal(
        approvers=[ALICE],
        eventPattern={"detailType": ["x"], "source": [{"prefx": "shop"}], "detail": {"state": "failed", "a b": []}},
    ).splitlines()
    assert [line.split(" must ")[0].split(" is ")[0] for line in said] == [
        "signoff:eventPattern.detailType",
        "signoff:eventPattern.source[0].prefx",
        "signoff:eventPattern.detail.state",
        'signoff:eventPattern.detail["a b"]',
    ]
    assert "(did you mean detail-type?)" in said[0]
    assert "(did you mean prefix?)" in said[1]
    assert said[2].endswith('must be a list of at least one value, such as ["failed"], got "failed"')


@pytest.mark.parametrize(
    ("task", "limit"),
    [
        ("Daily payout", "must be JSON"),
        (["Daily payout"], "must be an object with title and details"),
    ],
)
def test_a_task_that_is_no_question_is_refused(task, limit):
    said = refusal(approvers=[ALICE], task=task)
    assert said == f"signoff:task {limit}, got {texts({'task': task})['task']}"


@pytest.mark.parametrize(
    ("task", "path", "says"),
    [
        (
            {"titel": "Daily payout"},
            "titel",
            "is not a key here (did you mean title?); the keys are title, details, policy, fields, links",
        ),
        ({"title": 7}, "title", "must be text of at most 200 characters, got 7"),
        ({"title": None}, "title", "must be text of at most 200 characters, got null"),
        ({"title": "x" * 201}, "title", f'must be text of at most 200 characters, got "{"x" * 201}"'),
        (
            {"title": "x", "details": "x" * 10_001},
            "details",
            f'must be text of at most 10000 characters, got "{"x" * 10_001}"',
        ),
        ({"details": ["x"]}, "details", 'must be text of at most 10000 characters, got ["x"]'),
        ({"title": "\ud800"}, "title", 'must be text of at most 200 characters, got "\\ud800"'),
        ({"title": ""}, "title", 'must not be blank, got ""'),
        ({"title": "   "}, "title", 'must not be blank, got "   "'),
        ({"title": "\n\t\u00a0"}, "title", "must not be blank, got "),
        ({"title": "\u200b\u2060"}, "title", "must not be blank, got "),
        ({"title": "\u2800 \u3164\U0001d159"}, "title", "must not be blank, got "),
    ],
)
def test_a_question_that_nobody_could_read_is_refused_by_its_path(task, path, says):
    (said,) = refusal(approvers=[ALICE], task=task).splitlines()
    assert said.startswith(f"signoff:task.{path} {says}")


WHY = {"name": "why", "label": "Why", "type": "text"}


@pytest.mark.parametrize(
    ("task", "said"),
    [
        (
            {"fields": [WHY, WHY | {"maxLenght": 5}]},
            "fields[1].maxLenght is not a key here; the keys are name, label, ",
        ),
        ({"links": [{"label": "Read", "url": "http://example.com"}]}, "links[0].url must be an https URL of at most "),
        ({"fields": [WHY | {"name": name, "maxLength": 1_000} for name in "abcd"]}, "fields must leave room: "),
    ],
)
def test_fields_and_links_of_the_task_are_refused_in_the_words_that_a_run_gets(task, said):
    asked = {"title": "Pay", **task}
    policies = Policies(known={DEFAULT_POLICY: 1})
    with pytest.raises(InvalidTask) as refused:
        request(asked, "arn:aws:states:eu-central-1:123456789012:execution:machine:run", {}, policies)
    words = refusal(approvers=[ALICE], task=asked).removeprefix("signoff:task.")
    assert words.startswith(said)
    assert words.startswith(str(refused.value).removesuffix("..."))


def test_reminders_that_leave_no_time_to_read_the_mail_are_refused():
    said = refusal(approvers=[ALICE], deadlineSeconds=60, reminders=6)
    assert said == (
        "signoff:reminders must leave rounds of at least 10 seconds, got 6: rounds of 8.6 seconds in deadlineSeconds 60"
    )
    kept = load(approvers=[ALICE], deadlineSeconds=60, reminders=5)
    assert kept.terms[DEFAULT_POLICY].round_seconds == SHORTEST_ROUND_SECONDS


def test_more_links_than_a_record_can_keep_are_refused():
    people = [f"{number:03}@a.bc" for number in range(100)]
    said = refusal(approvers=people[:60], escalateTo=people[60:], reminders=10)
    assert said == (
        "signoff:reminders must be at most 9 for 100 people (1500 links in a request, 5 of each for reminders by "
        "hand), got 10"
    )
    kept = load(approvers=people[:60], escalateTo=people[60:], reminders=9)
    assert (kept.terms[DEFAULT_POLICY].rounds + MOST_REMINDERS) * len(people) == LINKS


def test_more_people_than_a_topic_takes_are_refused():
    people = [f"{number}@example.com" for number in range(101)]
    config = {"approvers": people[:50], "escalateTo": people[50:98], "reminders": 0}
    assert len(load(**config, policies={"payout": {"approvers": people[97:100]}}).people) == MOST_PEOPLE
    policy = {"approvers": [people[0], *people[98:101]]}
    assert refusal(**config, policies={"payout": policy}) == (
        "signoff:approvers must, with escalateTo and policies, name at most 100 different people, got 101"
    )


YOURS = "; name a key of your own in Settings.load(own=…) in __main__.py"


def test_a_key_that_does_not_exist_is_refused_and_the_keys_that_do_are_listed():
    said = refusal(approvers=[ALICE], colour=2)
    assert said.startswith("signoff:colour is not a key of this program; the keys are approvers, ")
    assert said.endswith(YOURS)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("aprovalsRequired", "approvalsRequired"),
        ("approvals_required", "approvalsRequired"),
        ("Approvers", "approvers"),
        ("timeZone", "timezone"),
        ("eventPatern", "eventPattern"),
    ],
)
def test_a_typo_in_a_key_is_told_what_was_meant(typed, meant):
    said = refusal(approvers=[ALICE], **{typed: 2})
    assert said == f"signoff:{typed} is not a key of this program (did you mean {meant}?){YOURS}"


@pytest.mark.parametrize("key", ["approvers[0]", "task.title", "eventPattern.source[0]"])
def test_a_path_that_was_set_without_saying_so_is_told_of_the_option(key):
    said = refusal(approvers=[ALICE], **{key: "x"})
    assert said == (
        f"signoff:{key} is a key of that very name: use --path, as in pulumi config set --path 'signoff:{key}' …"
    )


def refused(project: str, known: dict[str, str], own: Collection[str] = ()) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        settings_of(project, known, own)
    return str(caught.value).splitlines()


@pytest.mark.parametrize("project", ["signoff", "payments"])
def test_keys_that_a_renamed_project_left_behind_are_refused(project):
    known = {"signoff:approvers": ALICE, "aws:region": "eu-central-1", "old:approvers": "x", "old:task.title": "x"}
    (said,) = refused(project, known)
    assert said == (
        f"old:approvers, old:task.title: keys of namespace old are not read in project {project}; "
        "rename them to signoff:…"
    )


@pytest.mark.parametrize("space", ["signoff", "payments"])
def test_in_a_project_of_another_name_a_fault_is_told_by_the_key_that_was_set(space):
    """Alone, and together with a key of the other namespace. If nobody set it, by ours."""
    other = {"signoff": "payments", "payments": "signoff"}[space]
    known = {f"{other}:approvers": ALICE, f"{space}:reminders": "99", f"{space}:task": '{"titel": "x"}'}
    assert [line.split()[0] for line in refused("payments", known)] == [f"{space}:reminders", f"{space}:task.titel"]
    clash = {f"{other}:approvers": ALICE, f"{space}:reminders": "6", f"{other}:deadlineSeconds": "60"}
    assert [line.split()[0] for line in refused("payments", clash)] == [f"{space}:reminders"]
    assert [line.split()[0] for line in refused("payments", {})] == ["signoff:approvers"]


def test_where_both_namespaces_have_a_key_only_the_one_that_counts_is_checked():
    known = {"payments:approvers": ALICE, "signoff:approvers": "bob", "payments:reminders": "99"}
    assert [line.split()[0] for line in refused("payments", known)] == ["payments:reminders"]


def test_an_unknown_key_is_refused_in_both_namespaces_of_a_project_of_another_name():
    known = {"signoff:approvers": ALICE, "signoff:remindrs": "1", "payments:remindrs": "1", "payments:task.title": "x"}
    assert refused("payments", known) == [
        f"payments:remindrs is not a key of this program (did you mean reminders?){YOURS}",
        (
            "payments:task.title is a key of that very name: "
            "use --path, as in pulumi config set --path 'payments:task.title' …"
        ),
        "signoff:remindrs is not a key of this program (did you mean reminders?)",
    ]


@pytest.mark.parametrize("project", ["signoff", "payments"])
def test_a_key_of_the_holders_own_is_left_alone_once_it_is_named(project):
    """It is the project's, and takes the place of none of ours."""
    known = {"signoff:approvers": ALICE, f"{project}:ledgerDays": "30"}
    assert settings_of(project, known, ["ledgerDays"], STACK) == load(approvers=ALICE)
    assert [line.split()[0] for line in refused(project, known, ["days"])] == [f"{project}:ledgerDays"]
    ours = refused("payments", {"signoff:days": "30"}, ["days", "approvers"])
    assert [line.split()[0] for line in ours] == ["signoff:days", "signoff:approvers"]


def test_whatever_is_refused_is_shown_without_a_traceback():
    """As the engine's language host does with a RunError."""
    assert issubclass(ConfigError, pulumi.RunError)


def test_keys_of_providers_are_left_alone():
    known = {"signoff:approvers": ALICE, "aws:region": "eu-central-1", "pagerduty:timezone": "UTC", "aws:protect": "x"}
    assert settings_of("signoff", known, label=STACK) == load(approvers=ALICE)


@pytest.mark.parametrize(
    ("name", "meant"),
    [("payuot", "payout"), ("Payout", "payout"), ("payout ", "payout"), ("notes", "note"), ("holiday", ""), ("", "")],
)
def test_a_policy_that_does_not_exist_cannot_be_chosen(name, meant):
    config = {"approvers": [ALICE], "policies": {"payout": {}, "note": {}}}
    says = f"must name a policy{f' (did you mean {meant}?)' if meant else ''}; there is default, note, payout"
    assert refusal(**config, eventPolicy=name) == f"signoff:eventPolicy {says}, got {name}"
    assert refusal(**config, task={"policy": name}) == f'signoff:task.policy {says}, got "{name}"'


@pytest.mark.parametrize("name", [None, ["note"]])
def test_the_policy_of_the_task_is_text(name):
    said = refusal(approvers=[ALICE], policies={"note": {}}, task={"policy": name})
    assert said == f"signoff:task.policy must be text, got {json.dumps(name)}"


def test_a_policy_that_is_refused_is_not_said_to_be_missing_as_well():
    said = refusal(
        approvers=[ALICE],
        policies={"pay out": {}, "note": {"reminders": 99}},
        eventPolicy="pay out",
        task={"policy": "note"},
    )
    assert [line.split(" must ")[0] for line in said.splitlines()] == [
        'signoff:policies["pay out"]',
        "signoff:policies.note.reminders",
    ]
    assert refusal(approvers=[ALICE], policies="{", eventPolicy="note") == "signoff:policies must be JSON, got {"


def test_all_problems_are_named_at_once():
    said = refusal(
        approvers=["alice"],
        timezone="Berlin",
        mailsPerSecond="many",
        colour="red",
    ).splitlines()
    assert [line.split()[0] for line in said] == [
        "signoff:colour",
        "signoff:approvers[0]",
        "signoff:timezone",
        "signoff:mailsPerSecond",
    ]


def test_all_that_does_not_go_together_is_named_at_once():
    said = refusal(approvers=[ALICE], reminders=6, deadlineSeconds=60, rejectionsRequired=2, eventPolicy="none")
    assert [line.split()[0] for line in said.splitlines()] == [
        "signoff:rejectionsRequired",
        "signoff:reminders",
        "signoff:eventPolicy",
    ]
