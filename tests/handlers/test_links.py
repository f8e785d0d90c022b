"""Links as people get them, and as mail programs and gateways leave them."""

from __future__ import annotations

import hmac
import re
import sys
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.approvals.rules.links import Path, digest, holder, new_secret, parse, url
from handlers.approvals.rules.record import Approver, Record
from tests.support.records import ANNA, BEN, REQUEST_ID, record

SECRET = "a2b3c4d5e6f7" * 4 + "ghij"
LINK = f"/approvals/{REQUEST_ID}/{SECRET}"


def whole(request_id: str = REQUEST_ID, *, secret: str = SECRET, at_once: bool = False) -> Path:
    return Path(request_id=request_id, secret=secret, at_once=at_once)


def held(*secrets: str) -> Record:
    """A request that Ben has links of, after Anna, who has others."""
    asked = {ANNA: Approver(links=(digest("x"),)), BEN: Approver(links=tuple(map(digest, secrets)))}
    return replace(record(), approvers=asked)


def test_a_secret_has_256_bits_in_letters_of_one_case_and_digits():
    secrets = {new_secret() for _ in range(500)}
    assert len(secrets) == 500
    # 51 characters of 5 bits, and the last with the one that is left.
    assert all(re.fullmatch("[a-z2-7]{51}[aq]", secret) for secret in secrets)
    for place in range(51):
        assert len({secret[place] for secret in secrets}) > 16


def test_a_link_stays_as_it_is_in_an_address_and_is_read_again():
    secret = new_secret()
    link = url("https://api.example.com/", REQUEST_ID, secret)
    assert link == f"https://api.example.com/approvals/{REQUEST_ID}/{secret}"
    assert quote(link, safe=":/") == link
    assert parse(link.removeprefix("https://api.example.com")) == whole(secret=secret)


PUNCTUATION = "/ /. // //> . .. , ) ). > >. ] } \" ' ; : ! ? * ** _ - … » ” = ` ~ | \\ &gt; &quot; &amp;"
TAILS = [*PUNCTUATION.split(), " ", "\n", "\r\n ", "\t", "\u00a0", "\u200b", " ."]


@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize("request_id", [REQUEST_ID, "Deploy_-42"])
def test_what_a_mail_program_took_into_the_link_at_its_end_is_ignored(request_id, tail):
    link = f"/approvals/{request_id}/{SECRET}"
    for path in (link + tail, link + quote(tail, safe="")):
        assert parse(path) == whole(request_id)
    for path in (f"{link}/approve{tail}", f"{link}/approve" + quote(tail, safe="")):
        assert parse(path) == whole(request_id, at_once=True)


@pytest.mark.parametrize(
    "path",
    [
        f"//approvals//{REQUEST_ID}///{SECRET}",
        f"/approvals/{REQUEST_ID}/{SECRET[:20]} {SECRET[20:]}",
        f"/approvals/{REQUEST_ID}/\n{SECRET[:20]}%0D%0A{SECRET[20:]}",
        LINK.replace("-", "%2D"),
        quote(LINK, safe=""),
    ],
)
def test_doubled_slashes_broken_lines_and_percent_signs_do_not_matter(path):
    assert parse(path) == whole()


@pytest.mark.parametrize("fold", [str.upper, str.lower, str.title, str.swapcase])
def test_the_path_is_read_in_any_case_and_the_secret_is_folded(fold):
    assert parse(fold(LINK)) == whole(fold(REQUEST_ID))
    assert parse(fold(f"{LINK}/approve")) == whole(fold(REQUEST_ID), at_once=True)


NO_LINKS = [
    "",
    "/favicon.ico",
    f"/approvals/{REQUEST_ID}/",
    f"/approvals/{REQUEST_ID}/approve",
    f"/approvals//{SECRET}",
    f"/approvals/{SECRET}/{REQUEST_ID}",
    *(LINK[:-cut] for cut in (1, 2, 20, 52)),
    *(LINK + end for end in ("s", "/reject", "/approved", "/approve/approve", "./approve", "/é", "%00")),
    f"/prefix{LINK}",
    f"/approvals/{REQUEST_ID}/../{SECRET}",
    f"/approvals/{'r' * 65}/{SECRET}",
    *(f"/approvals/{REQUEST_ID}/{one * 52}" for one in ("ſ", "\u212a")),  # an s, and a k in lower case
    f"/approvals/{REQUEST_ID}/{'s' * 100_000}",
    f"{'/' * 100_000}x",
    f"{LINK}{'.' * 100_000}x",
    f"/approvals/{REQUEST_ID}/\ud800{SECRET}",
]


@pytest.mark.parametrize("path", NO_LINKS)
def test_what_is_not_a_whole_link_is_none(path):
    assert parse(path) is None


@given(path=st.text(st.characters(exclude_categories=()), max_size=300))
def test_any_path_is_read(path):
    parse(path)
    found = parse(f"/approvals/{path}/{SECRET}")
    assert found is None or found.secret == SECRET


def compared(known: Record, secret: str) -> int:
    """How often looking for the holder compares in constant time, as Python's profiler sees it."""
    calls = []

    def watch(_frame: Any, event: str, function: Any) -> None:
        if event == "c_call" and function is hmac.compare_digest:
            calls.append(function)

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        holder(known, secret)
    finally:
        sys.setprofile(before)
    return len(calls)


def test_every_digest_is_compared_whichever_matches():
    first, last = new_secret(), new_secret()
    counts = {compared(held(first, "y", last), secret) for secret in (first, last, new_secret())}
    assert counts == {4}
