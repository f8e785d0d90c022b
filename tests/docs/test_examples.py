"""The code in the documentation runs, and does what is said there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from handlers.approvals.parsing.trigger import InvalidTask, Policies, question
from handlers.contract.form_fields import read_fields
from handlers.contract.question import REQUEST_ID
from tests.support.harness import ROOT


@pytest.fixture(scope="module")
def names() -> dict[str, Any]:
    """Of the section about the request's id."""
    section = (ROOT / "docs/configuration.md").read_text(encoding="utf-8").split("## The request's id")[1]
    names: dict[str, Any] = {}
    exec(section.split("```python")[1].split("```")[0], names)
    return names


@pytest.fixture(scope="module")
def invoice_id(names) -> Callable[[str], str]:
    found: Callable[[str], str] = names["invoice_id"]
    return found


def test_each_example_of_fields_and_links_can_be_asked():
    section = (ROOT / "docs/configuration.md").read_text(encoding="utf-8").split("## Fields and links")[1]
    listings = re.findall(r"```(yaml|json)\n(.*?)```", section.partition("\n## ")[0], re.DOTALL)
    asked = [yaml.safe_load(text)["signoff:task"] if kind == "yaml" else json.loads(text) for kind, text in listings]
    assert [field.type.value for one in asked for field in read_fields(one["fields"])] == [
        "choice",
        "number",
        "date",
        "boolean",
    ]
    for one in asked:
        made = question(one, {}, Policies(known={"default": 2, "payout": 6}))
        assert made.items() >= {"title": one["title"], "links": one.get("links", [])}.items()


def id_of(invoice_id: Callable[[str], str], written: str) -> str:
    return invoice_id(f'{{"invoice": {written}, "amount": 3}}')


@pytest.mark.parametrize(
    ("first", "others"),
    [
        ("5", ["5.0", "5.00", '"5"', '"5.0"', '" 5\\n"', '"5\\u200b"', '"\\uff15"', "5e0", '"\\u00ad5"']),
        ("12345678901234567", ['"12345678901234567"']),
        ("10000000000000000", ["1e16", "10000000000000000.0"]),
        ('"R-17"', ['"r-17"', '"R-17 "', '"R\\u2060-17"', '"\\uff32-17"']),
        ('"R 17"', ['"R\\u00a0 17"', '"R\\t17"']),
    ],
)
def test_one_invoice_has_one_id_however_it_is_written(invoice_id, first, others):
    made = id_of(invoice_id, first)
    assert re.fullmatch(REQUEST_ID, made)
    assert made == made.lower()
    assert {id_of(invoice_id, one) for one in others} == {made}


def test_different_invoices_have_different_ids(invoice_id):
    written = [
        "5",
        "50",
        "-5",
        '"05"',
        '"5.01"',
        '"R-5.0"',
        '"R-5"',
        '"R 5"',
        json.dumps("x" * 500),
        json.dumps("x" * 501),
    ]
    assert len({id_of(invoice_id, one) for one in written}) == len(written)


@pytest.mark.parametrize("written", ["true", "null", "[5]", "{}", "5.5", '""', '" "', '"\\u200b"', "NaN"])
def test_what_is_no_invoice_ends_the_run(names, invoice_id, written):
    assert names["InvalidTask"].__name__ == InvalidTask.__name__, "by which the state machine knows it"
    with pytest.raises(names["InvalidTask"], match=r"^invoice must"):
        id_of(invoice_id, written)
