"""What starts the workflow: a schedule, an event, both or neither."""

from __future__ import annotations

import json

import pytest

from tests.support.harness import EVERYTHING, REQUIRED, Graph, deploy

SCHEDULE = "aws:scheduler/schedule:Schedule"
RULE = "aws:cloudwatch/eventRule:EventRule"
TARGET = "aws:cloudwatch/eventTarget:EventTarget"
MACHINE_ARN = "arn:aws:states:eu-central-1:123456789012:stateMachine:workflow-machine-0a1b2c3"
LETTERS_ARN = "arn:aws:sqs:eu-central-1:123456789012:trigger-dead-letters-0a1b2c3"
RULE_ARN = "arn:aws:events:eu-central-1:123456789012:rule/trigger-rule-0a1b2c3"


def triggers(graph: Graph) -> set[str]:
    return {node.name for node in graph.nodes if node.name.startswith("trigger-")}


def admitted(graph: Graph) -> list[dict]:
    """Who may send to the triggers' dead-letter queue."""
    policy = graph.named("aws:sqs/queuePolicy:QueuePolicy", "trigger-dead-letters-policy").json("policy")
    return [statement for statement in policy["Statement"] if statement["Effect"] == "Allow"]


def test_without_either_trigger_nothing_starts_the_workflow_by_itself(bare):
    assert not bare.of(SCHEDULE)
    assert triggers(bare) == {"trigger-dead-letters", "trigger-dead-letters-policy"}
    assert not admitted(bare)


@pytest.mark.parametrize(("key", "other"), [("schedule", RULE), ("eventPattern", SCHEDULE)])
def test_one_trigger_brings_nothing_of_the_other(key, other):
    graph = deploy(config=REQUIRED | {key: EVERYTHING[key]})
    assert not [node for node in graph.of(other) if node.name.startswith("trigger-")]
    assert len(triggers(graph)) > 2


def test_the_schedule_follows_the_configured_time_zone_to_the_minute(full):
    schedule = full.named(SCHEDULE, "trigger-schedule").inputs
    assert schedule["scheduleExpression"] == EVERYTHING["schedule"]
    assert schedule["scheduleExpressionTimezone"] == EVERYTHING["timezone"]
    assert schedule["flexibleTimeWindow"] == {"mode": "OFF"}


def test_the_schedule_starts_the_machine_with_the_configured_task(full):
    target = full.named(SCHEDULE, "trigger-schedule").inputs["target"]
    assert target["arn"] == MACHINE_ARN
    assert json.loads(target["input"])["task"] == json.loads(EVERYTHING["task"])


def test_the_rule_takes_the_configured_events_to_the_machine(full):
    assert full.named(RULE, "trigger-rule").json("eventPattern") == json.loads(EVERYTHING["eventPattern"])
    target = full.named(TARGET, "trigger-rule-target").inputs
    assert target["rule"] == "trigger-rule-0a1b2c3"
    assert target["arn"] == MACHINE_ARN
    assert not target.keys() & {"input", "inputPath", "inputTransformer"}, "the handler reads the whole event"


@pytest.mark.parametrize(("type_", "name"), [(SCHEDULE, "trigger-schedule"), (TARGET, "trigger-rule-target")])
def test_a_start_waits_for_its_permission_is_tried_for_an_hour_and_then_kept(full, type_, name):
    trigger = full.named(type_, name)
    target = trigger.inputs.get("target", trigger.inputs)
    assert target["retryPolicy"] == {"maximumEventAgeInSeconds": 3600, "maximumRetryAttempts": 60}
    assert target["deadLetterConfig"] == {"arn": LETTERS_ARN}
    policy = full.named("aws:iam/rolePolicy:RolePolicy", f"{name.removesuffix('-target')}-policy")
    assert policy.urn in trigger.depends_on


def test_only_the_rule_may_keep_its_failures_in_the_queue(full):
    (leave,) = admitted(full)
    assert leave["Principal"] == {"Service": "events.amazonaws.com"}
    assert leave["Action"] == ["sqs:SendMessage"]
    assert leave["Resource"] == [LETTERS_ARN]
    assert leave["Condition"] == {"ArnEquals": {"aws:SourceArn": RULE_ARN}}
