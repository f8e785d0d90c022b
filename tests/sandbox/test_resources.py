"""What the sandbox refuses to create. Nothing here reaches an emulator: there is none at the endpoint."""

import pytest

from sandbox import resources
from sandbox.cloud import Cloud
from sandbox.resources.given import Given, UnsupportedError

NOWHERE = Cloud(endpoint="http://127.0.0.1:1", region="eu-central-1")
QUEUE = "aws:sqs/queue:Queue"
NAME = "[a-z0-9-]"


def create(type_, name, inputs):
    return resources.create(type_, name, inputs, NOWHERE)


def test_an_unknown_type_is_refused_by_type_and_name():
    with pytest.raises(UnsupportedError, match=r"aws:ec2/vpc:Vpc.*'net'"):
        create("aws:ec2/vpc:Vpc", "net", {})


@pytest.mark.parametrize("type_", sorted(resources.MAKERS))
def test_an_input_that_no_mapping_uses_is_refused_by_type_name_and_key(type_):
    needed = ["arn", "apiId", "attributes", "code", "definition", "endpoint", "function", "hashKey"]
    needed += [
        "functionName",
        "policy",
        "protocol",
        "queueUrl",
        "redriveAllowPolicy",
        "resourceArn",
        "role",
        "roleArn",
        "rule",
        "topic",
    ]
    inputs = dict.fromkeys(needed, '{"Statement": []}') | {"attributes": [], "surprise": 1}
    # Only what the type needs: each of the others would be a surprise as well.
    while True:
        with pytest.raises(UnsupportedError) as refusal:
            create(type_, "thing", inputs)
        if "'surprise'" in str(refusal.value):
            break
        inputs.pop(str(refusal.value).split("the input '")[1].split("'")[0])
    assert type_ in str(refusal.value)
    assert "'thing'" in str(refusal.value)


def test_a_type_that_cannot_be_deleted_here_is_refused_by_type_and_id():
    with pytest.raises(UnsupportedError, match=r"aws:sqs/queue:Queue.*'http://q'"):
        resources.delete(QUEUE, "http://q", {}, NOWHERE)


def test_a_needed_input_is_asked_for_by_name():
    with pytest.raises(UnsupportedError, match="'policy'"):
        create("aws:iam/rolePolicy:RolePolicy", "p", {"role": "r"})


def test_an_index_that_is_described_the_old_way_is_refused_by_name():
    index = {"name": "by-owner", "hashKey": "owner", "projectionType": "ALL"}
    inputs = {"hashKey": "id", "attributes": [], "globalSecondaryIndexes": [index]}
    with pytest.raises(UnsupportedError, match="'by-owner' has no 'keySchemas'"):
        create("aws:dynamodb/table:Table", "t", inputs)


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
    names = {Given(QUEUE, "requests", {}).physical_name(80, NAME) for _ in range(20)}
    assert len(names) == 20
    assert all(name.startswith("requests-") and len(name) == len("requests-") + 7 for name in names)


def test_a_given_name_is_kept():
    assert Given(QUEUE, "q", {"name": "mine"}).physical_name(80, NAME) == "mine"


def test_numbers_arrive_whole_and_the_users_own_keys_as_they_are():
    given = Given("t", "n", {"memorySize": 256.0, "environment": {"variables": {"logLevel": "INFO"}}, "threshold": 0.5})
    assert given.request("memorySize", "environment", "threshold") == {
        "MemorySize": 256,
        "Environment": {"variables".capitalize(): {"logLevel": "INFO"}},
        "Threshold": 0.5,
    }


def test_an_unknown_invoke_is_refused_by_name():
    with pytest.raises(UnsupportedError, match="aws:ec2/getVpc:getVpc"):
        resources.call("aws:ec2/getVpc:getVpc", {}, NOWHERE)
