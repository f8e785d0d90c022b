"""An approval that carries values: from the question's fields to the main processing."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

from tests.support.records import LINKS, OF_EACH_TYPE
from tests.support.stacks import ALICE, BOB, HTML, JSON, Run

FIELDS = [
    OF_EACH_TYPE[0],
    {"name": "amount", "label": "Amount", "type": "number", "max": 500, "decimals": 2},
    {"name": "sure", "label": "Sure?", "type": "boolean"},
]
# How JSON, JavaScript and people write numbers. Each is a limit of a field, so the question's digest depends on it.
SPELLINGS = re.findall(
    r"\S+",
    """
    0 -0 10 1e2 1E2 1e+2 1.0 1.50 0.10 1e-1 1E-7 0.0000001 123456789012345 -123456789012345 0.123456789012345
    12345678.9012345 1e14 -1.5e3 2.675 1.005 9007199254740.99 "-0.00" "0.10" "1e2" "+7" "007" ".5" "5."
    0.7 "123456789012345"
    """,
)


def press(run: Run, values: dict[str, Any], who: str = ALICE) -> Any:
    """As a program does."""
    return run.stack.http.post(run.link(who), json={"decision": "approve", "values": values}, headers=JSON)


def test_two_answers_do_not_make_one_until_somebody_joins_and_its_values_reach_the_main_processing(quorum):
    run = quorum.start(fields=FIELDS, links=LINKS)
    assert LINKS[0]["url"].replace("&", "&amp;") in quorum.get(run.link()).text
    form = {"decision": "approve", "values.region": "us-1", "values.amount": "12.50", "values.sure": "false"}
    assert quorum.http.post(run.link(), data=form, headers=HTML).status_code == 200
    assert press(run, {"region": "us-1", "amount": 0.2}, BOB).status_code == 200
    assert run.status == "RUNNING"
    assert press(run, {"region": "eu-1"}, BOB).status_code == 409
    values = {"region": "us-1", "amount": 12.5, "sure": False}
    assert press(run, values, BOB).status_code == 200
    approval = run.succeeded()["approval"]
    assert [approval["values"], *(vote["values"] for vote in approval["votes"])] == [values] * 3
    assert (approval["approvals"], approval["missing"]) == (2, 0)
    assert run.item()["votes"][BOB]["withdrawn"]["values"] == {"region": "us-1", "amount": "0.2"}


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
