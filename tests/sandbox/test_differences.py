import json

import pytest

from sandbox.differences import for_mailboxes, mail_queue_name, widen_task_callbacks, without_tls_demand

MACHINE = "arn:aws:states:eu-central-1:000000000000:stateMachine:m"


def statement(*actions, effect="Allow"):
    return {"Effect": effect, "Action": list(actions), "Resource": MACHINE}


def widened(*given):
    policy = json.dumps({"Version": "2012-10-17", "Statement": list(given)})
    return [one["Resource"] for one in json.loads(widen_task_callbacks(policy))["Statement"]]


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


def test_the_demand_for_tls_is_left_out_and_nothing_else():
    allow = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "q"}
    tls = {
        "Effect": "Deny",
        "Action": "sqs:*",
        "Resource": "q",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    backwards = {**tls, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}
    kept = json.loads(without_tls_demand(json.dumps({"Statement": [allow, tls, backwards]})))
    assert kept["Statement"] == [allow, backwards]
    assert without_tls_demand(json.dumps({"Statement": [tls]})) == ""


def test_addresses_that_differ_have_mailboxes_that_differ():
    addresses = ["a.b@example.com", "a-b@example.com", "A.b@example.com", "x" * 200 + "@example.com"]
    names = {mail_queue_name("mail", address) for address in addresses}
    assert len(names) == len(addresses)
    assert all(len(name) <= 80 for name in names)


def test_a_topics_policy_lists_mailboxes_in_place_of_addresses_and_is_else_as_it_was():
    people = {"StringNotEqualsIgnoreCase": {"sns:Endpoint": ["ada@example.com", "bob@example.com"]}}
    one = {"StringNotEquals": {"sns:Endpoint": "ada@example.com", "sns:Protocol": "email"}}
    other = {"StringEquals": {"aws:SourceAccount": "000000000000"}}
    given = [*({"Effect": "Deny", "Condition": condition} for condition in (people, one, other)), {"Effect": "Allow"}]
    found = json.loads(for_mailboxes(json.dumps({"Statement": given}), lambda address: f"box of {address}"))
    boxes = ["box of ada@example.com", "box of bob@example.com"]
    assert found["Statement"] == [
        {"Effect": "Deny", "Condition": {"StringNotEqualsIgnoreCase": {"sns:Endpoint": boxes}}},
        {"Effect": "Deny", "Condition": {"StringNotEquals": {"sns:Endpoint": boxes[:1], "sns:Protocol": "sqs"}}},
        *given[2:],
    ]
