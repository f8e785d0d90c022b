"""What programs are told: of people's decision the workflow, in an output or a cause; of a request whoever asks."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from handlers.approvals.faces.answers import approval, fitted, rejection
from handlers.approvals.faces.program import approvals_for_programs, request_for_programs
from handlers.approvals.rules.decisions import decide
from handlers.approvals.rules.record import Approver, Decision, Vote
from handlers.contract.policy import Group, policy_digest
from handlers.contract.record import Status
from handlers.contract.workflow import CAUSE_LIMIT
from tests.support.nesting import INPUT_ROOM, fits, largest_question
from tests.support.records import (
    ANNA,
    ASKED_AT,
    BEN,
    BOSS,
    CARLA,
    approved,
    escalated,
    grouped,
    policy,
    record,
    rejected,
    vote,
    voted,
)

REJECT = Decision.REJECT


def test_an_approval_tells_the_workflow_who_approved_what_under_which_policy():
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
    assert set(told["votes"][0]) == {"approver", "decision", "comment", "values", "at"}
    assert (told["digest"], told["policyDigest"]) == (approved().digest, policy_digest(approved().policy))
    decided = decide(grouped({ANNA: vote(), BEN: vote()}), Status.APPROVED, ASKED_AT)
    counts = approvals_for_programs(decided.tally)
    assert {name: approval(decided)[name] for name in counts} == counts
    assert counts["groups"].keys() == {"finance", "legal"}


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


def test_a_rejection_tells_the_workflow_who_and_why_if_there_is_a_reason():
    assert rejection(rejected()).endswith(f' by {BEN}: "Not on a Friday."')
    assert ANNA not in rejection(rejected())
    for nothing in ("", "\u200b\u2800\U0001d159"):
        assert cause({BEN: vote(REJECT, nothing)}).endswith(f" by {BEN}")


def cause(votes: dict[str, Vote]) -> str:
    return rejection(decide(voted(votes, approvers=dict.fromkeys(votes, Approver())), Status.REJECTED, ASKED_AT))


@pytest.mark.parametrize("piece", ["word ", '" ', "\u4e2d", "\U0001f600"])
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
        ("a\n\nb\r\nc\u2028d \x1b[31m\x00 \u202ee", "a b c d [31m e"),
        (f"No.; {CARLA}: approved as well", f"No.; {CARLA}: approved as well"),
        (f'No."; {CARLA}: \u201capproved', f"No.'; {CARLA}: 'approved"),
        (f"No.''; {CARLA}: \uff02approved", f"No.'; {CARLA}: 'approved"),
    ],
)
def test_a_comment_in_a_cause_stays_between_its_quotation_marks(comment, told):
    written = cause({ANNA: vote(REJECT, comment, at=1), BEN: vote(REJECT, "No.", at=2)})
    assert written.partition(" by ")[2] == f'{ANNA}: "{told}"; {BEN}: "No."'


# --- what programs read of a request


def counts(approvals: int, required: int, missing: int) -> dict[str, int]:
    return {"approvals": approvals, "approvalsRequired": required, "missing": missing}


TWO = {"finance": Group(approvers=(ANNA, BEN)), "legal": Group(approvers=(CARLA,))}


@pytest.mark.parametrize(
    ("sample", "whole", "finance", "legal"),
    [
        (grouped({ANNA: vote()}), counts(1, 2, 1), counts(1, 1, 0), counts(0, 1, 1)),
        (
            grouped({ANNA: vote(), BEN: vote()}, TWO, approvals_required=1),
            counts(2, 1, 0),
            counts(2, 1, 0),
            counts(0, 1, 1),
        ),
        (grouped({BEN: vote(REJECT)}, rejections_required=2), counts(0, 2, 2), counts(0, 1, 1), counts(0, 1, 1)),
        (escalated(grouped()).with_approver(BOSS, vote=vote()), counts(1, 2, 1), counts(1, 1, 0), counts(1, 1, 0)),
    ],
    ids=["one of each", "more than are required", "a rejection, which is no approval", "a contact, who counts in each"],
)
def test_a_program_is_told_what_each_group_lacks(sample, whole, finance, legal):
    told = request_for_programs(sample, ANNA)
    assert told["policy"] == "payout"
    assert {name: told[name] for name in whole} == whole
    assert told["groups"] == {"finance": finance, "legal": legal}


@pytest.mark.parametrize("time", ["", "2026-11-25T09:00:00Z"])
def test_without_groups_it_has_the_same_fields(time):
    told = request_for_programs(record(scheduled_for=time), CARLA)
    assert (told["policy"], told["groups"], told["scheduledFor"]) == ("default", {}, time)
    assert told.items() >= counts(0, 2, 2).items()
