import json

import pytest

from sandbox.differences import as_told_apart

MACHINE = "arn:aws:states:eu-central-1:000000000000:stateMachine:m"


def statement(*actions, effect="Allow"):
    return {"Effect": effect, "Action": list(actions), "Resource": MACHINE}


def widened(*given):
    policy = json.dumps({"Version": "2012-10-17", "Statement": list(given)})
    return [one["Resource"] for one in json.loads(as_told_apart(policy))["Statement"]]


@pytest.mark.parametrize(
    "actions", [["states:DescribeExecution"], ["states:SendTaskSuccess", "states:StartExecution"], ["states:*"], []]
)
def test_any_other_statement_stays_as_it_is(actions):
    assert widened(statement(*actions)) == [MACHINE]


def test_only_the_callbacks_of_a_policy_are_widened_and_only_where_it_allows():
    found = widened(
        statement("sqs:SendMessage"),
        statement("states:SendTaskSuccess"),
        statement("states:SendTaskSuccess", effect="Deny"),
    )
    assert found == [MACHINE, "*", MACHINE]


@pytest.mark.parametrize(
    "actions",
    [["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"], ["ses:SendEmail"]],
)
def test_reads_of_a_stream_and_mails_are_widened_as_well_and_only_by_themselves(actions):
    others = statement("dynamodb:GetItem"), statement(*actions, "dynamodb:GetItem")
    assert widened(statement(*actions), *others) == ["*", MACHINE, MACHINE]
    assert widened(statement("ses:SendRawEmail"), statement(*actions, effect="Deny")) == [MACHINE, MACHINE]


@pytest.mark.parametrize("key", ["events:source", "ses:FromAddress"])
def test_a_condition_whose_key_the_emulator_has_not_is_left_out_and_no_other(key):
    named, other = {key: ["signoff.dev"]}, {"aws:SourceAccount": "0"}
    put = statement("events:PutEvents") | {
        "Condition": {"ForAllValues:StringEquals": named, "StringEquals": named | other}
    }
    (kept,) = json.loads(as_told_apart(json.dumps({"Statement": [put]})))["Statement"]
    assert kept == put | {"Condition": {"StringEquals": other}}
    (bare,) = json.loads(as_told_apart(json.dumps({"Statement": [put | {"Condition": {"StringEquals": named}}]})))[
        "Statement"
    ]
    assert bare["Condition"] == {}
