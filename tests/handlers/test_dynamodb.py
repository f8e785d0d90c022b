"""The table as the use cases see it: one conditional write, and None if somebody else was quicker."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer

from handlers.approvals.adapters.dynamodb import ApprovalTable
from handlers.approvals.parsing.item import to_item
from handlers.approvals.rules.decisions import handed_over
from handlers.approvals.rules.record import Lease, Record
from handlers.approvals.usecases.ports import UnavailableError
from tests.support.aws import silent, stubbed
from tests.support.records import ANNA, ASKED_AT, BEN, EXECUTION_ARN, REQUEST_ID, approved, record, vote, voted

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


@pytest.mark.parametrize("kept", [approved(), record(lease=Lease(owner="one", until=ASKED_AT)), None])
def test_a_record_is_read_consistently_and_as_it_was_written_if_there_is_one(kept):
    client, answers = stubbed("dynamodb")
    found = {"Item": typed(to_item(kept))} if kept else {}
    answers.add_response("get_item", found, {"TableName": "approvals", "Key": KEY, "ConsistentRead": True})
    read = table(client).get(REQUEST_ID)
    assert read == kept
    assert not read or {type(number) for number in (read.deadline, read.round, read.version)} == {int}, "not Decimal"


def test_a_record_is_made_only_if_there_is_none():
    client, answers = stubbed("dynamodb")
    item = typed(to_item(record()) | {"version": 1})
    condition = {"ConditionExpression": "attribute_not_exists(requestId)"}
    answers.add_response("put_item", {}, {"TableName": "approvals", "Item": item} | condition)
    assert table(client).create(record(version=0)) == record(version=1)


def test_what_a_record_has_no_more_is_taken_out_of_the_table():
    sending = record(lease=Lease(owner="one", until=ASKED_AT))
    call, stored = updated(sending, replace(sending, lease=None, task_token=""))
    assert call["UpdateExpression"] == "SET #version = :version REMOVE #lease, #taskToken"
    assert (stored.lease, stored.task_token) == (None, "")


@pytest.mark.parametrize(("change", "written"), [({"mailed_round": 2}, "approvers"), ({"vote": vote()}, "votes")])
def test_a_mail_that_is_noted_leaves_the_votes_alone_and_a_vote_what_the_mailing_writes(change, written):
    """IAM refuses `votes` to everybody but the page."""
    seen = voted({BEN: vote()})
    call, _ = updated(seen, seen.with_approver(ANNA, **change))
    assert set(call["ExpressionAttributeNames"].values()) == {"version", written}


CALLS = {
    "get_item": lambda store: store.get(REQUEST_ID),
    "query": lambda store: store.requests_of(EXECUTION_ARN),
    "put_item": lambda store: store.create(record(version=0)),
    "update_item": lambda store: store.replace(approved(), handed_over(approved())),
}


@pytest.mark.parametrize("method", CALLS)
def test_whatever_else_the_table_says_is_no_answer_and_neither_is_silence(method):
    client, answers = stubbed("dynamodb")
    answers.add_client_error(method, "AccessDeniedException")
    with pytest.raises(UnavailableError, match="AccessDeniedException"):
        CALLS[method](table(client))
    with pytest.raises(UnavailableError) as error:
        CALLS[method](table(silent("dynamodb")))
    assert error.value.kind == "ConnectTimeoutError"
