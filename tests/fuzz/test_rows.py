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
from handlers.contract.visible import clean
from tests.fuzz.inputs import anything, texts, values
from tests.support.document import Element, parse
from tests.support.records import ANNA, record

fuzz = settings(settings.get_profile("fuzz"), max_examples=200)
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
PAIR = re.compile(r'("(?:[^"\\]|\\.)*"|\(no name\)|\w[^:"]*):(?: (.*))?')
JSONS_OWN = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?|true|false", re.ASCII)
QUOTED = "  |"
NAMELESS = ("ours", "(no name)")


class Number(str):
    """As it is written."""

    __slots__ = ()


def exact(text: str) -> str:
    return text


def packed(text: str) -> str:
    """Without what wrapping changes."""
    return "".join(text.split())


def asked(value: Any, how: Callable[[str], str] = exact) -> Any:
    """What has to be shown: ("object", pairs), ("list", items), ("text" or "literal", text), or ("ours", words)."""
    match value:
        case dict():
            pairs = [(("text", how(key)) if key else NAMELESS, asked(one, how)) for key, one in value.items()]
            return ("object", pairs) if pairs else ("ours", "(empty object)")
        case list():
            return ("list", [asked(one, how) for one in value]) if value else ("ours", "(empty list)")
        case None:
            return ("ours", "(none)")
        case bool():
            return ("literal", "true" if value else "false")
        case Number():
            return ("literal", how(value))
    return ("text", how(value)) if value else ("ours", "(empty text)")


def leaf(shown: str, how: Callable[[str], str] = exact) -> Any:
    """As people read it: in quotation marks it is text, whatever it says."""
    if shown.startswith('"'):
        return ("text", how(json.loads(shown, strict=False)))
    return ("literal" if JSONS_OWN.fullmatch(shown) else "text", how(shown))


def on_the_page(element: Element) -> Any:
    match [child for child in element.children if not isinstance(child, str)]:
        case []:
            return leaf(element.raw)
        case [Element(tag="i") as ours]:
            return ("ours", ours.raw)
        case [Element(tag="ul") as items]:
            return ("list", [on_the_page(item) for item in items.children if isinstance(item, Element)])
        case [Element(tag="dl") as pairs]:
            return (
                "object",
                [(a_name(on_the_page(name)), on_the_page(shown)) for name, shown in map(named, pairs.children)],
            )
    raise AssertionError(f"{element} is no row")


def a_name(shown: tuple[str, str]) -> tuple[str, str]:
    """A name is never anything but text, and needs no quotation marks to be."""
    return shown if shown == NAMELESS else ("text", shown[1])


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
        # The rest of a line that was too long has a mark of its own.
        return leaf("".join(line[3:] if line.startswith(">>") else f"\n{line[2:]}" for line in lines)[1:], packed)
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
        return leaf(inner[0], packed)
    return in_the_mail(inner)


def a_pair(lines: list[str]) -> Any:
    inner = [line[2:] for line in lines if line.startswith("  ")]
    label = "".join(line if not number else line[1:] for number, line in enumerate(lines) if not line.startswith("  "))
    found = PAIR.fullmatch(label)
    assert found, label
    name, value = found.groups()
    named = NAMELESS if name == NAMELESS[1] else ("text", leaf(name, packed)[1])
    if value:
        assert len(lines) == 1
        return (named, ("ours", value) if value in WORDS else leaf(value, packed))
    return (named, in_the_mail(inner))


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
    value = json.loads(details, parse_int=Number, parse_float=Number)
    assert on_the_page(box) == asked(value)
    assert len(lines) <= mail.DETAILS_LINES
    if whole:
        assert in_the_mail([line[4:] for line in lines]) == asked(value, packed)


ALIKE = [
    *(
        None,
        True,
        False,
        0,
        1000,
        1000.0,
        "",
        " ",
        "0",
        "1000",
        "1000.0",
        "1e3",
        "true",
        "True",
        "false",
        "null",
        "None",
    ),
    *(
        "a",
        "a ",
        " a",
        "a\u200b",
        "a\u00a0",
        "a\n",
        "a\nb",
        "a b",
        "a  b",
        "a\tb",
        '"a"',
        "\u201ca\u201d",
        '"',
        '""',
        "\\",
        "\\\\",
    ),
    *(
        "(none)",
        "(empty text)",
        "(empty list)",
        "(empty object)",
        "[]",
        "{}",
        "a: b",
        "a\n  b",
        "- a",
        "> a",
        "\\u200b",
    ),
    *("x" * 67 + "\nyyy", "x" * 67 + "yyy", "f\u0430lse"),
]
alike = st.recursive(
    st.sampled_from(ALIKE),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from([one for one in ALIKE if isinstance(one, str)]), inner, max_size=2)
    ),
    max_leaves=3,
)


@given(one=alike, other=alike, among=st.sampled_from(["list", "object", "nested"]))
@settings(fuzz, max_examples=300)
@example(one=False, other="false", among="object")
@example(one=1000, other="1000", among="list")
@example(one=None, other="(none)", among="nested")
@example(one=["a"], other="- a", among="object")
@example(one={"a": "b"}, other="a: b", among="object")
@example(one="a", other="a\u200b", among="list")
def test_two_different_questions_never_look_alike_on_page_or_mail(one: Any, other: Any, among: str) -> None:
    def details(value: Any) -> str:
        return json.dumps([value] if among == "list" else {"a": value} if among == "object" else {"a": [{"b": value}]})

    same = json.dumps(one) == json.dumps(other)
    assert (on_paper(details(one)) == on_paper(details(other))) is same
    assert (in_a_box(details(one)) == in_a_box(details(other))) is same


def test_nor_does_a_text_that_is_written_like_rows() -> None:
    for text, value in (("a: b", {"a": "b"}), ("- a", ["a"]), ("(empty object)", {})):
        assert on_paper(text) != on_paper(json.dumps(value))
        assert in_a_box(text) != in_a_box(json.dumps(value))


def on_paper(details: str) -> str:
    """The mail about such details, but for what differs in any two records."""
    return mail.body(record(details=details), ANNA, Kind.REQUEST, LINK, "test", "UTC")


def in_a_box(details: str) -> Element:
    return parse(page.html(State.OPEN, record=record(details=details), who=ANNA)).one(
        "div", dir="auto", **{"class": "text"}
    )


def test_most_of_what_is_tried_there_is_shown_as_rows() -> None:
    """Or the test above would look at text only."""
    seen: list[bool] = []

    @given(details=spelled)
    @fuzz
    def look(details: str) -> None:
        seen.append(rows.read(details) is not None)

    look()
    assert sum(seen) > len(seen) / 2
