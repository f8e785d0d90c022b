"""Refuses event patterns that could match what this workflow does itself: each run would start the next one.

The guard is closed rather than clever: a pattern has to name its sources, and of those that tell of this workflow only
what is certainly something else passes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from handlers.contract.events import source
from infra.config.refusal import Fault

OR = "$or"
STATES, SES = "aws.states", "aws.ses"
# What the workflow calls, or is called by in its roles' names. A trail makes an event of each call.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
CALLED = frozenset(
    f"aws.{one}" for one in ("dynamodb", "events", "kms", "lambda", "logs", "sns", "sqs", "states", "sts", "xray")
)
RECORDED = "via CloudTrail"  # how the types of all events of a trail end
SOURCE, MACHINE, KIND = "source", "detail.stateMachineArn", "detail-type"
MAILS = "detail.mail.tags.ses:configuration-set"
LOOP = ", or each approval could start the next request"


def combinations(pattern: Mapping[str, Any]) -> int:
    """The number of patterns after expanding $or."""
    return math.prod(
        sum(map(combinations, value)) if key == OR else combinations(value) if isinstance(value, dict) else 1
        for key, value in pattern.items()
    )


def branches(node: Mapping[str, Any], above: str = "") -> list[dict[str, list[Any]]]:
    """The pattern without $or: each branch has all values that it gives a field, by the field's dotted path."""
    found: list[dict[str, list[Any]]] = [{}]
    for key, value in node.items():
        if key == OR:
            parts = [branch for one in value for branch in branches(one, above)]
        else:
            parts = branches(value, f"{above}{key}.") if isinstance(value, dict) else [{f"{above}{key}": value}]
        found = [
            {name: [*one.get(name, ()), *part.get(name, ())] for name in one | part} for one in found for part in parts
        ]
    return found


def loops(pattern: Mapping[str, Any]) -> Iterator[Fault]:
    """Why a well-formed pattern of few combinations could match this workflow's events, as far as its text tells."""
    for branch in branches(pattern):
        sources, types = branch.get(SOURCE, []), branch.get(KIND, [])
        if not _literal(sources):
            yield Fault((SOURCE,), f'must list the sources by their names, such as ["shop"]{LOOP}', sources)
        elif STATES in sources and not _literal(branch.get(MACHINE, [])):
            said = f"must list the ARNs of other state machines where source has {STATES}{LOOP}"
            yield Fault(tuple(MACHINE.split(".")), said, branch.get(MACHINE, []))
        called = sorted(CALLED.intersection(one for one in sources if isinstance(one, str)) - {STATES})
        if called and (not _literal(types) or any(one.endswith(RECORDED) for one in types)):
            said = f'must list types that are none of "… {RECORDED}" where source has {", ".join(called)}{LOOP}'
            yield Fault((KIND,), said, types)


def named(pattern: Mapping[str, Any], label: str) -> Iterator[Fault]:
    """Where a pattern of `loops` lists the source of the events about the requests of this label."""
    for branch in branches(pattern):
        if (ours := source(label)) in branch.get(SOURCE, ()):
            yield Fault((SOURCE,), f"must not list {ours}, this one's own events{LOOP}", branch[SOURCE])


def mails(pattern: Mapping[str, Any]) -> Iterator[Fault]:
    """Where a pattern of `loops` could match what SES says of this workflow's mails."""
    for branch in branches(pattern):
        if SES in branch.get(SOURCE, ()) and not _literal(branch.get(MAILS, [])):
            said = f"must list configuration sets by their names where source has {SES}{LOOP}"
            yield Fault(tuple(MAILS.split(".")), said, branch.get(MAILS, []))


def names(pattern: Mapping[str, Any], key: str, ours: str) -> bool:
    """Whether the pattern names what is this workflow's own, and known only when it is made."""
    return any(ours in branch.get(key, ()) for branch in branches(pattern))


def _literal(values: list[Any]) -> bool:
    return bool(values) and all(isinstance(one, str) for one in values)
