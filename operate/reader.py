"""Reads requests and their executions, with as few calls as it takes. Never a task token."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

from handlers.approvals.adapters.dynamodb import record_of
from handlers.approvals.rules.record import Record
from handlers.approvals.usecases.ports import NewerVersionError
from handlers.contract.question import REQUEST_ID
from handlers.contract.record import READABLE, Attribute, Status
from handlers.contract.visible import one_line
from operate.outputs import OperateError, Target

AT_ONCE = 100  # items of one BatchGetItem: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
ASKED = attrgetter("requested_at", "request_id")
NEWEST = 500  # requests of each status, among which a beginning of an id is looked for
KINDS: Mapping[str, Sequence[Status]] = {
    "open": [Status.OPEN],
    "decided": [Status.APPROVED, Status.REJECTED],
    "expired": [Status.EXPIRED],
    "closed": [Status.CLOSED],
    "all": [*Status],
}


class Reader:
    """`client` makes a boto3 client of a service, or has it."""

    def __init__(self, target: Target, client: Any) -> None:
        self._target = target
        self._client = client

    def newest(self, statuses: Iterable[Status], limit: int) -> list[Record]:
        """The newest first. One call for each status, and one for 100 records."""
        keys = sorted((key for status in statuses for key in self._keys(status, limit)), reverse=True)
        return sorted(self._records([name for _, name in keys[:limit]]), key=ASKED, reverse=True)

    def since(self, moment: datetime) -> list[Record]:
        """All that were asked since then, the oldest first."""
        keys = [key for status in Status for key in self._keys(status, None, moment.isoformat()[:19])]
        return sorted(self._records([name for _, name in keys]), key=ASKED)

    def by_id(self, request_id: str) -> Record | None:
        return next(iter(self._records([request_id])), None)

    def find(self, text: str) -> Record:
        """By an id, an execution's ARN or name, or a beginning of an id. Raises OperateError unless it is one."""
        may_be_id = REQUEST_ID.fullmatch(text)
        if may_be_id and (record := self.by_id(text)):
            return record
        if record := self._of_execution(text if text.startswith("arn:") else self._target.execution(text)):
            return record
        if not may_be_id:
            raise OperateError(f'there is no request "{one_line(text)}", and no execution of that name has asked')
        names = {name for status in Status for _, name in self._keys(status, NEWEST) if name.startswith(text)}
        if len(names) == 1 and (record := self.by_id(*names)):
            return record
        said = f"{len(names)} begin" if names else "none has this id or execution, or begins"
        raise OperateError(f"of the newest {NEWEST} requests of each status, {said} with {text}: give the whole id")

    def execution(self, arn: str) -> dict[str, Any]:
        """As DescribeExecution has it; {} if there is none any more."""
        workflows = self._client("stepfunctions")
        try:
            return dict(workflows.describe_execution(executionArn=arn))
        except workflows.exceptions.ExecutionDoesNotExist:
            return {}

    def ended(self, arn: str) -> dict[str, Any]:
        """The same once it is over; {} before, and where one that has just been started is not known yet."""
        execution = self.execution(arn)
        return {} if execution.get("status") == "RUNNING" else execution

    def history(self, arn: str) -> Iterator[dict[str, Any]]:
        """The events of an execution, oldest first, without input and output."""
        pages = self._client("stepfunctions").get_paginator("get_execution_history")
        for page in pages.paginate(executionArn=arn, includeExecutionData=False):
            yield from page["events"]

    def state(self, arn: str) -> str:
        """For example "FAILED", or "RUNNING, in Request approval"."""
        status = str(self.execution(arn).get("status", "gone"))
        if status != "RUNNING":
            return status
        entered = [one["stateEnteredEventDetails"] for one in self.history(arn) if "stateEnteredEventDetails" in one]
        return f"{status}, in {entered[-1]['name']}" if entered else status

    def executions(self, **limits: Any) -> Iterator[dict[str, Any]]:
        """As ListExecutions has them, the newest first; `limits` are its `statusFilter` and the like."""
        pages = self._client("stepfunctions").get_paginator("list_executions")
        for page in pages.paginate(stateMachineArn=self._target["stateMachineArn"], **limits):
            yield from page["executions"]

    def _keys(self, status: Status, limit: int | None, since: str = "") -> list[tuple[str, str]]:
        """Times of asking and ids, the newest first; all with `limit` None."""
        asked = {":status": {"S": status.value}} | ({":since": {"S": since}} if since else {})
        query = self._client("dynamodb").get_paginator("query")
        pages = query.paginate(
            TableName=self._target["approvalTable"],
            IndexName=self._target["statusIndex"],
            KeyConditionExpression="#status = :status" + (" AND requestedAt >= :since" if since else ""),
            ExpressionAttributeNames={"#status": Attribute.STATUS.value},
            ExpressionAttributeValues=asked,
            ScanIndexForward=False,
            PaginationConfig={"MaxItems": limit, "PageSize": limit},
        )
        return [(item["requestedAt"]["S"], item[Attribute.REQUEST_ID]["S"]) for page in pages for item in page["Items"]]

    def _of_execution(self, arn: str) -> Record | None:
        found = self._client("dynamodb").query(
            TableName=self._target["approvalTable"],
            IndexName=self._target["executionIndex"],
            KeyConditionExpression=f"{Attribute.EXECUTION_ARN} = :execution",
            ExpressionAttributeValues={":execution": {"S": arn}},
        )["Items"]
        records = self._records([item[Attribute.REQUEST_ID]["S"] for item in found])
        return next(iter(records), None)

    def _records(self, names: Sequence[str]) -> list[Record]:
        """Of these ids, in any order. Those that a newer release or nobody of ours has written are left out."""
        placeholders = {f"#{number}": name for number, name in enumerate(READABLE)}
        what = {"ProjectionExpression": ", ".join(placeholders), "ExpressionAttributeNames": placeholders}
        found = []
        for start in range(0, len(names), AT_ONCE):
            keys = [{Attribute.REQUEST_ID.value: {"S": name}} for name in names[start : start + AT_ONCE]]
            asked = {self._target["approvalTable"]: {"Keys": keys, "ConsistentRead": True, **what}}
            while asked:
                page = self._client("dynamodb").batch_get_item(RequestItems=asked)
                found += [record for items in page["Responses"].values() for one in items if (record := read(one))]
                asked = page.get("UnprocessedKeys")
        return found


def read(item: dict[str, Any]) -> Record | None:
    """A DynamoDB item as a record; None if it is none: of a newer release, or anybody may have written it."""
    try:
        return record_of(item)
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError, NewerVersionError):
        return None
