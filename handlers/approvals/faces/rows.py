"""Details that are a JSON object or list, as the tree of rows that page and mail show.

A tree is a dictionary, a list or text: cleaned, but otherwise as written, even numbers. `Word` marks our own text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final, TypeAlias

from handlers.contract.once import once
from handlers.contract.question import LIMITS, Field
from handlers.contract.visible import clean, one_line


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


def read(details: str) -> Tree | None:
    """None if the details should be shown as plain text.

    That is the case if they are no JSON object or list, are too large or too deep, or repeat a name: rows would have
    to hide one of the two, or show two that look alike.
    """
    if not details.lstrip().startswith(("{", "[")) or len(details) > MOST_CHARACTERS:
        return None
    try:
        # Numbers stay text: 1.50 would become 1.5, and long ones would be rounded.
        found = json.loads(details, object_pairs_hook=_names, parse_int=str, parse_float=str, parse_constant=_refuse)
        tree, _ = _tree(found, MOST_LEVELS, MOST_ROWS)
    except (ValueError, RecursionError):
        return None
    return tree


def _names(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    return once((_name(name), value) for name, value in pairs)


def _name(written: str) -> str:
    name = one_line(written, len(written))
    if len(name) > LONGEST_NAME:
        raise ValueError("a name longer than a row")
    return name or NO_NAME


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
    text = clean(value).strip("\n").rstrip()
    # The first of several lines may be indented on purpose; a single line never is.
    return (text if "\n" in text else text.strip()) or EMPTY_TEXT
