"""Approval policies: how the stack's configuration writes them, and what each inherits.

The policy `default` is what the stack's own keys say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, WrapValidator, model_validator

from handlers.contract.address import same_person
from handlers.contract.policy import DEFAULT_POLICY, Group, Policy
from handlers.contract.record import MOST_REMINDERS
from infra.config import json_text, people
from infra.config.refusal import Fault, RefusedError
from infra.config.shapes import Meaning, Shape, Truth, Whole, faults_of
from infra.shared.terms import Terms

# An execution of a standard state machine lives for a year at most. A day less, so that its end is ours, not AWS's.
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
LONGEST_DEADLINE_SECONDS = 364 * 24 * 3600
LARGEST_QUORUM = 50
SHORTEST_ROUND_SECONDS = 10  # a person has to read the mail
# A record keeps a hash for each person and round, some 70 bytes, and has 400 KB at most.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
LINKS = 1_500
# Each has a subscription with a filter policy: a topic takes 200. The topic's own policy names them all, in 30 KB at
# most, and an address may have 254 characters. https://docs.aws.amazon.com/general/latest/gr/sns.html
MOST_PEOPLE = 100
MOST_POLICIES = 50
MOST_GROUPS = 20  # a mail and a page list them all
SOMEBODY = "a list of at least one e-mail address"
NAME = re.compile(r"[A-Za-z0-9-]{1,40}")


def _somebody(approvers: tuple[str, ...]) -> tuple[str, ...]:
    if not approvers:
        raise ValueError(f"must be {SOMEBODY}")
    return approvers


People = Annotated[tuple[str, ...], BeforeValidator(people.several)]
Approvers = Annotated[People, AfterValidator(_somebody)]
Quorum = Annotated[int, Whole(1, LARGEST_QUORUM)]


class Rules(Shape):
    """What the stack says of all requests, and a policy of its own. A policy's own keys are its `model_fields_set`."""

    approvers: Approvers = ()
    approvals_required: Annotated[
        Quorum, Meaning("how many approvals approve the request", limits="at most the number of approvers")
    ] = 1
    rejections_required: Annotated[
        Quorum,
        Meaning(
            "how many rejections reject it. If all have answered and neither number is reached, the request expires",
            limits="at most the number of approvers",
        ),
    ] = 1
    deadline_seconds: Annotated[
        int,
        Whole(60, LONGEST_DEADLINE_SECONDS),
        Meaning(
            "how long to wait in all",
            limits="everybody gets [a mail](#people-pace-and-rounds)",
        ),
    ] = 86_400
    reminders: Annotated[
        int,
        Whole(0, 20),
        Meaning(
            "how many more mails go out before the deadline",
            limits=f"a round lasts at least {SHORTEST_ROUND_SECONDS} seconds; people times rounds and {MOST_REMINDERS} "
            f"more, for reminders by hand, at most {LINKS:,}",
        ),
    ] = 2
    escalate_to: Annotated[People, Meaning("asked as well in the last round", limits="nobody who is an approver")] = ()
    prevent_self_approval: Annotated[
        Truth,
        Meaning(
            "whoever the run's `requestedBy` names by their address, "
            "[in whatever form](security.md#who-asks-may-not-decide), is not asked and cannot vote"
        ),
    ] = True


def _by_name(most: int, reserved: str | None = None) -> WrapValidator:
    """In the order of their names, whatever the file's: the engine sorts a configuration's keys, and DynamoDB a map's.

    Two names that differ only in case would be mixed up by people.
    """

    def check(found: dict[str, Any], shape: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        faults = [Fault((), f"must be at most {most}, got {len(found)}")] if len(found) > most else []
        known = {reserved.lower(): reserved} if reserved else {}
        for name in found:
            if name == reserved:
                faults.append(Fault((name,), "must not be given: the stack's own keys are this policy"))
            elif not NAME.fullmatch(name):
                faults.append(Fault((name,), "must have a name of 1 to 40 letters, digits and hyphens"))
            elif (other := known.setdefault(name.lower(), name)) != name:
                faults.append(Fault((name,), f"must differ from {other} by more than case"))
        try:
            made = shape(found)
        except ValidationError as error:
            faults += faults_of(error)
        if faults:
            raise RefusedError(faults)
        return dict(sorted(made.items()))

    return WrapValidator(check)


class GroupRules(Shape):
    """Some of a policy's approvers, and how many of them have to approve."""

    WORDS = "an object with approvers"
    approvers: Approvers = Field(description=SOMEBODY)
    approvals_required: Quorum = 1

    @model_validator(mode="after")
    def _enough(self) -> Self:
        if self.approvals_required > (approvers := len(self.approvers)):
            said = f"must be at most the number of approvers, {approvers}"
            raise RefusedError([Fault(("approvalsRequired",), said, self.approvals_required)])
        return self


def _some(groups: Any) -> Any:
    if not isinstance(groups, dict) or not groups:
        raise ValueError("must be an object of at least one group by its name")
    return groups


Groups = Annotated[dict[str, GroupRules], _by_name(MOST_GROUPS), BeforeValidator(_some)]


class PolicyRules(Rules):
    """A policy as it is written. It has `approvers` or `groups`, or neither."""

    WORDS = "an object with approvers or groups"
    groups: Groups = Field(default_factory=dict)

    @model_validator(mode="after")
    def _either(self) -> Self:
        if {"approvers", "groups"} <= self.model_fields_set:
            raise RefusedError([Fault(("groups",), "must not be given beside approvers")])
        return self


Policies = Annotated[
    dict[str, PolicyRules],
    _by_name(MOST_POLICIES, reserved=DEFAULT_POLICY),
    BeforeValidator(partial(json_text.read_object, words="must be an object of policies by name")),
]


def resolve(stack: Rules, policies: Mapping[str, PolicyRules], audit_days: int) -> dict[str, Terms]:
    """All policies by name, `default` first. A person has one spelling in all of them, and after any change of the
    configuration: subscriptions are named by it, mails and votes are matched by it.
    """
    rules = {DEFAULT_POLICY: stack, **{name: _inherited(policy, stack) for name, policy in policies.items()}}
    return {name: _terms(name, one, audit_days) for name, one in rules.items()}


def _inherited(policy: PolicyRules, stack: Rules) -> PolicyRules:
    """The policy with the stack's values for what it does not say. Its own people have quorums of their own, too."""
    own = policy.model_fields_set
    taken = {"deadline_seconds", "reminders", "escalate_to", "prevent_self_approval"}
    if own.isdisjoint({"approvers", "groups"}):
        taken |= {"approvers", "approvals_required", "rejections_required"}
    whole = policy.model_copy(update={name: getattr(stack, name) for name in taken - own})
    if "escalate_to" in own:
        return whole
    members = [who for group in whole.groups.values() for who in group.approvers]
    asked = {same_person(who) for who in (*whole.approvers, *members)}
    return whole.model_copy(
        update={"escalate_to": tuple(who for who in whole.escalate_to if same_person(who) not in asked)}
    )


def _people(listed: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(same_person, listed))


def _terms(name: str, rules: Rules, audit_days: int) -> Terms:
    groups = rules.groups if isinstance(rules, PolicyRules) else {}
    policy = Policy(
        name=name,
        approvers=_people(rules.approvers),
        groups={
            group: Group(approvers=_people(one.approvers), approvals_required=one.approvals_required)
            for group, one in groups.items()
        },
        escalate_to=_people(rules.escalate_to),
        approvals_required=rules.approvals_required,
        rejections_required=rules.rejections_required,
        prevent_self_approval=rules.prevent_self_approval,
        audit_days=audit_days,
    )
    return Terms(policy=policy, deadline_seconds=rules.deadline_seconds, rounds=rules.reminders + 1)
