"""Details that are a JSON object or list, as the tree of rows that page and mail show.

A tree is a dictionary, a list or text, and different JSON has different trees. Numbers are as written, and so is a
text that shows all that it is; any other is a literal in quotation marks: "1000" is not 1000. A `Word` is our own text.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable
from typing import Any, Final, TypeAlias

from handlers.contract.once import once
from handlers.contract.question import LIMITS, Field
from handlers.contract.visible import DOUBLES, clean, literal, one_line


class Word(str):
    """Our own text for a value that would be invisible. Untrusted text is never a Word, whatever it says."""

    __slots__ = ()


Tree: TypeAlias = "str | list[Tree] | dict[str, Tree]"

NOTHING: Final = Word("(none)")  # null
EMPTY_TEXT: Final = Word("(empty text)")
EMPTY_LIST: Final = Word("(empty list)")
EMPTY_OBJECT: Final = Word("(empty object)")
NO_NAME: Final = Word("(no name)")
# Beyond these limits, rows are no easier to read than plain text.
MOST_CHARACTERS = LIMITS[Field.DETAILS]
MOST_ROWS = 200
MOST_LEVELS = 6
LONGEST_NAME = 60  # characters
# Text that reads as our own words, or as a literal.
AS_OURS = re.compile(rf"\(.*\)|[{DOUBLES}].*", re.DOTALL)
# What JSON has besides text, and other ways to write it, as NFKC has them.
AS_JSON = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|true|false|null")
MINUS = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-"))
UNEVEN = re.compile(r"\t| \n")  # blanks that look alike, or like none
LONGEST_WORD = len("false")


class _Number(str):
    """As written: 1.50 would become 1.5, and long numbers would be rounded."""

    __slots__ = ()


def read(details: str) -> Tree | None:
    """None if the details should be shown as plain text.

    That is the case if they are no JSON object or list, are too large or too deep, or repeat a name.
    """
    if not details.lstrip().startswith(("{", "[")) or len(details) > MOST_CHARACTERS:
        return None
    try:
        found = json.loads(
            details, object_pairs_hook=_names, parse_int=_Number, parse_float=_Number, parse_constant=_refuse
        )
        tree, _ = _tree(found, MOST_LEVELS, MOST_ROWS)
    except (ValueError, RecursionError):
        return None
    return tree


def _names(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    return {_name(name): value for name, value in once(pairs).items()}


def _name(written: str) -> str:
    if not written:
        return NO_NAME
    name = (
        written if written == one_line(written, len(written)) and not AS_OURS.fullmatch(written) else literal(written)
    )
    name = name.replace("\n", "\\n")
    if len(name) > LONGEST_NAME:
        raise ValueError("a name longer than a row")
    return name


def _refuse(constant: str) -> str:
    raise ValueError(f"{constant} is not JSON")


def _tree(value: Any, levels: int, room: int) -> tuple[Tree, int]:
    """The tree for a value, and how many more rows there is room for."""
    if not isinstance(value, dict | list):
        return _leaf(value), room
    if not value:
        return (EMPTY_OBJECT if isinstance(value, dict) else EMPTY_LIST), room
    room -= len(value)
    if not levels or room < 0:
        raise ValueError("too deep or too large for rows")
    inner: list[Tree] = []
    for one in value.values() if isinstance(value, dict) else value:
        shown, room = _tree(one, levels - 1, room)
        inner.append(shown)
    return (dict(zip(value, inner, strict=True)) if isinstance(value, dict) else inner), room


def _leaf(value: str | bool | None) -> str:  # noqa: FBT001 - any of JSON's values
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, _Number):
        return value
    if not value:
        return EMPTY_TEXT
    shows_all = value == clean(value).strip() and not UNEVEN.search(value)
    return value if shows_all and not AS_OURS.fullmatch(value) and not _as_json(value) else literal(value)


def _as_json(text: str) -> bool:
    """Whether people could take this text for a number, true, false or null."""
    same = unicodedata.normalize("NFKC", text).translate(MINUS).casefold()
    if AS_JSON.fullmatch(same):
        return True
    # Letters of two scripts may look alike: "f\u0430lse" has a Cyrillic one.
    foreign = any(one.isalpha() and not unicodedata.name(one, "").startswith("LATIN") for one in same[:LONGEST_WORD])
    return foreign and len(same) <= LONGEST_WORD and any(one.isascii() and one.isalnum() for one in same)
