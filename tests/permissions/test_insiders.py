"""What somebody of the account cannot do to queues, topics and table, though IAM allows them everything.

The resources' own policies refuse it. The emulator does not ask these when its own services call: whom they have to
let through is compared with the roles in tests/infra, and that all of it works together is what the journeys show.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from sandbox.cloud import CONFIG
from tests.support.messages import message
from tests.support.roles import Function
from tests.support.stacks import ALICE, Run, Stack

Client = Callable[[str], Any]
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
REFUSALS = {"AccessDenied", "AccessDeniedException", "AuthorizationError"}
# The queues of what could not be delivered or dealt with.
KEPT = (
    "requests-dead-letters",
    "trigger-dead-letters",
    "reconcile-undelivered",
    "reconcile-failed",
    "bounce-undelivered",
    "bounce-failed",
)
STRANGER = "mallory@example.com"


@pytest.fixture(scope="module")
def insider(stack) -> Client:
    """Clients of a user who may do everything, by IAM's word."""
    iam = stack.sandbox.client("iam")
    iam.create_user(UserName="mallory")
    iam.put_user_policy(UserName="mallory", PolicyName="everything", PolicyDocument=json.dumps(EVERYTHING))
    key = iam.create_access_key(UserName="mallory")["AccessKey"]
    return signed(stack, key["AccessKeyId"], key["SecretAccessKey"])


@pytest.fixture(scope="module")
def run(request) -> Iterator[Run]:
    """Somebody has been asked, and nobody answers: by SNS, unless a test says otherwise."""
    stack = request.getfixturevalue(getattr(request, "param", "stack"))
    run = stack.start()
    run.link()
    message(run)  # once its mail is out
    yield run
    stack.sfn.stop_execution(executionArn=run.arn)


def signed(stack: Stack, key: str, secret: str, token: str | None = None) -> Client:
    make: Any = boto3.client
    return lambda service: make(
        service,
        endpoint_url=stack.sandbox.cloud.endpoint,
        region_name=stack.sandbox.cloud.region,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=CONFIG,
    )


def in_role(stack: Stack, entry: str) -> Client:
    """Clients of whoever has taken over one of the functions: they call in a session of its role."""
    arn = stack.sandbox.client("iam").get_role(RoleName=Function.of(stack, entry).role)["Role"]["Arn"]
    session = stack.sandbox.client("sts").assume_role(RoleArn=arn, RoleSessionName="a-session")["Credentials"]
    return signed(stack, session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])


def refused(client: Any, operation: str, **arguments: Any) -> None:
    with pytest.raises(ClientError) as refusal:
        getattr(client, operation)(**arguments)
    assert refusal.value.response["Error"]["Code"] in REFUSALS, refusal.value


def queues(stack: Stack, name: str) -> list[str]:
    """The URLs of all queues of this logical name, of whichever stack of the emulator."""
    return stack.sqs.list_queues(QueueNamePrefix=f"{name}-")["QueueUrls"]


@pytest.mark.parametrize("name", ["requests-queue", *KEPT])
def test_nobody_puts_a_message_of_their_own_on_a_queue(stack, insider, name):
    sqs = insider("sqs")
    for url in queues(stack, name):
        refused(sqs, "send_message", QueueUrl=url, MessageBody="forged")
        refused(sqs, "send_message_batch", QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "forged"}])


def test_nobody_takes_a_request_from_its_queue(stack, insider):
    sqs, url = insider("sqs"), stack.sandbox.outputs["requestQueueUrl"]
    refused(sqs, "receive_message", QueueUrl=url)
    refused(sqs, "delete_message", QueueUrl=url, ReceiptHandle="any")
    refused(sqs, "change_message_visibility", QueueUrl=url, ReceiptHandle="any", VisibilityTimeout=0)
    refused(sqs, "purge_queue", QueueUrl=url)


def test_whom_iam_allows_may_look_at_dead_letters_and_at_the_queue_itself_and_remove_a_record(stack, insider):
    """docs/operations.md has people do so."""
    sqs = insider("sqs")
    for name in KEPT:
        for url in queues(stack, name):
            sqs.receive_message(QueueUrl=url, VisibilityTimeout=0)
    asked = sqs.get_queue_attributes(QueueUrl=stack.sandbox.outputs["requestQueueUrl"], AttributeNames=["All"])
    assert asked["Attributes"]["Policy"], "whoever administers it can change it"
    old = {"requestId": {"S": "old"}}
    stack.dynamodb.put_item(TableName=stack.table, Item=old)
    insider("dynamodb").delete_item(TableName=stack.table, Key=old)
    assert "Item" not in stack.dynamodb.get_item(TableName=stack.table, Key=old)


def test_the_function_that_asks_may_receive_and_no_other_may(stack):
    url = stack.sandbox.outputs["requestQueueUrl"]
    in_role(stack, "ask")("sqs").receive_message(QueueUrl=url)
    refused(in_role(stack, "ask")("sqs"), "send_message", QueueUrl=url, MessageBody="forged")
    refused(in_role(stack, "give_up")("sqs"), "receive_message", QueueUrl=url)


@pytest.mark.parametrize("output", ["approverTopicArn", "operatorTopicArn"])
def test_nobody_writes_mails_in_our_name(stack, insider, output):
    refused(insider("sns"), "publish", TopicArn=stack.sandbox.outputs[output], Subject="Approve", Message="Now")


def test_nobody_is_subscribed_but_those_who_are_asked(stack, insider):
    sns, topic = insider("sns"), stack.sandbox.outputs["approverTopicArn"]
    url = stack.sqs.create_queue(QueueName="mallory")["QueueUrl"]
    arn = stack.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    refused(sns, "subscribe", TopicArn=topic, Protocol="sqs", Endpoint=arn)
    refused(sns, "subscribe", TopicArn=topic, Protocol="email", Endpoint=STRANGER)
    refused(sns, "subscribe", TopicArn=topic, Protocol="https", Endpoint=f"https://{STRANGER.split('@')[1]}")
    # A second subscription by another protocol would have no filter.
    refused(sns, "subscribe", TopicArn=topic, Protocol="email-json", Endpoint=ALICE)
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=ALICE)


def test_nobody_writes_into_a_record(stack, insider, run):
    table, dynamodb = stack.table, insider("dynamodb")
    item = dynamodb.get_item(TableName=table, Key={"requestId": {"S": run.request_id}})["Item"]
    change = {
        "TableName": table,
        "Key": {"requestId": {"S": run.request_id}},
        "UpdateExpression": "SET #s = :approved",
        "ExpressionAttributeNames": {"#s": "status"},
        "ExpressionAttributeValues": {":approved": {"S": "APPROVED"}},
    }
    refused(dynamodb, "update_item", **change)
    refused(dynamodb, "put_item", TableName=table, Item=item)
    refused(dynamodb, "batch_write_item", RequestItems={table: [{"PutRequest": {"Item": item}}]})
    refused(dynamodb, "transact_write_items", TransactItems=[{"Update": change}])
    refused(dynamodb, "transact_write_items", TransactItems=[{"Put": {"TableName": table, "Item": item}}])
    assert run.item()["status"] == "OPEN"


@pytest.mark.parametrize(
    ("run", "entry"),
    [("stack", "ask"), ("stack", "give_up"), ("stack", "reconcile"), ("stack", "operate"), ("mailed", "bounce")],
    indirect=["run"],
)
@pytest.mark.parametrize(
    "change",
    [
        "SET votes = :none",
        "SET votes.#name = :none",
        "SET #votes.#name = :none",
        "SET title = :none, #votes[0] = :none",
        "REMOVE votes",
        "ADD votes.#name :none",
    ],
)
def test_a_function_that_only_asks_changes_a_record_but_no_vote_in_it(run, entry, change):
    stack = run.stack
    dynamodb = in_role(stack, entry)("dynamodb")
    names = {"#votes": "votes", "#name": "alice"}
    arguments = {
        "TableName": stack.table,
        "Key": {"requestId": {"S": run.request_id}},
        "UpdateExpression": change,
        "ExpressionAttributeNames": {key: name for key, name in names.items() if key in change},
        "ExpressionAttributeValues": {":none": {"M": {}}},
    }
    refused(dynamodb, "update_item", **{key: value for key, value in arguments.items() if value})
    dynamodb.update_item(
        TableName=stack.table,
        Key=arguments["Key"],
        UpdateExpression="SET details = :votes REMOVE sealed.votes",
        ExpressionAttributeValues={":votes": {"S": "votes"}},
    )


def test_the_function_that_asks_makes_no_record_with_votes_and_the_pages_function_writes_them(stack, run):
    asker, key = in_role(stack, "ask")("dynamodb"), {"requestId": {"S": "forged"}}
    refused(asker, "put_item", TableName=stack.table, Item=key | {"votes": {"M": {}}})
    asker.put_item(TableName=stack.table, Item=key)
    stack.dynamodb.delete_item(TableName=stack.table, Key=key)
    in_role(stack, "page")("dynamodb").update_item(
        TableName=stack.table,
        Key={"requestId": {"S": run.request_id}},
        UpdateExpression="SET votes = :none REMOVE votes.alice",
        ExpressionAttributeValues={":none": {"M": {}}},
    )
