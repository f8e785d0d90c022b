"""Queues, functions, topic and table: limits of AWS that depend on each other, and what the configuration decides."""

from __future__ import annotations

import pytest

from tests.support.harness import ALICE, EVERYTHING, deploy, load, texts

QUEUE = "aws:sqs/queue:Queue"
FUNCTION = "aws:lambda/function:Function"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
DAY = 24 * 3600
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
LONGEST_RETENTION = 14 * DAY
LONGEST_VISIBILITY = 12 * 3600
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
ENVIRONMENT_BYTES = 4096
# Who reads which queue: (mapping, queue, function).
READERS = [
    ("ask-requests", "requests-queue", "ask"),
    ("give-up-mapping", "requests-dead-letters", "give-up"),
]


@pytest.mark.parametrize(("mapping", "queue", "function"), READERS)
def test_a_message_stays_hidden_for_six_time_outs_of_its_reader(graph, mapping, queue, function):
    hidden = graph.named(QUEUE, queue).inputs["visibilityTimeoutSeconds"]
    assert 6 * graph.named(FUNCTION, function).inputs["timeout"] <= hidden <= LONGEST_VISIBILITY


@pytest.mark.parametrize(("mapping", "queue", "function"), READERS)
def test_a_reader_starts_when_its_role_may_read_and_fails_single_messages_not_batches(graph, mapping, queue, function):
    reader, reading = graph.named(FUNCTION, function), graph.named(MAPPING, mapping)
    assert reading.inputs["functionResponseTypes"] == ["ReportBatchItemFailures"]
    assert reading.inputs["eventSourceArn"].endswith(f":{queue}-0a1b2c3")
    assert reading.inputs["functionName"].endswith(f":function:{function}-0a1b2c3")
    assert reader.urn in reading.depends_on
    assert graph.named("aws:iam/rolePolicy:RolePolicy", f"{function}-policy").urn in reader.depends_on


def test_every_queue_is_encrypted_and_keeps_its_messages_as_long_as_sqs_can(graph):
    for queue in graph.of(QUEUE):
        assert queue.inputs["sqsManagedSseEnabled"] is True, queue.name
        assert queue.inputs["messageRetentionSeconds"] == LONGEST_RETENTION, queue.name


def test_a_dead_letter_is_kept_no_shorter_than_a_message_and_longer_than_any_wait_below_that():
    graph = deploy(config=texts({"approvers": [ALICE], "deadlineSeconds": LONGEST_RETENTION - 1}))
    kept = {queue.name: queue.inputs["messageRetentionSeconds"] for queue in graph.of(QUEUE)}
    assert kept["requests-dead-letters"] >= kept["requests-queue"] > LONGEST_RETENTION - 1


def test_a_message_is_tried_as_often_as_configured_before_it_is_dead(bare, full):
    for graph, attempts in ((bare, 8), (full, 4)):
        redrive = graph.named(QUEUE, "requests-queue").json("redrivePolicy")
        assert redrive["maxReceiveCount"] == attempts
        assert redrive["deadLetterTargetArn"].endswith(":requests-dead-letters-0a1b2c3")


def test_no_queue_takes_dead_letters_of_a_queue_that_is_not_ours(graph):
    """SQS would move them past the queue's policy."""
    own = {
        one.json("redrivePolicy")["deadLetterTargetArn"] for one in graph.of(QUEUE) if one.inputs.get("redrivePolicy")
    }
    for queue in graph.of(QUEUE):
        if queue.arn in own:  # the next test's
            assert "redriveAllowPolicy" not in queue.inputs, queue.name
        else:
            assert queue.json("redriveAllowPolicy") == {"redrivePermission": "denyAll"}, queue.name


def test_dead_letters_come_from_the_request_queue_only(graph):
    admitted = graph.named("aws:sqs/redriveAllowPolicy:RedriveAllowPolicy", "requests-redrive-allow")
    (source,) = admitted.json("redriveAllowPolicy")["sourceQueueArns"]
    assert admitted.inputs["queueUrl"].endswith("/requests-dead-letters-0a1b2c3")
    assert admitted.json("redriveAllowPolicy")["redrivePermission"] == "byQueue"
    assert source.endswith(":requests-queue-0a1b2c3")


@pytest.mark.parametrize(
    ("function", "entry", "timeout", "memory"),
    [
        ("workflow-generate", "generate", 15, 256),
        ("workflow-process", "process", 15, 256),
        ("page", "page", 25, 512),
        ("ask", "ask", 72, 512),
        ("bounce", "bounce", 60, 256),
        ("give-up", "give_up", 30, 256),
        ("reconcile", "reconcile", 300, 256),
    ],
)
def test_a_function_runs_its_own_handler_with_what_it_needs(mailed, function, entry, timeout, memory):
    inputs = mailed.named(FUNCTION, function).inputs
    assert inputs["handler"] == f"handlers.{entry}.handler"
    assert mailed.variables(function)["POWERTOOLS_SERVICE_NAME"] == entry
    assert (inputs["timeout"], inputs["memorySize"]) == (timeout, memory)


def test_what_a_function_is_told_is_no_more_than_lambda_takes():
    """The most: addresses of 254 characters, a name of 64, and as many domains as are taken."""
    longest = ".".join(["d" * 63, "d" * 63, "d" * 61])
    domains = [f"{number:02}.{'d' * 30}.example" for number in range(47)]
    config = {
        "approvers": [f"alice@{domain}" for domain in domains],
        "reminders": 0,
        "timezone": "America/Argentina/ComodRivadavia",
        "mailFrom": f"{'m' * 62}@{longest}",
        "replyTo": f"{'r' * 62}@{longest}",
        "mailFromName": 64 * "x",
    }
    graph = deploy(config=texts(config))
    assert len(graph.variables("ask")["OWN_DOMAINS"]) > 1_900
    for function in graph.of(FUNCTION):
        told = graph.variables(function.name)
        assert sum(len(f"{name}{value}".encode()) for name, value in told.items()) < ENVIRONMENT_BYTES - 500, (
            "for AWS's own length of names"
        )


def test_every_function_is_arm64_python_with_tracing(graph):
    assert len(graph.of(FUNCTION)) >= 6
    for function in graph.of(FUNCTION):
        assert function.inputs["architectures"] == ["arm64"], function.name
        assert function.inputs["runtime"] == "python3.13", function.name
        assert function.inputs["tracingConfig"] == {"mode": "Active"}, function.name


def test_every_function_logs_into_a_group_of_its_own_that_is_made_first(graph):
    for function in graph.of(FUNCTION):
        logs = graph.named(LOG_GROUP, f"{function.name}-logs")
        word = function.inputs["handler"].split(".")[1].replace("_", "-")
        assert logs.inputs["namePrefix"] == f"/aws/lambda/test-{word}-"
        assert function.inputs["loggingConfig"]["logGroup"] == logs.inputs["namePrefix"] + f"{logs.name}-0a1b2c3"
        assert logs.urn in function.depends_on, function.name


def test_every_log_is_kept_as_long_as_configured(bare, full):
    for graph, days in ((bare, 30), (full, 365)):
        assert {logs.inputs["retentionInDays"] for logs in graph.of(LOG_GROUP)} == {days}
        assert len(graph.of(LOG_GROUP)) >= 8


def test_the_page_answers_before_its_api_gives_up(graph):
    assert graph.named(FUNCTION, "page").inputs["timeout"] < 30


def test_every_person_gets_mail_of_their_own_only(full):
    subscriptions = [
        node for node in full.of("aws:sns/topicSubscription:TopicSubscription") if "filterPolicy" in node.inputs
    ]
    settings = load(**EVERYTHING)
    assert {node.inputs["endpoint"] for node in subscriptions} == set(settings.people)
    assert len(subscriptions) == len(settings.people)
    for node in subscriptions:
        assert node.inputs["protocol"] == "email"
        assert node.inputs["topic"] == full.exports["approverTopicArn"]
        assert node.json("filterPolicy") == {"approver": [node.inputs["endpoint"]]}
        assert node.inputs.get("filterPolicyScope", "MessageAttributes") == "MessageAttributes"


def test_the_approvers_topic_is_encrypted(full):
    assert full.named("aws:sns/topic:Topic", "approvers-topic").inputs["kmsMasterKeyId"] == "alias/aws/sns"


def test_the_table_is_keyed_by_request_paid_by_use_and_rid_of_records_when_their_time_is_over(graph):
    table = graph.named("aws:dynamodb/table:Table", "store-table").inputs
    assert table["hashKey"] == "requestId"
    assert table["billingMode"] == "PAY_PER_REQUEST"
    assert table["ttl"] == {"attributeName": "expiresAt", "enabled": True}
    assert "serverSideEncryption" not in table, "DynamoDB encrypts anyway; enabled means a KMS key that charges"


def test_the_records_are_guarded_and_backed_up_as_configured(bare, full):
    for graph, guarded, backed_up in ((bare, False, True), (full, True, False)):
        table = graph.named("aws:dynamodb/table:Table", "store-table")
        assert table.protect is guarded
        assert table.inputs["deletionProtectionEnabled"] is guarded
        assert table.inputs["pointInTimeRecovery"] == {"enabled": backed_up}
        assert [node.name for node in graph.nodes if node.protect] == ["store-table"] * guarded
