"""Approval policies in the stack's configuration: what each inherits, what is refused, what is warned about."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import example, given, settings

from handlers.approvals.rules.record import Decision
from handlers.contract.policy import DEFAULT_POLICY, Group, Policy, as_json
from handlers.contract.record import MOST_REMINDERS, Status
from infra.asl import approval_definition
from infra.config.policies import LINKS, LONGEST_DEADLINE_SECONDS, MOST_GROUPS, MOST_POLICIES
from infra.config.policy_checks import POLICY_BYTES, clashes, doubts
from infra.config.refusal import path
from infra.config.settings import Settings
from infra.shared.terms import Terms
from tests.support.harness import ALICE, deploy, load, texts
from tests.support.policies import policies, said_by
from tests.support.refusals import refusal, warnings

SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
BOB, CAROL, HEAD = "bob@example.com", "carol@example.com", "head@example.com"
STACK = {
    "approvers": [ALICE, BOB, CAROL],
    "approvalsRequired": 2,
    "rejectionsRequired": 2,
    "deadlineSeconds": 7_200,
    "reminders": 3,
    "escalateTo": [HEAD],
    "preventSelfApproval": False,
    "auditDays": 30,
}
OWN = Policy(
    approvers=(ALICE, BOB, CAROL),
    approvals_required=2,
    rejections_required=2,
    escalate_to=(HEAD,),
    prevent_self_approval=False,
    audit_days=30,
)


def stack(**policies: Any) -> Settings:
    return load(**STACK, policies=policies)


def policy(**said: Any) -> Terms:
    """A policy of that stack which says this."""
    return stack(payout=said).terms["payout"]


def refused(**policies: Any) -> list[str]:
    """The lines of what is said of these policies, without the namespace."""
    return [line.removeprefix("signoff:") for line in refusal(**STACK, policies=policies).splitlines()]


def test_the_stacks_own_keys_are_the_policy_default():
    assert load(**STACK).terms == {DEFAULT_POLICY: Terms(policy=OWN, deadline_seconds=7_200, rounds=4)}


def test_a_policy_that_says_nothing_is_the_stacks_own_under_another_name():
    said = policy()
    assert as_json(said.policy) == as_json(OWN) | {"name": "payout"}
    assert (said.deadline_seconds, said.rounds) == (7_200, 4)


PEOPLE = {
    "the stack's people": {},
    "people of its own": {"approvers": [BOB, CAROL]},
    "groups": {"groups": {"legal": {"approvers": [BOB, CAROL]}}},
}


@pytest.mark.parametrize("people", PEOPLE.values(), ids=PEOPLE)
def test_the_quorums_of_a_policy_with_people_of_its_own_start_at_one_again(people):
    inherited = 1 if people else 2
    for approvals, rejections in product([None, 1, 2], repeat=2):
        own = {"approvalsRequired": approvals, "rejectionsRequired": rejections}
        made = policy(**people, **{key: number for key, number in own.items() if number}).policy
        assert (made.approvals_required, made.rejections_required) == (approvals or inherited, rejections or inherited)


def test_groups_take_the_place_of_approvers():
    groups = {
        "finance": {"approvers": [ALICE, BOB], "approvalsRequired": 2},
        "legal": {"approvers": f"{CAROL}, {BOB}"},
    }
    said = policy(groups=groups).policy
    assert said.approvers == ()
    assert said.groups == {
        "finance": Group(approvers=(ALICE, BOB), approvals_required=2),
        "legal": Group(approvers=(CAROL, BOB), approvals_required=1),
    }
    assert list(said.groups) == ["finance", "legal"]


@pytest.mark.parametrize("people", PEOPLE.values(), ids=PEOPLE)
def test_what_else_a_policy_does_not_say_is_the_stacks_and_what_it_says_counts(people):
    said = policy(**people)
    assert (said.deadline_seconds, said.rounds, said.policy.escalate_to) == (7_200, 4, (HEAD,))
    assert (said.policy.prevent_self_approval, said.policy.audit_days) == (False, 30)
    said = policy(**people, deadlineSeconds=600, reminders=0, escalateTo=["dora@example.com"], preventSelfApproval=True)
    assert (said.deadline_seconds, said.rounds, said.round_seconds) == (600, 1, 600)
    assert said.policy.escalate_to == ("dora@example.com",)
    assert said.policy.prevent_self_approval
    assert policy(**people, escalateTo=[]).policy.escalate_to == ()


@pytest.mark.parametrize(
    ("contact", "people"),
    [
        (HEAD, {"approvers": [BOB, "HEAD@example.com"]}),
        ("Head@example.com", {"approvers": [HEAD]}),
        (HEAD, {"groups": {"a": {"approvers": [BOB]}, "b": {"approvers": [HEAD]}}}),
    ],
)
def test_an_inherited_escalation_contact_who_is_an_approver_here_drops_out_and_no_other(contact, people):
    config = STACK | {"escalateTo": [contact, "dora@example.com"]}
    said = load(**config, policies={"payout": people}).terms
    assert said["payout"].policy.escalate_to == ("dora@example.com",)
    assert HEAD in said["payout"].policy.asked_first
    assert said["default"].policy.escalate_to == (HEAD, "dora@example.com")


def test_a_person_is_spelled_in_one_way_wherever_they_are_named():
    """Mails and votes find people by the address as text."""
    made = stack(
        note={"groups": {"a": {"approvers": ["ALICE@example.com", "Zoe@example.com"]}, "b": {"approvers": [BOB]}}},
        payout={"approvers": ["zoe@EXAMPLE.com"], "escalateTo": ["HEAD@example.com", "eve@example.com"]},
    )
    assert made.terms["note"].policy.groups["a"].approvers == (ALICE, "zoe@example.com")
    assert made.terms["payout"].policy.approvers == ("zoe@example.com",)
    assert made.terms["payout"].policy.escalate_to == (HEAD, "eve@example.com")
    assert made.people == (ALICE, BOB, CAROL, HEAD, "zoe@example.com", "eve@example.com"), "each once"


def test_a_persons_subscription_stays_when_another_spelling_of_theirs_is_taken_out():
    """A new subscription would wait for its confirmation, and reminders of pending requests would miss them."""
    others = {"policies": {"payout": {"approvers": ["Alice@Example.com"]}}}
    before, after = (
        {
            (one.name, one.inputs["endpoint"], one.inputs["filterPolicy"])
            for one in deploy(config=texts({"approvers": approvers} | others)).of(SUBSCRIPTION)
        }
        for approvers in ([BOB, ALICE], [BOB])
    )
    assert before == after
    assert (f"approvers-{ALICE}", ALICE, json.dumps({"approver": [ALICE]})) in after


def test_policies_and_groups_are_in_the_order_of_their_names_whatever_the_files():
    """The engine gives a configuration's keys sorted; the sandbox reads the file itself."""
    groups = {"legal": {"approvers": [HEAD]}, "finance": {"approvers": [BOB, ALICE]}}
    made = stack(payout={"groups": groups}, note={"groups": dict(reversed(groups.items()))}).terms
    assert list(made) == ["default", "note", "payout"]
    for name in ("note", "payout"):
        assert list(made[name].policy.groups) == ["finance", "legal"]
        assert list(made[name].policy.asked_first) == [BOB, ALICE, HEAD]


def test_a_name_of_letters_digits_and_hyphens_is_taken():
    names = ["-", "7", "A-1", "a", "x" * 40]
    assert list(stack(**{name: {"groups": {name: {"approvers": [BOB]}}} for name in names}).terms) == [
        "default",
        *names,
    ]


@pytest.mark.parametrize("name", ["", "x" * 41, "pay out", "pay_out", "pay.out", "zahlüng", "٣", "pay\n", "a/b", 'a"b'])
def test_any_other_name_of_a_policy_or_group_is_refused(name):
    group = {"approvers": [BOB]}
    says = "must have a name of 1 to 40 letters, digits and hyphens"
    assert refused(**{name: {}}) == [f"{path(('policies', name))} {says}"]
    assert refused(payout={"groups": {name: group}}) == [f"{path(('policies', 'payout', 'groups', name))} {says}"]


def test_names_that_people_would_mix_up_are_refused():
    group = {"approvers": [BOB]}
    assert refused(payout={}, PayOut={}, Default={}, default={}) == [
        "policies.PayOut must differ from payout by more than case",
        "policies.Default must differ from default by more than case",
        "policies.default must not be given: the stack's own keys are this policy",
    ]
    assert refused(payout={"groups": {"legal": group, "Legal": group}}) == [
        "policies.payout.groups.Legal must differ from legal by more than case"
    ]


IN_TWO = {"a": {"approvers": [ALICE]}, "b": {"approvers": [BOB]}}
ONE_IN_TWO = {name: {"approvers": [BOB]} for name in "ab"}
POLICY_KEYS = (
    "approvers, approvalsRequired, rejectionsRequired, deadlineSeconds, reminders, escalateTo, preventSelfApproval, "
    "groups"
)


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        (None, " must be an object with approvers or groups, got null"),
        ({"groups": {}}, ".groups must be an object of at least one group by its name, got {}"),
        ({"groups": {"a": [BOB]}}, f'.groups.a must be an object with approvers, got ["{BOB}"]'),
        (
            {"groups": {"a": {}}},
            ".groups.a.approvers must be a list of at least one e-mail address, got nothing",
        ),
        ({"approvers": []}, ".approvers must be a list of at least one e-mail address, got []"),
        ({"approvers": None}, ".approvers must be a list of e-mail addresses, got null"),
        ({"deadlineSeconds": 59}, ".deadlineSeconds must be a whole number in 60..31449600, got 59"),
        ({"rejectionsRequired": "all"}, '.rejectionsRequired must be a whole number in 1..50, got "all"'),
        ({"preventSelfApproval": 1}, ".preventSelfApproval must be true or false, got 1"),
        ({"approvers": [BOB], "groups": {"a": {"approvers": [BOB]}}}, ".groups must not be given beside approvers"),
        ({"aprovers": [BOB]}, f".aprovers is not a key here (did you mean approvers?); the keys are {POLICY_KEYS}"),
        ({"auditDays": 3}, ".auditDays is not a key here; the keys are approvers, "),
        (
            {"groups": {"a": {"approvers": [BOB], "approvals_required": 1}}},
            ".groups.a.approvals_required is not a key here (did you mean approvalsRequired?); the keys are approvers",
        ),
        ({"groups": {"legal": {"approvers": ["cleo"]}}}, ".groups.legal.approvers[0] must be an e-mail address"),
        (
            {"groups": {"legal": {"approvers": [BOB, "Bob@example.com"]}}},
            f'.groups.legal.approvers[1] must not name anybody twice ({BOB}), got "Bob@example.com"',
        ),
        (
            {"groups": {"legal": {"approvers": [BOB, CAROL], "approvalsRequired": 3}}},
            ".groups.legal.approvalsRequired must be at most the number of approvers, 2, got 3",
        ),
        (
            {"approvers": [BOB], "approvalsRequired": 2},
            ".approvalsRequired must be at most the number of approvers, 1, got 2",
        ),
        ({"rejectionsRequired": 4}, ".rejectionsRequired must be at most the number of approvers, 3, got 4"),
        (
            {"groups": ONE_IN_TWO, "approvalsRequired": 2},
            ".approvalsRequired must be at most the number of different approvers, 1, got 2",
        ),
        *(
            (repeating, f".escalateTo must not repeat an approver, got {BOB} in both")
            for repeating in (
                {"approvers": [BOB], "escalateTo": ["BOB@example.com"]},
                {"escalateTo": [BOB]},
                {"groups": IN_TWO, "escalateTo": [BOB]},
            )
        ),
    ],
)
def test_a_bad_policy_is_refused_by_its_path(policy, says):
    (said,) = refused(payout=policy)
    assert said.startswith(f"policies.payout{says}")


@pytest.mark.parametrize(
    ("policies", "says"),
    [("payout", "be JSON, got payout"), (["payout"], 'be an object of policies by name, got ["payout"]')],
)
def test_policies_that_are_no_object_are_refused(policies, says):
    assert refusal(**STACK, policies=policies) == f"signoff:policies must {says}"


def test_a_number_that_a_policy_inherits_is_named_as_the_stacks():
    config = STACK | {"reminders": 19}
    many = [f"{n}@example.com" for n in range(80)]
    policies = {
        "brief": {"deadlineSeconds": 60},
        "many": {"approvers": many},
        "own": {"deadlineSeconds": 60, "reminders": 6},
    }
    assert refusal(**config, policies=policies).splitlines() == [
        (
            "signoff:policies.brief.reminders must leave rounds of at least 10 seconds, got 19 from the stack: "
            "rounds of 3.0 seconds in deadlineSeconds 60"
        ),
        (
            "signoff:policies.many.reminders must be at most 12 for 81 people (1500 links in a request, 5 of each for "
            "reminders by hand), got 19 from the stack"
        ),
        (
            "signoff:policies.own.reminders must leave rounds of at least 10 seconds, got 6: "
            "rounds of 8.6 seconds in deadlineSeconds 60"
        ),
    ]
    assert refusal(**STACK | {"deadlineSeconds": 60}, policies={"payout": {"reminders": 6}}) == (
        "signoff:policies.payout.reminders must leave rounds of at least 10 seconds, got 6: "
        "rounds of 8.6 seconds in deadlineSeconds 60 from the stack"
    )


def test_a_fault_of_the_stack_is_not_repeated_for_each_policy_that_inherits_it():
    inheriting = {"payout": {"approvalsRequired": 2}, "note": {"preventSelfApproval": True}}
    clash = STACK | {"deadlineSeconds": 60, "reminders": 6, "approvalsRequired": 4, "escalateTo": [BOB]}
    assert [line.split()[0] for line in refusal(**clash, policies=inheriting).splitlines()] == [
        "signoff:approvalsRequired",
        "signoff:reminders",
        "signoff:escalateTo",
    ]
    faulty = STACK | {"approvers": ["alice"], "reminders": "few"}
    assert [line.split()[0] for line in refusal(**faulty, policies=inheriting).splitlines()] == [
        "signoff:approvers[0]",
        "signoff:reminders",
    ]


def test_all_faults_of_all_policies_are_named_at_once():
    said = refused(
        a={"groups": {"legal": {"approvers": ["cleo"]}, "x_y": {"approvers": [BOB], "approvalsRequired": 2}}},
        b={"approvers": [BOB, CAROL], "reminders": "few", "colour": "red"},
        default=7,
        c={"escalateTo": ["dora"]},
        d={"groups": "finance"},
    )
    assert sorted(line.split()[0] for line in said) == [
        "policies.a.groups.legal.approvers[0]",
        "policies.a.groups.x_y",
        "policies.a.groups.x_y.approvalsRequired",
        "policies.b.colour",
        "policies.b.reminders",
        "policies.c.escalateTo[0]",
        "policies.d.groups",
        "policies.default",
        "policies.default",
    ]


def test_all_policies_that_contradict_themselves_are_named_at_once():
    said = refused(
        b={"approvers": [BOB, CAROL], "approvalsRequired": 3},
        c={"rejectionsRequired": 4},
        e={"deadlineSeconds": 60, "reminders": 6},
    )
    assert [line.split()[0] for line in said] == [
        "policies.b.approvalsRequired",
        "policies.c.rejectionsRequired",
        "policies.e.reminders",
    ]


def test_a_stack_has_so_many_policies_and_a_policy_so_many_groups_and_no_more():
    policies: dict[str, dict] = {f"p{number}": {} for number in range(MOST_POLICIES)}
    groups = {f"g{number}": {"approvers": [BOB]} for number in range(MOST_GROUPS)}
    assert len(load(**STACK, policies=policies).terms) == MOST_POLICIES + 1
    assert len(policy(groups=groups).policy.groups) == MOST_GROUPS
    assert refused(**policies, one={}) == ["policies must be at most 50, got 51"]
    assert refused(payout={"groups": groups | {"one": groups["g1"]}}) == [
        "policies.payout.groups must be at most 20, got 21"
    ]


def test_a_policy_may_ask_for_as_many_links_as_a_record_keeps():
    people = [*OWN.approvers, *(f"{number}@example.com" for number in range(96))]
    said = policy(approvers=people, reminders=9)
    assert (said.rounds + MOST_REMINDERS) * len(said.policy.everybody) == LINKS


def size(policy: Policy) -> int:
    return len(json.dumps(as_json(policy), separators=(",", ":")))


def padded(size_bytes: int) -> dict[str, Any]:
    """A policy of exactly so many bytes as `payout` of that stack. The largest has 21 people, and all have the same."""
    people = tuple(f"{number:02}@{'.'.join(['d' * 60] * 2)}.com" for number in range(21))
    members = {f"g{number:02}": people[:1] for number in range(MOST_GROUPS)}

    def spare() -> int:
        groups = {name: Group(approvers=listed) for name, listed in members.items()}
        whole = replace(OWN, name="payout", approvers=(), groups=groups, approvals_required=1, rejections_required=1)
        return size_bytes - size(whole)

    each = len(people[0]) + len('"",')
    more = spare() // each
    members = {name: people[: 1 + min(20, max(0, more - 20 * n))] for n, name in enumerate(members)}
    rest = spare()
    members = {f"{name}{'x' * min(37, max(0, rest - 37 * n))}": one for n, (name, one) in enumerate(members.items())}
    assert spare() == 0, "of the same size as it was made"
    return {"groups": {name: {"approvers": listed} for name, listed in members.items()}}


def test_a_policy_that_a_message_and_a_record_cannot_hold_is_refused():
    assert size(policy(**padded(POLICY_BYTES)).policy) == POLICY_BYTES
    assert refused(payout=padded(POLICY_BYTES + 1)) == [
        "policies.payout must be at most 40000 bytes as ASCII JSON, got 40001"
    ]


REQUEST_BYTES = 1_000_000  # https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
REST_BYTES = 20_000  # 50 tags of 128 and 256 characters, the role, the log group, headers


def crowd(people: list[str], members: int) -> dict[str, Terms]:
    """As many policies as there may be, whose groups have so many members together."""
    each, more = divmod(members, 1_000)
    listed = iter([tuple(people[: each + 1])] * more + [tuple(people[:each])] * (1_000 - more))
    return {
        f"pay{number:02}": Terms(
            policy=Policy(
                name=f"pay{number:02}", groups={f"g{n:02}": Group(approvers=next(listed)) for n in range(MOST_GROUPS)}
            ),
            deadline_seconds=LONGEST_DEADLINE_SECONDS,
            rounds=7,
        )
        for number in range(MOST_POLICIES)
    }


@pytest.mark.parametrize(
    "people",
    [
        [f"{n:02}@a.co" for n in range(80)],
        [f"{n:02}{'%' * 20}@a.co" for n in range(60)],
        [f"{'%' * 62}{n:02}@{'.'.join(['d' * 60] * 3)}.com" for n in range(8)],
    ],
    ids=["short", "percent", "long"],
)
def test_policies_that_are_accepted_make_a_state_machine_that_aws_accepts(people):
    """A percent sign is eight bytes in the request, and the quotation marks around an address are eight together."""

    def fault(members: int) -> list[str]:
        return [one.says for one in clashes(crowd(people, members), {}, 10, {})]

    refused_from = bisect_left(range(len(people) * 1_000), True, lo=1_000, key=lambda members: bool(fault(members)))
    (said,) = fault(refused_from)
    assert re.fullmatch(
        r"must, with what they inherit and the stack's task, fit into a state machine's definition of 975000 bytes "
        r"\(as JSON in a request\), got \d{6}",
        said,
    )
    arn = "arn:aws-us-gov:lambda:ap-southeast-4:123456789012:function:"
    definition = approval_definition(
        generate_arn=arn + "f" * 64,
        process_arn=arn + "f" * 64,
        queue_url=f"https://sqs.ap-southeast-4.amazonaws.com/123456789012/{'q' * 80}",
        table_name="t" * 255,
        terms=crowd(people, refused_from - 1),
        event_policy="pay00",
        task={},
        late_seconds=86_400,
    )
    assert 950_000 < len(json.dumps(json.dumps(definition))) <= REQUEST_BYTES - REST_BYTES


def missed(approvals: int, rejections: int) -> str:
    return f"approvalsRequired {approvals} and rejectionsRequired {rejections} may both be missed: when all "


def test_each_policy_and_group_that_answers_may_leave_open_is_named():
    legal = {"approvers": [BOB, CAROL], "approvalsRequired": 2}
    finance = {"approvers": [ALICE, BOB, CAROL], "approvalsRequired": 2}
    payout = {"groups": {"finance": finance, "legal": legal}, "approvalsRequired": 2, "rejectionsRequired": 2}
    policies = {"payout": payout, "note": legal | {"rejectionsRequired": 2}}
    stays_open = "1 with approval and 1 with rejection, the request stays open until its deadline."
    assert warnings(approvers=[ALICE], policies=policies) == [
        f"policy note: {missed(2, 2)}2 people have answered, {stays_open}",
        f"policy payout, group legal: {missed(2, 2)}2 people who count there have answered, {stays_open}",
    ]
    escalated = {name: one | {"escalateTo": [HEAD]} for name, one in policies.items()}
    assert warnings(approvers=[ALICE], policies=escalated) == []
    own = {"approvers": [ALICE, BOB, CAROL], "approvalsRequired": 3, "rejectionsRequired": 2}
    assert warnings(**own) == [f"{missed(3, 2)}3 people have answered, 2{stays_open.removeprefix('1')}"]


@settings(deadline=None, max_examples=300)
@given(policy=policies(people="abcd", contacts="xy"))
@example(policy=Policy(groups={"a": Group(approvers=("a",)), "b": Group(approvers=("b",))}, rejections_required=2))
def test_a_policy_is_warned_about_if_and_only_if_everybodys_answers_can_leave_it_open(policy):
    open_ = any(
        said_by(policy, dict(zip(policy.everybody, answers, strict=True))) is Status.OPEN
        for answers in product(Decision, repeat=len(policy.everybody))
    )
    assert bool(list(doubts(policy))) == open_
