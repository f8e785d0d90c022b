"""The configuration of a program that holds `Approvals`: Python's arguments in place of a stack's keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from pydantic.alias_generators import to_camel

from infra.config.policies import PolicyRules
from infra.config.refusal import Fault
from infra.config.settings import Settings, checked
from infra.config.shapes import keys

LABEL, LABEL_RULE = re.compile(r"[A-Za-z0-9._-]{1,40}"), "1 to 40 letters, digits and ._-"


def of_program(args: Any, label: str) -> tuple[Settings | None, list[Fault]]:
    """The settings that the arguments of an `Approvals` make, or all that is wrong with them, by the keys' names."""
    settings, faults = checked(_given(args))
    if not LABEL.fullmatch(label):
        faults.append(Fault(("label",), f"must be {LABEL_RULE}", label))
    return (None if faults or not settings else settings.model_copy(update={"label": label})), faults


def in_python(fault: Fault) -> Fault:
    """The keys on its path in snake case; names of policies and groups, and an event's fields, are left alone."""
    known = {**keys(Settings), **keys(PolicyRules)}
    places = {0} | ({2, 4} if fault.where[0] == "policies" else {1} if fault.where[0] == "task" else set())
    where = (known.get(str(one), one) if at in places else one for at, one in enumerate(fault.where))
    return fault._replace(where=tuple(where))


def _given(args: Any) -> dict[str, Any]:
    """The arguments by the keys of the configuration; what is not given is left out."""
    given: dict[str, Any] = _keys(args)
    for other in ("label", "processFunctionArn"):
        given.pop(other, None)
    if isinstance(policies := given["policies"], Mapping):
        given["policies"] = {name: _policy(one) for name, one in policies.items()}
    return given | {"task": _keys(given["task"])}


def _policy(written: Any) -> Any:
    policy = _keys(written)
    if isinstance(policy, dict) and isinstance(groups := policy.get("groups"), Mapping):
        policy["groups"] = {name: _keys(group) for name, group in groups.items()}
    return policy


def _keys(written: Any) -> Any:
    """An object by its keys, from a dataclass or a mapping; anything else as it is."""
    if is_dataclass(written):
        written = {one.name: getattr(written, one.name) for one in fields(written)}
    if not isinstance(written, Mapping):
        return written
    return {to_camel(str(key)): value for key, value in written.items() if value is not None}
