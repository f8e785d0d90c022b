"""What the launcher changes in the emulator, seen from outside: each test fails on ministack as it comes."""

import json
from concurrent.futures import ThreadPoolExecutor

import boto3
import pulumi
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from sandbox import resources
from sandbox.emulator import Emulator
from tests.properties.tables import approval_table
from tests.support.waiting import until

SECONDS = 20
AT_ONCE = 30
SYNC = "arn:aws:states:::states:startExecution.sync:2"
CODE = """
import importlib.util, os, sys, time

def handler(event, context):
    time.sleep(event.get("seconds", 0))
    known = [name for name in ("boto3", "ministack", "yaml", "pulumi") if importlib.util.find_spec(name)]
    return {"known": known, "process": os.getpid(), "file": __file__, "environment": sorted(os.environ)}
"""


@pytest.fixture(scope="module")
def role(cloud):
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}]}
    _, outputs = resources.create("aws:iam/role:Role", "r", {"assumeRolePolicy": json.dumps(trust)}, cloud)
    return outputs["arn"]


@pytest.fixture(scope="module")
def function(cloud, role):
    code = pulumi.AssetArchive({"main.py": pulumi.StringAsset(CODE)})
    inputs = {"role": role, "code": code, "handler": "main.handler", "runtime": "python3.13", "timeout": 10.0}
    _, outputs = resources.create("aws:lambda/function:Function", "f", inputs, cloud)
    return outputs["arn"]


@pytest.fixture(scope="module")
def machine(cloud, role):
    """Makes a state machine; its ARN."""

    def machine(**states):
        definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states}
        inputs = {"roleArn": role, "definition": json.dumps(definition)}
        arn, _ = resources.create("aws:sfn/stateMachine:StateMachine", "m", inputs, cloud)
        return arn

    return machine


@pytest.fixture
def start(cloud, machine):
    """Starts a state machine; the execution's ARN."""

    def start(**states):
        client = cloud.client("stepfunctions")
        return client.start_execution(stateMachineArn=machine(**states), input="{}")["executionArn"]

    return start


@pytest.fixture
def run(cloud, start):
    """Runs a state machine to its end."""

    def run(**states):
        execution = start(**states)
        client = cloud.client("stepfunctions")
        return until(lambda: over(client.describe_execution(executionArn=execution)), "end", SECONDS)

    return run


def over(execution):
    return execution if execution["status"] != "RUNNING" else None


def call(function, payload, **more):
    arguments = {"FunctionName": function, "Payload": payload}
    return {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": arguments, **more}


def test_a_function_has_boto3_and_nothing_else_of_ours(run, function):
    found = json.loads(run(Call=call(function, {}, End=True))["output"])["Payload"]
    assert found["known"] == ["boto3"]
    assert "VIRTUAL_ENV" not in found["environment"]
    assert "PYTHONPATH" not in found["environment"]


def test_many_invocations_at_once_share_a_few_processes_and_these_one_folder(cloud, function):
    client = cloud.client("lambda")

    def invoke(_):
        answer = client.invoke(FunctionName=function, Payload=json.dumps({"seconds": 0.2}))
        return json.load(answer["Payload"])

    with ThreadPoolExecutor(AT_ONCE) as callers:
        answers = list(callers.map(invoke, range(AT_ONCE)))
    assert 1 < len({answer["process"] for answer in answers}) <= 8
    assert len({answer["file"] for answer in answers}) == 1


FOLLOW = """
import os, time

def handler(event, context):
    def seen():
        return open(os.environ["SEEN"]).read().splitlines()
    def see(what):
        with open(os.environ["SEEN"], "a") as file:
            file.write(what + "\\n")
    for record in event["Records"]:
        what = record["body"] if "body" in record else record["dynamodb"]["Keys"]["requestId"]["S"]
        see(what)
        if what == "fails once" and seen().count(what) == 1:
            return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]}
        for _ in range(500 if what == "waits for the queue" else 0):
            if "from the queue" in seen():
                see("has waited")
                break
            time.sleep(0.01)
    return {"batchItemFailures": []}
"""


@pytest.fixture
def followed(cloud, role, tmp_path):
    """A table whose stream one function reads, and a queue that it reads, too; and what it has seen so far."""
    (tmp_path / "seen").touch()
    attributes = [{"name": "requestId", "type": "S"}]
    stream = {"streamEnabled": True, "streamViewType": "NEW_AND_OLD_IMAGES", "billingMode": "PAY_PER_REQUEST"}
    table = {"hashKey": "requestId", "attributes": attributes, **stream}
    _, table = resources.create("aws:dynamodb/table:Table", "t", table, cloud)
    _, queue = resources.create("aws:sqs/queue:Queue", "q", {"visibilityTimeoutSeconds": 60.0}, cloud)
    code = pulumi.AssetArchive({"main.py": pulumi.StringAsset(FOLLOW)})
    inputs = {"role": role, "code": code, "handler": "main.handler", "runtime": "python3.13", "timeout": 10.0}
    inputs["environment"] = {"variables": {"SEEN": str(tmp_path / "seen")}}
    _, function = resources.create("aws:lambda/function:Function", "f", inputs, cloud)
    for source, more in ((table["streamArn"], {"startingPosition": "TRIM_HORIZON"}), (queue["arn"], {})):
        reading = {"eventSourceArn": source, "functionName": function["arn"], "batchSize": 10.0, **more}
        reading["functionResponseTypes"] = ["ReportBatchItemFailures"]
        resources.create("aws:lambda/eventSourceMapping:EventSourceMapping", "m", reading, cloud)
    return table["name"], queue["url"], lambda: (tmp_path / "seen").read_text().splitlines()


def test_a_streams_record_that_failed_is_tried_again_before_the_next_and_those_before_it_are_not(cloud, followed):
    table, _, seen = followed
    items = [{"PutRequest": {"Item": {"requestId": {"S": name}}}} for name in ("one", "fails once", "two")]
    cloud.client("dynamodb").batch_write_item(RequestItems={table: items})
    until(lambda: "two" in seen(), "the last record", SECONDS)
    assert seen() == ["one", "fails once", "fails once", "two"]


def test_a_function_that_takes_its_time_with_a_stream_holds_up_no_queue(cloud, followed):
    table, queue, seen = followed
    cloud.client("dynamodb").put_item(TableName=table, Item={"requestId": {"S": "waits for the queue"}})
    until(seen, "the record", SECONDS)
    cloud.client("sqs").send_message(QueueUrl=queue, MessageBody="from the queue")
    until(lambda: "has waited" in seen(), "the message, while the record is served", SECONDS)


def ask(queue_url, **more):
    arguments = {"QueueUrl": queue_url, "MessageBody": "{% $states.context.Task.Token %}"}
    resource = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
    return {"Type": "Task", "Resource": resource, "Arguments": arguments, "End": True, **more}


@pytest.mark.parametrize(
    ("operation", "answer"),
    [("send_task_success", {"output": "{}"}), ("send_task_failure", {"error": "No", "cause": ""})],
)
def test_the_token_of_an_execution_that_was_stopped_is_not_taken(start, cloud, operation, answer):
    _, queue = resources.create("aws:sqs/queue:Queue", "q", {}, cloud)
    client = cloud.client("stepfunctions")
    execution = start(Wait=ask(queue["url"]))
    (sent,) = cloud.client("sqs").receive_message(QueueUrl=queue["url"], WaitTimeSeconds=SECONDS)["Messages"]
    client.stop_execution(executionArn=execution)
    send = getattr(client, operation)
    with pytest.raises(client.exceptions.TaskTimedOut):
        send(taskToken=sent["Body"], **answer)


SLOW = {"Type": "Wait", "Seconds": SECONDS, "End": True}
CHILD = {"ask": {"title": 'Say "please"'}}


def nested(child, name="asked", **more):
    """A task that starts an execution of `child` and waits for it."""
    arguments = {"StateMachineArn": child, "Input": CHILD, "Name": name}
    return {"Type": "Task", "Resource": SYNC, "Arguments": arguments, "End": True} | more


def execution_of(child, name="asked"):
    return child.replace(":stateMachine:", ":execution:") + f":{name}"


def milliseconds(date):
    return round(date.timestamp() * 1000)


def test_a_name_is_used_once(run, machine):
    child = machine(Yes={"Type": "Pass", "End": True})
    found = run(Ask=nested(child, Next="Again") | {"End": False}, Again=nested(child))
    assert found["error"] == "StepFunctions.ExecutionAlreadyExistsException"


@pytest.mark.parametrize("mode", ["", ":2"])
def test_a_child_that_failed_fails_its_parent_with_its_description_as_json(run, machine, cloud, mode):
    """Key by key as recorded on AWS."""
    child = machine(No={"Type": "Fail", "Error": "Rejected", "Cause": 'by "somebody"'})
    found = run(Ask=nested(child, Resource=SYNC.removesuffix(":2") + mode))
    assert (found["status"], found["error"]) == ("FAILED", "States.TaskFailed")
    seen = cloud.client("stepfunctions").describe_execution(executionArn=execution_of(child))
    told = json.loads(found["cause"])
    assert list(told) == sorted(told)
    assert told == {
        "Cause": 'by "somebody"',
        "Error": "Rejected",
        "ExecutionArn": execution_of(child),
        "Input": json.dumps(CHILD),
        "InputDetails": {"Included": True},
        "Name": "asked",
        "RedriveCount": 0,
        "RedriveStatus": "REDRIVABLE",
        "StartDate": milliseconds(seen["startDate"]),
        "StateMachineArn": child,
        "Status": "FAILED",
        "StopDate": milliseconds(seen["stopDate"]),
    }


def test_a_child_is_stopped_when_its_task_times_out_and_only_then(run, machine, cloud):
    quick, slow = machine(Yes={"Type": "Pass", "End": True}), machine(Slow=SLOW | {"Seconds": 2})
    found = run(
        Quick=nested(quick, TimeoutSeconds=1, Next="Slow") | {"End": False},
        Slow=nested(slow, name="untimed", Next="Timed") | {"End": False},
        Timed=nested(slow, TimeoutSeconds=1),
    )
    assert (found["status"], found["error"]) == ("FAILED", "States.Timeout")
    for name, status in {"untimed": "SUCCEEDED", "asked": "ABORTED"}.items():
        ended = cloud.client("stepfunctions").describe_execution(executionArn=execution_of(slow, name))
        assert ended["status"] == status, name


def test_starting_what_runs_by_its_name_and_with_its_input_returns_it(machine, cloud):
    arn, client = machine(Slow=SLOW), cloud.client("stepfunctions")
    first = client.start_execution(stateMachineArn=arn, name="once", input='{"a": 1}')
    again = client.start_execution(stateMachineArn=arn, name="once", input='{"a": 1}')
    assert (again["executionArn"], again["startDate"]) == (first["executionArn"], first["startDate"])
    assert len(client.list_executions(stateMachineArn=arn)["executions"]) == 1
    with pytest.raises(client.exceptions.ExecutionAlreadyExists):
        client.start_execution(stateMachineArn=arn, name="once", input='{"a": 2}')
    client.stop_execution(executionArn=first["executionArn"])
    with pytest.raises(client.exceptions.ExecutionAlreadyExists):
        client.start_execution(stateMachineArn=arn, name="once", input='{"a": 1}')


def test_looks_above_a_quota_are_throttled_until_it_has_filled_again():
    with Emulator(describe_quota=(2, 1)) as running:
        once = Config(retries={"mode": "standard", "total_max_attempts": 1})
        client = boto3.client(
            "stepfunctions",
            endpoint_url=running.endpoint,
            region_name="us-east-1",
            config=once,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

        def look():
            with pytest.raises(ClientError) as refused:
                client.describe_execution(executionArn="arn:aws:states:us-east-1:000000000000:execution:m:none")
            return refused.value.response["Error"]["Code"]

        assert until(lambda: "ThrottlingException" in {look() for _ in range(4)}, "throttling", SECONDS)
        until(lambda: look() == "ExecutionDoesNotExist", "refill", SECONDS)


def test_a_map_in_a_table_keeps_no_order_and_a_list_keeps_its_own(emulator):
    """Whatever depends on a map's order shows in the journeys, too."""
    dynamodb, table = approval_table(emulator)
    names = [f"person-{number}" for number in range(10)]
    people = {"M": {name: {"M": {one: {"S": one} for one in names}} for name in names}}
    listed = {"L": [{"S": name} for name in names]}
    key = {"requestId": {"S": "one"}}
    dynamodb.put_item(TableName=table, Item=key | {"executionArn": {"S": "run"}, "put": people, "listed": listed})
    dynamodb.update_item(
        TableName=table,
        Key=key,
        UpdateExpression="SET updated = :people",
        ExpressionAttributeValues={":people": people},
    )
    item = dynamodb.get_item(TableName=table, Key=key)["Item"]
    assert item["put"] == item["updated"] == people
    assert item["listed"] == listed
    for held in (item["put"], item["updated"], item["put"]["M"]["person-0"]):
        assert list(held["M"]) != names


@pytest.mark.parametrize(("missing", "state"), [("notBreaching", "OK"), ("missing", "INSUFFICIENT_DATA")])
def test_an_alarm_without_data_is_ok_if_that_is_not_breaching(cloud, missing, state):
    metric = {"namespace": "AWS/SQS", "metricName": "none", "period": 60.0, "stat": "Sum"}
    inputs = {
        "comparisonOperator": "GreaterThanThreshold",
        "evaluationPeriods": 1.0,
        "metricQueries": [{"id": "m", "metric": metric}],
        "threshold": 0.0,
        "treatMissingData": missing,
    }
    name, _ = resources.create("aws:cloudwatch/metricAlarm:MetricAlarm", "a", inputs, cloud)
    (alarm,) = cloud.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    assert alarm["StateValue"] == state
