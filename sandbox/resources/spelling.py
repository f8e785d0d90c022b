"""Spells a resource's inputs as AWS does, by the shapes that botocore has of every operation."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from sandbox.archive import zipped

INDEX = re.compile(r"\[\d+\]")
PAIR = {"Name", "Value"}


class UnsupportedError(Exception):
    """A resource type, an input or a name that the sandbox cannot handle as AWS would."""


@dataclass(frozen=True, kw_only=True)
class Spelling:
    """How one resource's inputs become the request of an operation.

    resource  how refusals call it
    renames   path of an input (`loggingConfiguration.logDestination`) to the path of AWS's member, from the structure
              that it is in (`destinations.cloudWatchLogsLogGroup.logGroupArn`); what differs in case only needs none.
              A list on that path has one element.
    fixed     what a member is, by its path, unless an input says otherwise; for the operations that have it
    """

    resource: str
    renames: Mapping[str, str]
    fixed: Mapping[str, Any]

    def known(self, shape: Any, values: Mapping[str, Any]) -> set[str]:
        """The keys that are members of a structure of this shape."""
        return {key for key in values if self._steps(shape, key)}

    def members(self, shape: Any, values: Mapping[str, Any]) -> set[str]:
        """The members of a structure of this shape that the values are for."""
        return {self._steps(shape, key)[0] for key in self.known(shape, values)}

    def request(self, shape: Any, values: Mapping[str, Any]) -> dict[str, Any]:
        """What the shape knows of the values.

        Raises UnsupportedError for what AWS does not know inside a structure, and for a member that it requires;
        boto3 itself refuses a value of another kind.
        """
        made: dict[str, Any] = {}
        for path, value in self.fixed.items():
            if (steps := path.split("."))[0] in shape.members:
                self._place(shape, made, steps, value, path)
        for key in values:
            if steps := self._steps(shape, key):
                self._place(shape, made, steps, values[key], key)
        for member in shape.required_members:
            if member not in made:
                raise UnsupportedError(f"{self.resource} has no {self._input(member)!r}, which AWS requires")
        return made

    def unknown(self, path: str) -> UnsupportedError:
        return UnsupportedError(
            f"{self.resource} has the input {path!r}, which the sandbox does not send to the emulator: "
            "rename it in sandbox/resources/catalog.py, or add it to STORED_ONLY there with the reason"
        )

    def _steps(self, shape: Any, path: str) -> list[str]:
        """The path to AWS's member; empty if the shape has none."""
        by_case = {member.lower(): member for member in shape.members}
        here = by_case.get(path.rpartition(".")[2].lower(), "")
        steps = self.renames.get(INDEX.sub("", path), here).split(".")
        return steps if steps[0] in shape.members else []

    def _input(self, member: str) -> str:
        renamed = (key for key, path in self.renames.items() if path.split(".")[0] == member)
        return next(renamed, member[0].lower() + member[1:])

    def _place(self, shape: Any, into: dict[str, Any], steps: list[str], value: Any, path: str) -> None:
        first, *rest = steps
        inner = shape.value if shape.type_name == "map" else shape.members[first]
        if not rest:
            into[first] = self._spelt(inner, value, path)
        elif inner.type_name == "list":
            self._place(inner.member, into.setdefault(first, [{}])[0], rest, value, path)
        else:
            self._place(inner, into.setdefault(first, {}), rest, value, path)

    def _spelt(self, shape: Any, value: Any, path: str) -> Any:
        match shape.type_name, value:
            case "structure", dict():
                made: dict[str, Any] = {}
                for key, held in present(value).items():
                    if not (steps := self._steps(shape, f"{path}.{key}")):
                        raise self.unknown(f"{path}.{key}")
                    self._place(shape, made, steps, held, f"{path}.{key}")
                return made
            case "map", dict():  # its keys are the user's
                return {key: self._spelt(shape.value, held, f"{path}.{key}") for key, held in present(value).items()}
            case "list", dict() if set(getattr(shape.member, "members", ())) == PAIR:
                return [{"Name": key, "Value": held} for key, held in value.items()]
            case "list", list():
                return [self._spelt(shape.member, held, f"{path}[{index}]") for index, held in enumerate(value)]
        return scalar(shape.type_name, value)


def scalar(kind: str, value: Any) -> Any:
    match kind, value:
        case "integer" | "long", float() if value.is_integer():  # Pulumi's wire has no other numbers
            return int(value)
        case "string", bool() | int() | float():  # SQS and SNS take every attribute as text
            return json.dumps(int(value) if isinstance(value, float) and value.is_integer() else value)
        case "blob", pulumi.Archive():
            return zipped(value)
    return value


def present(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
