"""What the workflow is told of people's decision: the output of an approval, the cause of a rejection."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from handlers.approvals.faces.answers import approval, fitted, rejection
from handlers.approvals.rules.decisions import decide
from handlers.approvals.rules.record import Approver, Decision, Vote
from handlers.contract.policy import policy_digest
from handlers.contract.record import Status
from handlers.contract.workflow import CAUSE_LIMIT
from tests.support.nesting import INPUT_ROOM, fits, largest_question
from tests.support.records import ANNA, ASKED_AT, BEN, CARLA, approved, grouped, policy, rejected, vote, voted

REJECT = Decision.REJECT


def test_an_approval_tells_the_workflow_who_approved_what():
    told = approval(approved())
    assert (told["requestId"], told["outcome"], told["decidedAt"]) == (
        approved().request_id,
        "APPROVED",
        "2026-11-27T13:50:00Z",
    )
    assert [(said["approver"], said["comment"]) for said in told["votes"]] == [
        (ANNA, "Looks good."),
        (BEN, "Fine with me."),
    ]
    assert set(told["votes"][0]) == {"approver", "decision", "comment", "at"}


def test_an_approval_names_the_question_and_the_policy_by_their_digests():
    told = approval(approved())
    assert (told["digest"], told["policyDigest"]) == (approved().digest, policy_digest(approved().policy))


def test_an_approval_says_under_which_policy_and_how_many_of_each_group_approved():
    decided = decide(grouped({ANNA: vote(), BEN: vote()}), Status.APPROVED, ASKED_AT)
    told = approval(decided)
    assert (told["policy"], told["approvals"], told["approvalsRequired"], told["missing"]) == ("payout", 2, 2, 0)
    assert told["groups"] == {
        "finance": {"approvals": 2, "approvalsRequired": 1, "missing": 0},
        "legal": {"approvals": 1, "approvalsRequired": 1, "missing": 0},
    }


def test_without_groups_an_approval_has_the_same_fields():
    told = approval(approved())
    assert (told["policy"], told["groups"]) == ("default", {})
    assert (told["approvals"], told["approvalsRequired"], told["missing"]) == (2, 2, 0)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("default", ""),
        ("payout", " under policy payout"),
        ('p" was\n approved', ' under policy "p\' was approved"'),
        ("x" * 400, f' under policy "{"x" * 37}..."'),
    ],
)
def test_a_rejection_names_the_policy_unless_it_is_the_stacks_own(name, told):
    under = replace(rejected(), policy=policy(name=name))
    assert rejection(under).startswith(f"Request {under.request_id}{told} was rejected at 2026-11-27T13:50:00Z by ")


def test_a_rejection_tells_the_workflow_who_and_why():
    assert rejection(rejected()).endswith(f' by {BEN}: "Not on a Friday."')
    assert ANNA not in rejection(rejected())


def test_a_rejection_without_a_reason_names_who_and_no_more():
    assert rejection(decide(voted({BEN: vote(REJECT)}), Status.REJECTED, ASKED_AT)).endswith(f" by {BEN}")


def cause(votes: dict[str, Vote]) -> str:
    return rejection(decide(voted(votes, approvers=dict.fromkeys(votes, Approver())), Status.REJECTED, ASKED_AT))


@pytest.mark.parametrize("piece", ["x", "word ", '" ', "\\", "\u00fc", "\u4e2d", "\U0001f600", "a\u0301"])
@pytest.mark.parametrize("people", [1, 3, 50, 150])
def test_a_cause_fits_into_json_with_everybodys_name(people, piece):
    """A parent workflow has it in JSON, which nothing may cut."""
    names = [f"person{number:03}@example.com" for number in range(people)]
    told = cause({who: vote(REJECT, piece * 1_000) for who in names})
    assert fits(told)
    assert all(who in told for who in names)
    if people < 50:
        assert told.count("...") == people, "everybody's words begin"


@pytest.mark.parametrize("piece", ["x", '"', "\\", "\u00fc", "\U0001f600"])
def test_a_cause_of_any_length_is_shortened_until_it_fits(piece):
    assert all(fits(fitted(piece * length)) for length in (CAUSE_LIMIT // 12, CAUSE_LIMIT, 10 * CAUSE_LIMIT))
    assert fitted(piece * 600) == piece * 600


def test_beside_our_causes_there_is_room_for_the_largest_question():
    """As prose: what is nothing but quotation marks may be too long, and docs/reuse.md says so."""
    assert len(json.dumps(largest_question())) < INPUT_ROOM


def test_not_even_names_that_somebody_wrote_into_the_table_make_a_cause_too_long():
    assert fits(cause({"\U0001f600" * 300 + str(number): vote(REJECT) for number in range(150)}))


@pytest.mark.parametrize(
    ("comment", "told"),
    [
        ("a\n\nb\r\nc\u2028d", "a b c d"),
        ("red \x1b[31m\x00 \u202egone", "red [31m gone"),
        (f"No.; {CARLA}: approved as well", f"No.; {CARLA}: approved as well"),
        (f'No."; {CARLA}: "approved as well', f"No.'; {CARLA}: 'approved as well"),
        (f"No.\u201d; {CARLA}: \u201capproved", f"No.'; {CARLA}: 'approved"),
        (f"No.''; {CARLA}: \uff02approved", f"No.'; {CARLA}: 'approved"),
        ("Don't.", "Don't."),
    ],
)
def test_a_comment_in_a_cause_stays_between_its_quotation_marks(comment, told):
    written = cause({ANNA: vote(REJECT, comment, at=1), BEN: vote(REJECT, "No.", at=2)})
    assert written.partition(" by ")[2] == f'{ANNA}: "{told}"; {BEN}: "No."'


def test_a_comment_of_which_nothing_can_be_seen_is_none():
    assert cause({ANNA: vote(REJECT, "\u200b\u2800\U0001d159")}).endswith(f" by {ANNA}")
