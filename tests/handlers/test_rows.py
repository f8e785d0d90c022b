from __future__ import annotations

import json
from typing import Any

import pytest

from handlers.approvals.faces import rows


def test_an_object_is_read_as_it_is_written() -> None:
    assert rows.read('{"b": 1.50, "a": [-0, 1E400, 12345678901234567890123, true, false], "c": {"d": "e"}}') == {
        "b": "1.50",
        "a": ["-0", "1E400", "12345678901234567890123", "true", "false"],
        "c": {"d": "e"},
    }


@pytest.mark.parametrize(
    ("details", "tree"),
    [
        (" {}\n", rows.EMPTY_OBJECT),
        ("[]", rows.EMPTY_LIST),
        ("[null]", [rows.NOTHING]),
        ('[""]', [rows.EMPTY_TEXT]),
        ('{"": {}}', {rows.NO_NAME: rows.EMPTY_OBJECT}),
    ],
)
def test_what_cannot_be_seen_is_said_in_our_words(details: str, tree: rows.Tree) -> None:
    assert rows.read(details) == tree


@pytest.mark.parametrize("word", ["(none)", "(empty text)", "(empty list)", "(empty object)", "(no name)"])
def test_our_words_are_told_from_the_same_ones_of_a_stranger(word: str) -> None:
    tree = rows.read(json.dumps({word: [word, None]}))
    assert isinstance(tree, dict)
    ((name, values),) = tree.items()
    assert [isinstance(one, rows.Word) for one in (name, *values)] == [False, False, True]


# What JSON has besides text, and what people could take for it; our own words; blanks at an end.
QUOTED = [
    *("1000", "-1", "1.50", "1e3", "true", "False", "NULL", "1.", ".5", "+1", "\u22121", "\uff11\uff10", "\u0661"),
    *("f\u0430lse", "1\u041e\u041e", "\u201c1000\u201d", "(none)", "(NONE)", " ", "a ", "\n a"),
]
PLAIN = [
    *("yes", "1,000", "10.0.0.1", "2026-11-25", "F\u00fcr", "\u0434\u0430", "a: b", "[]", 'the "a"', "C:\\temp"),
    *("a  b", "a\n  b", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\U0001f469\u200d\U0001f4bb"),
]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        *((text, f'"{text}"') for text in QUOTED),
        *((text, text) for text in PLAIN),
        (1000, "1000"),
        (True, "true"),
        # Quotation marks, in which texts are that need them.
        ('"1000"', '"\\"1000\\""'),
        ('"a" or "b"', '"\\"a\\" or \\"b\\""'),
        (" C:\\temp", '" C:\\\\temp"'),
        ("a\tb", '"a\\tb"'),
        ("a\r\nb", '"a\\r\nb"'),
        ("a \nb", '"a\\u0020\nb"'),
        # Marks without a letter, or too many on one; and what hides or turns text.
        ("\u0301", '"\\u0301"'),
        ("a" + "\u0301" * 5, '"a' + "\\u0301" * 5 + '"'),
        *((f"va{one}lue", f'"va\\u{ord(one):04x}lue"') for one in "\u202e\u200b\u200d\u00ad\ud800\x00\x7f\u00a0"),
    ],
)
def test_a_text_is_in_quotation_marks_unless_it_shows_all_that_it_is(value: object, shown: str) -> None:
    assert rows.read(json.dumps([value])) == [shown]
    assert rows.read(json.dumps({"a": {"b": value}})) == {"a": {"b": shown}}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        *((plain, plain) for plain in ("a", "A", "1000", "dry run (test)")),  # a name is never anything but text
        ("a ", '"a "'),
        ("a  b", '"a  b"'),
        ("a\nb", '"a\\nb"'),
        ("a\u200b", '"a\\u200b"'),
        ('"a"', '"\\"a\\""'),
        ("(no name)", '"(no name)"'),
    ],
)
def test_a_name_is_in_quotation_marks_unless_it_shows_all_that_it_is(name: str, shown: str) -> None:
    assert rows.read(json.dumps({name: 1, "": 2})) == {shown: "1", rows.NO_NAME: "2"}


# As large as rows may be, and what is one more.
LIMITS: list[tuple[Any, Any]] = [
    ({"x" * 60: 1}, {"x" * 61: 1}),
    ([0] * 200, [0] * 201),
    ([[0] * 99] * 2, [[0] * 100] * 2),
    (["x" * 9_990], ["x" * 10_000]),
    ([[[[[[0]]]]]], [[[[[[[0]]]]]]]),
]
NO_ROWS = [
    "",
    "Adds invoices.",
    "100",
    "null",
    '"{}"',
    "{",
    "[1, 2] and more",
    '{"a": 1,}',
    '{"a": NaN}',
    "[-Infinity]",
]
NO_ROWS += ['["a\nb"]', '{"a": 1, "a": 2}', '{"a": {"b": 1, "b": 1}}', "[" * 5_000 + "]" * 5_000, "[" * 200_000]


@pytest.mark.parametrize("details", [*NO_ROWS, *(json.dumps(one) for _, one in LIMITS)])
def test_anything_else_is_shown_as_the_text_it_is(details: str) -> None:
    assert rows.read(details) is None


@pytest.mark.parametrize("value", [one for one, _ in LIMITS])
def test_up_to_the_limits_there_are_rows(value: Any) -> None:
    assert rows.read(json.dumps(value)) is not None
