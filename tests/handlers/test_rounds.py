"""Asking in rounds: who gets a mail, and that nobody gets it twice."""

from __future__ import annotations

import json
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
from handlers.contract.policy import Policy
from handlers.contract.record import Status
from tests.support.records import ANNA, ASKED_AT, BEN, BOSS, CARLA, DEADLINE, asking, giving, message, vote

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


def test_a_request_asks_its_approvers_first_and_is_kept_for_the_audit_time_after_the_deadline():
    record = first_round()
    assert rounds.recipients(record) == [ANNA, BEN]
    assert record.expires_at == DEADLINE + 30 * 86_400


@pytest.mark.parametrize(
    ("requester", "prevented", "asked"),
    [
        (ANNA, True, [BEN, BOSS]),
        (f"\u3164{ANNA[:3]}\u2800 <{ANNA.upper()}>\r\n", True, [BEN, BOSS]),
        (BOSS, True, [ANNA, BEN]),
        (ANNA, False, [ANNA, BEN, BOSS]),
    ],
)
def test_a_requester_is_neither_asked_nor_escalated_to_unless_that_is_allowed(requester, prevented, asked):
    record = made(replace(POLICY, prevent_self_approval=prevented), requested_by=requester)
    assert rounds.recipients(begin(record, round=3)) == asked


def test_the_name_of_a_requester_who_is_needed_says_nothing_of_its_own_in_the_cause():
    def too_few(requester: str) -> str:
        policy = replace(POLICY, approvals_required=2)
        refused = refusal(rounds.new_record(message(requested_by=requester, policy=policy)))
        assert (refused.reason, refused.retry_seconds) == (Reason.TOO_FEW, 0)
        assert "needs 2 approval(s), of 1 approver" in refused.words
        return refused.words

    name = f"Eve\u201d\r\neverybody has approved\u2028\x1b\x00 <{ANNA}>"
    assert f'Without its requester "Eve\' everybody has approved <{ANNA}>", request' in too_few(name)
    flood = "\U0001f600" * 10_000 + f" <{ANNA}>"
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


def test_a_second_worker_waits_while_the_first_one_sends_and_takes_over_when_that_one_has_died():
    busy = refusal(tried(first_round(), OTHER, ASKED_AT + 20))
    assert (busy.reason, busy.retry_seconds) == (Reason.BUSY, 40)
    assert "40 more seconds" in busy.words
    assert begin(first_round()) == first_round(), "a write that is tried again finds its own lease"
    again = begin(first_round(), OTHER, LEASE.until)
    assert again.lease == OTHER
    assert rounds.recipients(again) == [ANNA, BEN]


def test_a_redelivered_message_mails_only_who_has_no_mail_yet():
    half = rounds.mailed(first_round(), ANNA, 1)
    assert half.lease == LEASE
    assert rounds.release(half, OTHER) == half, "nobody gives back the right of somebody else"
    assert rounds.recipients(begin(rounds.release(half, LEASE), OTHER)) == [BEN]
    done = all_mailed(half)
    assert done.lease is None, "it is given back with the last mail"
    assert begin(done, OTHER) == done


def test_a_late_note_of_an_earlier_round_takes_no_mail_back():
    second = all_mailed(begin(all_mailed(first_round()), OTHER, round=2))
    assert rounds.mailed(second, ANNA, 1) == second


def test_a_reminder_goes_only_to_those_who_have_not_answered():
    assert rounds.kind(first_round(), BEN) is Kind.REQUEST
    voted = all_mailed(first_round()).with_approver(ANNA, vote=vote())
    second = begin(voted, OTHER, round=2, task_token="second")
    assert second.task_token == "second"
    assert rounds.recipients(second) == [BEN]
    assert rounds.kind(second, BEN) is Kind.REMINDER


def test_the_last_round_asks_those_it_escalates_to_as_well():
    last = begin(all_mailed(first_round()), OTHER, round=3)
    assert rounds.recipients(last) == [BOSS, ANNA, BEN]
    assert rounds.kind(last, BOSS) is Kind.ESCALATION


def test_who_can_end_a_deadlock_by_joining_another_answer_is_reminded_too_once_a_round():
    """Everybody has answered: else nobody would hear of it."""
    sample = asking({"name": "it", "label": "It", "type": "text"}, approvals_required=2)
    split = giving(giving(sample, ANNA, it="a"), BEN, it="b")
    assert rounds.recipients(replace(split, round=2)) == [CARLA], "who can still settle it"
    stuck = giving(split, CARLA, it="c")
    assert rounds.recipients(stuck) == [], "they have a mail of this round"
    second = replace(stuck, round=2)
    assert rounds.recipients(second) == [ANNA, BEN, CARLA]
    assert rounds.recipients(rounds.mailed(second, ANNA, 2)) == [BEN, CARLA]
    assert rounds.recipients(giving(second, CARLA, it="b")) == [], "and two with one answer settle it"


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


def test_a_round_that_ends_early_is_taken_up_by_the_next_one_where_it_stopped():
    record, mailed = made(Policy(approvers=CROWD, escalate_to=(BOSS,))), []
    for number in range(1, 6):
        record = replace(record, round=number)
        turn = rounds.recipients(record)[:2]
        for who in turn:
            record = rounds.mailed(record, who, number)
        mailed += [CROWD.index(who) for who in turn]
    assert mailed == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4]
    kept = from_item(to_item(record))
    assert {kept.approvers[who].mails for who in CROWD} == {2}
    assert [kept.approvers[who].mailed_round for who in CROWD] == [3, 4, 4, 5, 5]


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        (replace(first_round(), status=Status.EXPIRED), Reason.STALE),
        (replace(first_round(), status=Status.CLOSED), Reason.GIVEN_UP),
        (replace(first_round(), round=2, task_token="second"), Reason.STALE),
    ],
    ids=["of a request that has expired", "of one that was given up", "of an earlier round"],
)
def test_a_message_asks_nobody_if_it_is(before, reason):
    assert refusal(tried(before)).reason is reason


def test_nobody_is_asked_after_the_deadline_but_for_a_clock_that_is_a_minute_fast():
    last = DEADLINE + CLOCK_SKEW_SECONDS
    assert isinstance(tried(made(), now=last), Record)
    assert refusal(tried(made(), now=last + 1)).reason is Reason.STALE


def test_every_mail_has_a_link_of_its_own_and_the_earlier_ones_stay_valid():
    record, secrets = all_mailed(first_round()), []
    for number in (2, 3):
        secret = new_secret()
        secrets.append(secret)
        begun = rounds.begin(record, message(round=number), LEASE, ASKED_AT, DIGESTS | {ANNA: digest(secret)})
        assert isinstance(begun, Record)
        record = all_mailed(begun)
        assert secret not in str(to_item(record)), "a record holds only digests"
    assert {holder(record, secret) for secret in secrets} == {ANNA}
    assert holder(record, BEN) == BEN  # DIGESTS are of the addresses themselves
    assert holder(record, new_secret()) is None
