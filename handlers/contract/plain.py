"""Dataclasses and named tuples as JSON, of which messages, records and policies are made: fields in camel case."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any

AS_THEY_ARE = frozenset({str, int, float, bool, type(None)})  # most of a record, so they are looked for first


def plain(value: Any) -> Any:
    """The value in objects, lists, texts and numbers."""
    if value.__class__ in AS_THEY_ARE:
        return value
    if keys := _keys(value.__class__):
        return {key: plain(getattr(value, name)) for name, key in keys.items()}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {name: plain(one) for name, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, tuple) else value


@cache  # as below: a record of many people has thousands of fields
def _keys(kind: type) -> Mapping[str, str]:
    """By the names of the fields, if it has any."""
    names = [field.name for field in fields(kind)] if is_dataclass(kind) else getattr(kind, "_fields", ())
    return {name: camel_case(name) for name in names}


@cache
def camel_case(field: str) -> str:
    first, *more = field.split("_")
    return first + "".join(map(str.capitalize, more))
