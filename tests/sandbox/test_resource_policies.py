"""Resources' own policies, by the keys that the launcher adds: each test fails on ministack as it comes."""

from __future__ import annotations

import json

import boto3
import pytest
from botocore.exceptions import ClientError

from sandbox import resources
from sandbox.cloud import CONFIG
from tests.support.waiting import until

SECONDS = 20
ANYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}]}


@pytest.fixture(scope="module")
def role(cloud):
    """A role that may do everything, by IAM's word."""
    name, outputs = resources.create("aws:iam/role:Role", "r", {"assumeRolePolicy": json.dumps(TRUST)}, cloud)
    policy = {"role": name, "policy": json.dumps(ANYTHING)}
    resources.create("aws:iam/rolePolicy:RolePolicy", "p", policy, cloud)
    return outputs["arn"]


@pytest.fixture(scope="module")
def session(cloud, role):
    """Clients in a session of that role."""
    key = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="somebody")["Credentials"]
    return lambda service: boto3.client(
        service,
        endpoint_url=cloud.endpoint,
        region_name=cloud.region,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        aws_session_token=key["SessionToken"],
        config=CONFIG,
    )


@pytest.fixture
def queue(cloud):
    """Makes a queue that denies under this condition that anything is sent."""

    def make(**condition):
        url, outputs = resources.create("aws:sqs/queue:Queue", "q", {}, cloud)
        policy = denial("sqs:SendMessage", outputs["arn"], **condition)
        resources.create("aws:sqs/queuePolicy:QueuePolicy", "p", {"queueUrl": url, "policy": policy}, cloud)
        return url

    return make


def denial(action, resource, **condition):
    statement = {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": resource, "Condition": condition}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def denied(call, **arguments):
    with pytest.raises(ClientError, match=r"denied|not authorized"):
        call(**arguments)


def test_a_session_is_known_by_the_arn_of_its_role(cloud, session, queue, role):
    ours = queue(ArnNotEquals={"aws:PrincipalArn": [role]})
    theirs = queue(ArnNotEquals={"aws:PrincipalArn": [f"{role}-of-another"]})
    session("sqs").send_message(QueueUrl=ours, MessageBody="x")
    denied(session("sqs").send_message, QueueUrl=theirs, MessageBody="x")
    denied(cloud.client("sqs").send_message, QueueUrl=ours, MessageBody="x")


def test_nobody_is_a_service_of_aws_but_who_calls_as_one(cloud, session, queue):
    url = queue(Bool={"aws:PrincipalIsAWSService": "false"})
    cloud.as_aws("sqs").send_message(QueueUrl=url, MessageBody="x")
    for sqs in (cloud.client("sqs"), session("sqs")):
        denied(sqs.send_message, QueueUrl=url, MessageBody="x")
    backwards = queue(Bool={"aws:PrincipalIsAWSService": "true"})
    denied(cloud.as_aws("sqs").send_message, QueueUrl=backwards, MessageBody="x")
    cloud.client("sqs").send_message(QueueUrl=backwards, MessageBody="x")


def test_a_policy_that_demands_tls_lets_calls_of_this_machine_pass(cloud, session, queue):
    url = queue(Bool={"aws:SecureTransport": "false"})
    for sqs in (cloud.client("sqs"), session("sqs"), cloud.as_aws("sqs")):
        sqs.send_message(QueueUrl=url, MessageBody="x")
    denied(session("sqs").send_message, QueueUrl=queue(Bool={"aws:SecureTransport": "true"}), MessageBody="x")


@pytest.mark.parametrize(("other", "status"), [("", "SUCCEEDED"), ("-of-another", "FAILED")])
def test_a_state_machine_sends_in_its_role_whoever_has_started_it(cloud, queue, role, other, status):
    url = queue(ArnNotEquals={"aws:PrincipalArn": [role + other]})
    resource = "arn:aws:states:::sqs:sendMessage"
    send = {"Type": "Task", "Resource": resource, "Arguments": {"QueueUrl": url, "MessageBody": "x"}, "End": True}
    definition = json.dumps({"QueryLanguage": "JSONata", "StartAt": "Send", "States": {"Send": send}})
    inputs = {"roleArn": role, "definition": definition}
    arn, _ = resources.create("aws:sfn/stateMachine:StateMachine", "m", inputs, cloud)
    client = cloud.client("stepfunctions")
    execution = client.start_execution(stateMachineArn=arn)["executionArn"]
    look = client.describe_execution
    found = until(lambda: (now := look(executionArn=execution)["status"]) != "RUNNING" and now, "end", SECONDS)
    assert found == status


def test_a_topics_policy_says_who_may_be_subscribed(cloud, session):
    arn, _ = resources.create("aws:sns/topic:Topic", "t", {}, cloud)
    policy = denial("sns:Subscribe", arn, StringNotEquals={"sns:Endpoint": ["ada@example.com"]})
    resources.create("aws:sns/topicPolicy:TopicPolicy", "p", {"arn": arn, "policy": policy}, cloud)
    for sns in (cloud.client("sns"), session("sns")):
        sns.subscribe(TopicArn=arn, Protocol="email", Endpoint="ada@example.com")
        denied(sns.subscribe, TopicArn=arn, Protocol="email", Endpoint="bob@example.com")


def test_a_tables_policy_is_asked_and_goes_when_it_is_deleted(cloud, session):
    keys = {"hashKey": "id", "attributes": [{"name": "id", "type": "S"}], "billingMode": "PAY_PER_REQUEST"}
    name, table = resources.create("aws:dynamodb/table:Table", "t", keys, cloud)
    policy = denial("dynamodb:PutItem", table["arn"], **{"ForAnyValue:StringEquals": {"dynamodb:Attributes": ["vote"]}})
    type_, inputs = "aws:dynamodb/resourcePolicy:ResourcePolicy", {"resourceArn": table["arn"], "policy": policy}
    id_, outputs = resources.create(type_, "p", inputs, cloud)
    dynamodb, item = session("dynamodb"), {"id": {"S": "1"}}
    dynamodb.put_item(TableName=name, Item=item)
    denied(dynamodb.put_item, TableName=name, Item=item | {"vote": {"S": "yes"}})
    resources.delete(type_, id_, outputs, cloud)
    dynamodb.put_item(TableName=name, Item=item | {"vote": {"S": "yes"}})
