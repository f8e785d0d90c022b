"""What an operator is told of, and what not."""

from __future__ import annotations

from handlers.contract.settings import ReconcileSettings
from tests.support.harness import Graph

MACHINE_ARN = "arn:aws:states:eu-central-1:123456789012:stateMachine:workflow-machine-0a1b2c3"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
FUNCTIONS = [
    "workflow-generate-0a1b2c3",
    "workflow-process-0a1b2c3",
    "page-0a1b2c3",
    "ask-0a1b2c3",
    "give-up-0a1b2c3",
    "reconcile-0a1b2c3",
    "operate-0a1b2c3",
    "bounce-0a1b2c3",
    "announce-0a1b2c3",
]


def letters(queue: str) -> list[tuple[str, str, dict[str, str], str]]:
    dimension = {"QueueName": f"{queue}-0a1b2c3"}
    return [
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible", dimension, "Maximum"),
        ("AWS/SQS", "ApproximateNumberOfMessagesNotVisible", dimension, "Maximum"),
    ]


ALARMS = {
    "alarm-request-dead-letters": letters("requests-dead-letters"),
    "alarm-trigger-dead-letters": letters("trigger-dead-letters"),
    "alarm-lost-endings": letters("reconcile-undelivered") + letters("reconcile-failed"),
    "alarm-lost-bounces": letters("bounce-undelivered") + letters("bounce-failed"),
    "alarm-lost-announcements": letters("announce-failed"),
    "alarm-request-queue-age": [
        ("AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": "requests-queue-0a1b2c3"}, "Maximum")
    ],
    "alarm-function-errors": [("AWS/Lambda", "Errors", {"FunctionName": name}, "Sum") for name in FUNCTIONS],
    "alarm-function-throttles": [("AWS/Lambda", "Throttles", {"FunctionName": name}, "Sum") for name in FUNCTIONS],
    "alarm-api-errors": [("AWS/ApiGateway", "5xx", {"ApiId": "page-api-id"}, "Sum")],
    "alarm-workflow-throttles": [("AWS/States", "ExecutionThrottled", {"StateMachineArn": MACHINE_ARN}, "Sum")],
    "alarm-answers-without-vote": [
        ("signoff", "AnsweredWithoutVote", {"service": "reconcile", "label": "test"}, "Maximum")
    ],
}


def test_these_alarms_watch_this_and_there_are_no_others(graph):
    """Mails come back by SES only."""
    by_ses = "approverTopicArn" not in graph.exports
    expected = {
        name: [one for one in watched if by_ses or one[2] != {"FunctionName": "bounce-0a1b2c3"}]
        for name, watched in ALARMS.items()
        if by_ses or name != "alarm-lost-bounces"
    }
    found = {}
    for alarm in graph.of(ALARM):
        total, *queries = alarm.inputs["metricQueries"]
        assert (total["expression"], total["returnData"]) == ("SUM(METRICS())", True), alarm.name
        assert not any(query.get("returnData") for query in queries), alarm.name
        watched = [query["metric"] for query in queries]
        found[alarm.name] = [(one["namespace"], one["metricName"], one["dimensions"], one["stat"]) for one in watched]
    assert found == expected


def test_one_fault_raises_an_alarm_and_silence_does_not(graph):
    for alarm in graph.of(ALARM):
        inputs = alarm.inputs
        aged = alarm.name == "alarm-request-queue-age"
        assert inputs["comparisonOperator"] == "GreaterThanThreshold", alarm.name
        assert (inputs["threshold"] == 0) != aged, alarm.name
        assert {one["metric"]["period"] for one in inputs["metricQueries"][1:]} == {60 if aged else 300}, alarm.name
        assert inputs["evaluationPeriods"] == 1, alarm.name
        assert inputs["treatMissingData"] == "notBreaching", alarm.name


def test_alarms_tell_the_operator_when_they_start_and_not_when_they_are_made(graph):
    """Each alarm is OK for a first time when it is made, which would be a mail each."""
    for alarm in graph.of(ALARM):
        assert alarm.inputs["alarmActions"] == [graph.exports["operatorTopicArn"]], alarm.name
        assert not alarm.inputs.get("okActions"), alarm.name


def test_metrics_are_counted_where_the_alarm_looks_for_them(graph):
    _total, query = graph.named(ALARM, "alarm-answers-without-vote").inputs["metricQueries"]
    variables = graph.variables("reconcile")
    assert query["metric"]["namespace"] == variables["POWERTOOLS_METRICS_NAMESPACE"]
    assert query["metric"]["dimensions"] == {
        "service": variables["POWERTOOLS_SERVICE_NAME"],
        "label": ReconcileSettings.read(variables).label,
    }


def test_somebody_reads_the_operators_topic_only_where_configured(bare, full):
    def readers(graph: Graph) -> list[tuple[str, str]]:
        subscriptions = [node.inputs for node in graph.of("aws:sns/topicSubscription:TopicSubscription")]
        topic = graph.exports["operatorTopicArn"]
        return [(one["protocol"], one["endpoint"]) for one in subscriptions if one["topic"] == topic]

    assert readers(bare) == []
    assert readers(full) == [("email", "operations@example.com")]


def test_an_alarm_watches_every_queue_in_which_letters_stay(graph):
    watched = {
        one["metric"]["dimensions"]["QueueName"]
        for alarm in graph.of(ALARM)
        for one in alarm.inputs["metricQueries"][1:]
        if one["metric"]["metricName"] == "ApproximateNumberOfMessagesVisible"
    }
    queues = {queue.name: queue.physical for queue in graph.of("aws:sqs/queue:Queue")}
    assert watched == {physical for name, physical in queues.items() if name != "requests-queue"}


def test_no_metric_that_anybody_may_write_is_summed_up():
    """A value of -1 would cancel an alarm. AWS's own namespaces are closed to others."""
    for name, watched in ALARMS.items():
        ours = [stat for namespace, *_, stat in watched if not namespace.startswith("AWS/")]
        assert ours in ([], ["Maximum"]), name


def test_only_the_stacks_own_alarms_are_admitted_to_the_operators_topic(graph):
    policy = graph.named("aws:sns/topicPolicy:TopicPolicy", "operator-topic-policy")
    (admitted,) = [one for one in policy.json("policy")["Statement"] if one["Effect"] == "Allow"]
    assert admitted["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    ((operator, sources),) = admitted["Condition"].items()
    assert (operator, sources.keys()) == ("ArnEquals", {"aws:SourceArn"})
    assert sorted(sources["aws:SourceArn"]) == sorted(alarm.arn for alarm in graph.of(ALARM))
