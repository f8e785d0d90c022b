"""What a question asks for besides the decision (`fields`), and what people should read first (`links`).

Both are checked and brought into one form here, when they are asked, and read again from that form afterwards.
Standard library only: the program and its functions both import it.
"""

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from handlers.contract.fault import NOTHING, Fault
from handlers.contract.plain import camel_case, plain
from handlers.contract.visible import clean, one_line

MOST_FIELDS, MOST_LINKS, FEWEST_OPTIONS, MOST_OPTIONS = 10, 5, 2, 20
# In characters.
LABEL_LIMIT, HELP_LIMIT, OPTION_LIMIT, URL_LIMIT = 80, 200, 100, 2_000
DEFAULT_LENGTH, MOST_LENGTH = 200, 1_000
LONGEST = 10 * MOST_LENGTH  # to clean megabytes would take seconds
# A JSON number has no more in most languages: IEEE 754's double holds any 15 decimal digits.
MOST_DIGITS = 15
NAME = re.compile(r"[a-z][A-Za-z0-9]{0,39}", re.ASCII)
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?", re.ASCII)
ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
HOST = re.compile(r"(?!-)[a-z0-9-]+(?:\.[a-z0-9-]+)*\.?", re.ASCII)
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


@dataclass(frozen=True, kw_only=True)
class Option:
    """One of a choice."""

    value: str
    label: str


@dataclass(frozen=True, kw_only=True)
class FormField:
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


@dataclass(frozen=True, kw_only=True)
class QuestionLink:
    """Something to read. The host of `url` is ASCII, so that what is shown is what is opened."""

    label: str
    url: str

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc


OF_ALL = ("name", "label", "type", "required", "help", "default")
OF_TYPE: Mapping[Kind, tuple[str, ...]] = {
    Kind.TEXT: ("maxLength", "multiline"),
    Kind.NUMBER: ("min", "max", "decimals"),
    Kind.DATE: ("min", "max"),
    Kind.BOOLEAN: (),
    Kind.CHOICE: ("options",),
}


def read_fields(given: Any) -> tuple[tuple[FormField, ...], list[Fault]]:
    """The fields, or all that is wrong with them, by paths within `given`, a list. None is an empty list."""
    faults: list[Fault] = []
    found = [_field(one) for one in _objects(given, faults, (), 0, MOST_FIELDS)]
    _unique(found, "name", faults)
    return tuple(filter(None, found)), faults


def read_links(given: Any) -> tuple[tuple[QuestionLink, ...], list[Fault]]:
    """As `read_fields` does."""
    faults: list[Fault] = []
    found = [_link(one) for one in _objects(given, faults, (), 0, MOST_LINKS)]
    return tuple(filter(None, found)), faults


def as_text(read: Sequence[FormField] | Sequence[QuestionLink]) -> str:
    """Canonical JSON, with numbers as text, which `fields_of` and `links_of` read; "" for none."""
    if not read:
        return ""
    return json.dumps([_said(one) for one in read], sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def as_json(read: Sequence[FormField] | Sequence[QuestionLink]) -> list[dict[str, Any]]:
    """As they are written in a question."""
    written = [_said(one) for one in read]
    for one in written:
        for key in ("min", "max", "default"):
            if key in one:
                one[key] = typed(Kind(one["type"]), one[key])
        for key in ("maxLength", "decimals"):
            if key in one:
                one[key] = int(one[key])
    return written


@lru_cache(maxsize=64)
def fields_of(text: str) -> tuple[FormField, ...]:
    """Raises ValueError for what `as_text` has not written."""
    read, faults = read_fields(_parsed(text))
    if faults or as_text(read) != text:
        raise ValueError("fields must be as they are written when they are asked")
    return read


@lru_cache(maxsize=64)
def links_of(text: str) -> tuple[QuestionLink, ...]:
    """Raises ValueError, too."""
    read, faults = read_links(_parsed(text))
    if faults or as_text(read) != text:
        raise ValueError("links must be as they are written when they are asked")
    return read


def _parsed(text: str) -> Any:
    try:
        return json.loads(text) if text else []
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def value_of(field: FormField, given: Any) -> str:
    """The canonical text of a value that somebody gave, as text or as JSON; "" for an empty one.

    Raises ValueError, which says what the value must be.
    """
    text = _scalar(given)
    if text is None or len(text) > LONGEST or (isinstance(given, bool) and field.type is not Kind.BOOLEAN):
        raise ValueError(f"must be {must_be(field)}")
    text, room = text.strip(), True
    match field.type:
        case Kind.TEXT:
            text = clean(text).strip() if field.multiline else one_line(text, len(text))
            room = len(text) <= field.max_length
        case Kind.NUMBER:
            found = _decimal(text)
            text = _spelled(found) if found is not None else text
            room = found is not None and _within(field, found) and len(text.partition(".")[2]) <= field.decimals
        case Kind.DATE:
            room = _is_date(text) and (field.min or text) <= text <= (field.max or text)
        case Kind.BOOLEAN:
            room = text in {"true", "false"}
        case Kind.CHOICE:
            room = any(one.value == text for one in field.options)
    if text and not room:
        got = f"; this has {len(text):,}" if field.type is Kind.TEXT else ""
        if field.type is Kind.NUMBER and found is None and NUMBER.fullmatch(text):
            got = f" and at most {MOST_DIGITS} digits"
        raise ValueError(f"must be {must_be(field)}{got}")
    return text


def _within(field: FormField, number: Decimal) -> bool:
    return Decimal(field.min or number) <= number <= Decimal(field.max or number)


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
    if asked and (answers := longest(asked) * (people + 1)) > ANSWERS_BYTES:
        said = (
            f"the longest answer, {longest(asked)} bytes as JSON, times the policy's people and one more, {people + 1}"
        )
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


def _said(one: FormField | QuestionLink | Option) -> dict[str, Any]:
    """What is not empty, with numbers as text."""
    said = {key: str(value) if type(value) is int else value for key, value in plain(one).items() if value}
    if isinstance(one, FormField) and one.options:
        said["options"] = [_said(option) for option in one.options]
    return said


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


def _decimal(text: str) -> Decimal | None:
    """Nothing for what is no number, or one of too many digits."""
    if len(text) > 2 * MOST_DIGITS or not NUMBER.fullmatch(text):
        return None
    found = Decimal(text)
    return found if abs(found.adjusted()) < MOST_DIGITS and len(_digits(found)) <= MOST_DIGITS else None


def _digits(number: Decimal) -> str:
    return _spelled(number).replace(".", "").lstrip("-0")


def _spelled(number: Decimal) -> str:
    """Without an exponent, and without zeros that say nothing: `0.10` and `0.1` are one."""
    return format(number.normalize(), "f") if number else "0"


def _is_date(text: str) -> bool:
    try:
        return bool(ISO_DATE.fullmatch(text) and date.fromisoformat(text))
    except ValueError:
        return False


class _Object:
    """An object as somebody wrote it, read key by key."""

    def __init__(self, given: Mapping[str, Any], where: tuple[str | int, ...], faults: list[Fault]) -> None:
        self.given, self.where, self.faults = given, where, faults

    def fault(self, key: str, says: str) -> None:
        got = self.given.get(key, NOTHING)
        self.faults.append(Fault((*self.where, key), f"{says}, got nothing" if got is NOTHING else says, got))

    def only(self, keys: Collection[str]) -> None:
        for key in self.given:
            if key not in keys:
                self.faults.append(Fault((*self.where, str(key)), f"is not a key here; the keys are {', '.join(keys)}"))

    def line(self, key: str, most: int, *, needed: bool = False) -> str:
        """Text like a title: cleaned, in one line."""
        value = self.given.get(key)
        text = _scalar(value if value is None or isinstance(value, str) else [])
        seen = one_line(text, len(text)) if text is not None and len(text) <= 10 * most else None
        if seen is None or len(seen) > most or (needed and not seen):
            least = "1 to" if needed else "at most"
            self.fault(key, f"must be text of {least} {most:,} characters{' that can be seen' if needed else ''}")
        return seen or ""

    def whole(self, key: str, low: int, high: int, default: int) -> int:
        value = self.given.get(key)
        number = default if value is None else _decimal(_scalar(value) or "-") if not isinstance(value, bool) else None
        if number is None or number % 1 or not low <= number <= high:
            self.fault(key, f"must be a whole number in {low}..{high}")
            return default
        return int(number)

    def value(self, key: str, field: FormField) -> str:
        """A value of the field that is specified here."""
        try:
            return value_of(field, self.given.get(key))
        except ValueError as error:
            self.fault(key, str(error))
            return ""

    def truth(self, key: str) -> bool:
        value = self.given.get(key)
        if value is not None and not isinstance(value, bool):
            self.fault(key, "must be true or false")
        return value is True


def _objects(given: Any, faults: list[Fault], where: tuple[str | int, ...], least: int, most: int) -> list[_Object]:
    if given is None and not least:
        return []
    if not isinstance(given, list | tuple) or not least <= len(given) <= most:
        size = f", got {len(given)}" if isinstance(given, list | tuple) else ""
        faults.append(Fault(where, f"must be a list of {least} to {most}{size}", NOTHING if size else given))
        return []
    for index, one in enumerate(given):
        if not isinstance(one, Mapping):
            faults.append(Fault((*where, index), "must be an object", one))
    return [_Object(one, (*where, index), faults) for index, one in enumerate(given) if isinstance(one, Mapping)]


def _unique(found: Iterable[Any], key: str, faults: list[Fault], where: tuple[str | int, ...] = ()) -> None:
    seen = set()
    for index, one in enumerate(found):
        if one and (value := getattr(one, key)) in seen:
            faults.append(Fault((*where, index, key), "must be no other's", value))
        elif one:
            seen.add(value)


def _field(spec: _Object) -> FormField | None:
    before = len(spec.faults)
    kind = spec.given.get("type")
    if not isinstance(kind, str) or kind not in list(Kind):
        spec.fault("type", f"must be one of {', '.join(Kind)}")
        return None
    kind = Kind(kind)
    spec.only((*OF_ALL, *OF_TYPE[kind]))
    name = spec.given.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        spec.fault("name", "must be 1 to 40 letters and digits, a lower-case letter first")
    field = FormField(
        name=str(name),
        label=spec.line("label", LABEL_LIMIT, needed=True),
        type=kind,
        required=spec.truth("required"),
        help=spec.line("help", HELP_LIMIT),
        max_length=spec.whole("maxLength", 1, MOST_LENGTH, DEFAULT_LENGTH) if kind is Kind.TEXT else 0,
        multiline=kind is Kind.TEXT and spec.truth("multiline"),
        decimals=spec.whole("decimals", 0, MOST_DIGITS, 0) if kind is Kind.NUMBER else 0,
        options=_options(spec) if kind is Kind.CHOICE else (),
    )
    if "min" in OF_TYPE[kind]:
        low, high = spec.value("min", field), spec.value("max", field)
        if low and high and (Decimal(low) > Decimal(high) if kind is Kind.NUMBER else low > high):
            spec.fault("min", f"must be at most max, {high}")
        field = replace(field, min=low, max=high)
    if len(spec.faults) == before:
        field = replace(field, default=spec.value("default", field))
    return field if len(spec.faults) == before else None


def _options(spec: _Object) -> tuple[Option, ...]:
    where, known = (*spec.where, "options"), [one.name for one in fields(Option)]
    found = []
    for one in _objects(spec.given.get("options"), spec.faults, where, FEWEST_OPTIONS, MOST_OPTIONS):
        one.only(known)
        value = one.given.get("value")
        if not isinstance(value, str) or not 1 <= len(value) <= OPTION_LIMIT or _changed(value):
            one.fault("value", f"must be text of 1 to {OPTION_LIMIT} characters that can all be seen, in one line")
        found.append(Option(value=str(value), label=one.line("label", LABEL_LIMIT, needed=True)))
    _unique(found, "value", spec.faults, where)
    return tuple(found)


def _changed(text: str) -> bool:
    """Whether people would see something else."""
    return _scalar(text) is None or one_line(text, len(text)) != text


def _link(link: _Object) -> QuestionLink | None:
    before = len(link.faults)
    link.only([camel_case(one.name) for one in fields(QuestionLink)])
    label, url = link.line("label", LABEL_LIMIT, needed=True), link.given.get("url")
    if not isinstance(url, str) or not 1 <= len(url) <= URL_LIMIT or _changed(url) or not (ours := _https(url)):
        says = f"must be an https URL of at most {URL_LIMIT:,} characters, with a host and without user or password"
        link.fault("url", says)
    return QuestionLink(label=label, url=ours) if len(link.faults) == before else None


def _https(url: str) -> str:
    """The URL with its host as browsers ask for it; "" if programs could read another host in it."""
    if not url.lower().startswith("https://") or re.search(r"[\s\\<>\"]", url):
        return ""
    rest = url[len("https://") :]
    host = re.split(r"[/?#]", rest, maxsplit=1)[0]
    name, colon, port = host.partition(":")
    try:
        ascii_name = name.encode("idna").decode().lower()
    except UnicodeError:
        return ""
    if not HOST.fullmatch(ascii_name) or (colon and not (port.isascii() and port.isdigit() and int(port) < 2**16)):
        return ""
    return f"https://{ascii_name}{colon}{port}{rest[len(host) :]}"
