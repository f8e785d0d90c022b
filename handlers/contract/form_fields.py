"""What a question asks for besides the decision (`fields`), and what people should read first (`links`).

Both are checked and brought into one form here, when they are asked, and read again from that form afterwards.
Standard library only: the program and its functions both import it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar
from urllib.parse import urlsplit

from handlers.contract.fault import Fault, RefusedError
from handlers.contract.plain import plain
from handlers.contract.visible import clean, one_line

if TYPE_CHECKING:
    from decimal import Decimal

MOST_FIELDS, MOST_LINKS, FEWEST_OPTIONS, MOST_OPTIONS = 10, 5, 2, 20
# In characters.
LABEL_LIMIT, HELP_LIMIT, OPTION_LIMIT, URL_LIMIT = 80, 200, 100, 2_000
DEFAULT_LENGTH, MOST_LENGTH = 200, 1_000
LONGEST = 10 * MOST_LENGTH  # to clean megabytes would take seconds
# A JSON number has no more in most languages: IEEE 754's double holds any 15 decimal digits.
MOST_DIGITS = 15
# Texts, which `re` compiles when they are needed: most questions have no fields.
NAME = "[a-z][A-Za-z0-9]{0,39}"
NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?"
ISO_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
OPTION = f".{{1,{OPTION_LIMIT}}}"
URL = rf"(?!.{{{URL_LIMIT + 1}}})(?i:https)://([^:/?#]+)(:[0-9]{{1,5}})?([/?#][^\s\\<>\"]*)?"
HOST = r"(?!-)[a-z0-9-]+(?:\.[a-z0-9-]+)*\.?"
SPECIFIED_BYTES = 10_000  # of fields and links together, as JSON
# Of the longest answers that a request's people can give, and of one more: a record and the workflow's state hold them
# beside everything else.
ANSWERS_BYTES = 30_000
BYTES = 4  # of a character in UTF-8, or of two that JSON escapes

Values: TypeAlias = Mapping[str, str]  # canonical texts by the fields' names, in the order of the fields


class Kind(StrEnum):
    """The types of fields."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    BOOLEAN = "boolean"
    CHOICE = "choice"


class Option(NamedTuple):
    """One of a choice."""

    value: str
    label: str


class FormField(NamedTuple):
    """A field. `default`, `min` and `max` are canonical values, "" for none; what is of another type is empty."""

    name: str
    label: str
    type: Kind
    required: bool = False
    help: str = ""
    default: str = ""
    max_length: int = 0
    multiline: bool = False
    min: str = ""
    max: str = ""
    decimals: int = 0
    options: tuple[Option, ...] = ()


class QuestionLink(NamedTuple):
    """Something to read. The host of `url` is ASCII, so that what is shown is what is opened."""

    label: str
    url: str

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc


Made = TypeVar("Made", bound="FormField | QuestionLink | Option")


def read_fields(given: Any) -> tuple[FormField, ...]:
    """None is an empty list. Raises RefusedError, with paths within `given`."""
    return _list(given, read=_field, most=MOST_FIELDS, unique="name")


def read_links(given: Any) -> tuple[QuestionLink, ...]:
    """As `read_fields` does."""
    return _list(given, read=partial(_object, QuestionLink, OF_LINK), most=MOST_LINKS)


def as_text(read: Sequence[Made]) -> str:
    """Canonical JSON, with numbers as text, which `fields_of` and `links_of` read; "" for none."""
    said = [{key: str(value) if type(value) is int else value for key, value in _said(one).items()} for one in read]
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False) if said else ""


def as_json(read: Sequence[Made]) -> list[dict[str, Any]]:
    """As they are written in a question."""
    written = [*map(_said, read)]
    for one in written:
        one |= {key: typed(Kind(one["type"]), one[key]) for key in ("min", "max", "default") if key in one}
    return written


def _said(one: FormField | QuestionLink | Option) -> dict[str, Any]:
    """What is not empty."""
    return {key: value for key, value in plain(one).items() if value}


def _again(name: str, read: Callable[[Any], tuple[Made, ...]], text: str) -> tuple[Made, ...]:
    """Raises ValueError for what `as_text` has not written."""
    try:
        found = read(json.loads(text) if text else [])
    except RefusedError:
        found = ()
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if as_text(found) != text:
        raise ValueError(f"{name} must be as they are written when they are asked")
    return found


fields_of = lru_cache(maxsize=64)(partial(_again, "fields", read_fields))
links_of = lru_cache(maxsize=64)(partial(_again, "links", read_links))


def value_of(field: FormField, given: Any) -> str:
    """The canonical text of a value that somebody gave, as text or as JSON; "" for an empty one.

    Raises ValueError, which says what the value must be.
    """
    text = _scalar(given)
    if text is None or len(text) > LONGEST or (isinstance(given, bool) and field.type is not Kind.BOOLEAN):
        raise ValueError(f"must be {must_be(field)}")
    if not (text := text.strip()):
        return ""
    fits, but = True, ""
    match field.type:
        case Kind.TEXT:
            text = clean(text).strip() if field.multiline else one_line(text, len(text))
            fits, but = len(text) <= field.max_length, f"; this has {len(text):,}"
        case Kind.NUMBER:
            but = f" and at most {MOST_DIGITS} digits" if re.fullmatch(NUMBER, text) and not _number(text) else ""
            text = _number(text)
            fits = bool(text) and _within(field, text) and len(text.partition(".")[2]) <= field.decimals
        case Kind.DATE:
            fits = _is_date(text) and _within(field, text)
        case Kind.BOOLEAN:
            fits = text in {"true", "false"}
        case Kind.CHOICE:
            fits = any(one.value == text for one in field.options)
    if not fits:
        raise ValueError(f"must be {must_be(field)}{but}")
    return text


def _within(field: FormField, text: str) -> bool:
    order: Callable[[str], Any] = _decimal if field.type is Kind.NUMBER else str
    return bool(order(field.min or text) <= order(text) <= order(field.max or text))


def must_be(field: FormField) -> str:
    """For example "a number from 1 to 500 with at most 2 decimals"."""
    match field.type:
        case Kind.TEXT:
            return f"text of at most {field.max_length:,} characters"
        case Kind.CHOICE:
            return f"one of {', '.join(one.label for one in field.options)}"
        case Kind.BOOLEAN:
            return "yes or no"
        case Kind.DATE:
            kind = "a date"
        case Kind.NUMBER:
            kind = "a number" if field.decimals else "a whole number"
    if field.min and field.max:
        kind += f" from {field.min} to {field.max}"
    elif field.type is Kind.DATE and (field.min or field.max):
        kind += f" from {field.min} on" if field.min else f" up to {field.max}"
    elif field.min or field.max:
        kind += f", {'at least' if field.min else 'at most'} {field.min or field.max}"
    if field.decimals:
        kind += f" with at most {field.decimals} decimal{'' if field.decimals == 1 else 's'}"
    return kind


def typed(kind: Kind, text: str) -> str | int | float | bool:
    """A canonical value as JSON of its type."""
    if kind is Kind.NUMBER:
        return float(text) if "." in text else int(text)
    return text == "true" if kind is Kind.BOOLEAN else text


def too_large(asked: Sequence[FormField], links: Sequence[QuestionLink], people: int) -> Fault | None:
    """What is wrong with them together, for a policy with so many people."""
    size = sum(len(as_text(one).encode()) for one in (asked, links))
    if size > SPECIFIED_BYTES:
        return Fault(("fields",), f"must, with links, be at most {SPECIFIED_BYTES} bytes as JSON, got {size}")
    most = longest(asked)
    if asked and (answers := most * (people + 1)) > ANSWERS_BYTES:
        said = f"the longest answer, {most} bytes as JSON, times the policy's people and one more, {people + 1}"
        return Fault(("fields",), f"must leave room: {said}, must be at most {ANSWERS_BYTES}, got {answers}")
    return None


def longest(asked: Iterable[FormField]) -> int:
    """The most bytes that an answer to these fields takes as JSON."""
    return 2 + sum(len(one.name) + len('"":"",') + _longest_value(one) for one in asked)


def _longest_value(field: FormField) -> int:
    if field.type is Kind.TEXT:
        return BYTES * field.max_length
    if field.type is Kind.CHOICE:
        return max(len(json.dumps(one.value, ensure_ascii=False).encode()) for one in field.options)
    return MOST_DIGITS + len("-0.")


def _scalar(given: Any) -> str | None:
    """As text; None for an object, a list, or half of a surrogate pair."""
    if given is None:
        return ""
    if isinstance(given, bool):
        return "true" if given else "false"
    if not isinstance(given, str | int | float):
        return None
    try:
        return str(given).encode().decode()
    except (UnicodeEncodeError, ValueError):  # the other one: an integer of thousands of digits
        return None


def _number(text: str) -> str:
    """Without an exponent, and without zeros that say nothing: `0.10` and `0.1` are one.

    "" for what is no number, or one of too many digits.
    """
    if len(text) > 2 * MOST_DIGITS or not re.fullmatch(NUMBER, text):
        return ""
    number = _decimal(text)
    if abs(number.adjusted()) >= MOST_DIGITS:
        return ""
    whole, _, decimals = format(number, "f").partition(".") if number else ("0", "", "")
    spelled = f"{whole}.{decimals.rstrip('0')}".removesuffix(".")
    return spelled if len(spelled.replace(".", "").lstrip("-0")) <= MOST_DIGITS else ""


def _decimal(text: str) -> Decimal:
    from decimal import Decimal  # noqa: PLC0415 - most questions have no number, and every cold start pays for it

    return Decimal(text)


def _is_date(text: str) -> bool:
    try:
        return bool(re.fullmatch(ISO_DATE, text) and date.fromisoformat(text))
    except ValueError:
        return False


# How a value is read by its key. A reader raises ValueError, which says what it must be. None is nothing.


def _line(given: Any, *, least: int, most: int) -> str:
    """Text like a title: cleaned, in one line."""
    text = _scalar(given) if given is None or isinstance(given, str) else None
    seen = one_line(text, len(text)) if text is not None and len(text) <= 10 * most else None
    if seen is None or not least <= len(seen) <= most:
        limits = f"1 to {most:,} characters that can be seen" if least else f"at most {most:,} characters"
        raise ValueError(f"must be text of {limits}")
    return seen


def _truth(given: Any) -> bool:
    if given is None or isinstance(given, bool):
        return given is True
    raise ValueError("must be true or false")


def _whole(given: Any, *, low: int, high: int, default: int) -> int:
    text = str(default) if given is None else _number(_scalar(given) or "")
    if not text.isdecimal() or not low <= int(text) <= high:
        raise ValueError(f"must be a whole number in {low}..{high}")
    return int(text)


def _matching(given: Any, pattern: str, says: str) -> str:
    """Text that people see as it is written, in one line."""
    if not isinstance(given, str) or not re.fullmatch(pattern, given) or one_line(given, len(given)) != given:
        raise ValueError(says)
    return given


def _url(given: Any) -> str:
    """With its host as browsers ask for it: none in which programs could read another one."""
    says = f"must be an https URL of at most {URL_LIMIT:,} characters, with a host and without user or password"
    [(name, port, rest)] = re.findall(URL, _matching(given, URL, says))
    try:
        host = name.encode("idna").decode().lower()
    except UnicodeError as error:
        raise ValueError(says) from error
    ours = f"https://{host}{port}{rest}"
    if not re.fullmatch(HOST, host) or int(port[1:] or 0) >= 2**16 or len(ours) > URL_LIMIT:
        raise ValueError(says)
    return ours


Readers: TypeAlias = Mapping[Any, Callable[..., Any]]  # by keys or indexes


def _read(given: Mapping[Any, Any], readers: Readers, faults: list[Fault]) -> dict[Any, Any]:
    """What could be read; what could not is added to the faults."""
    values = {}
    for key, read in readers.items():
        try:
            values[key] = read(given.get(key))
        except RefusedError as error:
            faults += [fault.below(key) for fault in error.faults]
        except ValueError as error:
            faults.append(_fault(given, key, str(error)))
    return values


def _fault(given: Mapping[Any, Any], key: str | int, says: str) -> Fault:
    return Fault((key,), says, given[key]) if key in given else Fault((key,), f"{says}, got nothing")


def _list(
    given: Any, *, read: Callable[[Mapping[str, Any]], Made], least: int = 0, most: int, unique: str = ""
) -> tuple[Made, ...]:
    """Of objects, which differ in one of their keys."""
    says = f"must be a list of {least} to {most}"
    if given is None and not least:
        return ()
    if not isinstance(given, list | tuple):
        raise RefusedError([Fault((), says, given)])
    if not least <= len(given) <= most:
        raise RefusedError([Fault((), f"{says}, got {len(given)}")])
    objects = {index: one for index, one in enumerate(given) if isinstance(one, Mapping)}
    faults = [Fault((index,), "must be an object", one) for index, one in enumerate(given) if index not in objects]
    found = _read(objects, dict.fromkeys(objects, read), faults)
    seen = set()
    for index, one in found.items() if unique else ():
        if (value := getattr(one, unique)) in seen:
            faults.append(Fault((index, unique), "must be no other's", value))
        seen.add(value)
    if faults:
        raise RefusedError(faults)
    return tuple(found.values())


def _object(make: Callable[..., Made], readers: Readers, given: Mapping[str, Any]) -> Made:
    faults = _strangers(given, readers)
    values = _read(given, readers, faults)
    if faults:
        raise RefusedError(faults)
    return make(**values)


def _strangers(given: Mapping[str, Any], readers: Readers) -> list[Fault]:
    keys = ", ".join(readers)
    return [Fault((str(key),), f"is not a key here; the keys are {keys}") for key in given if key not in readers]


def _field(given: Mapping[str, Any]) -> FormField:
    """Its type says which keys it has; some of their values are those of the field that the others describe."""
    if given.get("type") not in list(Kind):
        raise RefusedError([_fault(given, "type", f"must be one of {', '.join(Kind)}")])
    readers = {**OF_ALL, **OF_TYPE[given["type"]]}
    faults = _strangers(given, readers)
    values = _read(given, {key: read for key, read in readers.items() if read is not value_of}, faults)
    field = FormField(**{"name": "", "label": "", "max_length": values.pop("maxLength", 0)} | values)
    bounds = {key: partial(value_of, field) for key in ("min", "max") if key in readers}
    field = field._replace(**_read(given, bounds, faults))
    if field.min and not _within(field, field.min):
        faults.append(Fault(("min",), f"must be at most max, {field.max}", given["min"]))
    if not faults:
        field = field._replace(**_read(given, {"default": partial(value_of, field)}, faults))
    if faults:
        raise RefusedError(faults)
    return field


NAME_RULE = "must be 1 to 40 letters and digits, a lower-case letter first"
OPTION_RULE = f"must be text of 1 to {OPTION_LIMIT} characters that can all be seen, in one line"
LABEL: Readers = {"label": partial(_line, least=1, most=LABEL_LIMIT)}
OF_LINK: Readers = {**LABEL, "url": _url}
OF_OPTION: Readers = {"value": partial(_matching, pattern=OPTION, says=OPTION_RULE), **LABEL}
OF_ALL: Readers = {
    "name": partial(_matching, pattern=NAME, says=NAME_RULE),
    **LABEL,
    "type": Kind,
    "required": _truth,
    "help": partial(_line, least=0, most=HELP_LIMIT),
    "default": value_of,
}
_option = partial(_object, Option, OF_OPTION)
OF_TYPE: Mapping[Kind, Readers] = {
    Kind.TEXT: {
        "maxLength": partial(_whole, low=1, high=MOST_LENGTH, default=DEFAULT_LENGTH),
        "multiline": _truth,
    },
    Kind.NUMBER: {"min": value_of, "max": value_of, "decimals": partial(_whole, low=0, high=MOST_DIGITS, default=0)},
    Kind.DATE: {"min": value_of, "max": value_of},
    Kind.BOOLEAN: {},
    Kind.CHOICE: {
        "options": partial(_list, read=_option, least=FEWEST_OPTIONS, most=MOST_OPTIONS, unique="value"),
    },
}
