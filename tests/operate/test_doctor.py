"""`doctor` and `letters` in the reader's policy alone: all is well; then each thing that can be wrong is, at once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from operate.doctor import Doctor, checks
from sandbox.deploy import PROJECT
from tests.docs.test_links import anchors
from tests.operate.test_blacking import BODY, LINK, SECRET, SHORT
from tests.support.operating import Operator, Told
from tests.support.stacks import ALICE, QUICK, Stack, running

SENDER = "approvals@example.com"
CONFIG = QUICK | {
    "mailFrom": SENDER,
    "schedule": "cron(0 6 * * ? *)",
    "eventPattern": {"source": ["shop"]},
    "chatNotifications": True,
}
NOTHING = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}
Patient = SimpleNamespace


@pytest.fixture(scope="module")
def healthy(emulator) -> Iterator[Patient]:
    """A stack, who looks at it, and what its output `operate` says."""
    with running("dev", CONFIG, emulator=emulator) as sandbox:
        stack, known = Stack(sandbox), json.loads(sandbox.outputs["operate"])
        reader = Operator(stack, "doctor", sandbox.outputs["readerPolicy"])
        yield Patient(stack=stack, client=sandbox.client, reader=reader, known=known)


def test_a_healthy_stack_is_all_ok_line_by_line(healthy):
    told, known = healthy.reader("doctor", "--json"), healthy.known
    assert (told.code, told.err) == (0, "")
    assert all(list(one) == ["check", "ok", "detail", "remedy"] for one in told.data)
    assert all(one["ok"] is True and one["detail"] and one["remedy"] == "" for one in told.data)
    found = {one["check"] for one in told.data if not one["check"].startswith("policy of ")}
    assert len(told.data) == len(found) + len(known["policies"])
    assert found == {
        *(
            "the operator's subscription",
            f"identity of {SENDER}",
            "out of SES's sandbox",
            "SES sends",
            "oldest message",
        ),
        *(f"letters in {name}" for name in known["queues"] if name != "requests-queue"),
        *(f"consumer {name}" for name in known["mappings"]),
        *(f"errors of {name}" for name in known["functions"]),
        *(name for kind in ("alarms", "schedules", "rules") for name in known[kind]),
    }
    assert "WRONG" not in healthy.reader("doctor").out
    assert healthy.reader("letters").out == "There are no dead letters.\n"


def test_what_may_not_be_looked_at_is_a_line_that_names_the_action(healthy):
    told = Operator(healthy.stack, "nobody", json.dumps(NOTHING))("doctor", "--json")
    assert told.code == 1
    assert [one["check"] for one in told.data] == [one["check"] for one in healthy.reader("doctor", "--json").data]
    assert all(re.fullmatch(r"not allowed: ([a-z]+:)?[A-Z]\w+", one["detail"]) for one in told.data)
    assert {one["remedy"] for one in told.data} == {"the output readerPolicy allows it, or operatorPolicy"}


@pytest.fixture(scope="module")
def sick(healthy) -> Patient:
    """The same once all of it is wrong."""
    known, outputs = healthy.known, healthy.stack.sandbox.outputs
    sns, sqs, logs, cloudwatch = (healthy.client(one) for one in ("sns", "sqs", "logs", "cloudwatch"))
    now = datetime.now(UTC)

    healthy.client("sesv2").delete_email_identity(EmailIdentity=SENDER)
    account = {"MailType": "TRANSACTIONAL", "WebsiteURL": "https://example.com"}
    healthy.client("sesv2").put_account_details(ProductionAccessEnabled=False, **account)
    healthy.client("lambda").update_event_source_mapping(UUID=known["mappings"]["give-up-mapping"], Enabled=False)
    for rule in ("trigger-rule", "reconcile-endings"):
        healthy.client("events").disable_rule(Name=known["rules"][rule])
    group, _, name = known["schedules"]["trigger-schedule"].partition("/")
    schedule = healthy.client("scheduler").get_schedule(GroupName=group, Name=name)
    kept = {key: schedule[key] for key in ("GroupName", "Name", "ScheduleExpression", "Target", "FlexibleTimeWindow")}
    healthy.client("scheduler").update_schedule(**kept, State="DISABLED")

    topic = known["operatorTopicArn"]
    (subscription,) = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    only = {"AttributeName": "FilterPolicy", "AttributeValue": json.dumps({"approver": [ALICE]})}
    sns.set_subscription_attributes(SubscriptionArn=subscription["SubscriptionArn"], **only)
    policy = sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"].replace("ArnNotEquals", "ArnNotLike")
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    sqs.set_queue_attributes(QueueUrl=outputs["triggerDeadLetterQueueUrl"], Attributes={"Policy": ""})
    (table,) = [one for one in known["policies"] if re.search(":table/[^/]+$", one)]
    healthy.client("dynamodb").delete_resource_policy(ResourceArn=table)

    age = {
        "MetricName": "ApproximateAgeOfOldestMessage",
        "Dimensions": [{"Name": "QueueName", "Value": known["queues"]["requests-queue"]}],
    }
    older = age | {"Timestamp": now - timedelta(minutes=4), "Value": 10_000}
    newer = age | {"Timestamp": now - timedelta(minutes=1), "Value": 601}
    cloudwatch.put_metric_data(Namespace="AWS/SQS", MetricData=[newer, older])
    for name, state in (("alarm-api-errors", "ALARM"), ("alarm-function-errors", "INSUFFICIENT_DATA")):
        cloudwatch.set_alarm_state(AlarmName=known["alarms"][name], StateValue=state, StateReason="a test")

    at = int(now.timestamp() * 1000)
    failed = {"level": "ERROR", "message": f"{LINK} and taskToken={SHORT}", "exception_name": "ValueError"}
    no_error = {"level": "INFO", "message": "no ERROR"}
    for function, lines in (
        ("page", [json.dumps(failed), json.dumps(no_error)]),
        ("ask", ["Task timed out after 15 s"]),
    ):
        stream = {"logGroupName": known["logGroups"][f"{function}-logs"], "logStreamName": "of-a-test"}
        logs.create_log_stream(**stream)
        logs.put_log_events(
            **stream, logEvents=[{"timestamp": at + n, "message": line} for n, line in enumerate(lines)]
        )

    as_aws = healthy.stack.sandbox.cloud.as_aws("sqs")
    why = {"ERROR_MESSAGE": {"DataType": "String", "StringValue": f'no {{"taskToken": "{SHORT}"}}'}}
    letter = {"MessageBody": json.dumps(BODY | {"taskToken": SHORT}), "MessageAttributes": why}
    for name, queue in known["queues"].items():
        if name != "requests-queue":
            for _ in range(12 if name == "reconcile-failed" else 1):
                as_aws.send_message(QueueUrl=sqs.get_queue_url(QueueName=queue)["QueueUrl"], **letter)
    return healthy


@pytest.fixture(scope="module")
def told(sick) -> Told:
    return sick.reader("doctor", "--json")


@pytest.fixture(scope="module")
def lying(sick) -> dict[str, dict[str, Any]]:
    """What `letters` says, by queue."""
    return {one["queue"]: one for one in sick.reader("letters", "--json").data}


# Beginnings of the lines' names, what they say, and what they have people do.
WRONG = [
    (f"identity of {SENDER}", "neither", "docs/mail.md"),
    ("out of SES's sandbox", "no", "docs/mail.md"),
    ("the operator's subscription", ALICE, "pulumi up"),
    ("consumer give-up-mapping", "Disabled", "--enabled"),
    ("trigger-rule", "DISABLED", "enable-rule --name"),
    ("reconcile-endings", "DISABLED", "enable-rule --name"),
    ("trigger-schedule", "DISABLED", "pulumi up"),
    ("policy of approvals-operator-topic-", "changed", "CloudTrail"),
    ("policy of approvals-trigger-dead-letters-", "gone", "pulumi up"),
    ("policy of table/approvals-store-table-", "gone", "pulumi up"),
    ("alarm-api-errors", "answers with errors", "operations.md#alarms"),
    ("alarm-function-errors", "INSUFFICIENT_DATA", "look again"),
    ("oldest message", "601 s, at most 600 s", "#the-age-alarm"),
    (
        "errors of page",
        f"{LINK.rpartition('/')[0]}/(blacked out) and taskToken=(blacked out) ValueError",
        "/aws/lambda/",
    ),
    ("errors of ask", "1 in the last day, the last", "/aws/lambda/dev-ask-"),
    ("letters in requests-dead-letters", "1", "operate letters"),
    ("letters in reconcile-failed", "12", "operate letters"),
]


@pytest.mark.parametrize(("check", "detail", "remedy"), WRONG, ids=[check for check, *_ in WRONG])
def test_what_is_wrong_is_one_line_with_its_remedy(told, check, detail, remedy):
    (found,) = [one for one in told.data if re.fullmatch(rf"{re.escape(check)}[\w-]*", one["check"])]
    assert not found["ok"]
    assert detail in found["detail"]
    assert remedy in found["remedy"]


def test_nothing_else_is_wrong(told, sick, lying):
    assert told.code == 1
    wrong = [one["check"] for one in told.data if not one["ok"]]
    others = [name for name in wrong if not any(name.startswith(check) for check, *_ in WRONG)]
    assert {*others} == {f"letters in {name}" for name in lying} - {check for check, *_ in WRONG}
    assert sick.reader("doctor").out.count("WRONG") == len(wrong)


def test_each_queue_tells_how_to_send_again_what_lies_in_it(sick, lying):
    functions = sick.known["functions"]
    assert {*lying} == {*sick.known["queues"]} - {"requests-queue"}
    for name, one in lying.items():
        assert list(one) == ["queue", "total", "again", "letters"]
        letter = one["letters"][0]
        assert list(letter) == ["id", "received", "why", "body"]
        assert letter["received"] >= 1
        assert letter["why"] == 'no {"taskToken": "(blacked out)"}'
        link = f"See {LINK.replace(SECRET, '(blacked out)')} now"
        assert json.loads(letter["body"]) == BODY | {"taskToken": "(blacked out)", "details": link}
        assert any(known in one["again"] for known in (*functions.values(), sick.known["stateMachineArn"])), name
    for function in ("reconcile", "bounce"):
        for queue, what in (("undelivered", "BODY"), ("failed", "REQUEST_PAYLOAD")):
            again = lying[f"{function}-{queue}"]["again"]
            assert again.startswith(f"aws lambda invoke --function-name {functions[function]} ")
            assert f"--payload {what} " in again
    prose = sick.reader("letters").out
    assert not [secret for secret in (SECRET, SHORT) if secret in prose]
    assert all(name in prose for name in lying)


def test_of_many_letters_ten_are_shown_and_all_of_them_stay(sick, lying):
    assert lying["reconcile-failed"]["total"] == 12
    assert len({letter["id"] for letter in lying["reconcile-failed"]["letters"]}) == 10
    assert "reconcile-failed: 12, 10 of them here" in sick.reader("letters").out


HERS = {"FilterPolicy": json.dumps({"approver": [ALICE]})}


@pytest.mark.parametrize(
    ("arn", "attributes", "detail", "remedy"),
    [
        ("arn:a", HERS, "confirmed", ""),
        ("PendingConfirmation", HERS, "not confirmed", "they open the link in AWS's mail"),
        ("Deleted", HERS, "there is none", "pulumi refresh, then pulumi up; they confirm it"),
        ("arn:a", {}, "its filter lets other mails through: {}", "pulumi refresh, then pulumi up"),
        ("arn:a", HERS | {"FilterPolicyScope": "MessageBody"}, "by MessageBody", "pulumi refresh, then pulumi up"),
    ],
)
def test_what_a_subscription_may_be(arn, attributes, detail, remedy):
    """As AWS lists them: the emulator confirms at once."""
    page = {"Subscriptions": [{"Endpoint": ALICE, "SubscriptionArn": arn}]}
    sns = SimpleNamespace(
        get_paginator=lambda _: SimpleNamespace(paginate=lambda **_: [page]),
        get_subscription_attributes=lambda **_: {"Attributes": attributes},
    )
    known = {"operatorEmail": "", "approverTopicArn": "t", "people": [ALICE], "mailFrom": ""}
    stack: Any = SimpleNamespace(target=known, client=lambda _: sns)
    (found,) = checks(Doctor(stack).people())
    assert (found.check, found.ok, found.remedy) == (f"subscription of {ALICE}", not remedy, remedy)
    assert detail in found.detail


def test_an_account_whose_sending_is_paused_is_found():
    ses = SimpleNamespace(
        get_account=lambda: {"ProductionAccessEnabled": True, "SendingEnabled": False},
        get_email_identity=lambda EmailIdentity: {"VerifiedForSendingStatus": EmailIdentity == "example.com"},  # noqa: N803
        exceptions=SimpleNamespace(NotFoundException=KeyError),
    )
    known = {"operatorEmail": "", "approverTopicArn": "", "mailFrom": "approvals@mail.example.com"}
    stack: Any = SimpleNamespace(target=known, client=lambda _: ses)
    identity, sandbox, sends = checks(Doctor(stack).people())
    assert (identity.ok, identity.detail) == (True, "example.com is verified")
    assert (sandbox.ok, sends.ok, sends.detail) == (True, False, "no")


def test_the_pages_that_remedies_name_are_there():
    source = "".join((PROJECT / "operate" / file).read_text() for file in ("doctor.py", "letters.py", "rehearse.py"))
    named = set(re.findall(r"(docs/[\w-]+\.md)(?:#([\w-]+))?", source))
    assert ("docs/operations.md", "alarms") in named
    for page, anchor in named:
        assert (PROJECT / page).exists(), page
        assert not anchor or anchor in anchors(PROJECT / page), f"{page}#{anchor}"
