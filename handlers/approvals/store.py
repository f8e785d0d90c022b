"""The record in DynamoDB: read consistently, written only by whoever saw its latest version."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from handlers.approvals.record import Record

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Many people pressing at once take turns; each turn is one read and one write of some milliseconds.
PATIENCE_SECONDS = 10.0
LONGEST_PAUSE_SECONDS = 0.25


class Contended(Exception):  # noqa: N818 - says what happened
    """Others wrote first for longer than PATIENCE_SECONDS; nothing was written."""


class NoSuchRecord(Exception):  # noqa: N818 - says what happened
    """There is no record of this request."""


class Store:
    """The approval table. AWS errors (botocore ClientError and the like) pass through, after the SDK's retries."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def get(self, request_id: str) -> Record | None:
        found = self._client.get_item(
            TableName=self._table, Key={"requestId": {"S": request_id}}, ConsistentRead=True
        ).get("Item")
        return Record.from_item(_plain(found)) if found else None

    def requests_of(self, execution_arn: str, index: str) -> list[str]:
        """The ids of the requests that an execution has made: none before it has asked, and one as it is shipped.

        The index follows the table with a delay of mostly less than a second:
        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html
        """
        found = self._client.query(
            TableName=self._table,
            IndexName=index,
            KeyConditionExpression="executionArn = :execution",
            ExpressionAttributeValues={":execution": {"S": execution_arn}},
        )["Items"]
        return [item["requestId"]["S"] for item in found]

    def change(
        self, request_id: str, decide: Callable[[Record], Record], *, new: Callable[[], Record] | None = None
    ) -> Record:
        """Apply `decide` to the latest record and write the result, again and again until no other writer got between.

        `decide` gets the record as it is, may raise to leave it so, and returns an equal one for "no change".
        `new` makes the record that `decide` starts from when there is none yet. Raises NoSuchRecord, or Contended.
        """
        give_up = time.monotonic() + PATIENCE_SECONDS
        pause = 0.01
        while True:
            seen = self.get(request_id)
            if seen:
                after = decide(seen)
            elif new:
                after = decide(new())
            else:
                raise NoSuchRecord(request_id)
            if after == seen:
                return after
            written = self._update(seen, after) if seen else self._create(after)
            if written:
                return written
            if time.monotonic() > give_up:
                raise Contended(request_id)
            time.sleep(random.uniform(0, pause))  # noqa: S311 - spreads writers, hides nothing
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    def _create(self, record: Record) -> Record | None:
        item = record.to_item() | {"version": 1}
        try:
            self._client.put_item(
                TableName=self._table, Item=_typed(item), ConditionExpression="attribute_not_exists(requestId)"
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return None
        return Record.from_item(item)

    def _update(self, seen: Record, after: Record) -> Record | None:
        """One conditional UpdateItem of what has changed. The version that was seen stands for all that was decided
        from it: that the request was open, and that this person had not voted."""
        old, new = seen.to_item(), after.to_item() | {"version": seen.version + 1}
        changed = {name: value for name, value in new.items() if old.get(name) != value}
        removed = sorted(old.keys() - new.keys())
        names = {f"#{name}": name for name in [*changed, *removed]}
        values = _typed({f":{name}": value for name, value in changed.items()} | {":seen": seen.version})
        expression = "SET " + ", ".join(f"#{name} = :{name}" for name in changed)
        if removed:
            expression += " REMOVE " + ", ".join(f"#{name}" for name in removed)
        try:
            self._client.update_item(
                TableName=self._table,
                Key={"requestId": {"S": seen.request_id}},
                UpdateExpression=expression,
                ConditionExpression="#version = :seen",
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=values,
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return None
        return Record.from_item(new)


def _typed(values: dict[str, Any]) -> dict[str, Any]:
    serialize = TypeSerializer().serialize
    return {name: serialize(value) for name, value in values.items()}


def _plain(item: dict[str, Any]) -> dict[str, Any]:
    deserialize = TypeDeserializer().deserialize
    return {name: _numbers(deserialize(value)) for name, value in item.items()}


def _numbers(value: Any) -> Any:
    """DynamoDB's numbers are Decimals; all of ours are whole."""
    if isinstance(value, dict):
        return {name: _numbers(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_numbers(inner) for inner in value]
    return int(value) if isinstance(value, Decimal) else value
