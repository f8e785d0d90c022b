"""What cannot go together in policies whose values are each right by themselves, and what is probably not intended."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from handlers.contract.policy import DEFAULT_POLICY, Policy, as_json
from handlers.contract.record import MOST_REMINDERS
from infra.asl import approval_definition
from infra.config.policies import LINKS, MOST_PEOPLE, SHORTEST_ROUND_SECONDS, PolicyRules
from infra.config.refusal import Fault
from infra.config.shapes import keys
from infra.shared.pace import MailPace
from infra.shared.terms import Terms, everybody

# Of ASCII JSON. A message (256 KiB) and a record (400 KB) hold one policy beside the question and the votes.
POLICY_BYTES = 40_000
# The state machine's definition holds them all as a text within an expression, and the request that makes it, of 1 MB
# at most, holds the definition as a text: each quotation mark around an address has four bytes there. What is left is
# for the rest of that request, such as the stack's tags.
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
DEFINITION_BYTES = 975_000


def clashes(
    terms: Mapping[str, Terms], policies: Mapping[str, PolicyRules], mails_per_second: int, task: Mapping[str, Any]
) -> Iterator[Fault]:
    """What is wrong although each value is right by itself. `terms` are the stack's and those of `policies`."""
    for name, one in terms.items():
        checked = _Checked(one, policies.get(name))
        yield from checked.clashes()
        yield from checked.unasked(mails_per_second)
    listed = len(everybody(terms))
    if listed > MOST_PEOPLE:
        said = f"must, with escalateTo and policies, name at most {MOST_PEOPLE} different people, got {listed}"
        yield Fault(("approvers",), said)
    sizes = {name: len(json.dumps(as_json(one.policy), separators=(",", ":"))) for name, one in terms.items()}
    for name in policies:  # the stack's own has no groups, and so few people that it always fits
        if (size := sizes[name]) > POLICY_BYTES:
            yield Fault(("policies", name), f"must be at most {POLICY_BYTES} bytes as ASCII JSON, got {size}")
    if (total := _definition_bytes(terms, task)) > DEFINITION_BYTES:
        said = (
            "must, with what they inherit and the stack's task, fit into a state machine's definition of "
            f"{DEFINITION_BYTES} bytes (as JSON in a request), got {total}"
        )
        yield Fault(("policies",), said)


def _definition_bytes(terms: Mapping[str, Terms], task: Mapping[str, Any]) -> int:
    """As CreateStateMachine gets it, but for the names of resources, which are not known yet."""
    definition = approval_definition(
        generate_arn="arn:aws:lambda",
        process_arn="",
        queue_url="",
        table_name="",
        terms=terms,
        event_policy=DEFAULT_POLICY,
        task=task,
        late_seconds=0,
    )
    return len(json.dumps(json.dumps(definition)))


@dataclass(frozen=True)
class _Checked:
    """A policy's terms, and the keys that they come from: `written` in the policy, or all of them the stack's own."""

    terms: Terms
    written: PolicyRules | None

    def clashes(self) -> Iterator[Fault]:
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
        if everyone * (rounds + MOST_REMINDERS) > LINKS:
            said = (
                f"must be at most {LINKS // everyone - MOST_REMINDERS - 1} for {everyone} people ({LINKS} links in a "
                f"request, {MOST_REMINDERS} of each for reminders by hand), {asked}"
            )
            yield from self._fault("reminders", said, "approvers", "groups", "escalateTo")
        if twice := sorted({who for who in policy.escalate_to if who in policy.asked_first}):
            said = f"must not repeat an approver, got {', '.join(twice)} in both"
            yield from self._fault("escalateTo", said, "approvers", "groups")

    def unasked(self, mails_per_second: int) -> Iterator[Fault]:
        """Whether somebody may go without a mail. A round mails the least-mailed first, so it takes up where the one
        before stopped; in the last one, it is the turn of the escalation contacts, and of who is left.
        """
        policy, rounds, deadline = self.terms.policy, self.terms.rounds, self.terms.deadline_seconds
        everyone, contacts = len(policy.everybody), len(policy.escalate_to)
        together = -(-everyone // rounds)  # in each round, if all of them share the mails
        needed = ceil(_request_seconds(max(together, contacts), mails_per_second))
        if rounds * needed <= deadline:
            return
        who, when = f"{everyone} people", f"{rounds} round(s)"
        if contacts > together:
            who, when = f"{contacts} escalation contacts", "a last round"
        said = (
            f"must be at least {rounds * needed}: at mailsPerSecond {mails_per_second}, "
            f"{who} get a mail each in {when} of {needed} seconds "
            f"(reminders {rounds - 1}{self._origin('reminders')}), got {deadline}{self._origin('deadlineSeconds')}"
        )
        others = ("reminders", "approvers", "groups", "escalateTo", "mailsPerSecond")
        yield from self._fault("deadlineSeconds", said, *others)

    def _fault(self, key: str, says: str, *others: str) -> Iterator[Fault]:
        """Nothing where all of the keys are the stack's: it is named there."""
        if not self._own.isdisjoint({key, *others}):
            yield Fault((key,) if self.written is None else ("policies", self.terms.policy.name, key), says)

    @property
    def _own(self) -> set[str]:
        fields = set(PolicyRules.model_fields) if self.written is None else self.written.model_fields_set
        return {key for key, field in keys(PolicyRules).items() if field in fields}

    def _origin(self, key: str) -> str:
        return "" if key in self._own else " from the stack"


def _request_seconds(people: int, mails_per_second: int) -> float:
    return MailPace(people=people, mails_per_second=mails_per_second).request_seconds


def short_rounds(terms: Terms, mails_per_second: int) -> Iterator[str]:
    """Whether a round ends before all of its mails are out: everybody is asked, but not reminded each time."""
    policy, before = terms.policy, terms.rounds - 1
    for count, seconds, what in (
        (len(policy.asked_first) if before else 0, terms.round_seconds, "rounds of"),
        (len(policy.everybody), terms.last_round_seconds, "a last round of"),
    ):
        if (needed := _request_seconds(count, mails_per_second)) > seconds:
            named = "" if policy.name == DEFAULT_POLICY else f"policy {policy.name}: "
            yield (
                f"{named}deadlineSeconds {terms.deadline_seconds} and reminders {before} "
                f"make {what} {seconds} seconds, but at mailsPerSecond {mails_per_second}, "
                f"the mails to {count} people take {ceil(needed)}: "
                "those who have had the fewest mails come first, and not everybody gets every reminder."
            )
            return


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
