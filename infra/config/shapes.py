"""Shapes of configuration, carried by pydantic: what is left to say is a rule's words.

Everything arrives as text from the engine, or as JSON inside of an object. Each fault is found at once, with its path.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self, TypeVar

from annotated_types import GroupedMetadata
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    StringConstraints,
    ValidationError,
    WrapValidator,
    model_validator,
)
from pydantic.alias_generators import to_camel

from infra.config.refusal import Fault, RefusedError, did_you_mean, nearest


class Shape(BaseModel):
    """An object of the configuration. Its keys are the fields in camelCase; nothing is converted unasked.

    `WORDS` say what it must be, and so does the description of a field that has to be given.
    """

    WORDS: ClassVar[str] = "an object"
    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, frozen=True, strict=True, extra="forbid")

    @model_validator(mode="wrap")
    @classmethod
    def _in_our_words(cls, given: Any, make: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return make(given)
        except ValidationError as error:
            raise RefusedError(faults_of(error, cls)) from None


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


def read(shape: type[Made], given: Mapping[str, Any], *, by_name: bool = False) -> tuple[Made | None, list[Fault]]:
    """The object, or all of its faults. With `by_name`, its keys may also be the fields in snake case."""
    try:
        return shape.model_validate(given, by_alias=True, by_name=by_name), []
    except ValidationError as error:
        return None, [*faults_of(error)]


def faults_of(error: ValidationError, shape: type[Shape] = Shape) -> Iterator[Fault]:
    """What is wrong with an object of this shape, or with one that holds such objects."""
    for one in error.errors(include_url=False):
        where, got, cause = one["loc"], one["input"], one.get("ctx", {}).get("error")
        known = keys(shape)
        if isinstance(cause, RefusedError):
            yield from (fault.below(*where) for fault in cause.faults)
        elif one["type"] == "missing":
            yield Fault(where, f"must be {shape.model_fields[known[str(where[0])]].description}, got nothing")
        elif one["type"] == "extra_forbidden":
            meant = did_you_mean(nearest(str(where[0]), known))
            yield Fault(where, f"is not a key here{meant}; the keys are {', '.join(known)}")
        elif one["type"] == "model_type":
            yield Fault(where, f"must be {shape.WORDS}", got)
        else:
            yield Fault(where, str(cause or re.sub("^[A-Z][a-z]+ should", "must", one["msg"])), got)
