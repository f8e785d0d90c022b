"""Shapes of configuration, carried by pydantic: what is left to say is a rule's words.

Everything arrives as text from the engine, or as JSON inside of an object. Each fault is found at once, with its path.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from annotated_types import GroupedMetadata
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError, WrapValidator
from pydantic.alias_generators import to_camel

from infra.config.refusal import Fault, RefusedError, did_you_mean, nearest


class Shape(BaseModel):
    """An object of the configuration. Its keys are the fields in camelCase; nothing is converted unasked.

    A field that has to be given is described by what it must be.
    """

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, frozen=True, strict=True)


@dataclass(frozen=True)
class Meaning:
    """A key's row in docs/configuration.md: what it means, and its limits beside those of a whole number."""

    text: str
    limits: str = ""


def says(words: str) -> WrapValidator:
    """Our message for a value of the wrong shape."""

    def check(value: Any, shape: Callable[[Any], Any]) -> Any:
        try:
            return shape(value)
        except ValidationError:
            raise ValueError(words) from None

    return WrapValidator(check)


@dataclass(frozen=True)
class Whole(GroupedMetadata):
    """A whole number within limits, given as such or as the text that the engine makes of it."""

    low: int
    high: int

    def __iter__(self) -> Iterator[object]:
        yield Field(ge=self.low, le=self.high)
        yield BeforeValidator(number)
        yield says(f"must be a whole number in {self.low}..{self.high}")


def number(value: Any) -> Any:
    return int(value) if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,20}", value) else value


def _truth(value: Any) -> Any:
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


@dataclass(frozen=True)
class Trimmed(GroupedMetadata):
    """Text of at most so many characters, without the white space around it."""

    characters: int

    def __iter__(self) -> Iterator[object]:
        yield StringConstraints(strip_whitespace=True, max_length=self.characters)
        yield says(f"must be text of at most {self.characters} characters")


Text = Annotated[str, says("must be text")]
Truth = Annotated[bool, BeforeValidator(_truth), says("must be true or false")]


def keys(shape: type[Shape]) -> dict[str, str]:
    """The fields by their keys, in order."""
    return {field.alias or name: name for name, field in shape.model_fields.items() if not field.exclude}


Made = TypeVar("Made", bound=Shape)


def read(shape: type[Made], given: Mapping[str, Any]) -> tuple[Made | None, list[Fault]]:
    """The object, or all of its faults."""
    known = keys(shape)
    faults = [
        Fault((key,), f"is not a key here{did_you_mean(nearest(key, known))}; the keys are {', '.join(known)}")
        for key in sorted(given.keys() - known.keys())
    ]
    made = None
    try:
        made = shape.model_validate({key: value for key, value in given.items() if key in known})
    except ValidationError as error:
        faults += _faults(error, shape)
    return (None if faults else made), faults


def _faults(error: ValidationError, shape: type[Shape]) -> Iterator[Fault]:
    for one in error.errors(include_url=False):
        cause = one.get("ctx", {}).get("error")
        if isinstance(cause, RefusedError):
            yield from (fault.below(*one["loc"]) for fault in cause.faults)
        elif one["type"] == "missing":
            field = shape.model_fields[keys(shape)[str(one["loc"][0])]]
            yield Fault(one["loc"], f"must be {field.description}, got nothing")
        else:
            yield Fault(one["loc"], str(cause), one["input"])
