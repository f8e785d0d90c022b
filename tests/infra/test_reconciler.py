"""From what EventBridge tells to the record: the rules, who may call the functions, and how they find the record."""

from __future__ import annotations

import pytest

from handlers.approvals.rules.endings import Execution
from handlers.contract.settings import ReconcileSettings
from tests.support.harness import Graph

MACHINE_ARN = "arn:aws:states:eu-central-1:123456789012:stateMachine:workflow-machine-0a1b2c3"
TABLE = "aws:dynamodb/table:Table"
listening = pytest.mark.parametrize(("name", "what"), [("reconcile", "endings"), ("bounce", "mails")])


def settings(graph: Graph) -> ReconcileSettings:
    """What the function reads when it starts."""
    return ReconcileSettings.read(graph.variables("reconcile"))


def test_every_ending_of_this_workflow_is_heard_of_and_nothing_else(graph):
    pattern = graph.named("aws:cloudwatch/eventRule:EventRule", "reconcile-endings").json("eventPattern")
    assert pattern["source"] == ["aws.states"]
    assert pattern["detail-type"] == ["Step Functions Execution Status Change"]
    assert pattern["detail"].keys() == {"stateMachineArn", "status"}
    assert pattern["detail"]["stateMachineArn"] == [MACHINE_ARN]
    statuses = ["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE"]
    assert {one for one in statuses if Execution(status=one).over} == set(pattern["detail"]["status"])


@listening
def test_a_rule_may_call_its_function_before_that_becomes_its_target(mailed, name, what):
    target = mailed.named("aws:cloudwatch/eventTarget:EventTarget", f"{name}-{what}-target")
    permission = mailed.named("aws:lambda/permission:Permission", f"{name}-invoke")
    assert target.inputs["arn"].endswith(f":function:{name}-0a1b2c3")
    assert permission.inputs["function"] == f"{name}-0a1b2c3"
    assert permission.inputs["principal"] == "events.amazonaws.com"
    assert permission.inputs["sourceArn"].endswith(f":rule/{name}-{what}-0a1b2c3")
    assert permission.urn in target.depends_on


@listening
def test_an_event_that_is_not_delivered_or_fails_is_kept(mailed, name, what):
    target = mailed.named("aws:cloudwatch/eventTarget:EventTarget", f"{name}-{what}-target").inputs
    assert target["deadLetterConfig"]["arn"].endswith(f":{name}-undelivered-0a1b2c3")
    assert target["retryPolicy"] == {"maximumEventAgeInSeconds": 3600, "maximumRetryAttempts": 60}
    policy = mailed.named("aws:sqs/queuePolicy:QueuePolicy", f"{name}-undelivered-policy").json("policy")
    (admitted,) = [one for one in policy["Statement"] if one["Effect"] == "Allow"]
    assert admitted["Principal"] == {"Service": "events.amazonaws.com"}
    assert admitted["Resource"] == [target["deadLetterConfig"]["arn"]]
    (rule,) = admitted["Condition"]["ArnEquals"].values()
    assert rule.endswith(f":rule/{name}-{what}-0a1b2c3")

    calls = mailed.named("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", f"{name}-invocations").inputs
    kept = calls["destinationConfig"]["onFailure"]["destination"]
    assert calls["functionName"] == f"{name}-0a1b2c3"
    assert calls["maximumRetryAttempts"] == 2
    assert kept.endswith(f":{name}-failed-0a1b2c3")


def test_a_record_is_found_by_its_execution_or_status_and_the_indexes_hold_nothing_more(graph):
    table = graph.named(TABLE, "store-table").inputs
    index, by_status = table["globalSecondaryIndexes"]
    keys = ("requestId", "executionArn", "status", "requestedAt")
    assert table["attributes"] == [{"name": name, "type": "S"} for name in keys]
    assert index["keySchemas"] == [{"attributeName": "executionArn", "keyType": "HASH"}]
    assert [one["attributeName"] for one in by_status["keySchemas"]] == ["status", "requestedAt"]
    assert {one["projectionType"] for one in (index, by_status)} == {"KEYS_ONLY"}
    assert settings(graph).execution_index == index["name"]
