"""The configuration of a program that holds `Approvals`: Python's arguments in place of a stack's keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Any

from pydantic.alias_generators import to_camel

from infra.config.policies import PolicyRules
from infra.config.refusal import Fault
from infra.config.settings import Settings, checked
from infra.config.shapes import keys


def of_program(args: Any, label: str) -> tuple[Settings | None, list[Fault]]:
    """The settings that the arguments of an `Approvals` make, or all that is wrong with them, by the keys' names."""
    given = {
        to_camel(name): _said(value) if name in ("policies", "task") else value
        for name, value in vars(args).items()
        if name in Settings.model_fields and value is not None
    }
    return checked(given | {"label": label}, by_name=True)


def in_python(fault: Fault) -> Fault:
    """The keys on its path in snake case; names of policies and groups, and an event's fields, are left alone."""
    known = {**keys(Settings), **keys(PolicyRules)}
    places = {0} | ({2, 4} if fault.where[0] == "policies" else {1} if fault.where[0] == "task" else set())
    where = (known.get(str(one), one) if at in places else one for at, one in enumerate(fault.where))
    return fault._replace(where=tuple(where))


def _said(written: Any) -> Any:
    """What is given of a dataclass or a mapping, and of those in it; anything else as it is."""
    whole = vars(written) if is_dataclass(written) else written
    if not isinstance(whole, Mapping):
        return whole
    return {key: _said(value) for key, value in whole.items() if value is not None}
