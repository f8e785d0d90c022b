"""Fields and links of a question: how they are written, what is refused by its path, and the values of an answer."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.approvals.rules.decisions import checked
from handlers.contract import form_fields
from handlers.contract.fault import RefusedError
from handlers.contract.form_fields import (
    ANSWERS_BYTES,
    FormField,
    Kind,
    as_json,
    as_text,
    fields_of,
    links_of,
    longest,
    read_fields,
    read_links,
    too_large,
    typed,
    value_of,
)

TEXT = {"name": "ticket", "label": "Ticket", "type": "text"}
AMOUNT = {"name": "amount", "label": "Amount", "type": "number", "min": 0, "max": 500, "decimals": 2}
DAY = {"name": "day", "label": "Day", "type": "date", "min": "2026-11-01", "max": "2026-12-31"}
SURE = {"name": "sure", "label": "Sure?", "type": "boolean", "required": True}
OPTIONS = [{"value": "eu", "label": "Frankfurt"}, {"value": "us", "label": "Virginia"}]
REGION = {"name": "region", "label": "Region", "type": "choice", "options": OPTIONS, "default": "eu"}
ALL = [TEXT, AMOUNT, DAY, SURE, REGION]
LINK = {"label": "Change log", "url": "https://example.com/changes?from=1.3#top"}


def field(spec: dict[str, Any], **changes: Any) -> FormField:
    (read,) = read_fields([spec | changes])
    return read


def refused(*specs: Any) -> list[str]:
    with pytest.raises(RefusedError) as refusal:
        read_fields(list(specs))
    return [str(fault.below("fields")) for fault in refusal.value.faults]


def refused_link(link: Any) -> str:
    with pytest.raises(RefusedError) as refusal:
        read_links([link])
    (fault,) = refusal.value.faults
    return str(fault.below("links"))


# --- specifications


def test_what_is_written_is_read_again_from_its_canonical_text():
    fields, links = read_fields(ALL), read_links([LINK])
    assert (fields_of(as_text(fields)), links_of(as_text(links))) == (fields, links)
    assert json.loads(as_text(fields))[1] == AMOUNT | {"min": "0", "max": "500", "decimals": "2"}
    assert read_fields(as_json(fields)) == fields
    assert as_json(fields)[1] == AMOUNT
    assert (as_text(()), fields_of(""), links_of("")) == ("", (), ())


@pytest.mark.parametrize("text", ["{", "[1]", '[{"name": "a"}]', "[" * 5_000, json.dumps(ALL), "[] "])
def test_a_text_that_is_not_canonical_is_refused(text):
    with pytest.raises(ValueError, match=r"fields must be as|nested|Expecting"):
        fields_of(text)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (TEXT | {"typ": 1}, "typ is not a key here; the keys are name, label, type, required, help, default, "),
        (TEXT | {"options": OPTIONS}, "options is not a key here"),
        (TEXT | {"type": "file"}, 'type must be one of text, number, date, boolean, choice, got "file"'),
        (TEXT | {"name": "Ticket"}, "name must be 1 to 40 letters and digits, a lower-case letter first, got"),
        (TEXT | {"name": "a" * 41}, "name must be 1 to 40 letters"),
        (TEXT | {"name": "tick\u00e9t"}, "name must be 1 to 40 letters"),
        (TEXT | {"label": " \u200b"}, "label must be text of 1 to 80 characters that can be seen, got"),
        (TEXT | {"label": "\ud800"}, "label must be text of 1 to 80 characters"),
        (TEXT | {"help": "x" * 201}, "help must be text of at most 200 characters, got"),
        (TEXT | {"required": "true"}, 'required must be true or false, got "true"'),
        (TEXT | {"maxLength": 1_001}, "maxLength must be a whole number in 1..1000, got 1001"),
        (TEXT | {"maxLength": 2.5}, "maxLength must be a whole number in 1..1000, got 2.5"),
        (TEXT | {"maxLength": True}, "maxLength must be a whole number in 1..1000, got true"),
        (AMOUNT | {"min": 501}, "min must be at most max, 500, got 501"),
        (AMOUNT | {"max": "much"}, 'max must be a number with at most 2 decimals, got "much"'),
        (AMOUNT | {"decimals": 16}, "decimals must be a whole number in 0..15, got 16"),
        (AMOUNT | {"default": 501}, "default must be a number from 0 to 500 with at most 2 decimals, got 501"),
        (DAY | {"min": "2027-01-01"}, 'min must be at most max, 2026-12-31, got "2027-01-01"'),
        (REGION | {"options": OPTIONS[:1]}, "options must be a list of 2 to 20, got 1"),
        (REGION | {"options": OPTIONS * 11}, "options must be a list of 2 to 20, got 22"),
        (REGION | {"options": None}, "options must be a list of 2 to 20, got null"),
        (
            REGION | {"options": [*OPTIONS, {"value": "eu", "label": "Paris"}]},
            'options[2].value must be no other\'s, got "eu"',
        ),
        (
            REGION | {"options": [*OPTIONS, {"value": "x" * 101, "label": "Paris"}]},
            "options[2].value must be text of 1 to 100 characters that can all be seen, in one line, got",
        ),
        (REGION | {"options": [*OPTIONS, {"value": "", "label": "P"}]}, "options[2].value must be text of 1"),
        (REGION | {"options": [*OPTIONS, {"value": "a\u200bb", "label": "P"}]}, "options[2].value must be"),
        (REGION | {"options": [*OPTIONS, {"value": 5, "label": "P"}]}, "options[2].value must be text of 1"),
    ],
)
def test_a_malformed_field_is_refused_by_its_path_with_limit_and_value(spec, said):
    first, *_ = refused(spec)
    assert first.startswith(f"fields[0].{said}")


def test_all_faults_are_named_and_a_name_is_given_once():
    assert [said.split(" ")[0] for said in refused(TEXT | {"label": ""}, TEXT, AMOUNT | {"min": "x", "help": 5})] == [
        "fields[0].label",
        "fields[2].help",
        "fields[2].min",
    ]
    assert refused(TEXT, AMOUNT, TEXT) == ['fields[2].name must be no other\'s, got "ticket"']
    assert refused(*[TEXT] * 11) == ["fields must be a list of 0 to 10, got 11"]
    assert refused(5) == ["fields[0] must be an object, got 5"]


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com",
        "https://",
        "https:///path",
        "https://user@example.com",
        "https://example.com:secret@example.org",
        "https://example.com\\@example.org",
        "https://example.com\\.example.org",
        "https://exa\u200bmple.com",
        "https://example.com/a b",
        "https://example.com%2f.example.org",
        "https://example.com:port",
        "https://-example.com",
        "https://example.com/" + "x" * 2_000,
        "https://b\u00fccher.example.com/" + "x" * 1_970,  # too long as it is asked for
        "javascript:alert(1)",
        "https://example.com/\ud800",
        "",
        5,
        None,
    ],
)
def test_a_link_is_https_with_a_host_and_nothing_else_that_could_deceive(url):
    assert refused_link({"label": "Read", "url": url}).startswith("links[0].url must be an https URL of at most 2,000 ")


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://example.com", "example.com"),
        ("HTTPS://Example.COM:8443/A?b=c#d", "example.com:8443"),
        ("https://b\u00fccher.example.com/\u00fc", "xn--bcher-kva.example.com"),
        ("https://\u0430pple.example.com", "xn--pple-43d.example.com"),
    ],
)
def test_the_host_of_a_link_is_shown_as_it_is_asked_for(url, host):
    (link,) = read_links([{"label": "Read", "url": url}])
    assert link.host == host
    assert link.url.startswith(f"https://{host}")


# --- values


@pytest.mark.parametrize(
    ("spec", "given_value", "canonical"),
    [
        (AMOUNT, "0.10", "0.1"),
        (AMOUNT, " 0.1 ", "0.1"),
        (AMOUNT, 0.1, "0.1"),
        (AMOUNT, "1e2", "100"),
        (AMOUNT, "+7", "7"),
        (AMOUNT, "007.00", "7"),
        (AMOUNT, "-0.00", "0"),
        (AMOUNT, "", ""),
        (TEXT, "  A\u200b-1 \n", "A-1"),
        (TEXT, "a\r\nb", "a b"),
        (TEXT | {"multiline": True}, " a\r\nb\n", "a\nb"),
        (TEXT, "\u200b ", ""),
        (DAY, "2026-11-30", "2026-11-30"),
        (SURE, True, "true"),
        (REGION, None, ""),
    ],
)
def test_a_value_has_one_canonical_form(spec, given_value, canonical):
    assert value_of(field(spec), given_value) == canonical


@pytest.mark.parametrize(
    ("spec", "value", "said"),
    [
        (AMOUNT, "0.101", "must be a number from 0 to 500 with at most 2 decimals"),
        (AMOUNT, "-1", "must be a number from 0 to 500"),
        (AMOUNT, "0,5", "must be a number"),
        (AMOUNT, "NaN", "must be a number"),
        (AMOUNT, f"1.{'0' * 27}1", "must be a number from 0 to 500 with at most 2 decimals and at most 15 digits"),
        (AMOUNT, "1e99", "must be a number from 0 to 500 with at most 2 decimals and at most 15 digits"),
        (AMOUNT, "\u0661", "must be a number"),
        (AMOUNT, True, "must be a number"),
        (AMOUNT | {"decimals": 0}, "0.5", "must be a whole number from 0 to 500"),
        (AMOUNT, [5], "must be a number"),
        (TEXT | {"maxLength": 3}, "four", "must be text of at most 3 characters; this has 4"),
        (TEXT, "\ud800", "must be text of at most 200 characters"),
        (DAY, "2026-10-31", "must be a date from 2026-11-01 to 2026-12-31"),
        (DAY, "tomorrow", "must be a date"),
        (SURE, "yes", "must be yes or no"),
        (SURE, 1, "must be yes or no"),
        (REGION, "Frankfurt", "must be one of Frankfurt, Virginia"),
    ],
)
def test_a_value_of_another_type_or_beyond_a_limit_is_refused_not_rounded(spec, value, said):
    with pytest.raises(ValueError, match=f"^{said}"):
        value_of(field(spec), value)


@given(number=st.decimals(allow_nan=False, allow_infinity=False, places=15) | st.integers() | st.floats(width=64))
def test_a_number_that_is_taken_is_a_json_number_of_the_same_value(number):
    amount = field({"name": "amount", "label": "Amount", "type": "number", "decimals": 15})
    try:
        taken = value_of(amount, str(number))
    except ValueError:
        return
    assert Decimal(taken) == Decimal(str(number))
    told = json.loads(json.dumps(typed(Kind.NUMBER, taken)))
    assert value_of(amount, told) == value_of(amount, str(told)) == taken


# --- sizes


def test_the_longest_answer_is_as_long_as_an_answer_can_be():
    form = tuple(field(one) for one in (TEXT | {"maxLength": 7, "multiline": True}, AMOUNT, DAY, SURE, REGION))
    for letter in ("\U0001f600", '"', "\n", "x"):
        text = f"x{letter * 5}x"
        values, errors = checked(
            form, {"ticket": text, "amount": "499.99", "day": "2026-11-30", "sure": "false", "region": "eu"}
        )
        assert not errors
        assert len(json.dumps(values, ensure_ascii=False).encode()) <= longest(form)


def test_specifications_and_answers_have_a_room_and_a_refusal_names_both_numbers():
    text = field(TEXT | {"maxLength": 1_000})
    assert too_large([text], [], 6) is None
    fault = too_large([text], [], 7)
    assert str(fault) == (
        f"fields must leave room: the longest answer, {longest([text])} bytes as JSON, times the policy's people and "
        f"one more, 8, must be at most {ANSWERS_BYTES}, got {8 * longest([text])}"
    )
    links = [form_fields.QuestionLink(label="x", url="https://example.com/" + "y" * 1_950) for _ in range(5)]
    assert too_large([], links, 1) is None
    assert str(too_large([text] * 3, links, 1)).startswith(
        "fields must, with links, be at most 10000 bytes as JSON, got"
    )
