"""The record in DynamoDB: consistent reads, and writes conditional on its version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from handlers.approvals.adapters.aws import calls
from handlers.approvals.parsing.item import from_item, to_item
from handlers.approvals.rules.record import Record
from handlers.contract.record import Attribute

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class ApprovalTable:
    """The port `Store`. `index` finds a record by its execution; only `requests_of` needs it."""

    def __init__(self, client: DynamoDBClient, table: str, index: str = "") -> None:
        self._client = client
        self._table = table
        self._index = index

    def get(self, request_id: str) -> Record | None:
        with calls():
            found = self._client.get_item(TableName=self._table, Key=_key(request_id), ConsistentRead=True).get("Item")
        return record_of(found) if found else None

    def requests_of(self, execution_arn: str) -> list[str]:
        """The index is eventually consistent, usually within a second:
        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html
        """
        with calls():
            found = self._client.query(
                TableName=self._table,
                IndexName=self._index,
                KeyConditionExpression=f"{Attribute.EXECUTION_ARN} = :execution",
                ExpressionAttributeValues={":execution": {"S": execution_arn}},
            )["Items"]
        return [item[Attribute.REQUEST_ID]["S"] for item in found]

    def create(self, record: Record) -> Record | None:
        item = to_item(record) | {Attribute.VERSION.value: 1}
        with calls():
            try:
                self._client.put_item(
                    TableName=self._table,
                    Item=_all_typed(item),
                    ConditionExpression=f"attribute_not_exists({Attribute.REQUEST_ID})",
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return None
        return from_item(item)

    def replace(self, seen: Record, after: Record) -> Record | None:
        """One conditional UpdateItem with the changes. The condition on the version covers everything read from it:
        that the request was open, and that this person had not voted. The other one keeps runs apart: a record that was
        deleted, and made again by another run, may have the same version."""
        old, new = to_item(seen), to_item(after) | {Attribute.VERSION.value: seen.version + 1}
        changed = {name: value for name, value in new.items() if old.get(name) != value}
        removed = sorted(old.keys() - new.keys())
        names = {f"#{name}": name for name in [*changed, *removed]}
        values = {f":{name}": value for name, value in changed.items()}
        values |= {":seen": seen.version, ":execution": seen.execution_arn}
        expression = "SET " + ", ".join(f"#{name} = :{name}" for name in changed)
        if removed:
            expression += " REMOVE " + ", ".join(f"#{name}" for name in removed)
        with calls():
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=_key(seen.request_id),
                    UpdateExpression=expression,
                    ConditionExpression=f"#{Attribute.VERSION} = :seen AND {Attribute.EXECUTION_ARN} = :execution",
                    ExpressionAttributeNames=names,
                    ExpressionAttributeValues=_all_typed(values),
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return None
        return from_item(new)


def record_of(item: dict[str, Any]) -> Record:
    """A record from an item as the client returns it. Raises what `from_item` raises."""
    return from_item(_all_plain(item))


def _key(request_id: str) -> dict[str, Any]:
    return {Attribute.REQUEST_ID.value: {"S": request_id}}


# boto3 has a library for these two, but using it would import all of boto3.
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
def _typed(value: Any) -> dict[str, Any]:
    """A value as a DynamoDB AttributeValue. Raises TypeError for a type that records do not use."""
    match value:
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case str():
            return {"S": value}
        case list():
            return {"L": [_typed(one) for one in value]}
        case dict():
            return {"M": _all_typed(value)}
    raise TypeError(f"a record has no {type(value).__name__}")


def _all_typed(values: dict[str, Any]) -> dict[str, Any]:
    return {name: _typed(value) for name, value in values.items()}


def _plain(typed: dict[str, Any]) -> Any:
    ((kind, value),) = typed.items()
    match kind:
        case "N":
            return int(value)
        case "L":
            return [_plain(one) for one in value]
        case "M":
            return _all_plain(value)
    return value


def _all_plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in values.items()}
