"""Who is asked depends on what is asked: policies, groups, and who chooses."""

from __future__ import annotations

import json
from collections import Counter
from uuid import uuid4

from tests.support.stacks import ALICE, BOB, BOSS, CAROL, CROWD, JSON, Run, link_in
from tests.support.waiting import until


def asked(run: Run, count: int) -> list[str]:
    return sorted(mail.to for mail in run.mails(count))


def test_a_group_is_not_enough_where_another_has_to_approve_too(kinds):
    run = kinds.start(policy="payout")
    assert asked(run, 3) == [ALICE, BOB, CAROL]
    assert kinds.press(run.link(ALICE)).status_code == 200
    told = kinds.get(run.link(CAROL), **JSON).json()["request"]
    assert (told["policy"], told["status"]) == ("payout", "OPEN")
    assert [(name, group["missing"]) for name, group in told["groups"].items()] == [("finance", 0), ("legal", 1)]
    assert kinds.press(run.link(CAROL)).status_code == 200
    output = run.succeeded()
    assert run.states()[:3] == ["Generate task", "Request approval", "Return to main processing"]
    assert output["policy"] == output["approval"]["policy"] == "payout"
    assert [vote["approver"] for vote in output["approval"]["votes"]] == [ALICE, CAROL]


def test_a_person_in_both_groups_counts_in_both_gets_one_mail_and_is_one_person(kinds):
    run = kinds.start(policy="payout")
    run.mails(3)
    assert kinds.press(run.link(BOB)).status_code == 200
    told = kinds.get(run.link(BOB), **JSON).json()["request"]
    assert {name: group["missing"] for name, group in told["groups"].items()} == {"finance": 0, "legal": 0}
    assert (told["approvals"], told["approvalsRequired"], told["status"]) == (1, 2, "OPEN")
    assert kinds.press(run.link(ALICE)).status_code == 200
    run.succeeded()
    assert asked(run, 3) == [ALICE, BOB, CAROL]


def test_an_escalation_contact_stands_in_for_a_group(kinds):
    """The first round is the last one here."""
    run = kinds.start(policy="release")
    assert asked(run, 3) == [ALICE, BOB, BOSS]
    kinds.press(run.link(ALICE))
    assert run.status == "RUNNING"
    kinds.press(run.link(BOSS))
    assert [vote["approver"] for vote in run.succeeded()["approval"]["votes"]] == [ALICE, BOSS]


def test_the_stacks_own_question_has_a_policy_of_its_own(kinds):
    run = Run(kinds, kinds.start_raw({}), "Nightly run")
    assert asked(run, 1) == [BOB]
    kinds.press(run.link(BOB))
    assert run.succeeded()["policy"] == "brief"


def test_an_event_is_asked_under_the_policy_of_events_whatever_it_says(kinds):
    title = f"Payout {uuid4().hex[:8]}"
    detail = {"title": title, "policy": "default"}
    kinds.sandbox.client("events").put_events(
        Entries=[{"Source": "shop", "DetailType": "Payout", "Detail": json.dumps(detail)}]
    )

    def mails() -> list:
        found = [mail for mail in kinds.sandbox.messages() if title in mail.subject]
        return found if len(found) == 3 else []

    link = link_in(until(mails, "three mails")[0].body)
    assert kinds.get(link, **JSON).json()["request"]["policy"] == "payout"


def test_two_policies_have_deadlines_of_their_own_at_once(kinds, brief):
    patient = kinds.start()
    error, cause = brief.failed(90)
    assert error == "Expired"
    assert cause.endswith("was not decided within 60 seconds, in 1 round(s) of asking, under policy brief.")
    assert brief.item(BOB)["status"] == "EXPIRED"
    assert patient.status == "RUNNING"
    assert asked(patient, 1) == [CAROL], "the stack's own people, since it names no policy"
    kinds.press(patient.link(CAROL))
    assert patient.succeeded()["policy"] == "default"


def test_everybody_gets_a_mail_though_no_round_is_long_enough_for_all_of_them(crowded):
    """The rounds that follow take up where one was cut off, and the last one asks the escalation contact first."""
    error, cause = crowded.failed(120)
    assert error == "Expired", cause
    mailed = Counter(mail.to for mail in crowded.mails(1))
    assert set(mailed) == {*CROWD, BOSS}
    for who, noted in crowded.item(CROWD[0])["approvers"].items():
        rounds = noted["mailedRound"] - noted["missedRounds"]
        assert 1 <= rounds <= mailed[who], "a mail whose note was too late for its round is not counted"
