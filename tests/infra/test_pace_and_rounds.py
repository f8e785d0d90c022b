"""How fast people are mailed, and the configured rounds and pace together: what is refused, and warned about."""

from __future__ import annotations

from typing import Any

import pytest

from infra.shared.pace import MAIL_SECONDS, WORKERS, MailPace
from tests.support.harness import EVERYTHING, REQUIRED, load
from tests.support.refusals import refusal, warnings

CROWD = [f"person-{number:02}@example.com" for number in range(100)]
CONTACTS = [f"contact-{number:02}@example.com" for number in range(60)]


def config(approvers: int, contacts: int = 0, **keys: Any) -> dict[str, Any]:
    return {"approvers": CROWD[:approvers], "escalateTo": CONTACTS[:contacts], **keys}


def least(said: str) -> int:
    """The deadline that a refusal asks for."""
    return int(said.split(" must be at least ")[1].split(":", maxsplit=1)[0])


def test_a_deadline_within_which_not_everybody_gets_one_mail_is_refused():
    """Thirty-four of a hundred people in each of three rounds."""
    assert refusal(**config(100, reminders=2, mailsPerSecond=1, deadlineSeconds=305)) == (
        "signoff:deadlineSeconds must be at least 306: at mailsPerSecond 1, 100 people get a mail each "
        "in 3 round(s) of 102 seconds (reminders 2), got 305"
    )


def test_a_last_round_in_which_the_escalation_contacts_do_not_get_their_mail_is_refused():
    assert refusal(**config(2, 50, reminders=3, mailsPerSecond=1, deadlineSeconds=599)) == (
        "signoff:deadlineSeconds must be at least 600: at mailsPerSecond 1, 50 escalation contacts get a mail each "
        "in a last round of 150 seconds (reminders 3), got 599"
    )


@pytest.mark.parametrize("rate", range(1, 11))
@pytest.mark.parametrize(("approvers", "contacts"), [(40, 0), (1, 40), (30, 30), (33, 7)])
@pytest.mark.parametrize("reminders", [0, 1, 6])
def test_the_deadline_that_a_refusal_asks_for_is_taken_and_no_shorter_one(rate, approvers, contacts, reminders):
    keys = config(approvers, contacts, reminders=reminders, mailsPerSecond=rate)
    people = max(contacts, -(-(approvers + contacts) // (reminders + 1)))
    asked = -(-people * (2 + rate) // rate) * (reminders + 1)  # two workers pause for 2 / rate, and each mail takes 1
    if asked > max(60, 10 * (reminders + 1)):
        assert least(refusal(**keys, deadlineSeconds=asked - 1)) == asked
        assert load(**keys, deadlineSeconds=asked)
    else:
        assert load(**keys, deadlineSeconds=max(60, 10 * (reminders + 1)))


def test_a_round_that_is_shorter_than_its_mails_take_is_warned_about_with_the_numbers():
    assert warnings(**config(60, deadlineSeconds=600, reminders=19, mailsPerSecond=1)) == [
        (
            "deadlineSeconds 600 and reminders 19 make rounds of 30 seconds, but at mailsPerSecond 1, the mails to "
            "60 people take 180: those who have had the fewest mails come first, and not everybody gets every reminder."
        )
    ]
    assert warnings(**config(60, deadlineSeconds=180 * 20, reminders=19, mailsPerSecond=1)) == []


def test_a_last_round_that_is_shorter_than_its_mails_take_is_warned_about():
    assert warnings(**config(20, 20, deadlineSeconds=200, reminders=1, mailsPerSecond=1)) == [
        (
            "deadlineSeconds 200 and reminders 1 make a last round of 100 seconds, but at mailsPerSecond 1, the mails "
            "to 40 people take 120: those who have had the fewest mails come first, and not everybody gets every "
            "reminder."
        )
    ]
    assert warnings(**config(20, 20, deadlineSeconds=240, reminders=1, mailsPerSecond=1)) == []


def test_each_policy_is_looked_at_with_its_own_people_deadline_and_reminders():
    crowd = {"groups": {"one": {"approvers": CROWD[:60]}, "other": {"approvers": CROWD[40:75]}}}
    stack = config(2, 1, deadlineSeconds=600, reminders=2, mailsPerSecond=1)
    (said,) = refusal(
        **stack, policies={"crowd": crowd | {"deadlineSeconds": 220}, "few": {"deadlineSeconds": 60}}
    ).splitlines()
    assert said == (
        "signoff:policies.crowd.deadlineSeconds must be at least 234: at mailsPerSecond 1, 76 people get a mail each "
        "in 3 round(s) of 78 seconds (reminders 2 from the stack), got 220"
    )
    (said,) = refusal(**stack | {"deadlineSeconds": 220}, policies={"crowd": crowd}).splitlines()
    assert said.startswith("signoff:policies.crowd.deadlineSeconds must be at least 234: ")
    assert said.endswith(" (reminders 2 from the stack), got 220 from the stack")
    assert [one.split(" make ")[0] for one in warnings(**stack, policies={"crowd": crowd})] == [
        "policy crowd: deadlineSeconds 600 and reminders 2"
    ]


def test_what_the_stack_says_is_refused_once_and_not_again_for_the_policies_that_inherit_it():
    keys = config(75, deadlineSeconds=200, reminders=0, mailsPerSecond=1)
    assert len(refusal(**keys, policies={"same": {}, "strict": {"approvalsRequired": 2}}).splitlines()) == 1


def test_an_escalation_that_a_policy_inherits_counts_in_its_last_round():
    keys = config(2, 50, deadlineSeconds=600, reminders=3, mailsPerSecond=1)
    (said,) = refusal(**keys, policies={"quick": {"approvers": CROWD[:1], "reminders": 4}}).splitlines()
    assert said == (
        "signoff:policies.quick.deadlineSeconds must be at least 750: at mailsPerSecond 1, 50 escalation contacts get "
        "a mail each in a last round of 150 seconds (reminders 4), got 600 from the stack"
    )
    assert load(**keys, policies={"quick": {"approvers": CROWD[:1], "reminders": 4, "escalateTo": []}})


def test_a_pace_that_is_faulty_itself_is_all_that_is_said():
    (said,) = refusal(**config(75, deadlineSeconds=60, reminders=0, mailsPerSecond=0)).splitlines()
    assert said.startswith("signoff:mailsPerSecond must be a whole number")


@pytest.mark.parametrize("rate", range(1, 11))
def test_a_worker_has_time_for_its_batch_and_keeps_the_pace(rate):
    for people in range(1, 51):
        pace = MailPace(people=people, mails_per_second=rate)
        assert 1 <= pace.batch_size <= 10
        mails = people * pace.batch_size
        assert mails * (pace.pause_seconds + MAIL_SECONDS) + 10 <= pace.timeout_seconds <= 900
        assert WORKERS / pace.pause_seconds == pytest.approx(rate)
    alone = MailPace(people=1, mails_per_second=rate)
    assert alone.request_seconds == pytest.approx(alone.pause_seconds + MAIL_SECONDS)


@pytest.mark.parametrize(("name", "config"), [("bare", REQUIRED), ("full", EVERYTHING)])
def test_mails_are_paced_by_two_workers_with_what_fits_into_their_time_out(request, name, config):
    graph, settings = request.getfixturevalue(name), load(**config)
    most = max(len(one.policy.everybody) for one in settings.terms.values())
    pace = MailPace(people=most, mails_per_second=settings.mails_per_second)
    mapping = graph.named("aws:lambda/eventSourceMapping:EventSourceMapping", "ask-requests").inputs
    assert mapping["scalingConfig"] == {"maximumConcurrency": 2}
    assert mapping["batchSize"] == pace.batch_size
    function = graph.named("aws:lambda/function:Function", "ask").inputs
    assert function["timeout"] == pace.timeout_seconds
