"""Who may do what in examples/webhook, and the events as docs/events.md lists them."""

from __future__ import annotations

import json
import re
import runpy

import pytest

from handlers.contract.events import EventType
from sandbox.deploy import PROJECT
from tests.support.harness import Graph, deploy

PROGRAM = PROJECT / "examples/webhook/__main__.py"
DOCS = PROJECT / "docs"


@pytest.fixture(scope="module")
def graph() -> Graph:
    config = {"label": "prod", "url": "https://example.com/hook", "apiKey": "a secret"}
    return deploy(lambda: runpy.run_path(str(PROGRAM)), config)


def test_eventbridge_may_call_this_destination_and_keep_what_failed_for_this_rule_only(graph):
    condition = {"ArnEquals": {"aws:SourceArn": graph.one("aws:cloudwatch/eventRule:EventRule").arn}}
    for type_, key in (("aws:iam/role:Role", "assumeRolePolicy"), ("aws:sqs/queuePolicy:QueuePolicy", "policy")):
        (statement,) = graph.one(type_).json(key)["Statement"]
        assert statement["Principal"] == {"Service": "events.amazonaws.com"}
        assert statement["Condition"] == condition
    (allowed,) = graph.one("aws:iam/rolePolicy:RolePolicy").json("policy")["Statement"]
    assert allowed["Action"] == "events:InvokeApiDestination"
    assert allowed["Resource"] == graph.one("aws:cloudwatch/eventTarget:EventTarget").inputs["arn"]


def test_the_guide_has_each_event_with_its_fields():
    page = (DOCS / "events.md").read_text()
    rows = re.findall(r"^\| \[`(.+?)`\]\((.+?)\) \| .+? \| ?(.*?) ?\|$", page, re.MULTILINE)
    (sentence,) = re.findall(r"All have (.+?)\.", page)
    common = set(re.findall(r"`(\w+)`", sentence))
    assert [name for name, _, _ in rows] == [*EventType]
    for name, path, fields in rows:
        schema = json.loads((DOCS / path).read_text())
        assert schema["title"] == name
        assert set(schema["properties"]) == common | set(re.findall(r"`(\w+)`", fields))
