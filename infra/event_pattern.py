"""Event patterns of EventBridge: what AWS takes, and what would make the workflow start itself.

The grammar is that of the open-source matcher behind EventBridge, as far as the user guide documents it.
https://github.com/aws/event-ruler/blob/main/src/main/software/amazon/event/ruler/JsonRuleCompiler.java
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html

Left to AWS is how complex it finds a set of wildcards ("Rule is too complex"): nothing outside computes that.
"""

from __future__ import annotations

import ipaddress
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from infra.own_events import OR, combinations, could_match
from infra.refusal import Fault, RefusedError, did_you_mean, nearest

# The default quota, and what it can be raised to, in characters of the JSON text.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
DEFAULT_CHARACTERS, MOST_CHARACTERS = 2_048, 4_096
DEEPEST = 100  # levels; ours, deeper than any event
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html#eb-filtering-complex-example-or
MOST_COMBINATIONS = 1_000
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html#filtering-numeric-matching
LARGEST_NUMBER = 5_000_000_000
# https://docs.aws.amazon.com/eventbridge/latest/ref/events-structure.html
TEXTS = ("version", "id", "detail-type", "source", "account", "time", "region", "resources", "replay-name")
FIELDS = (*TEXTS, "detail", OR)
RANGES = (*[(one,) for one in ("=", "<", "<=", ">", ">=")], (">", "<"), (">", "<="), (">=", "<"), (">=", "<="))
Where = tuple[str | int, ...]
Check = Callable[[Any, Where], Iterator[Fault]]


def text(pattern: Mapping[str, Any]) -> str:
    """The pattern as it is sent: compact, since every character counts against the quota."""
    return json.dumps(pattern, separators=(",", ":"), ensure_ascii=False)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def check(pattern: Mapping[str, Any]) -> None:
    """Raises RefusedError, with a fault for each wrong element."""
    faults = list(_faults(pattern))
    if faults:
        raise RefusedError(faults)


def _faults(pattern: Mapping[str, Any]) -> Iterator[Fault]:
    try:
        written = text(pattern)
        written.encode()
    except RecursionError:
        yield Fault((), f"must be at most {DEEPEST} levels deep")
        return
    except UnicodeEncodeError:
        yield Fault((), "must be valid Unicode text, got half of a surrogate pair")
        return
    if len(written) > MOST_CHARACTERS:
        yield Fault((), f"must be at most {MOST_CHARACTERS:,} characters of JSON, got {len(written):,}")
        return
    faults = list(_fields(pattern, (), _of_event))
    yield from faults
    if faults:
        return
    if (count := combinations(pattern)) > MOST_COMBINATIONS:
        yield Fault((), f"must make at most {MOST_COMBINATIONS:,} combinations with {OR}, got {count:,}")
    elif could_match(pattern):
        yield Fault(
            (),
            "must not match this workflow's own events, or each approval starts the next request: "
            "say which source is meant, or which other state machines, as in detail.stateMachineArn "
            '[{"wildcard": "*:stateMachine:orders-*"}]',
            pattern,
        )


def _fields(node: Any, where: Where, check_field: Check) -> Iterator[Fault]:
    """An object of fields, each of which `check_field` knows."""
    if not isinstance(node, dict) or not node:
        yield Fault(where, "must be an object with at least one field", node)
    elif len(where) > DEEPEST:
        yield Fault(where, f"must be at most {DEEPEST} levels deep")
    else:
        for key, value in node.items():
            at = (*where, key)
            if key == OR:
                yield from _alternatives(value, at, check_field)
            elif key in MATCHERS and not any(MATCHERS[key](value, at)):
                yield Fault(at, f"is a matcher, which stands in a list, such as {_json([{key: value}])}")
            elif key in MATCHERS and OR in where:  # AWS refuses it as a matcher in the wrong place
                yield Fault(at, f"cannot be the name of a field in {OR}, since it is a matcher's", value)
            else:
                yield from check_field(value, at)


def _alternatives(value: Any, where: Where, check_field: Check) -> Iterator[Fault]:
    if not isinstance(value, list) or len(value) < 2:  # noqa: PLR2004 - one is no alternative
        yield Fault(where, "must be a list of at least two objects", value)
        return
    for index, one in enumerate(value):
        yield from _fields(one, (*where, index), check_field)


def _of_event(value: Any, where: Where) -> Iterator[Fault]:
    """A field of the event itself. AWS reads {"detail.state": …} as it does {"detail": {"state": …}}."""
    key = str(where[-1])
    if key in TEXTS:
        yield from _values(value, where, _text_value)
    elif key == "detail":
        yield from _fields(value, where, _of_detail)
    elif key.startswith("detail."):
        yield from _of_detail(value, where)
    else:
        meant = did_you_mean(nearest(key, FIELDS))
        yield Fault(where, f"is not a field of an event{meant}; the fields are {', '.join(FIELDS)}")


def _of_detail(value: Any, where: Where) -> Iterator[Fault]:
    if isinstance(value, dict):
        yield from _fields(value, where, _of_detail)
    else:
        yield from _values(value, where, _value)


def _values(values: Any, where: Where, check_value: Check) -> Iterator[Fault]:
    if not isinstance(values, list) or not values:
        example = "" if values == [] else f", such as {_json([values])}"
        yield Fault(where, f"must be a list of at least one value{example}", values)
        return
    for index, value in enumerate(values):
        yield from check_value(value, (*where, index))


def _value(value: Any, where: Where) -> Iterator[Fault]:
    if isinstance(value, dict):
        yield from _matcher(value, where)
    elif isinstance(value, list) or (isinstance(value, float) and not math.isfinite(value)):
        yield Fault(where, "must be text, a number, true, false, null or an object with one matcher", value)


def _text_value(value: Any, where: Where) -> Iterator[Fault]:
    """A value of a field that holds nothing but text, so that anything else never matches."""
    field = where[-2]
    if isinstance(value, dict):
        wrong = list(_matcher(value, where))
        yield from wrong
        exceptions = value.get("anything-but")
        number = _is_number(exceptions) or (isinstance(exceptions, list) and not isinstance(exceptions[0], str))
        if not wrong and (number or not value.keys().isdisjoint({"numeric", "cidr"})):
            yield Fault(where, f"must be a matcher of text, since {field} holds text", value)
    elif not isinstance(value, str):
        yield Fault(where, f"must be text in quotes, since {field} holds text", value)
    elif field == "account" and not re.fullmatch("[0-9]{12}", value):
        yield Fault(where, "must be an account's 12 digits", value)


def _matcher(node: dict[str, Any], where: Where) -> Iterator[Fault]:
    known = ", ".join(MATCHERS)
    if len(node) != 1:
        yield Fault(where, f"must be an object with one matcher out of {known}", node)
        return
    ((name, operand),) = node.items()
    if name in MATCHERS:
        yield from MATCHERS[name](operand, (*where, name))
    else:
        meant = did_you_mean(nearest(name, MATCHERS))
        yield Fault((*where, name), f"is not a matcher{meant}; the matchers are {known}")


def _text(operand: Any, where: Where) -> Iterator[Fault]:
    if not isinstance(operand, str):
        yield Fault(where, "must be text", operand)


def _affix(operand: Any, where: Where) -> Iterator[Fault]:
    if isinstance(operand, dict) and operand.keys() == {"equals-ignore-case"}:
        yield from _text(operand["equals-ignore-case"], (*where, "equals-ignore-case"))
    elif not isinstance(operand, str):
        yield Fault(where, 'must be text or {"equals-ignore-case": text}', operand)


def _wildcard(operand: Any, where: Where) -> Iterator[Fault]:
    if not isinstance(operand, str):
        yield Fault(where, "must be text", operand)
    elif re.search(r"\\(?![\\*])", plain := operand.replace("\\\\", "")):
        yield Fault(where, r"must have a backslash only as \* and \\", operand)
    elif "**" in plain.replace("\\*", ""):
        yield Fault(where, "must not have two asterisks in a row", operand)


def _exists(operand: Any, where: Where) -> Iterator[Fault]:
    if not isinstance(operand, bool):
        yield Fault(where, "must be true or false", operand)


def _cidr(operand: Any, where: Where) -> Iterator[Fault]:
    """The mask leaves at least one bit: AWS takes an address alone as text."""
    try:
        address, bits = str(operand).split("/")
        longest = ipaddress.ip_address(address).max_prefixlen - 1
        fits = isinstance(operand, str) and bits.isascii() and bits.isdigit() and int(bits) <= longest
    except ValueError:
        fits = False
    if not fits:
        yield Fault(where, "must be text such as 10.0.0.0/24 or 2001:db8::/32, up to /31 and /127", operand)


def _numeric(operand: Any, where: Where) -> Iterator[Fault]:
    shape = 'must be an operator and a number, or a range, such as ["=", 5] or [">", 0, "<=", 5]'
    if not isinstance(operand, list) or len(operand) % 2 or tuple(operand[::2]) not in RANGES:
        yield Fault(where, shape, operand)
        return
    numbers = operand[1::2]
    wrong = [fault for index, one in enumerate(numbers) for fault in _number(one, (*where, 2 * index + 1))]
    yield from wrong
    if not wrong and numbers != sorted(set(numbers)):
        yield Fault(where, "must have its lower bound below its upper bound", operand)


def _number(value: Any, where: Where) -> Iterator[Fault]:
    if not _is_number(value) or not -LARGEST_NUMBER <= value <= LARGEST_NUMBER:
        yield Fault(where, f"must be a number in -{LARGEST_NUMBER:,}..{LARGEST_NUMBER:,}", value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _anything_but(operand: Any, where: Where) -> Iterator[Fault]:
    if isinstance(operand, dict):
        if len(operand) == 1 and operand.keys() <= EXCEPTIONS.keys():
            ((name, inner),) = operand.items()
            yield from _one_or_more(inner, (*where, name), EXCEPTIONS[name])
        else:
            yield Fault(where, f"must be an object with one matcher out of {', '.join(EXCEPTIONS)}", operand)
    elif _is_number(operand) or (isinstance(operand, list) and operand and _is_number(operand[0])):
        yield from _one_or_more(operand, where, _number)
    else:
        yield from _one_or_more(operand, where, _text_or_numbers)


def _one_or_more(operand: Any, where: Where, check_one: Check) -> Iterator[Fault]:
    if operand == []:
        yield Fault(where, "must not be empty", operand)
    elif isinstance(operand, list):
        for index, one in enumerate(operand):
            yield from check_one(one, (*where, index))
    else:
        yield from check_one(operand, where)


def _text_or_numbers(operand: Any, where: Where) -> Iterator[Fault]:
    if not isinstance(operand, str):
        yield Fault(where, "must be text or a number, or a list of either, not of both", operand)


def _some_text(operand: Any, where: Where) -> Iterator[Fault]:
    if not isinstance(operand, str) or not operand:
        yield Fault(where, "must be text that is not empty", operand)


MATCHERS: dict[str, Check] = {
    "prefix": _affix,
    "suffix": _affix,
    "equals-ignore-case": _text,
    "wildcard": _wildcard,
    "anything-but": _anything_but,
    "numeric": _numeric,
    "cidr": _cidr,
    "exists": _exists,
}
EXCEPTIONS: dict[str, Check] = {
    "prefix": _some_text,
    "suffix": _some_text,
    "equals-ignore-case": _text,
    "wildcard": _wildcard,
}
