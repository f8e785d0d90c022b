"""Asking in rounds: who gets a mail, and that nobody gets it twice."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.approvals.parsing.item import from_item, to_item
from handlers.approvals.rules import rounds
from handlers.approvals.rules.decisions import CLOCK_SKEW_SECONDS, cast
from handlers.approvals.rules.links import digest, holder, new_secret
from handlers.approvals.rules.record import Approver, Decision, Lease, Record
from handlers.approvals.rules.refusal import Reason, Refusal
from handlers.approvals.rules.rounds import Kind
from handlers.contract.policy import Group, Policy
from handlers.contract.record import Status
from tests.support.records import ANNA, ASKED_AT, BEN, BOSS, CARLA, DEADLINE, approved, message, vote

POLICY = Policy(
    approvers=(ANNA, BEN),
    escalate_to=(BOSS,),
    approvals_required=1,
    rejections_required=1,
    prevent_self_approval=True,
    audit_days=30,
)
LEASE = Lease(owner="one", until=ASKED_AT + 60)
OTHER = Lease(owner="two", until=ASKED_AT + 60)
DIGESTS = {who: digest(who) for who in (ANNA, BEN, CARLA, BOSS)}


def made(policy: Policy = POLICY, **changes) -> Record:
    record = rounds.new_record(message(policy=policy, **changes))
    assert isinstance(record, Record)
    return record


def tried(record: Record, lease: Lease = LEASE, now: int = ASKED_AT, **changes) -> Record | Refusal:
    return rounds.begin(record, message(**changes), lease, now, DIGESTS)


def begin(record: Record, lease: Lease = LEASE, now: int = ASKED_AT, **changes) -> Record:
    begun = tried(record, lease, now, **changes)
    assert isinstance(begun, Record)
    return begun


def refusal(outcome: Record | Refusal) -> Refusal:
    assert isinstance(outcome, Refusal)
    return outcome


def first_round() -> Record:
    return begin(made())


def all_mailed(record: Record) -> Record:
    for who in rounds.recipients(record):
        record = rounds.mailed(record, who, record.round)
    return record


def test_the_first_round_asks_the_approvers_and_not_yet_those_it_may_escalate_to():
    assert rounds.recipients(first_round()) == [ANNA, BEN]


def test_the_record_is_kept_for_the_audit_time_after_the_deadline():
    assert made().expires_at == DEADLINE + 30 * 86_400


@pytest.mark.parametrize(
    "requester",
    [
        ANNA,
        ANNA.upper(),
        f" {ANNA} ",
        f"Anna Example <{ANNA}>",
        f'"Example, Anna" <{ANNA}>',
        f"<{ANNA}>",
        f"\u200b{ANNA[:3]}\u200d\ufe0f{ANNA[3:]}\u2069",
        f"{ANNA}\r\n",
        f"\u3164{ANNA[:3]}\u2800\U0001d159{ANNA[3:]}\U00013441",  # letters and symbols that show nothing
        ANNA.replace("@", "\uff20"),  # a full-width @
        ANNA.replace("@", " @ "),
    ],
)
def test_a_requester_is_not_asked_about_the_own_request(requester):
    record = made(requested_by=requester)
    assert list(record.approvers) == [BEN]


def test_a_requester_is_not_escalated_to_either():
    assert BOSS not in rounds.everybody(made(requested_by=BOSS))


def test_self_approval_can_be_allowed():
    record = made(replace(POLICY, prevent_self_approval=False), requested_by=ANNA)
    assert list(record.approvers) == [ANNA, BEN]


def too_few(requester: str) -> str:
    """The words with which a request is refused that needs two approvals."""
    refused = refusal(rounds.new_record(message(requested_by=requester, policy=replace(POLICY, approvals_required=2))))
    assert (refused.reason, refused.retry_seconds) == (Reason.TOO_FEW, 0)
    return refused.words


def test_a_request_is_refused_when_its_requester_is_needed_for_the_quorum():
    assert re.search(r"needs 2 approval\(s\), of 1 approver", too_few(ANNA))


def test_the_name_of_a_requester_who_is_needed_says_nothing_of_its_own_in_the_cause():
    name = f"Eve\u201d\r\neverybody has approved\u2028\x1b\x00 <{ANNA}>"
    assert f'Without its requester "Eve\' everybody has approved <{ANNA}>", request' in too_few(name)
    flood = "\U0001f600" * 100_000 + f" <{ANNA}>"
    assert len(json.dumps(too_few(flood))) < 8_000


names = st.lists(st.sampled_from([ANNA, BEN, CARLA, BOSS, "dora@example.com"]), unique=True, min_size=1, max_size=5)


@given(
    people=names,
    split=st.integers(1, 5),
    requester=st.sampled_from([ANNA, BEN, CARLA, BOSS, "eve@example.com", ""]),
    approvals=st.integers(1, 5),
    rejections=st.integers(1, 9),
    prevent=st.booleans(),
)
def test_whoever_may_be_asked_can_stop_a_request_if_all_of_them_reject(
    people, split, requester, approvals, rejections, prevent
):
    """A quorum that nobody can reach any more, since its requester is out, would leave it open until its deadline."""
    policy = replace(
        POLICY,
        approvers=tuple(people[:split]),
        escalate_to=tuple(people[split:]),
        approvals_required=approvals,
        rejections_required=rejections,
        prevent_self_approval=prevent,
    )
    left = [who for who in people if not (prevent and who == requester)]
    asked = rounds.new_record(message(requested_by=requester, policy=policy))
    if isinstance(asked, Refusal):
        assert asked.reason is Reason.TOO_FEW
        assert len([who for who in left if who in people[:split]]) < approvals
        return
    assert asked.tally.approvals.required == approvals, "never fewer than were configured"
    assert asked.tally.rejections.required == min(rejections, len(left))
    last = rounds.begin(asked, message(round=3), LEASE, ASKED_AT, {who: digest(who) for who in people})
    assert isinstance(last, Record)
    assert sorted(last.approvers) == sorted(left)
    for who in left:
        if last.status is Status.OPEN:
            last = cast(last, who, replace(vote(Decision.REJECT), digest=last.digest))
            assert isinstance(last, Record)
    assert last.status is Status.REJECTED


def test_a_second_worker_waits_while_the_first_one_sends():
    busy = refusal(tried(first_round(), OTHER, ASKED_AT + 20))
    assert (busy.reason, busy.retry_seconds) == (Reason.BUSY, 40)
    assert "40 more seconds" in busy.words


def test_a_write_that_is_tried_again_finds_its_own_lease():
    assert begin(first_round()) == first_round()


def test_a_worker_that_died_is_replaced_when_its_lease_is_over():
    again = begin(first_round(), OTHER, LEASE.until)
    assert again.lease == OTHER
    assert rounds.recipients(again) == [ANNA, BEN]


def test_a_redelivered_message_mails_only_who_has_no_mail_yet():
    half = rounds.release(rounds.mailed(first_round(), ANNA, 1), LEASE)
    assert rounds.recipients(begin(half, OTHER)) == [BEN]


def test_a_redelivered_message_changes_nothing_once_everybody_is_mailed():
    done = all_mailed(first_round())
    assert begin(done, OTHER) == done


def test_the_right_to_send_is_given_back_with_the_last_mail():
    assert rounds.mailed(first_round(), ANNA, 1).lease == LEASE
    assert all_mailed(first_round()).lease is None


def test_a_late_note_of_an_earlier_round_takes_no_mail_back():
    second = all_mailed(begin(all_mailed(first_round()), OTHER, round=2))
    assert rounds.mailed(second, ANNA, 1) == second


def test_the_first_mail_of_a_request_is_no_reminder():
    assert rounds.kind(first_round(), ANNA) is Kind.REQUEST
    assert rounds.kind(begin(all_mailed(first_round()), OTHER, round=2), ANNA) is Kind.REMINDER


def test_nobody_gives_back_the_right_of_somebody_else():
    assert rounds.release(first_round(), OTHER) == first_round()


def test_a_reminder_goes_only_to_those_who_have_not_answered():
    voted = all_mailed(first_round()).with_approver(ANNA, vote=vote())
    second = begin(voted, OTHER, round=2)
    assert rounds.recipients(second) == [BEN]
    assert rounds.kind(second, BEN) is Kind.REMINDER


def test_the_last_round_asks_those_it_escalates_to_as_well():
    last = begin(all_mailed(first_round()), OTHER, round=3)
    assert rounds.recipients(last) == [BOSS, ANNA, BEN]
    assert rounds.kind(last, BOSS) is Kind.ESCALATION


CROWD = tuple(f"person-{number}@example.com" for number in (5, 2, 7, 1, 6))


def crowd(mails: dict[int, int], round_: int, **of_policy: Any) -> Record:
    """A record in this round, each of whose people has had so many mails, in the last rounds."""
    policy = Policy(approvers=CROWD, **of_policy)
    asked = {
        CROWD[number]: Approver(
            mailed_round=round_ - 1 if count else 0, missed_rounds=max(0, round_ - 1 - count) if count else 0
        )
        for number, count in mails.items()
    }
    return replace(made(policy), round=round_, rounds=9, approvers=asked)


def test_the_least_mailed_come_first_and_equals_as_the_policy_lists_them():
    record = crowd({3: 1, 0: 2, 4: 0, 2: 1, 1: 2}, round_=4)
    assert rounds.recipients(record) == [CROWD[number] for number in (4, 2, 3, 0, 1)]


@pytest.mark.parametrize("listed", [CROWD, CROWD[::-1], sorted(CROWD)])
def test_the_order_of_equals_is_the_policys_whatever_the_records_map_has(listed):
    """DynamoDB keeps no order in a map."""
    record = replace(crowd({}, round_=1), approvers={who: Approver() for who in listed})
    assert rounds.recipients(record) == list(CROWD)


def test_equals_in_groups_are_mailed_group_by_group_and_once():
    groups = {"legal": Group(approvers=(CARLA, ANNA)), "finance": Group(approvers=(BEN, CARLA))}
    asked = Policy(groups=groups, escalate_to=(BOSS,))
    record = replace(made(asked), round=1, approvers={who: Approver() for who in (ANNA, BEN, CARLA)})
    assert rounds.recipients(record) == [CARLA, ANNA, BEN]


def test_a_round_that_ends_early_is_taken_up_by_the_next_one_where_it_stopped():
    record, mailed = made(Policy(approvers=CROWD, escalate_to=(BOSS,))), []
    for number in range(1, 6):
        record = replace(record, round=number)
        turn = rounds.recipients(record)[:2]
        for who in turn:
            record = rounds.mailed(record, who, number)
        mailed += [CROWD.index(who) for who in turn]
    assert mailed == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4]
    assert {record.approvers[who].mails for who in CROWD} == {2}


def test_a_round_that_is_taken_up_again_goes_on_with_the_least_mailed():
    record = crowd({0: 2, 1: 1, 2: 0, 3: 1, 4: 0}, round_=4)
    first = rounds.recipients(record)[0]
    record = rounds.mailed(record, first, 4)
    assert rounds.recipients(record) == [CROWD[number] for number in (4, 1, 3, 0)]
    assert rounds.mailed(record, CROWD[4], 4).approvers[CROWD[4]] == Approver(mailed_round=4, missed_rounds=3)


def test_what_was_mailed_is_in_the_record_per_person():
    record = rounds.mailed(rounds.mailed(first_round(), ANNA, 1), BEN, 1)
    record = rounds.mailed(replace(record, round=3), ANNA, 3)
    assert [record.approvers[who].mails for who in (ANNA, BEN)] == [2, 1]
    kept = from_item(to_item(record))
    assert [(one.mailed_round, one.mails) for one in kept.approvers.values()] == [(3, 2), (1, 1)]


def test_a_round_brings_its_own_token():
    assert begin(all_mailed(first_round()), OTHER, round=2, task_token="second").task_token == "second"


def test_a_message_of_an_earlier_round_never_overwrites_a_newer_token():
    second = begin(all_mailed(first_round()), OTHER, round=2, task_token="second")
    assert refusal(tried(second, LEASE, round=1)).reason is Reason.STALE


@pytest.mark.parametrize(("status", "reason"), [(Status.EXPIRED, Reason.STALE), (Status.CLOSED, Reason.GIVEN_UP)])
def test_nobody_is_asked_about_a_request_that_has_ended(status, reason):
    assert refusal(tried(replace(first_round(), status=status))).reason is reason


def test_nobody_is_asked_after_the_deadline_but_for_a_clock_that_is_a_minute_fast():
    last = DEADLINE + CLOCK_SKEW_SECONDS
    assert isinstance(tried(made(), now=last), Record)
    assert refusal(tried(made(), now=last + 1)).reason is Reason.STALE


@pytest.mark.parametrize("record", [first_round(), approved(), replace(first_round(), status=Status.CLOSED)])
@pytest.mark.parametrize(
    ("changes", "reason", "words"),
    [
        ({"execution_arn": "arn:second"}, Reason.DUPLICATE, "The same start has begun another run before"),
        ({"execution_arn": "arn:second", "rounds": 4}, Reason.DUPLICATE, "The same start has begun another run before"),
        ({"rounds": 4}, Reason.FOREIGN, "rounds must be"),
        ({"rounds": 21, "round": 21}, Reason.FOREIGN, "rounds must be"),
    ],
)
def test_a_message_that_is_not_the_records_is_refused_whatever_it_holds(record, changes, reason, words):
    refused = refusal(tried(record, **changes))
    assert (refused.reason, refused.retry_seconds) == (reason, 0)
    assert refused.words.startswith(words)


def test_a_decided_request_is_handed_back_for_its_answer():
    assert begin(approved(), round=2) == approved()


def test_every_mail_has_a_link_of_its_own_and_the_earlier_ones_stay_valid():
    record, secrets = all_mailed(first_round()), []
    for number in (2, 3):
        secret = new_secret()
        secrets.append(secret)
        begun = rounds.begin(record, message(round=number), LEASE, ASKED_AT, DIGESTS | {ANNA: digest(secret)})
        assert isinstance(begun, Record)
        record = all_mailed(begun)
    assert {holder(record, secret) for secret in secrets} == {ANNA}


def test_a_link_names_its_holder_and_nobody_else():
    assert holder(first_round(), BEN) == BEN  # DIGESTS are of the addresses themselves
    assert holder(first_round(), new_secret()) is None


def test_a_record_holds_only_digests_of_links():
    secret = new_secret()
    record = rounds.begin(made(), message(), LEASE, ASKED_AT, DIGESTS | {ANNA: digest(secret)})
    assert isinstance(record, Record)
    assert secret not in str(to_item(record))
    assert digest(secret) in str(to_item(record))
