"""One spelling of an address, whoever wrote it."""

from __future__ import annotations

import idna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.contract.address import ascii_form, same_person


@pytest.mark.parametrize(
    "written",
    [
        "Alice@Example.com",
        "alice@example.com.",
        '"alice"@example.com',
        '"al\\ice"@example.com',
        "Alice Example <alice@example.com>",
        '"Example, Alice" <alice@example.com>',
        "alice@example.com (Alice)",
        "Alice (alice@example.com)",
        "Alice; Ops <alice@example.com>",
        "[Ops] Alice <alice@example.com>",
        '"Alice <alice@example.com>',
        "Alice, Ops <alice@example.com>",
        "<alice@example.com",
        "alice @ example.com",
        "on behalf of: alice@example.com;",
        "bob@example.com <alice@example.com>",
        "mailto:alice@example.com",
        " alice@example.com\n",
        "al\u200bice@example.com",
        "alice@example.com\u2060",
        "\uff41lice@example.com",
        "alice@example\u3002com",
    ],
)
def test_spellings_of_one_address_are_one_person(written):
    assert same_person(written) == "alice@example.com"


@pytest.mark.parametrize(
    "written", ["ann@m\u00fcnchen.example", "ann@MU\u0308NCHEN.example", "ann@XN--MNCHEN-3YA.example"]
)
def test_both_forms_of_a_domain_are_one(written):
    assert same_person(written) == "ann@xn--mnchen-3ya.example"


def test_the_part_before_the_at_is_kept_as_written_for_sending():
    assert ascii_form("Ann.Example@M\u00dcNCHEN.example") == "Ann.Example@xn--mnchen-3ya.example"


@pytest.mark.parametrize(
    "written", ["", "@", "alice", "bob@example.com", "alice+x@example.com", "\ud800@\ud800.example"]
)
def test_others_are_others(written):
    assert same_person(written) != "alice@example.com"


@pytest.mark.parametrize(
    "domain", ["stra\u00dfe.example", "\u03c2igma.example", "\u4f8b\u3048.example", "\u0444.example"]
)
def test_domains_are_encoded_as_by_idna_2008(domain):
    assert ascii_form(f"a@{domain}") == f"a@{idna.encode(domain, uts46=True).decode()}"


@given(st.text())
def test_no_text_breaks_it(text):
    assert isinstance(same_person(text), str)


@given(st.emails())
def test_a_spelling_stays_as_it_is(address):
    assert same_person(same_person(address)) == same_person(address)
