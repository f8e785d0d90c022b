"""An approval that carries values: from the question's fields to the main processing."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

from tests.support.stacks import ALICE, BOB, JSON, Run

OPTIONS = [{"value": "eu", "label": "Frankfurt"}, {"value": "us", "label": "Virginia"}]
REGION = {"name": "region", "label": "Region", "type": "choice", "required": True, "options": OPTIONS}
FIELDS = [
    REGION,
    {"name": "amount", "label": "Amount", "type": "number", "max": 500, "decimals": 2},
    {"name": "sure", "label": "Sure?", "type": "boolean"},
]
LINKS = [{"label": "Change log", "url": "https://example.com/changes"}]
# How JSON, JavaScript and people write numbers. Each is a limit of a field, so the question's digest depends on it.
SPELLINGS = re.findall(
    r"\S+",
    """
    0 -0 1 10 100 1e2 1E2 1e+2 1.0 1.50 0.1 0.10 0.30 1e-1 1E-7 0.0000001 123456789012345 -123456789012345
    0.123456789012345 12345678.9012345 1e14 100000000000000 -1.5e3 5e-7 99.99 0.7 1.1 2.675 4.35 1.005
    9007199254740.99 "0" "-0.00" "0.10" "1e2" "+7" "007" ".5" "5." "123456789012345"
    """,
)


def press(run: Run, values: dict[str, Any], who: str = ALICE, decision: str = "approve") -> Any:
    """As a program does."""
    return run.stack.http.post(run.link(who), json={"decision": decision, "values": values}, headers=JSON)


def test_what_people_enter_reaches_the_main_processing_as_json_of_its_type(plain):
    run = plain.start(fields=FIELDS, links=LINKS)
    form = {"decision": "approve", "values.region": "us", "values.amount": "12.50", "values.sure": "false"}
    shown = plain.get(run.link())
    assert "https://example.com/changes" in shown.text
    assert plain.http.post(run.link(), data=form, headers={"accept": "text/html"}).status_code == 200
    approval = run.succeeded()["approval"]
    assert approval["values"] == {"region": "us", "amount": 12.5, "sure": False}
    assert [vote["values"] for vote in approval["votes"]] == [approval["values"]]


def test_without_what_is_required_nothing_is_decided_and_each_field_says_what_it_lacks(plain):
    run = plain.start(fields=FIELDS)
    answer = press(run, {"amount": 500.001})
    assert (answer.status_code, answer.json()["errors"].keys()) == (400, {"values.region", "values.amount"})
    assert run.status == "RUNNING"
    assert press(run, {}, decision="reject").status_code == 200, "a rejection needs no values"
    assert run.failed()[0] == "Rejected"


def test_two_answers_do_not_make_one_until_somebody_joins(quorum):
    run = quorum.start(fields=FIELDS)
    assert press(run, {"region": "eu", "amount": "0.10"}).status_code == 200
    assert press(run, {"region": "eu", "amount": 0.2}, BOB).status_code == 200
    assert run.status == "RUNNING"
    assert press(run, {"region": "us"}, BOB).status_code == 409
    assert press(run, {"region": "eu", "amount": 0.1}, BOB).status_code == 200
    approval = run.succeeded()["approval"]
    assert approval["values"] == {"region": "eu", "amount": 0.1}
    assert (approval["approvals"], approval["missing"]) == (2, 0)
    assert run.item()["votes"][BOB]["withdrawn"]["values"] == {"region": "eu", "amount": "0.2"}


def test_numbers_of_every_spelling_are_bound_and_come_back_as_they_were_meant(plain):
    """The machine hands them on as text. As numbers, it would spell some of them otherwise, and refuse the answer."""
    runs = []
    for start in range(0, len(SPELLINGS), 10):
        spelled = SPELLINGS[start : start + 10]
        fields = ",".join(
            f'{{"name": "n{n}", "label": "N", "type": "number", "decimals": 15, "min": {one}, "default": {one}}}'
            for n, one in enumerate(spelled)
        )
        title = f"Numbers from {start}"
        text = f'{{"title": {json.dumps(title)}, "fields": [{fields}]}}'
        machine = plain.sandbox.outputs["stateMachineArn"]
        arn = plain.sfn.start_execution(stateMachineArn=machine, input=text)["executionArn"]
        runs.append((Run(plain, arn, title), [Decimal(one.strip('"')) for one in spelled]))
    for run, numbers in runs:
        shown = plain.get(run.link(), accept="application/json").json()["request"]["fields"]
        assert [Decimal(str(field["min"])) for field in shown] == numbers
        assert press(run, {field["name"]: field["default"] for field in shown}).status_code == 200
        values = run.succeeded()["approval"]["values"]
        assert [Decimal(str(value)) for value in values.values()] == numbers
