"""What an operator is told of, and what not."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.approvals.decisions import WorkflowError
from tests.infra.harness import Graph

MACHINE_ARN = "arn:aws:states:eu-central-1:123456789012:stateMachine:workflow-machine-0a1b2c3"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
FUNCTIONS = [
    "workflow-generate-task-0a1b2c3",
    "workflow-process-task-0a1b2c3",
    "approval-function-0a1b2c3",
    "notifier-request-approval-0a1b2c3",
    "notifier-fail-request-0a1b2c3",
    "records-reconcile-request-0a1b2c3",
]


def letters(queue: str) -> list[tuple[str, str, dict[str, str], str]]:
    dimension = {"QueueName": f"{queue}-0a1b2c3"}
    return [
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible", dimension, "Maximum"),
        ("AWS/SQS", "ApproximateNumberOfMessagesNotVisible", dimension, "Maximum"),
    ]


ALARMS = {
    "operator-request-dead-letters": letters("requests-dead-letters"),
    "operator-trigger-dead-letters": letters("trigger-dead-letters"),
    "operator-function-errors": [("AWS/Lambda", "Errors", {"FunctionName": name}, "Sum") for name in FUNCTIONS],
    "operator-function-throttles": [("AWS/Lambda", "Throttles", {"FunctionName": name}, "Sum") for name in FUNCTIONS],
    "operator-api-errors": [("AWS/ApiGateway", "5xx", {"ApiId": "approval-api-id"}, "Sum")],
    "operator-workflow-throttles": [("AWS/States", "ExecutionThrottled", {"StateMachineArn": MACHINE_ARN}, "Sum")],
}


@pytest.fixture(scope="module", params=["bare", "full"])
def graph(request) -> Graph:
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def pattern(graph) -> dict[str, Any]:
    return graph.named("aws:cloudwatch/eventRule:EventRule", "operator-endings").json("eventPattern")


def matches(pattern: Any, event: Any) -> bool:
    """Whether EventBridge would take this event: as much of its language as the rule uses.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns-content-based-filtering.html
    """
    for key, wanted in pattern.items():
        if key == "$or":
            fits = any(matches(one, event) for one in wanted)
        elif isinstance(wanted, dict):
            fits = isinstance(event.get(key), dict) and matches(wanted, event[key])
        else:
            fits = any(leaf(one, key, event) for one in wanted)
        if not fits:
            return False
    return True


def leaf(wanted: Any, key: str, event: dict[str, Any]) -> bool:
    if not isinstance(wanted, dict):
        return key in event and event[key] == wanted
    if "exists" in wanted:
        return (key in event) is wanted["exists"]
    return key in event and event[key] not in wanted["anything-but"]


def ending(status: str, error: str = "", machine: str = MACHINE_ARN) -> dict[str, Any]:
    detail = {"stateMachineArn": machine, "status": status, "name": "run"}
    return {
        "source": "aws.states",
        "detail-type": "Step Functions Execution Status Change",
        "detail": detail | ({"error": error} if error else {}),
    }


PEOPLES_DOING = {WorkflowError.REJECTED, WorkflowError.EXPIRED}


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("TIMED_OUT", ""),
        ("ABORTED", ""),
        ("FAILED", ""),
        ("FAILED", "States.Runtime"),
        ("FAILED", "Lambda.Unknown"),
        ("FAILED", "RuntimeError"),
        *(("FAILED", error.value) for error in WorkflowError if error not in PEOPLES_DOING),
    ],
)
def test_an_operator_is_told_of_executions_that_broke(pattern, status, error):
    assert matches(pattern, ending(status, error))


@pytest.mark.parametrize(
    ("status", "error"), [("RUNNING", ""), ("SUCCEEDED", ""), ("FAILED", "Rejected"), ("FAILED", "Expired")]
)
def test_an_operator_is_not_told_of_what_people_decided(pattern, status, error):
    assert not matches(pattern, ending(status, error))


def test_an_operator_is_not_told_of_other_machines(pattern):
    assert not matches(pattern, ending("FAILED", machine=MACHINE_ARN.replace("workflow", "other")))


def test_the_operator_reads_a_sentence_with_everything_in_it(graph):
    target = graph.named("aws:cloudwatch/eventTarget:EventTarget", "operator-endings-target")
    words = target.inputs["inputTransformer"]
    assert target.inputs["rule"] == "operator-endings-0a1b2c3"
    assert target.inputs["arn"] == graph.exports["operatorTopicArn"]
    assert words["inputTemplate"].startswith('"')
    assert words["inputTemplate"].endswith('"')
    assert all(f"<{name}>" in words["inputTemplate"] for name in words["inputPaths"])
    assert set(words["inputPaths"].values()) == {
        f"$.detail.{name}" for name in ("name", "status", "error", "cause", "executionArn")
    }


def test_there_are_no_other_alarms(graph):
    assert {alarm.name for alarm in graph.of(ALARM)} == ALARMS.keys()


@pytest.mark.parametrize(("name", "expected"), ALARMS.items())
def test_an_alarm_watches(graph, name, expected):
    total, *queries = graph.named(ALARM, name).inputs["metricQueries"]
    watched = [query["metric"] for query in queries]
    assert total["expression"] == "SUM(METRICS())"
    assert total["returnData"] is True
    assert not any(query.get("returnData") for query in queries)
    assert [(one["namespace"], one["metricName"], one["dimensions"], one["stat"]) for one in watched] == expected
    assert {one["period"] for one in watched} == {300}


def test_one_fault_raises_an_alarm_and_silence_does_not(graph):
    for alarm in graph.of(ALARM):
        inputs = alarm.inputs
        assert (inputs["comparisonOperator"], inputs["threshold"]) == ("GreaterThanThreshold", 0), alarm.name
        assert inputs["evaluationPeriods"] == 1, alarm.name
        assert inputs["treatMissingData"] == "notBreaching", alarm.name


def test_alarms_tell_the_operator_when_they_start_and_when_they_end(graph):
    for alarm in graph.of(ALARM):
        assert alarm.inputs["alarmActions"] == [graph.exports["operatorTopicArn"]], alarm.name
        assert alarm.inputs["okActions"] == [graph.exports["operatorTopicArn"]], alarm.name


def test_somebody_reads_the_operators_topic_only_where_configured(bare, full):
    def readers(graph: Graph) -> list[tuple[str, str]]:
        subscriptions = [node.inputs for node in graph.of("aws:sns/topicSubscription:TopicSubscription")]
        topic = graph.exports["operatorTopicArn"]
        return [(one["protocol"], one["endpoint"]) for one in subscriptions if one["topic"] == topic]

    assert readers(bare) == []
    assert readers(full) == [("email", "operations@example.com")]


def test_the_rule_and_the_alarms_may_write_to_the_operators_topic(graph):
    policy = graph.named("aws:sns/topicPolicy:TopicPolicy", "operator-topic-policy")
    admitted = [one for one in policy.json("policy")["Statement"] if one["Effect"] == "Allow"]
    target = graph.named("aws:cloudwatch/eventTarget:EventTarget", "operator-endings-target")
    conditions = {one["Principal"]["Service"]: one.get("Condition") for one in admitted}
    assert conditions == {
        "events.amazonaws.com": None,  # EventBridge and SNS know no condition between them
        "cloudwatch.amazonaws.com": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
    }
    assert policy.urn in target.depends_on
