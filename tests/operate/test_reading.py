"""Reading requests: with how few calls, by which names, and what is no record."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer
from botocore.client import BaseClient

from handlers.approvals.parsing.item import to_item
from handlers.approvals.rules.record import Record
from handlers.contract.record import Status
from operate.outputs import OperateError, Target
from operate.reader import Reader, read
from tests.support import records
from tests.support.stacks import Stack

RECORDS, EVERY = 5_000, 125  # of which waits: 40


def stored(record: Record, **changes: Any) -> dict[str, Any]:
    """The item in DynamoDB."""
    return {name: TypeSerializer().serialize(value) for name, value in to_item(record).items()} | changes


def asked_at(number: int) -> str:
    return f"2026-11-{1 + number % 28:02}T{number // 210:02}:00:00Z"


@pytest.fixture(scope="module")
def filled(stack: Stack) -> Iterator[Target]:
    """What the output says of a stack whose table has 5,000 records."""
    dynamodb, name = stack.dynamodb, "filled"
    described = dynamodb.describe_table(TableName=stack.table)["Table"]
    kept = ("IndexName", "KeySchema", "Projection")
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=described["KeySchema"],
        AttributeDefinitions=described["AttributeDefinitions"],
        GlobalSecondaryIndexes=[{key: one[key] for key in kept} for one in described["GlobalSecondaryIndexes"]],
    )
    whole = stored(records.record())
    items = [
        (whole if number % EVERY == 0 or number % 28 >= 26 else {})
        | {
            "requestId": {"S": f"{number:04}-of-many"},
            "requestedAt": {"S": asked_at(number)},
            "status": {"S": (Status.OPEN if number % EVERY == 0 else Status.CLOSED).value},
            "executionArn": {"S": f"{stack.sandbox.outputs['stateMachineArn']}:{number}"},
        }
        for number in range(RECORDS)
    ]
    for at in range(0, RECORDS, 25):
        dynamodb.batch_write_item(RequestItems={name: [{"PutRequest": {"Item": item}} for item in items[at : at + 25]]})
    yield Target(json.loads(stack.sandbox.outputs["operate"]) | {"approvalTable": name})
    dynamodb.delete_table(TableName=name)


@pytest.fixture
def found_by(stack, filled) -> Reader:
    return Reader(filled, stack.sandbox.client)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each operation of AWS is called."""
    made: Counter[str] = Counter()
    call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def counted(self: Any, operation: str, arguments: Any) -> Any:
        if threading.current_thread() is threading.main_thread():  # a page that other tests have opened looks, too
            made[operation] += 1
        return call(self, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", counted)
    return made


def test_of_5000_records_the_40_that_wait_are_listed_newest_first_with_at_most_three_calls(
    filled, reader, calls, tmp_path
):
    (tmp_path / "filled.json").write_text(json.dumps(filled))
    by_root = {"AWS_ACCESS_KEY_ID": "test"}  # the table is none of those that the reader may read
    options = ("--json", "--outputs", str(tmp_path / "filled.json"))
    listed = reader("list", "--limit", "100", *options, **by_root).data
    assert calls.total() <= 3, calls
    newest = sorted(range(0, RECORDS, EVERY), key=lambda number: (asked_at(number), number), reverse=True)
    assert [row["requestId"] for row in listed] == [f"{number:04}-of-many" for number in newest]
    assert {row["status"] for row in listed} == {"OPEN"}
    calls.clear()
    assert reader("list", "--limit", "7", *options, **by_root).data == listed[:7]
    assert calls == {"Query": 1, "BatchGetItem": 1}
    newest = reader("list", "--status", "all", "--limit", "3", *options, **by_root).data
    assert [row["requestId"] for row in newest] == ["4983-of-many", "4955-of-many", "4927-of-many"]


def test_all_since_a_moment_are_found_oldest_first(found_by):
    found = found_by.since(datetime(2026, 11, 27, tzinfo=UTC))
    assert len(found) == sum(number % 28 >= 26 for number in range(RECORDS))
    assert found == sorted(found, key=lambda record: record.requested_at)


@pytest.mark.parametrize("beginning", ["0125", "0125-of-many", "4875-"])
def test_a_beginning_that_only_one_id_has_is_enough(found_by, beginning):
    assert found_by.find(beginning).request_id.startswith(beginning)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("48", "of the newest 500 requests of each status, .* begin with 48: give the whole id"),
        ("0001", "none has this id or execution, or begins with 0001"),  # there is one, among the older
        ("0001-of-man", "none has this id"),
        ("", 'there is no request ""'),
        ("arn:aws:states:::execution:m:x", "no execution of that name has asked"),
        ("\x1b[31m", r'there is no request "\[31m"'),
    ],
)
def test_what_means_no_request_or_several_is_an_error_in_words(found_by, text, words):
    with pytest.raises(OperateError, match=words):
        found_by.find(text)


@pytest.mark.parametrize(
    "changes",
    [
        {"policy": {"S": "payout"}},
        {"votes": {"M": {records.ANNA: {"M": {}}}}},
        {"status": {"S": "MAYBE"}},
        {"schemaVersion": {"N": "99"}},
    ],
    ids=str,
)
def test_an_item_that_is_no_record_is_left_out_and_breaks_nothing(changes):
    assert read(stored(records.approved())) == records.approved()
    assert read(stored(records.record(), **changes)) is None
