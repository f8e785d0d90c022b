"""What the AWS provider does for a resource, as data: an operation that makes it, and one that deletes it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore import xform_name

from sandbox.cloud import ACCOUNT, Cloud
from sandbox.resources.spelling import Spelling, UnsupportedError, present

UNIQUE_CHARACTERS = 7  # that Pulumi appends to a name
PREFIX_CHARACTERS = 26  # that the provider appends to a name prefix


@dataclass(frozen=True)
class Name:
    """The physical name of a resource.

    member   path of AWS's member
    limit    characters AWS accepts
    allowed  regular expression of one such character
    key      the input
    """

    member: str
    limit: int
    allowed: str = "."
    key: str = "name"

    def physical(self, resource: str, logical: str, inputs: Mapping[str, Any]) -> str:
        """The one that the inputs give, or one made from `namePrefix` or the logical name, as Pulumi does.

        Raises UnsupportedError for a name that AWS would refuse; the emulator accepts most.
        """
        name = f"{logical}-{secrets.token_hex(4)[:UNIQUE_CHARACTERS]}"
        if "namePrefix" in inputs:
            name = inputs["namePrefix"] + secrets.token_hex(PREFIX_CHARACTERS // 2)
        name = inputs.get(self.key, name)
        if len(name) > self.limit or not re.fullmatch(f"(?:{self.allowed})+", name):
            raise UnsupportedError(f"{resource}: AWS refuses the name {name!r} ({self.limit} of {self.allowed})")
        return str(name)


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource type. Templates are format strings.

    service  as boto3 calls it
    create   the operation that makes it
    delete   the operation that deletes it, if its name is not made as most are: CreateQueue, DeleteQueue. It is given
             what it knows of the outputs, and the id for what it requires besides
    also     operations that follow `create`, each if an input is for it alone
    name     its physical name, which Pulumi makes up where the program gives none
    renames  see Spelling
    fixed    see Spelling
    bend     makes of an input, by its key, what the emulator needs (differences.py)
    id       template of inputs, request and answer
    outputs  templates of the same, and of region, account and endpoint: what a component reads beside its inputs
    by       members of `delete` that are neither of these: templates of the outputs, as AWS takes them
    """

    service: str
    create: str
    delete: str = ""
    also: tuple[str, ...] = ()
    name: Name | None = None
    renames: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    bend: Mapping[str, Callable[[str], str]] = field(default_factory=dict)
    id: str = "{name}"
    outputs: Mapping[str, str] = field(default_factory=dict)
    by: Mapping[str, Any] = field(default_factory=dict)

    def make(self, cloud: Cloud, type_: str, logical: str, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Returns the id, and the outputs beside the inputs. Raises UnsupportedError."""
        spelling = self._spelling(f"{type_} {logical!r}")
        given, named = present(inputs), {}
        if self.name:
            named = {self.name.key: self.name.physical(spelling.resource, logical, given)}
            given = {key: value for key, value in given.items() if key != "namePrefix"} | named
        given |= {key: bent(given[key]) for key, bent in self.bend.items() if key in given}
        left, shapes = set(given), {}
        for operation in (self.create, *self.also):
            shape = self._shape(cloud, operation)
            known = spelling.known(shape, given)
            if operation == self.create or known & left:
                shapes[operation] = shape
            left -= known
        if left:
            raise spelling.unknown(min(left))
        requests = {operation: spelling.request(shape, given) for operation, shape in shapes.items()}

        first = requests.pop(self.create)
        answer = self._call(cloud, self.create, first)
        for operation, request in requests.items():
            self._call(cloud, operation, request)
        values = {"region": cloud.region, "account": ACCOUNT, "endpoint": cloud.endpoint} | given | first | answer
        return self.id.format_map(values), named | filled(self.outputs, values)

    def unmake(self, cloud: Cloud, type_: str, id_: str, outputs: Mapping[str, Any]) -> None:
        """Raises botocore's errors as they come."""
        operation = self.delete or re.sub("^(Create|Put)", "Delete", self.create)
        shape = self._shape(cloud, operation)
        spelling = self._spelling(f"{type_} {id_!r}")
        given = present(outputs) | filled(self.by, outputs)
        missing = set(shape.required_members) - spelling.members(shape, given) - self.fixed.keys()
        self._call(cloud, operation, spelling.request(shape, given | dict.fromkeys(missing, id_)))

    def _spelling(self, resource: str) -> Spelling:
        named = {self.name.key: self.name.member} if self.name else {}
        return Spelling(resource=resource, renames={**named, **self.renames}, fixed=self.fixed)

    def _shape(self, cloud: Cloud, operation: str) -> Any:
        return cloud.client(self.service).meta.service_model.operation_model(operation).input_shape

    def _call(self, cloud: Cloud, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = getattr(cloud.client(self.service), xform_name(operation))(**request)
        return answer


def filled(template: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(template, Mapping):
        return {key: filled(held, values) for key, held in template.items()}
    if isinstance(template, list):
        return [filled(held, values) for held in template]
    try:
        return template.format_map(values)
    except KeyError:  # what AWS does not say, such as the stream of a table that has none, is empty
        return ""
