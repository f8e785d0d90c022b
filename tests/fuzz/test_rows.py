"""Details that are JSON: page and mail show every name and value of them, and nothing that could be read otherwise.

What is shown is read back: were there two questions that look alike, one of them would come back as the other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from handlers.approvals.faces import mail, page, rows
from handlers.approvals.faces.page import State
from handlers.approvals.rules.rounds import Kind
from handlers.contract.visible import clean, one_line, quoted
from tests.fuzz.inputs import anything, texts, values
from tests.support.document import Element, parse
from tests.support.records import ANNA, record

fuzz = settings(settings.get_profile("fuzz"), max_examples=400)
LINK = "https://api.example.com/approvals/id/secret"
WORDS = ["(none)", "(empty text)", "(empty list)", "(empty object)", "(no name)"]
# What rows are made of, and what looks like that.
FORGED = [
    *WORDS,
    "a: b",
    "a:",
    ":",
    ": ",
    "- a",
    "-",
    "> a",
    ">",
    "  ",
    "\n",
    "\n  ",
    "  | ",
    '"',
    "\u201c",
    "\uff1a",
    "a",
]
forged = st.lists(st.sampled_from(FORGED), max_size=6).map("".join)
short = forged | anything.map(lambda text: text[:40])
objects = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | short | anything,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(short, inner, max_size=4),
    max_leaves=12,
).filter(lambda value: isinstance(value, dict | list))
spelled = st.builds(json.dumps, objects | values, indent=st.sampled_from([None, 2]), ensure_ascii=st.booleans())


# A name in quotation marks, or one that needs none; and what stands on its line.
PAIR = re.compile(r'("[^"]*"|\(no name\)|\w[^:"]*):(?: (.*))?')
QUOTED = "  |"


def packed(text: str) -> str:
    """Without what wrapping changes."""
    return "".join(text.split())


def asked(value: Any, name: Any = one_line) -> Any:
    """What has to be shown, as ("object", pairs), ("list", items), ("text", text) or ("ours", words)."""
    match value:
        case dict():
            pairs = [
                (("text", packed(name(key, len(key)))) if one_line(key) else NAMELESS, asked(one, name))
                for key, one in value.items()
            ]
            return ("object", pairs) if pairs else ("ours", "(empty object)")
        case list():
            return ("list", [asked(one, name) for one in value]) if value else ("ours", "(empty list)")
        case None:
            return ("ours", "(none)")
        case bool():
            return ("text", "true" if value else "false")
    return ("text", packed(clean(value))) if packed(clean(value)) else ("ours", "(empty text)")


NAMELESS = ("ours", "(no name)")


def on_the_page(element: Element) -> Any:
    match [child for child in element.children if not isinstance(child, str)]:
        case []:
            return ("text", packed(element.raw))
        case [Element(tag="i") as ours]:
            return ("ours", ours.raw)
        case [Element(tag="ul") as items]:
            return ("list", [on_the_page(item) for item in items.children if isinstance(item, Element)])
        case [Element(tag="dl") as pairs]:
            return ("object", [(on_the_page(name), on_the_page(shown)) for name, shown in map(named, pairs.children)])
    raise AssertionError(f"{element} is no row")


def named(row: Element | str) -> tuple[Element, Element]:
    assert isinstance(row, Element)
    name, shown = row.children
    assert isinstance(name, Element)
    assert isinstance(shown, Element)
    assert (row.tag, name.tag, shown.tag) == ("div", "dt", "dd")
    return name, shown


def in_the_mail(lines: list[str]) -> Any:
    """Goes by how a line begins, as people do."""
    first = lines[0]
    if first[0] == ">":
        assert all(line[0] == ">" for line in lines)
        return ("text", packed("".join(line[1:] for line in lines)))
    if len(lines) == 1 and first in WORDS:
        return ("ours", first)
    if first.startswith("- "):
        return ("list", [an_item(item) for item in parted(lines, lambda line: line.startswith("- "))])
    return ("object", [a_pair(pair) for pair in parted(lines, lambda line: line[0] not in " >")])


def parted(lines: list[str], begins: Callable[[str], bool]) -> list[list[str]]:
    parts: list[list[str]] = []
    for line in lines:
        if begins(line):
            parts.append([])
        parts[-1].append(line)
    return parts


def an_item(lines: list[str]) -> Any:
    assert all(line.startswith("  ") for line in lines[1:])
    inner = [line[2:] for line in lines]
    if (
        len(inner) == 1
        and inner[0] not in WORDS
        and not inner[0].startswith(("- ", ">"))
        and not PAIR.fullmatch(inner[0])
    ):
        return ("text", packed(inner[0]))
    return in_the_mail(inner)


def a_pair(lines: list[str]) -> Any:
    inner = [line[2:] for line in lines if line.startswith("  ")]
    label = "".join(line if not number else line[1:] for number, line in enumerate(lines) if not line.startswith("  "))
    found = PAIR.fullmatch(label)
    assert found, label
    name, value = found.groups()
    named = NAMELESS if name == NAMELESS[1] else ("text", packed(name.strip('"')))
    if value:
        assert len(lines) == 1
        return (named, ("ours", value) if value in WORDS else ("text", packed(value)))
    return (named, in_the_mail(inner))


def bare_or_quoted(name: str, limit: int) -> str:
    return quoted(name, limit)[1:-1]


@given(details=spelled | texts | forged)
@fuzz
@example(details='{"a": 1.50, "b": 12345678901234567890123}')
@example(details='{"a": {"b: c": "d\\ne: f"}, "\u4e2d": [["- x", "> y", "(none)", null, ""]]}')
@example(details='[">a", "-a", ">", "-"]')
@example(details="[" * 200_000)
def test_page_and_mail_show_each_name_and_value_and_nothing_that_reads_otherwise(details: str) -> None:
    document = parse(page.html(State.OPEN, record=record(details=details), who=ANNA))
    body = mail.body(record(details=details), ANNA, Kind.REQUEST, LINK, "test", "UTC")
    boxes = document.all("div", **{"class": "text"}) + document.all("div", **{"class": "text long"})
    lines = [line for line in body.split("\n") if line.startswith(QUOTED)]
    assert "\n".join(lines) in body, "in one piece"
    assert {line for line in body.split("\n") if line.startswith("http")} == {LINK}
    whole = "(shortened here" not in body
    if not packed(clean(details)):
        assert not boxes
        assert not lines
        return
    (box,) = boxes
    if rows.read(details) is None:
        assert box.raw == clean(details).strip("\n")
        if whole:
            assert packed("".join(line[4:] for line in lines)) == packed(clean(details))
        return
    value = json.loads(details, parse_int=str, parse_float=str)
    assert on_the_page(box) == asked(value)
    assert len(lines) <= mail.DETAILS_LINES
    if whole:
        assert in_the_mail([line[4:] for line in lines]) == asked(value, bare_or_quoted)


def test_most_of_what_is_tried_there_is_shown_as_rows() -> None:
    """Or the test above would look at text only."""
    seen: list[bool] = []

    @given(details=spelled)
    @fuzz
    def look(details: str) -> None:
        seen.append(rows.read(details) is not None)

    look()
    assert sum(seen) > len(seen) / 2
