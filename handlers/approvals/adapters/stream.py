"""The table's stream: what Lambda delivers of it, and what an operator asks for once more."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, overload

from handlers.approvals.adapters.aws import calls
from handlers.approvals.adapters.dynamodb import record_of
from handlers.approvals.observability import logger
from handlers.approvals.rules.record import Record
from handlers.approvals.usecases.ports import UnavailableError
from handlers.contract.record import Attribute

Serve = Callable[[Record | None, Record], None]


class UnreadableError(Exception):
    """What was written is no record of this release. It says what the reader said, but nothing of what was read."""


def serve_in_order(records: Sequence[Mapping[str, Any]], serve: Serve) -> str:
    """The sequence number of the first record that failed; those after it have to wait. "" if none did."""
    for one in records:
        change = one["dynamodb"]
        logger.remove_keys(["execution", "round"])  # of the record before
        logger.append_keys(requestId=change["Keys"][Attribute.REQUEST_ID]["S"])
        try:
            if "NewImage" in change:  # a record that is deleted, or has expired, is no news
                before, after = _read(change.get("OldImage")), _read(change["NewImage"])
                logger.append_keys(execution=after.execution_arn, round=after.round)
                serve(before, after)
        except Exception as error:  # noqa: BLE001 - see above
            number = str(change["SequenceNumber"])
            logger.exception("not told, will be tried again", sequenceNumber=number, kind=type(error).__name__)
            return number
    return ""


@overload
def _read(image: dict[str, Any]) -> Record: ...
@overload
def _read(image: None) -> None: ...
def _read(image: dict[str, Any] | None) -> Record | None:
    try:
        return record_of(image) if image else None
    except Exception as error:  # noqa: BLE001 - whatever it is, its words may quote the image
        raise UnreadableError(type(error).__name__) from None


def read_again(client: Any, batch: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The records of a batch that Lambda has given up, as its letter names them. They are kept for a day.

    https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
    Raises UnavailableError, also for records that are gone.
    """
    with calls():
        iterator = client.get_shard_iterator(
            StreamArn=batch["streamArn"],
            ShardId=batch["shardId"],
            ShardIteratorType="AT_SEQUENCE_NUMBER",
            SequenceNumber=batch["startSequenceNumber"],
        )["ShardIterator"]
        # By its end, not by its size: the stream also has the deletions, which Lambda filters out.
        end, found = int(batch["endSequenceNumber"]), list[Mapping[str, Any]]()
        while not found or _number(found[-1]) < end:
            page = client.get_records(ShardIterator=iterator, Limit=batch["batchSize"])  # 1 MB at the most
            found += page["Records"]
            iterator = page.get("NextShardIterator")
            if not page["Records"] or not iterator:
                break
    told = [one for one in found if _number(one) <= end]
    if not told or _number(told[-1]) < end:
        raise UnavailableError("RecordsMissing", f"the stream gives only {len(told)} records, and not the last, {end}")
    return told


def _number(record: Mapping[str, Any]) -> int:
    return int(record["dynamodb"]["SequenceNumber"])
