from __future__ import annotations

import json

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
        ('["\u200b \\n"]', [rows.EMPTY_TEXT]),
        ('{"\u200b": {}}', {rows.NO_NAME: rows.EMPTY_OBJECT}),
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


@pytest.mark.parametrize("hidden", ["\u202e", "\u2066", "\u200b", "\ufeff", "\u00ad", "\ud800", "\x00", "\x1b"])
def test_what_hides_or_turns_text_is_taken_out_of_names_and_values(hidden: str) -> None:
    details = json.dumps({f"na{hidden}me": [f"va{hidden}lue"]})
    assert rows.read(details) == {"name": ["value"]}


def test_a_name_has_one_line_and_a_value_keeps_its_lines() -> None:
    assert rows.read(json.dumps({"a\u2028b\n c": "  d\r\n e \n", "f": "  g "})) == {"a b c": "  d\n e", "f": "g"}


@pytest.mark.parametrize(
    "details",
    [
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
        '["a\nb"]',
        '{"a": 1, "a": 2}',
        '{"a": {"b": 1, "b": 1}}',
        '{"a": 1, "a\u200b": 2}',
        '{"a b": 1, "a  b": 2}',
        '{"": 1, "\u200b": 2}',
        '{"": 1, "(no name)": 2}',
        json.dumps({"x" * 61: 1}),
        json.dumps([0] * 201),
        json.dumps([[0] * 100] * 2),
        json.dumps(["x" * 10_000]),
        "[" * 7 + "0" + "]" * 7,
        "[" * 5_000 + "]" * 5_000,
        "[" * 200_000,
    ],
)
def test_anything_else_is_shown_as_the_text_it_is(details: str) -> None:
    assert rows.read(details) is None


@pytest.mark.parametrize(
    "details",
    [
        json.dumps({"x" * 60: 1}),
        json.dumps([0] * 200),
        json.dumps([[0] * 99] * 2),
        json.dumps(["x" * 9_990]),
        "[" * 6 + "0" + "]" * 6,
    ],
)
def test_up_to_the_limits_there_are_rows(details: str) -> None:
    assert rows.read(details) is not None
