"""A request as programs read it."""

from __future__ import annotations

from handlers.approvals.faces.program import approvals_for_programs, request_for_programs
from handlers.approvals.rules.record import Decision
from handlers.contract.policy import Group
from tests.support.records import ANNA, BEN, BOSS, CARLA, escalated, grouped, record, vote


def test_a_program_is_told_the_policy_and_what_each_group_lacks():
    told = request_for_programs(grouped({ANNA: vote()}), CARLA)
    assert (told["policy"], told["approvals"], told["approvalsRequired"], told["missing"]) == ("payout", 1, 2, 1)
    assert told["groups"] == {
        "finance": {"approvals": 1, "approvalsRequired": 1, "missing": 0},
        "legal": {"approvals": 0, "approvalsRequired": 1, "missing": 1},
    }


def test_without_groups_it_has_the_same_fields():
    told = request_for_programs(record(), CARLA)
    assert (told["policy"], told["groups"]) == ("default", {})
    assert (told["approvals"], told["approvalsRequired"], told["missing"]) == (0, 2, 2)


def test_more_approvals_than_required_are_counted_and_nothing_is_missing():
    groups = {"finance": Group(approvers=(ANNA, BEN)), "legal": Group(approvers=(CARLA,))}
    told = approvals_for_programs(grouped({ANNA: vote(), BEN: vote()}, groups, approvals_required=1).tally)
    assert (told["approvals"], told["approvalsRequired"], told["missing"]) == (2, 1, 0)
    assert told["groups"]["finance"] == {"approvals": 2, "approvalsRequired": 1, "missing": 0}


def test_a_rejection_is_no_approval_in_any_group():
    told = approvals_for_programs(grouped({BEN: vote(Decision.REJECT)}, rejections_required=2).tally)
    assert [group["approvals"] for group in told["groups"].values()] == [0, 0]


def test_an_escalation_contact_counts_in_every_group_and_once_in_all():
    told = approvals_for_programs(escalated(grouped()).with_approver(BOSS, vote=vote()).tally)
    assert told["missing"] == 1
    assert [group["missing"] for group in told["groups"].values()] == [0, 0]
