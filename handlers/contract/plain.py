"""Dataclasses as the JSON that messages, records and policies are made of: their fields, in camel case."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any


def plain(value: Any) -> Any:
    """The value in objects, lists, texts and numbers."""
    if is_dataclass(value):
        return {camel_case(field.name): plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {name: plain(one) for name, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, tuple) else value


def camel_case(field: str) -> str:
    first, *more = field.split("_")
    return first + "".join(map(str.capitalize, more))
