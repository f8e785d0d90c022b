"""Approval policies: how the stack's configuration writes them, what each inherits, and what cannot go together.

The policy `default` is what the stack's own keys say. A path is that of a key below the project's namespace.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field

from handlers.contract.address import same_person
from handlers.contract.policy import DEFAULT_POLICY, Group, Policy, as_json
from infra import json_text, people
from infra.refusal import Fault, RefusedError
from infra.shapes import Shape, Truth, Whole, keys, read

# An execution of a standard state machine lives for a year at most. A day less, so that its end is ours, not AWS's.
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
LONGEST_DEADLINE_SECONDS = 364 * 24 * 3600
SHORTEST_ROUND_SECONDS = 10  # a person has to read the mail
LARGEST_QUORUM = 50
# A record keeps a hash for each person and round, some 70 bytes, and has 400 KB at most.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
LINKS = 1_500
MOST_POLICIES = 50
MOST_GROUPS = 20  # a mail and a page list them all
# Each has a subscription with a filter policy: a topic takes 200. The topic's own policy names them all, in 30 KB at
# most, and an address may have 254 characters. https://docs.aws.amazon.com/general/latest/gr/sns.html
MOST_PEOPLE = 100
# Of ASCII JSON. A message (256 KiB) and a record (400 KB) hold one policy beside the question and the votes.
POLICY_BYTES = 40_000
# The state machine's definition holds them all, and is 1 MB at most.
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
POLICIES_BYTES = 700_000
SOMEBODY = "a list of at least one e-mail address"
NAME = re.compile(r"[A-Za-z0-9-]{1,40}")

Path = tuple[str | int, ...]
Made = TypeVar("Made")


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
    approvals_required: Quorum = 1
    rejections_required: Quorum = 1
    deadline_seconds: Annotated[int, Whole(60, LONGEST_DEADLINE_SECONDS)] = 86_400
    reminders: Annotated[int, Whole(0, 20)] = 2
    escalate_to: People = ()
    prevent_self_approval: Truth = True


class GroupRules(Shape):
    """Some of a policy's approvers, and how many of them have to approve."""

    approvers: Approvers = Field(description=SOMEBODY)
    approvals_required: Quorum = 1


def _object(value: Any, words: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise RefusedError([Fault((), words, value)])
    return value


def _group(value: Any) -> GroupRules:
    group, faults = read(GroupRules, _object(value, "must be an object with approvers"))
    if group and group.approvals_required > (approvers := len(group.approvers)):
        said = f"must be at most the number of approvers, {approvers}"
        faults.append(Fault(("approvalsRequired",), said, group.approvals_required))
    if faults or not group:
        raise RefusedError(faults)
    return group


def _groups(value: Any) -> dict[str, GroupRules]:
    words = "must be an object of at least one group by its name"
    if not (found := _object(value, words)):
        raise RefusedError([Fault((), words, value)])
    return _by_name(found, _group, MOST_GROUPS)


Groups = Annotated[dict[str, GroupRules], BeforeValidator(_groups)]


class PolicyRules(Rules):
    """A policy as it is written. It has `approvers` or `groups`, or neither."""

    groups: Groups = Field(default_factory=dict)


def _policy(value: Any) -> PolicyRules:
    said = _object(value, "must be an object with approvers or groups")
    policy, faults = read(PolicyRules, said)
    if {"approvers", "groups"} <= said.keys():
        faults.append(Fault(("groups",), "must not be given beside approvers"))
    if faults or not policy:
        raise RefusedError(faults)
    return policy


def _policies(value: Any) -> dict[str, PolicyRules]:
    found = json_text.read_object(value, "must be an object of policies by name")
    return _by_name(found, _policy, MOST_POLICIES, reserved=DEFAULT_POLICY)


Policies = Annotated[dict[str, PolicyRules], BeforeValidator(_policies)]


def _by_name(
    found: Mapping[str, Any], make: Callable[[Any], Made], most: int, *, reserved: str | None = None
) -> dict[str, Made]:
    """Raises RefusedError. Two names that differ only in case would be mixed up by people."""
    faults = [Fault((), f"must be at most {most}, got {len(found)}")] if len(found) > most else []
    known = {reserved.lower(): reserved} if reserved else {}
    made = {}
    for name, value in found.items():
        if name == reserved:
            faults.append(Fault((name,), "must not be given: the stack's own keys are this policy"))
        elif not NAME.fullmatch(name):
            faults.append(Fault((name,), "must have a name of 1 to 40 letters, digits and hyphens"))
        elif (other := known.setdefault(name.lower(), name)) != name:
            faults.append(Fault((name,), f"must differ from {other} by more than case"))
        try:
            made[name] = make(value)
        except RefusedError as error:
            faults += [fault.below(name) for fault in error.faults]
    if faults:
        raise RefusedError(faults)
    return made


@dataclass(frozen=True, kw_only=True)
class Terms:
    """A policy, and for how long people are asked: `rounds` are the first and one for each reminder."""

    policy: Policy
    deadline_seconds: int
    rounds: int

    @property
    def round_seconds(self) -> int:
        """How long one round waits. Rounded up, so that the rounds never end before the deadline people were told."""
        return -(-self.deadline_seconds // self.rounds)


def resolve(stack: Rules, policies: Mapping[str, PolicyRules], audit_days: int) -> dict[str, Terms]:
    """All policies by name, `default` first. A person has one spelling in all of them: mails are matched by it."""
    rules = {DEFAULT_POLICY: stack, **{name: _inherited(policy, stack) for name, policy in policies.items()}}
    spelling: dict[str, str] = {}

    def spelled(listed: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(spelling.setdefault(same_person(who), who) for who in listed)

    return {name: _terms(name, one, audit_days, spelled) for name, one in rules.items()}


def everybody(terms: Mapping[str, Terms]) -> tuple[str, ...]:
    """Everybody who may get an approval mail, each once."""
    return tuple(dict.fromkeys(who for one in terms.values() for who in one.policy.everybody))


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


def _terms(name: str, rules: Rules, audit_days: int, spelled: Callable[[tuple[str, ...]], tuple[str, ...]]) -> Terms:
    groups = rules.groups if isinstance(rules, PolicyRules) else {}
    policy = Policy(
        name=name,
        approvers=spelled(rules.approvers),
        groups={
            group: Group(approvers=spelled(one.approvers), approvals_required=one.approvals_required)
            for group, one in groups.items()
        },
        escalate_to=spelled(rules.escalate_to),
        approvals_required=rules.approvals_required,
        rejections_required=rules.rejections_required,
        prevent_self_approval=rules.prevent_self_approval,
        audit_days=audit_days,
    )
    return Terms(policy=policy, deadline_seconds=rules.deadline_seconds, rounds=rules.reminders + 1)


class Clash(NamedTuple):
    """A fault of several keys together. It says nothing while one of the keys, by their paths, is faulty itself."""

    between: Collection[Path]
    fault: Fault


def clashes(terms: Mapping[str, Terms], policies: Mapping[str, PolicyRules]) -> Iterator[Clash]:
    """What is wrong although each value is right by itself. `terms` are the stack's and those of `policies`."""
    for name, one in terms.items():
        yield from _Checked(one, policies.get(name)).clashes()
    listed = len(everybody(terms))
    if listed > MOST_PEOPLE:
        said = f"must, with escalateTo and policies, name at most {MOST_PEOPLE} different people, got {listed}"
        yield Clash([("approvers",), ("escalateTo",)], Fault(("approvers",), said))
    sizes = {name: len(json.dumps(as_json(one.policy), separators=(",", ":"))) for name, one in terms.items()}
    for name in policies:  # the stack's own has no groups, and so few people that it always fits
        if (size := sizes[name]) > POLICY_BYTES:
            where = ("policies", name)
            yield Clash([where], Fault(where, f"must be at most {POLICY_BYTES} bytes as ASCII JSON, got {size}"))
    if (total := sum(sizes.values())) > POLICIES_BYTES:
        said = f"must be at most {POLICIES_BYTES} bytes as ASCII JSON with what they inherit, got {total}"
        yield Clash([("policies",)], Fault(("policies",), said))


@dataclass(frozen=True)
class _Checked:
    """A policy's terms, and the keys that they come from: `written` in the policy, or all of them the stack's own."""

    terms: Terms
    written: PolicyRules | None

    def clashes(self) -> Iterator[Clash]:
        policy = self.terms.policy
        count, everyone, rounds = len(policy.asked_first), len(policy.everybody), self.terms.rounds
        approvers = "different approvers" if policy.groups else "approvers"
        for key, value in (
            ("approvalsRequired", policy.approvals_required),
            ("rejectionsRequired", policy.rejections_required),
        ):
            if value > count:
                said = f"must be at most the number of {approvers}, {count}, got {value}"
                yield from self._fault(key, said, "approvers", "groups")
        asked = f"got {rounds - 1}{self._origin('reminders')}"
        if self.terms.deadline_seconds < rounds * SHORTEST_ROUND_SECONDS:
            said = (
                f"must leave rounds of at least {SHORTEST_ROUND_SECONDS} seconds, {asked}: rounds of "
                f"{self.terms.deadline_seconds / rounds:.1f} seconds in deadlineSeconds {self.terms.deadline_seconds}"
                f"{self._origin('deadlineSeconds')}"
            )
            yield from self._fault("reminders", said, "deadlineSeconds")
        if everyone * rounds > LINKS:
            said = (
                f"must be at most {LINKS // everyone - 1} for {everyone} people ({LINKS} links in a request), {asked}"
            )
            yield from self._fault("reminders", said, "approvers", "groups", "escalateTo")
        if twice := sorted({same_person(who) for who in policy.escalate_to if who in policy.asked_first}):
            said = f"must not repeat an approver, got {', '.join(twice)} in both"
            yield from self._fault("escalateTo", said, "approvers", "groups")

    def _fault(self, key: str, says: str, *others: str) -> Iterator[Clash]:
        """Nothing where all of the keys are the stack's: it is named there."""
        involved = (key, *others)
        if self._own.isdisjoint(involved):
            return
        inherited = [(one,) for one in involved if one not in self._own]
        yield Clash([*map(self._path, involved), *inherited], Fault(self._path(key), says))

    @property
    def _own(self) -> AbstractSet[str]:
        found = keys(PolicyRules)
        return (
            found.keys()
            if self.written is None
            else {key for key, name in found.items() if name in self.written.model_fields_set}
        )

    def _origin(self, key: str) -> str:
        return "" if key in self._own else " from the stack"

    def _path(self, key: str) -> Path:
        return (key,) if self.written is None else ("policies", self.terms.policy.name, key)


def doubts(policy: Policy) -> Iterator[str]:
    """Where everybody's answers may leave a request open: the rejections are too few to reject it, and the approvals
    that are left too few for a group or for the whole.
    """
    named = "" if policy.name == DEFAULT_POLICY else f"policy {policy.name}"
    voters = {
        f"{named}, group {name}: ": (len({*group.approvers, *policy.escalate_to}), group.approvals_required)
        for name, group in policy.groups.items()
    }
    whole = {f"{named}: " if named else "": (len(policy.everybody), policy.approvals_required)}
    for where, (people_there, required) in {**whole, **voters}.items():
        if people_there < required + policy.rejections_required - 1:
            who = "people who count there" if where in voters else "people"
            yield (
                f"{where}approvalsRequired {required} and rejectionsRequired {policy.rejections_required} "
                f"may both be missed: when all {people_there} {who} have answered, {required - 1} with approval and "
                f"{people_there - required + 1} with rejection, the request stays open until its deadline."
            )
