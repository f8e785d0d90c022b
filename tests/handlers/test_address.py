"""One spelling of an address, whoever wrote it."""

from __future__ import annotations

import time

import idna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.contract.address import ascii_form, named_in, same_person

ALICE, BOB, CAROL = "alice@example.com", "bob@example.com", "carol@example.com"
SPELLINGS = [
    "Alice@Example.com",
    "alice@example.com.",
    '"al\\ice"@example.com',
    '"Example, Alice" <alice@example.com>',
    "alice@example.com (Alice)",
    "Alice (alice@example.com)",
    "[Ops] Alice; Ops <alice@example.com>",
    '"Alice <alice@example.com>',
    "Alice, Ops <alice@example.com",
    "alice @ example.com",
    "on behalf of: alice@example.com;",
    "bob@example.com <alice@example.com>",
    "mailto:alice@example.com",
    " alice@example.com\n",
    "al\u200bice@example.com\u2060",
    "\uff41lice@example.com",
    "alice@example\u3002com",
]


@pytest.mark.parametrize("written", SPELLINGS)
def test_spellings_of_one_address_are_one_person(written):
    assert same_person(written) == "alice@example.com"


def test_both_forms_of_a_domain_are_one_and_what_is_before_it_is_kept_as_written_for_sending():
    for written in ("Ann@m\u00fcnchen.example", "ann@MU\u0308NCHEN.example", "ann@XN--MNCHEN-3YA.example"):
        assert same_person(written) == "ann@xn--mnchen-3ya.example"
    assert ascii_form("Ann.Example@M\u00dcNCHEN.example") == "Ann.Example@xn--mnchen-3ya.example"


@pytest.mark.parametrize(
    "domain", ["stra\u00dfe.example", "\u03c2igma.example", "\u4f8b\u3048.example", "\u0444.example"]
)
def test_domains_are_encoded_as_by_idna_2008(domain):
    assert ascii_form(f"a@{domain}") == f"a@{idna.encode(domain, uts46=True).decode()}"


@given(st.text() | st.emails())
def test_a_spelling_stays_as_it_is(written):
    assert same_person(same_person(written)) == same_person(written)


@pytest.mark.parametrize(
    "text",
    [
        *SPELLINGS,
        "arn:aws:sts::123456789012:assumed-role/Ops/alice@example.com",
        "arn:aws:sts::123456789012:federated-user/alice@example.com-1699999999",
        "auth0|alice@example.com",
        "CORP\\alice@example.com",
        "alice@example.com@CORP",
        "okta_alice@example.com",
        "prod--alice@example.com",
        "emailAddress=alice@example.com,CN=Alice",
        "user:alice@example.com/ci",
        "https://id.example/?login=Alice+A+%3Calice%40example.com%3E",
        "Alice+alice%40example.com",
        "alice%2540example.com",
        "&lt;alice&#64;example.com&gt;",
        "alice_example.com#EXT#@tenant.example",
        "_alice@example.com_",
        "'alice@example.com'",
        "-alice@example.com",
        "alice\\@example.com",
        "alice(ops)@example.com",
        "alice @ example . com",
        "alice\uff20example.com",
        "by...alice@example.com...please",
        "al\u00adice@exam\u2060ple.com",
    ],
)
def test_whoever_stands_in_a_text_is_named(text):
    assert ALICE in named_in(text, [ALICE, CAROL])
    assert CAROL not in named_in(text, [ALICE, CAROL])


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("Ann <ann@m\u00fcnchen.example>", "ann@xn--mnchen-3ya.example"),
        ("CORP/ann@MU\u0308NCHEN\u3002example.", "ann@xn--mnchen-3ya.example"),
        ("assumed-role/Ops/o'brien@example.com", "o'brien@example.com"),
        ("assumed-role/Ops/Ann.Lee+x@Example.com", "Ann.Lee+x@Example.com"),
        ("assumed-role/Ops/a%}b@example.com", "a%}b@example.com"),
        ("assumed-role/Ops/a&b=c@example.com", "a&b=c@example.com"),
    ],
)
def test_people_with_unusual_addresses_are_named_by_them(text, who):
    assert named_in(text, [who, ALICE]) == {who}


@pytest.mark.parametrize(
    "between", [", ", ";", " ", "\n", "/", "\u200b", "> <", " (for ", "%0A", "<br>", "&", "\uff0c"]
)
def test_everybody_who_stands_in_a_text_is_named(between):
    assert named_in(f"{ALICE}{between}{BOB}", [ALICE, BOB, CAROL]) == {ALICE, BOB}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "alice",
        "@example.com",
        "malice@example.com",
        "al.alice@example.com",
        "alice-bob@example.com",
        "bob-alice@example.com",
        "bob+alice@example.com",
        "alice+ops@example.com",
        "alice@example.com-x.example",
        "alice@example.community",
        "alice@example.co",
        "alice@mail.example.com",
        "alice@example\u3002com\u3002evil\u3002example",
        "\u00e1malice@example.com",
        "\ud800@\ud800.example",
    ],
)
def test_nobody_is_named_by_the_address_of_somebody_else(text):
    assert not named_in(text, [ALICE])
    assert same_person(text) != ALICE


@given(st.text(alphabet=st.characters(blacklist_categories=["L", "N"], blacklist_characters="+-.")), st.data())
def test_whatever_is_neither_letter_nor_digit_nor_part_of_an_address_hides_nobody(around, data):
    after = data.draw(st.sampled_from([around, "", " "]))
    assert ALICE in named_in(f"{around}{ALICE}{after}", [ALICE])


@given(st.emails(), st.text(), st.text())
def test_an_address_between_blanks_is_always_named(address, before, after):
    who = ascii_form(address)
    assert who in named_in(f"{before} {who} {after}", [who])


@pytest.mark.parametrize("many", ["%25", "a@", "@.-", "alice@example.com-a."])
def test_a_long_text_takes_no_more_than_its_length(many):
    """Whoever may write to the queue may send one of 256 KiB."""
    started = time.process_time()
    named_in(many * (65_536 // len(many)), [ALICE])
    assert time.process_time() - started < 10
