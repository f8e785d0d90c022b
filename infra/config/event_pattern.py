"""Event patterns of EventBridge: what AWS takes, by the user guide and the grammar of the matcher behind it.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
https://github.com/aws/event-ruler/blob/main/src/main/software/amazon/event/ruler/JsonRuleCompiler.java
Left to AWS is how complex it finds a set of wildcards ("Rule is too complex"): nothing outside computes that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_interface
from typing import Annotated, Any, Union

from annotated_types import Interval, MinLen
from pydantic import AfterValidator, BaseModel, Discriminator, Field, Tag, TypeAdapter, ValidationError, create_model

from infra.config.json_text import compact
from infra.config.own_events import OR, combinations, loops
from infra.config.refusal import Fault, RefusedError, did_you_mean, nearest
from infra.config.shapes import faults_of

# The default quota, and what it can be raised to, in characters of the JSON text.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
DEFAULT_CHARACTERS, MOST_CHARACTERS = 2_048, 4_096
DEEPEST = 100  # levels; ours, deeper than any event
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html#eb-filtering-complex-example-or
MOST_COMBINATIONS = 1_000
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html#filtering-numeric-matching
LARGEST = 5_000_000_000
RANGES = (*[(one,) for one in ("=", "<", "<=", ">", ">=")], (">", "<"), (">", "<="), (">=", "<"), (">=", "<="))
KINDS = {str: "text", bool: "truth", int: "number", float: "number", type(None): "null", list: "list", dict: "object"}
TAG = "\0"  # begins a step of pydantic's paths that is none of the pattern's
A_LIST, A_MATCHER = "must be a list of at least one value", "must be an object with one matcher out of"


def _kind(value: Any) -> str:
    return KINDS[type(value)]


def _one_of(words: str, by: Callable[[Any], str] = _kind, **shapes: Any) -> Any:
    """A value of the shape that `by` names; `words` are for a value of none."""
    tagged = tuple(Annotated[shape, Tag(TAG + name)] for name, shape in shapes.items())
    choice = Discriminator(lambda value: TAG + by(value), custom_error_type="choice", custom_error_message=words)
    return Annotated[Union[tagged], choice]  # noqa: UP007 - of as many as there are


def _matcher(operands: Mapping[str, Any]) -> Any:
    """An object with one of these keys."""
    words = f"{A_MATCHER} {', '.join(operands)}"
    shapes = {name: dict[str, operand] for name, operand in operands.items()}  # type: ignore[valid-type]
    return _one_of(words, lambda node: "".join(node) if _kind(node) == "object" and len(node) == 1 else "", **shapes)


def _some(shape: Any) -> Any:
    return Annotated[list[shape], MinLen(1)]


def _cidr(text: str) -> str:
    """The mask leaves at least one bit: AWS takes an address alone as text."""
    if not re.fullmatch("[^/]+/[0-9]{1,3}", text) or ip_interface(text).network.num_addresses == 1:
        raise ValueError("must be a block of addresses such as 10.0.0.0/24 or 2001:db8::/32, up to /31 and /127")
    return text


def _range(operand: Any) -> Any:
    if not isinstance(operand, list) or len(operand) % 2 or tuple(operand[::2]) not in RANGES:
        raise ValueError('must be an operator and a number, or a range, such as ["=", 5] or [">", 0, "<=", 5]')
    numbers = operand[1::2]
    if faults := [fault.below(2 * at + 1) for at, one in enumerate(numbers) for fault in _faults(NUMBER, one)]:
        raise RefusedError(faults)
    if numbers != sorted(set(numbers)):
        raise ValueError("must have its lower bound below its upper bound")
    return operand


Finite = Annotated[float, Field(allow_inf_nan=False)]
Number = Annotated[Finite, Interval(ge=-LARGEST, le=LARGEST)]
Word = Annotated[str, MinLen(1)]
Wildcard = Annotated[str, Field(pattern=r"^(\*?([^*\\]|\\[*\\]))*\*?$")]  # no **, and a backslash only as \* and \\
Texts, Words, Wildcards = (
    _one_of("must be text, or a list of texts", text=one, list=_some(one)) for one in (str, Word, Wildcard)
)
FOLDED = "equals-ignore-case"
Affix = _one_of(f'must be text or {{"{FOLDED}": text}}', text=str, object=_matcher({FOLDED: str}))
EXCEPTED = {
    "text": str,
    "list": _some(str),
    "object": _matcher({"prefix": Words, "suffix": Words, FOLDED: Texts, "wildcard": Wildcards}),
}
TEXT_MATCHERS = {
    "prefix": Affix,
    "suffix": Affix,
    FOLDED: str,
    "wildcard": Wildcard,
    "anything-but": _one_of("must be text, a list of texts or an object with one matcher", **EXCEPTED),
    "exists": bool,
}
MATCHERS = TEXT_MATCHERS | {
    "anything-but": _one_of(
        "must be text or a number, a list of either, not of both, or an object with one matcher",
        lambda value: "numbers" if isinstance(value, list) and _kind([*value, ""][0]) == "number" else _kind(value),
        **EXCEPTED,
        number=Number,
        numbers=list[Number],
    ),
    "numeric": Annotated[Any, AfterValidator(_range)],
    "cidr": Annotated[str, AfterValidator(_cidr)],
}
Value = _one_of(
    "must be text, a number, true, false, null or an object with one matcher",
    text=str,
    number=Finite,
    truth=bool,
    null=None,
    object=_matcher(MATCHERS),
)
Node = _one_of(A_LIST, list=_some(Value), object="Detail")


class Detail(BaseModel):
    """Fields of any name."""

    model_config = {"strict": True, "extra": "allow"}
    __pydantic_extra__: dict[str, Node]  # type: ignore[valid-type]
    alternatives: Annotated[list[Detail], Field(alias=OR, min_length=2)] = []


def _texts(text: Any) -> Any:
    """Values of a field that holds nothing but text: any other would never match."""
    either = _one_of("must be text in quotes or a matcher of text", text=text, object=_matcher(TEXT_MATCHERS))
    return _some(either)


# https://docs.aws.amazon.com/eventbridge/latest/ref/events-structure.html
TEXTS = ("version", "id", "detail-type", "source", "time", "region", "resources", "replay-name")
FIELDS = (*TEXTS, "account", "detail", OR)
shapes: dict[str, Any] = {
    **{name: (_texts(str), Field(None, alias=name)) for name in TEXTS},
    "account": (_texts(Annotated[str, Field(pattern="^[0-9]{12}$")]), None),
    "detail": (Detail, None),
    "alternatives": (Annotated[list["Event"], Field(alias=OR, min_length=2)], None),  # type: ignore[valid-type]
}
Event = create_model("Event", __base__=Detail, **shapes)
EVENT, NUMBER, MATCHER = (
    TypeAdapter[Any](one, config=None if one is Event else {"strict": True}) for one in (Event, Number, Value)
)


def check(pattern: Mapping[str, Any]) -> None:
    """Raises RefusedError, with a fault for each wrong element."""
    try:
        (written := compact(pattern)).encode()
    except (RecursionError, UnicodeEncodeError):
        said = f"must be at most {DEEPEST} levels deep, without half of a surrogate pair"
        raise RefusedError([Fault((), said)]) from None
    if len(written) > MOST_CHARACTERS:
        said = f"must be at most {MOST_CHARACTERS:,} characters of JSON, got {len(written):,}"
        raise RefusedError([Fault((), said)])
    faults = [*_misnamed(pattern, ())]
    named = [fault.where for fault in faults]
    faults += [one for one in _faults(EVENT, pattern) if not any(one.where[: len(where)] == where for where in named)]
    if not faults and (count := combinations(pattern)) > MOST_COMBINATIONS:
        faults = [Fault((), f"must make at most {MOST_COMBINATIONS:,} combinations with {OR}, got {count:,}")]
    if faults := faults or [*loops(pattern)]:
        raise RefusedError(faults)


def _misnamed(node: Mapping[str, Any], where: tuple[str | int, ...], *, inside: bool = False) -> Iterator[Fault]:
    """What is wrong with the names of fields, of the event itself or `inside` of its detail, and with empty objects."""
    if not node or len(where) > DEEPEST:
        yield Fault(where, f"must be at most {DEEPEST} levels deep" if node else "must be an object with a field", node)
        return
    for key, value in node.items():
        at = (*where, key)
        if key == OR and isinstance(value, list):
            for index, one in enumerate(value):
                yield from _misnamed(one, (*at, index), inside=inside) if isinstance(one, dict) else ()
        elif inside and key in MATCHERS and not any(_faults(MATCHER, {key: value})):
            yield Fault(at, f"is a matcher, which stands in a list, such as {json.dumps([{key: value}])}")
        elif inside and key in MATCHERS and OR in where:  # AWS refuses it as a matcher in the wrong place
            yield Fault(at, f"cannot be the name of a field in {OR}, since it is a matcher's", value)
        elif not inside and key not in FIELDS and not key.startswith("detail."):
            meant = did_you_mean(nearest(key, FIELDS))
            yield Fault(at, f"is not a field of an event{meant}; the fields are {', '.join(FIELDS)}")
        elif isinstance(value, dict) and (inside or key.partition(".")[0] == "detail"):
            yield from _misnamed(value, at, inside=True)


def _faults(shape: TypeAdapter[Any], value: Any) -> Iterator[Fault]:
    try:
        shape.validate_python(value)
    except ValidationError as error:
        for tagged, says, got in faults_of(error):
            where = tuple(step for step in tagged if not str(step).startswith(TAG))
            if says.startswith(A_MATCHER) and len(got) == 1 and (name := next(iter(got))) not in MATCHERS:
                meant = did_you_mean(nearest(name, MATCHERS))
                yield Fault((*where, name), f"is not a matcher{meant}; the matchers are {', '.join(MATCHERS)}")
            else:
                example = f", such as {json.dumps([got], ensure_ascii=False)}" if says == A_LIST else ""
                yield Fault(where, f"{says}{example}", got)
