"""The table as the use cases see it: one conditional write, and None if somebody else was quicker."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer
from botocore.stub import ANY

from handlers.approvals.adapters.dynamodb import ApprovalTable
from handlers.approvals.parsing.item import SCHEMA_VERSION, to_item
from handlers.approvals.rules.decisions import handed_over
from handlers.approvals.rules.record import Lease, Record
from handlers.approvals.usecases.ports import NewerVersionError, UnavailableError
from tests.support.aws import silent, stubbed
from tests.support.records import ANNA, ASKED_AT, EXECUTION_ARN, REQUEST_ID, approved, record, vote, voted

KEY = {"requestId": {"S": REQUEST_ID}}
REFUSED = "ConditionalCheckFailedException"


def typed(item: dict[str, Any]) -> dict[str, Any]:
    return {name: TypeSerializer().serialize(value) for name, value in item.items()}


def table(client: Any) -> ApprovalTable:
    return ApprovalTable(client, "approvals", "by-execution")


def updated(seen: Record, after: Record) -> tuple[dict[str, Any], Record]:
    """What is written, and what the table says is stored then."""
    calls = []
    client, answers = stubbed("dynamodb")
    client.meta.events.register(
        "provide-client-params.dynamodb.UpdateItem", lambda params, **_: calls.append(dict(params))
    )
    answers.add_response("update_item", {})
    stored = table(client).replace(seen, after)
    assert stored
    return calls[0], stored


@pytest.mark.parametrize("kept", [record(), approved(), record(lease=Lease(owner="one", until=ASKED_AT))])
def test_a_record_is_read_consistently_and_as_it_was_written(kept):
    client, answers = stubbed("dynamodb")
    answers.add_response(
        "get_item", {"Item": typed(to_item(kept))}, {"TableName": "approvals", "Key": KEY, "ConsistentRead": True}
    )
    read = table(client).get(REQUEST_ID)
    assert read
    assert read == kept
    assert {type(number) for number in (read.deadline, read.round, read.version)} == {int}, "not Decimal"


def test_there_may_be_no_record():
    client, answers = stubbed("dynamodb")
    answers.add_response("get_item", {})
    assert table(client).get(REQUEST_ID) is None


def test_a_record_from_the_future_cannot_be_read_yet():
    client, answers = stubbed("dynamodb")
    answers.add_response("get_item", {"Item": typed(to_item(record()) | {"schemaVersion": SCHEMA_VERSION + 1})})
    with pytest.raises(NewerVersionError):
        table(client).get(REQUEST_ID)


def test_a_record_is_found_by_its_execution():
    client, answers = stubbed("dynamodb")
    answers.add_response(
        "query",
        {"Items": [KEY | {"executionArn": {"S": EXECUTION_ARN}}]},
        {
            "TableName": "approvals",
            "IndexName": "by-execution",
            "KeyConditionExpression": "executionArn = :execution",
            "ExpressionAttributeValues": {":execution": {"S": EXECUTION_ARN}},
        },
    )
    assert table(client).requests_of(EXECUTION_ARN) == [REQUEST_ID]


def test_a_record_is_made_only_if_there_is_none():
    client, answers = stubbed("dynamodb")
    answers.add_response(
        "put_item",
        {},
        {
            "TableName": "approvals",
            "Item": typed(to_item(record()) | {"version": 1}),
            "ConditionExpression": "attribute_not_exists(requestId)",
        },
    )
    assert table(client).create(record(version=0)) == record(version=1)


def test_a_change_is_one_write_of_what_has_changed_on_condition_of_what_was_seen():
    call, stored = updated(record(version=3), record(version=3, round=2, task_token="second"))
    assert call == {
        "TableName": "approvals",
        "Key": KEY,
        "UpdateExpression": ANY,
        "ConditionExpression": "#version = :seen AND executionArn = :execution",
        "ExpressionAttributeNames": {"#version": "version", "#round": "round", "#taskToken": "taskToken"},
        "ExpressionAttributeValues": {
            ":seen": {"N": "3"},
            ":execution": {"S": EXECUTION_ARN},
            ":version": {"N": "4"},
            ":round": {"N": "2"},
            ":taskToken": {"S": "second"},
        },
    }
    assert sorted(call["UpdateExpression"].removeprefix("SET ").split(", ")) == [
        "#round = :round",
        "#taskToken = :taskToken",
        "#version = :version",
    ]
    assert stored == record(version=4, round=2, task_token="second")


def test_what_a_record_has_no_more_is_taken_out_of_the_table():
    sending = record(lease=Lease(owner="one", until=ASKED_AT))
    call, stored = updated(sending, replace(sending, lease=None, task_token=""))
    assert call["UpdateExpression"] == "SET #version = :version REMOVE #lease, #taskToken"
    assert (stored.lease, stored.task_token) == (None, "")


def test_a_mail_that_is_noted_leaves_the_votes_alone():
    """IAM refuses `votes` to everybody but the page."""
    seen = voted({ANNA: vote()})
    call, _ = updated(seen, seen.with_approver(ANNA, mailed_round=2))
    assert set(call["ExpressionAttributeNames"].values()) == {"version", "approvers"}


def test_a_vote_leaves_alone_what_the_mailing_writes():
    call, _ = updated(record(), record().with_approver(ANNA, vote=vote()))
    assert set(call["ExpressionAttributeNames"].values()) == {"version", "votes"}


def test_whoever_was_overtaken_has_written_nothing_and_is_told_so():
    client, answers = stubbed("dynamodb")
    answers.add_client_error("put_item", REFUSED)
    answers.add_client_error("update_item", REFUSED)
    assert table(client).create(record(version=0)) is None
    assert table(client).replace(approved(), handed_over(approved())) is None
    answers.assert_no_pending_responses()


CALLS = {
    "get_item": lambda store: store.get(REQUEST_ID),
    "query": lambda store: store.requests_of(EXECUTION_ARN),
    "put_item": lambda store: store.create(record(version=0)),
    "update_item": lambda store: store.replace(approved(), handed_over(approved())),
}


@pytest.mark.parametrize("code", ["ProvisionedThroughputExceededException", "AccessDeniedException"])
@pytest.mark.parametrize("method", CALLS)
def test_whatever_else_the_table_says_is_no_answer(method, code):
    client, answers = stubbed("dynamodb")
    answers.add_client_error(method, code)
    with pytest.raises(UnavailableError, match=code):
        CALLS[method](table(client))


@pytest.mark.parametrize("method", CALLS)
def test_silence_is_told_by_the_kind_of_it(method):
    with pytest.raises(UnavailableError) as error:
        CALLS[method](table(silent("dynamodb")))
    assert error.value.kind == "ConnectTimeoutError"
