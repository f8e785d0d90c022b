"""Details that are JSON: two questions that differ never look alike on page or mail."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from handlers.approvals.faces import mail, page, rows
from handlers.approvals.faces.letter import as_text
from handlers.approvals.faces.page import State
from handlers.approvals.rules.rounds import Kind
from tests.fuzz.inputs import anything
from tests.support.document import Element, parse
from tests.support.records import ANNA, record

LINK = "https://api.example.com/approvals/id/secret"
VALUES: list[Any] = [None, True, False, 0, 1000, 1000.0, [], {}]
# What looks like those, and like each other; and what rows are made of.
TEXTS = [
    "",
    "1000",
    "1e3",
    "true",
    "None",
    "null",
    "f\u0430lse",
    "a",
    " a",
    "a\u200b",
    "a\tb",
    "a\n  b",
    '"a"',
    "\u201ca\u201d",
]
WORDS = ["(none)", "(empty text)", "(no name)", "a: b", ":", "- a", "> a", "  ", "\n", "  | ", '"', "\\u200b", "x" * 67]
texts = (
    st.sampled_from(TEXTS)
    | st.lists(st.sampled_from(WORDS), max_size=6).map("".join)
    | anything.map(lambda text: text[:40])
)
trees = st.recursive(
    st.sampled_from(VALUES) | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@st.composite
def nearly(draw: st.DrawFn, value: Any) -> Any:
    """The value with one part of it replaced, written as text, or put inside of something."""
    inner = list(value.items() if isinstance(value, dict) else enumerate(value)) if value and not plain(value) else []
    if not inner or draw(st.booleans()):
        lines = [f"{name}: {one}" if isinstance(value, dict) else f"- {one}" for name, one in inner]
        near = [str(value), json.dumps(value), "\n".join(lines), f"{value} ", [value], {"a": value}, {"": value}]
        return draw(st.sampled_from(near) | trees)
    place = draw(st.integers(0, len(inner) - 1))
    name, one = inner[place]
    if isinstance(value, dict) and draw(st.booleans()):
        inner[place] = (draw(nearly(name).filter(plain).map(str) | texts), one)
    else:
        inner[place] = (name, draw(nearly(one)))
    return dict(inner) if isinstance(value, dict) else [one for _, one in inner]


def plain(value: Any) -> bool:
    return not isinstance(value, list | dict)


questions = trees.map(lambda tree: [tree] if plain(tree) else tree)
two = questions.flatmap(lambda one: st.tuples(st.just(one), nearly(one)))


@given(two=two)
@settings(settings.get_profile("fuzz"), max_examples=400)
@example(two=({"a": False}, {"a": "false"}))
@example(two=([1000], ["1000"]))
@example(two=({"a": [{"b": None}]}, {"a": [{"b": "(none)"}]}))
@example(two=({"a": ["a"]}, {"a": "- a"}))
@example(two=({"a": {"a": "b"}}, {"a": "a: b"}))
@example(two=(["a"], ["a\u200b"]))
@example(two=([None], [""]))
@example(two=([{"a": "b"}], ["a: b"]))
@example(two=(["x" * 67 + "\nyyy"], ["x" * 67 + "yyy"]))
def test_two_different_questions_never_look_alike_on_page_or_mail(two: tuple[Any, Any]) -> None:
    one, other = map(json.dumps, two)
    assume(rows.read(one) is not None)
    mails = on_paper(one), on_paper(other)
    assume(not any("(shortened here" in body for body in mails))
    assert (mails[0] == mails[1]) is (one == other)
    assert (in_a_box(one) == in_a_box(other)) is (one == other)
    for body in mails:
        assert [line for line in body.split("\n") if line.startswith("http")] == [LINK]


def test_nor_does_a_text_that_is_written_like_rows() -> None:
    for text, value in (("a: b", {"a": "b"}), ("- a", ["a"]), ("(empty object)", {})):
        assert on_paper(text) != on_paper(json.dumps(value))
        assert in_a_box(text) != in_a_box(json.dumps(value))


def on_paper(details: str) -> str:
    """The mail about such details, but for what differs in any two records."""
    return as_text(mail.parts(record(details=details), ANNA, Kind.REQUEST, LINK, "test", "UTC"))


def in_a_box(details: str) -> Element:
    """Of the page. A long one can be scrolled."""
    document = parse(page.html(State.OPEN, record=record(details=details), who=ANNA))
    (box,) = [one for kind in ("text", "text long") for one in document.all("div", **{"class": kind})]
    return box


def test_most_of_what_is_tried_there_is_shown_as_rows_and_differs() -> None:
    """Or the test above would look at little."""
    seen: list[bool] = []

    @given(two=two)
    @settings(settings.get_profile("fuzz"), max_examples=100)
    def look(two: tuple[Any, Any]) -> None:
        one, other = map(json.dumps, two)
        seen.append(rows.read(one) is not None and one != other)

    look()
    assert sum(seen) > len(seen) / 2
