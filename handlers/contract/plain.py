"""Dataclasses and named tuples as JSON, of which messages, records and policies are made: fields in camel case."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any


def plain(value: Any) -> Any:
    """The value in objects, lists, texts and numbers."""
    names = [field.name for field in fields(value)] if is_dataclass(value) else getattr(value, "_fields", None)
    if names is not None:
        return {camel_case(name): plain(getattr(value, name)) for name in names}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {name: plain(one) for name, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, tuple) else value


def camel_case(field: str) -> str:
    first, *more = field.split("_")
    return first + "".join(map(str.capitalize, more))
