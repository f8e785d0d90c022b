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


@pytest.mark.parametrize(
    "hidden", ["\u202e", "\u2066", "\u200b", "\u200d", "\ufeff", "\u00ad", "\ud800", "\x00", "\x1b", "\x7f", "\u00a0"]
)
def test_what_hides_or_turns_text_is_spelled_in_names_and_values(hidden: str) -> None:
    details = json.dumps({f"na{hidden}me": [f"va{hidden}lue"]})
    assert rows.read(details) == {f'"na\\u{ord(hidden):04x}me"': [f'"va\\u{ord(hidden):04x}lue"']}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        # What JSON has besides text, and what people could take for it.
        *(
            (text, f'"{text}"')
            for text in ("1000", "-1", "1.50", "1e3", "1E+3", "true", "false", "null", "True", "NULL")
        ),
        *(
            (text, f'"{text}"')
            for text in ("1.", ".5", "+1", "\u22121", "\uff11\uff10", "\u0661", "f\u0430lse", "1\u041e\u041e")
        ),
        (1000, "1000"),
        (True, "true"),
        # Quotation marks, in which texts are that need them.
        ('"1000"', '"\\"1000\\""'),
        ('"a" or "b"', '"\\"a\\" or \\"b\\""'),
        ("\u201c1000\u201d", '"\u201c1000\u201d"'),
        ('the "a"', 'the "a"'),
        ("C:\\temp", "C:\\temp"),
        (" C:\\temp", '" C:\\\\temp"'),
        # Blanks.
        (" ", '" "'),
        ("a ", '"a "'),
        ("\n a", '"\n a"'),
        ("a\tb", '"a\\tb"'),
        ("a\r\nb", '"a\\r\nb"'),
        ("a  b", "a  b"),
        ("a\n  b", "a\n  b"),
        ("a \nb", '"a\\u0020\nb"'),
        # Our own words.
        ("(none)", '"(none)"'),
        ("(NONE)", '"(NONE)"'),
        # Marks without a letter, or too many on one.
        ("\u0301", '"\\u0301"'),
        ("a" + "\u0301" * 5, '"a' + "\\u0301" * 5 + '"'),
        # Plain text.
        *(
            (text, text)
            for text in ("yes", "1,000", "10.0.0.1", "2026-11-25", "F\u00fcr", "\u0434\u0430", "a: b", "[]", "{}")
        ),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
        ("\U0001f469\u200d\U0001f4bb", "\U0001f469\u200d\U0001f4bb"),
    ],
)
def test_a_text_is_in_quotation_marks_unless_it_shows_all_that_it_is(value: object, shown: str) -> None:
    assert rows.read(json.dumps([value])) == [shown]
    assert rows.read(json.dumps({"a": {"b": value}})) == {"a": {"b": shown}}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a", "a"),
        ("1000", "1000"),  # a name is never anything else
        ("dry run (test)", "dry run (test)"),
        ("a ", '"a "'),
        ("a  b", '"a  b"'),
        (" ", '" "'),
        ("a\nb", '"a\\nb"'),
        ('"a"', '"\\"a\\""'),
        ("(no name)", '"(no name)"'),
    ],
)
def test_a_name_is_in_quotation_marks_unless_it_shows_all_that_it_is(name: str, shown: str) -> None:
    assert rows.read(json.dumps({name: 1})) == {shown: "1"}


@pytest.mark.parametrize(
    "names", [("a", "a\u200b"), ("a b", "a  b"), ("", "\u200b"), ("", "(no name)"), ("a", "A"), ("a", '"a"')]
)
def test_names_that_differ_in_what_is_not_seen_have_rows_of_their_own(names: tuple[str, str]) -> None:
    tree = rows.read(json.dumps(dict.fromkeys(names, 1)))
    assert isinstance(tree, dict)
    assert len(tree) == 2


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
