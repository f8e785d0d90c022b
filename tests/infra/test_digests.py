"""Whether what is in force is what was deployed, however AWS writes it."""

from __future__ import annotations

import json

import pytest

from handlers.contract.digests import digest, resource_policy_digest

OTHER = {"Sid": "Other"}
ROLE = "arn:aws:iam::1:role/a"
STATEMENT = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": ["sqs:SendMessage", "sqs:ReceiveMessage"],
    "Condition": {"ArnNotEquals": {"aws:PrincipalArn": [ROLE]}},
}


@pytest.mark.parametrize(
    ("statements", "same"),
    [
        ([STATEMENT, OTHER], True),
        ([OTHER, STATEMENT | {"Principal": {"AWS": "*"}}], True),
        ([OTHER, STATEMENT | {"Principal": {"AWS": ["*"]}}], True),
        ([OTHER, STATEMENT | {"Action": ["sqs:ReceiveMessage", "sqs:SendMessage"]}], True),
        ([OTHER, STATEMENT | {"Condition": {"ArnNotEquals": {"aws:PrincipalArn": ROLE}}}], True),
        ([OTHER, STATEMENT | {"Effect": "Allow"}], False),
        ([OTHER, STATEMENT | {"Action": ["sqs:SendMessage"]}], False),
        ([OTHER, STATEMENT | {"Principal": {"AWS": ROLE}}], False),
        ([OTHER, STATEMENT | {"Condition": {}}], False),
        ([STATEMENT], False),
    ],
)
def test_policies_that_say_the_same_have_the_same_digest_and_no_others(statements, same):
    deployed, found = ({"Version": "2012-10-17", "Statement": one} for one in ([OTHER, STATEMENT], statements))
    assert (resource_policy_digest(json.dumps(found, indent=2)) == resource_policy_digest(json.dumps(deployed))) is same


def test_other_json_is_the_same_with_its_keys_in_another_order_only():
    assert digest('{"a": 1, "b": [1, 2]}') == digest('{"b":[1,2],"a":1}')
    assert digest('{"b": [1, 2]}') != digest('{"b": [2, 1]}')
