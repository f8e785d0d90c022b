"""What the sandbox refuses, and how it spells the rest. Without `cloud`, nothing here reaches an emulator."""

import pytest

from sandbox import resources
from sandbox.cloud import Cloud
from sandbox.resources import UnsupportedError
from sandbox.resources.catalog import RESOURCES
from sandbox.resources.resource import Name
from sandbox.resources.spelling import Spelling

NOWHERE = Cloud(endpoint="http://127.0.0.1:1", region="eu-central-1")
FUNCTION = "aws:lambda/function:Function"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
MACHINE = "aws:sfn/stateMachine:StateMachine"
QUEUE = "aws:sqs/queue:Queue"
TABLE = "aws:dynamodb/table:Table"
KEYS = {"hashKey": "id", "attributes": [{"name": "id", "type": "S"}], "billingMode": "PAY_PER_REQUEST"}


def create(type_, name, inputs):
    return resources.create(type_, name, inputs, NOWHERE)


def request(service, operation, inputs, renames=None, fixed=None):
    shape = NOWHERE.client(service).meta.service_model.operation_model(operation).input_shape
    return Spelling(resource="r", renames=renames or {}, fixed=fixed or {}).request(shape, inputs)


def named(logical, **inputs):
    return Name("QueueName", 80, "[a-z0-9-]").physical("r", logical, inputs)


def test_an_unknown_type_is_refused_by_type_and_name():
    with pytest.raises(UnsupportedError, match=r"aws:ec2/vpc:Vpc.*'net'"):
        create("aws:ec2/vpc:Vpc", "net", {})
    with pytest.raises(UnsupportedError, match=r"aws:ec2/vpc:Vpc.*'vpc-1'"):
        resources.delete("aws:ec2/vpc:Vpc", "vpc-1", {}, NOWHERE)


@pytest.mark.parametrize("type_", sorted(RESOURCES))
def test_an_input_that_aws_does_not_know_is_refused_by_type_name_and_key(type_):
    with pytest.raises(UnsupportedError, match=f"{type_} 'thing' has the input 'surprise'"):
        create(type_, "thing", {"surprise": 1})


@pytest.mark.parametrize(
    ("type_", "inputs", "path"),
    [
        (FUNCTION, {"loggingConfig": {"surprise": 1}}, "loggingConfig.surprise"),
        (TABLE, {"globalSecondaryIndexes": [{"name": "i"}, {"hashKey": "x"}]}, "globalSecondaryIndexes[1].hashKey"),
        # By another's rename, but not here.
        (MACHINE, {"tracingConfiguration": {"logDestination": "x"}}, "tracingConfiguration.logDestination"),
        # For an operation that follows the first.
        (TABLE, {**KEYS, "ttl": {"surprise": 1}}, "ttl.surprise"),
    ],
)
def test_an_input_that_aws_does_not_know_inside_another_is_refused_by_its_path(type_, inputs, path):
    with pytest.raises(UnsupportedError) as refusal:
        create(type_, "thing", inputs)
    assert f"{type_} 'thing' has the input {path!r}" in str(refusal.value)


@pytest.mark.parametrize(
    ("type_", "inputs", "missing"),
    [
        ("aws:iam/rolePolicy:RolePolicy", {"role": "r"}, "policy"),
        ("aws:lambda/permission:Permission", {"action": "a", "principal": "p"}, "function"),
        ("aws:sqs/queuePolicy:QueuePolicy", {"policy": '{"Statement": []}'}, "queueUrl"),
        (MACHINE, {"roleArn": "r"}, "definition"),
    ],
)
def test_a_needed_input_is_asked_for_by_name(type_, inputs, missing):
    with pytest.raises(UnsupportedError, match=f"has no '{missing}', which AWS requires"):
        create(type_, "thing", inputs)


def test_a_resource_in_another_region_is_refused():
    with pytest.raises(UnsupportedError, match="us-west-2"):
        create(QUEUE, "q", {"region": "us-west-2"})


@pytest.mark.parametrize(
    ("logical", "inputs"),
    [("mail-ada@example.com", {}), ("q" * 80, {}), ("q", {"name": "no spaces"}), ("q", {"namePrefix": "p" * 60})],
)
def test_a_name_that_aws_refuses_is_refused_here(logical, inputs):
    with pytest.raises(UnsupportedError, match="AWS refuses the name"):
        create(QUEUE, logical, inputs)


def test_a_generated_name_starts_with_the_logical_name_and_is_never_the_same():
    names = {named("requests") for _ in range(20)}
    assert len(names) == 20
    assert all(name.startswith("requests-") and len(name) == len("requests-") + 7 for name in names)


def test_numbers_arrive_whole_where_aws_counts_and_the_users_own_keys_as_they_are():
    stage = {"apiId": "a", "stageName": "s", "stageVariables": {"logLevel": "INFO"}}
    limits = {"defaultRouteSettings": {"throttlingBurstLimit": 5.0, "throttlingRateLimit": 2.5}}
    found = request("apigatewayv2", "CreateStage", stage | limits)
    assert found["StageVariables"] == {"logLevel": "INFO"}
    assert found["DefaultRouteSettings"] == {"ThrottlingBurstLimit": 5, "ThrottlingRateLimit": 2.5}
    assert isinstance(found["DefaultRouteSettings"]["ThrottlingBurstLimit"], int)


def test_a_rename_leads_into_what_aws_has_around_a_member():
    renames = {"retention": "Attributes.MessageRetentionPeriod", "encrypted": "Attributes.SqsManagedSseEnabled"}
    queue = {"queueName": "q", "retention": 60.0, "encrypted": True}
    attributes = {"MessageRetentionPeriod": "60", "SqsManagedSseEnabled": "true"}
    assert request("sqs", "CreateQueue", queue, renames) == {"QueueName": "q", "Attributes": attributes}

    target = {"rule": "r", "to": "arn", "targetId": "t", "retryPolicy": {"maximumRetryAttempts": 3.0}}
    renames = {"to": "Targets.Arn", "targetId": "Targets.Id", "retryPolicy": "Targets.RetryPolicy"}
    one = {"Arn": "arn", "Id": "t", "RetryPolicy": {"MaximumRetryAttempts": 3}}
    assert request("events", "PutTargets", target, renames) == {"Rule": "r", "Targets": [one]}


def test_a_mapping_becomes_the_pairs_that_aws_makes_of_it():
    alarm = {"alarmName": "a", "evaluationPeriods": 1.0, "comparisonOperator": "c", "okActions": ["arn"]}
    found = request("cloudwatch", "PutMetricAlarm", alarm | {"dimensions": {"QueueName": "q", "stack": "dev"}})
    assert found["Dimensions"] == [{"Name": "QueueName", "Value": "q"}, {"Name": "stack", "Value": "dev"}]
    assert found["OKActions"] == ["arn"]


def test_what_follows_the_first_operation_is_done_if_the_program_asks_for_it(cloud):
    client = cloud.client("dynamodb")
    plain, _ = resources.create(TABLE, "plain", KEYS, cloud)
    asked = {"ttl": {"enabled": True, "attributeName": "end"}, "pointInTimeRecovery": {"enabled": True}}
    whole, _ = resources.create(TABLE, "whole", KEYS | asked, cloud)

    def settings(table):
        ttl = client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
        backups = client.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
        recovery = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
        return ttl.get("AttributeName"), ttl["TimeToLiveStatus"], recovery

    assert settings(plain) == (None, "DISABLED", "DISABLED")
    assert settings(whole) == ("end", "ENABLED", "ENABLED")
