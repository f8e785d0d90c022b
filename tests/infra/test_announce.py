"""Who is told besides the approvers: what is made for it, what it may do, and what shows it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from handlers.contract.metrics import Metric
from infra.config.settings import ConfigError
from tests.support.harness import ALICE, REQUIRED, STACK, Graph, deploy, load

ACCOUNT = "eu-central-1:123456789012"
STREAM = f"arn:aws:dynamodb:{ACCOUNT}:table/store-table-0a1b2c3/stream/2026-11-30"
WAYS = ("events", "announceDecision", "chatNotifications")
# What each way to tell allows, beside what reading the stream takes.
ALLOWED = {
    "events": ("events:PutEvents", f"arn:aws:events:{ACCOUNT}:event-bus/default"),
    "announceDecision": ("sqs:SendMessage", f"arn:aws:sqs:{ACCOUNT}:requests-queue-0a1b2c3"),
    "chatNotifications": ("sns:Publish", f"arn:aws:sns:{ACCOUNT}:announce-chat-0a1b2c3"),
}
READING = {
    ("dynamodb:DescribeStream", STREAM),
    ("dynamodb:GetRecords", STREAM),
    ("dynamodb:GetShardIterator", STREAM),
    ("dynamodb:ListStreams", f"arn:aws:dynamodb:{ACCOUNT}:table/store-table-0a1b2c3/stream/*"),
    ("sqs:SendMessage", f"arn:aws:sqs:{ACCOUNT}:announce-failed-0a1b2c3"),
}
DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
# Who counts what, by the names of services.
COUNTED = {
    "ask": {Metric.REQUESTED, Metric.MAILS, Metric.NOT_DELIVERED},
    "page": {Metric.APPROVED, Metric.REJECTED, Metric.DECISION_SECONDS},
    "reconcile": {Metric.EXPIRED, Metric.ANSWERED_WITHOUT_VOTE},
    "give_up": {Metric.NOT_DELIVERED},
    "bounce": {Metric.NOT_DELIVERED},
}


def telling(*on: str) -> Graph:
    return deploy(config=REQUIRED | {way: str(way in on).lower() for way in WAYS})


def test_with_nobody_to_tell_nothing_is_made():
    graph = telling()
    assert not [node.name for node in graph.nodes if node.name.startswith("announce") or "stream" in node.name]
    assert not graph.one("aws:dynamodb/table:Table").inputs["streamEnabled"]
    assert "announcements" not in "".join(node.name for node in graph.nodes)


@pytest.mark.parametrize("way", WAYS)
def test_each_way_to_tell_has_its_own_permission_and_no_other(way):
    graph = telling(way)
    statements = graph.named("aws:iam/rolePolicy:RolePolicy", "announce-policy").json("policy")["Statement"]
    allowed = {(action, one) for it in statements[2:] for action in it["Action"] for one in it["Resource"]}
    assert allowed == READING | {ALLOWED[way]}
    assert [one["Sid"] for one in statements[:2]] == ["Log", "Trace"]
    assert len(graph.of("aws:sns/topic:Topic")) == (3 if way == "chatNotifications" else 2)
    senders = graph.named("aws:sqs/queuePolicy:QueuePolicy", "requests-queue-policy").inputs["policy"]
    assert ("announce-role" in senders) == (way == "announceDecision")
    assert ("chatTopicArn" in graph.exports) == (way == "chatNotifications")


def test_events_are_put_with_this_source_only_however_many_are_in_a_call(full):
    statements = full.named("aws:iam/rolePolicy:RolePolicy", "announce-policy").json("policy")["Statement"]
    (put,) = [one for one in statements if one["Sid"] == "PutEvents"]
    assert put["Condition"] == {
        "ForAllValues:StringEquals": {"events:source": [f"signoff.{STACK}"]},
        "Null": {"events:source": "false"},
    }


def test_a_record_that_fails_is_tried_a_few_times_and_then_kept(full):
    table = full.one("aws:dynamodb/table:Table")
    assert (table.inputs["streamEnabled"], table.inputs["streamViewType"]) == (True, "NEW_AND_OLD_IMAGES")
    mapping = full.named("aws:lambda/eventSourceMapping:EventSourceMapping", "announce-changes").inputs
    failed = full.named("aws:sqs/queue:Queue", "announce-failed").arn
    assert mapping["eventSourceArn"] == STREAM
    assert mapping["startingPosition"] == "TRIM_HORIZON"
    assert mapping["functionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["bisectBatchOnFunctionError"]
    assert (mapping["maximumRetryAttempts"], mapping["maximumRecordAgeInSeconds"]) == (5, 3600)
    assert mapping["destinationConfig"] == {"onFailure": {"destinationArn": failed}}
    (only,) = mapping["filterCriteria"]["filters"]
    assert json.loads(only["pattern"]) == {"eventName": ["INSERT", "MODIFY"]}, "not what expires"


def lines(graph: Graph) -> Iterator[tuple[str, list[Any]]]:
    for widget in graph.one(DASHBOARD).json("dashboardBody")["widgets"]:
        for line in widget["properties"]["metrics"]:
            yield widget["properties"]["title"], line


def test_the_dashboard_shows_metrics_that_exist(full):
    there = {node.physical for node in full.nodes if node.type.startswith("aws:")}
    shown: dict[str, set[str]] = {}
    for title, (namespace, metric, *rest) in lines(full):
        dimensions = dict(zip(rest[:-1:2], rest[1:-1:2], strict=True))
        if namespace == "signoff":
            assert Metric(metric) in COUNTED[dimensions["service"]], metric
            assert dimensions["label"] == STACK
        else:
            (name,) = dimensions.values()
            assert name in there, name
        shown.setdefault(title, set()).add(metric)
    assert shown["Requests"] == {"Requested", "Approved", "Rejected", "Expired"}
    assert shown["Mails"] == {"Mails"}
    failing = {line[3] for title, line in lines(full) if title == "Failures" and line[1] == Metric.NOT_DELIVERED}
    assert failing == {service for service, metrics in COUNTED.items() if Metric.NOT_DELIVERED in metrics}
    assert shown["Failures"] == {"NotDelivered", "Errors", "ApproximateNumberOfMessagesVisible"}
    assert shown["Oldest request that waits for its mails"] == {"ApproximateAgeOfOldestMessage"}
    stats = [widget["properties"]["stat"] for widget in full.one(DASHBOARD).json("dashboardBody")["widgets"]]
    (p50, p95) = [line for title, line in lines(full) if title == "Time to decision"]
    assert ("p50" in stats, p50[1], p95[1], p95[-1]["stat"]) == (True, "DecisionSeconds", "DecisionSeconds", "p95")


def test_the_widgets_of_the_dashboard_lie_side_by_side(full):
    body = full.one(DASHBOARD).json("dashboardBody")["widgets"]
    cells = [
        (x, y)
        for one in body
        for x in range(one["x"], one["x"] + one["width"])
        for y in range(one["y"], one["y"] + one["height"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24
    assert {one["type"] for one in body} == {"metric"}
    assert {one["properties"]["region"] for one in body} == {"eu-central-1"}


def test_a_dashboard_is_made_only_where_it_is_asked_for(bare):
    assert not bare.of(DASHBOARD)


@pytest.mark.parametrize(
    "pattern",
    [
        {"source": [f"signoff.{STACK}"]},
        {"source": ["shop", f"signoff.{STACK}"], "detail-type": ["Approval Decided"]},
        {"$or": [{"source": ["shop"]}, {"source": [f"signoff.{STACK}"]}]},
    ],
)
def test_a_stack_is_not_started_by_its_own_events(pattern):
    with pytest.raises(ConfigError) as raised:
        load(approvers=[ALICE], eventPattern=pattern)
    (line,) = str(raised.value).splitlines()
    assert line.startswith(f"signoff:eventPattern.source must not list signoff.{STACK}, this one's own events")


def test_another_stacks_events_may_start_it():
    assert load(approvers=[ALICE], eventPattern={"source": ["signoff.other"]}).event_pattern
