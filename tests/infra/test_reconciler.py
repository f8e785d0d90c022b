"""From the end of an execution to its record: the rule, who may call the function, and how it finds the record."""

from __future__ import annotations

from handlers.approvals.rules.endings import Execution
from handlers.contract.settings import ReconcileSettings
from tests.support.harness import Graph

MACHINE_ARN = "arn:aws:states:eu-central-1:123456789012:stateMachine:workflow-machine-0a1b2c3"
TABLE = "aws:dynamodb/table:Table"


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


def test_the_rule_may_call_the_function_before_that_becomes_its_target(graph):
    target = graph.named("aws:cloudwatch/eventTarget:EventTarget", "reconcile-endings-target")
    permission = graph.named("aws:lambda/permission:Permission", "reconcile-invoke")
    assert target.inputs["arn"].endswith(":function:reconcile-0a1b2c3")
    assert permission.inputs["function"] == "reconcile-0a1b2c3"
    assert permission.inputs["principal"] == "events.amazonaws.com"
    assert permission.inputs["sourceArn"].endswith(":rule/reconcile-endings-0a1b2c3")
    assert permission.urn in target.depends_on


def test_an_ending_that_is_not_delivered_or_fails_is_kept(graph):
    target = graph.named("aws:cloudwatch/eventTarget:EventTarget", "reconcile-endings-target").inputs
    assert target["deadLetterConfig"]["arn"].endswith(":reconcile-undelivered-0a1b2c3")
    assert target["retryPolicy"] == {"maximumEventAgeInSeconds": 3600, "maximumRetryAttempts": 60}
    policy = graph.named("aws:sqs/queuePolicy:QueuePolicy", "reconcile-undelivered-policy").json("policy")
    (admitted,) = [one for one in policy["Statement"] if one["Effect"] == "Allow"]
    assert admitted["Principal"] == {"Service": "events.amazonaws.com"}
    assert admitted["Resource"] == [target["deadLetterConfig"]["arn"]]
    (rule,) = admitted["Condition"]["ArnEquals"].values()
    assert rule.endswith(":rule/reconcile-endings-0a1b2c3")

    calls = graph.named(
        "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", "reconcile-invocations"
    ).inputs
    kept = calls["destinationConfig"]["onFailure"]["destination"]
    assert calls["functionName"] == "reconcile-0a1b2c3"
    assert calls["maximumRetryAttempts"] == 2
    assert kept.endswith(":reconcile-failed-0a1b2c3")


def test_a_record_is_found_by_its_execution_and_the_index_holds_nothing_more(graph):
    table = graph.named(TABLE, "store-table").inputs
    (index,) = table["globalSecondaryIndexes"]
    assert table["attributes"] == [{"name": name, "type": "S"} for name in ("requestId", "executionArn")]
    assert index["keySchemas"] == [{"attributeName": "executionArn", "keyType": "HASH"}]
    assert index["projectionType"] == "KEYS_ONLY"
    assert settings(graph).execution_index == index["name"]
