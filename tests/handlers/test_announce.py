"""The function that reads the table's stream: what it tells, in which order, and what becomes of what fails."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from handlers import announce
from handlers.approvals.adapters.dynamodb import _typed
from handlers.approvals.parsing.item import to_item
from handlers.approvals.rules import decisions
from handlers.approvals.rules.record import Record
from handlers.approvals.usecases.announce import Announce
from handlers.approvals.usecases.ports import UnavailableError
from handlers.contract.events import EventType
from tests.support.aws import stubbed
from tests.support.observed import logged
from tests.support.records import ANNA, EXECUTION_ARN, REQUEST_ID, approved, record, vote, voted

STREAM = "arn:aws:dynamodb:eu-central-1:123456789012:table/approvals/stream/2026-11-27T00:00:00.000"
BATCH: dict[str, Any] = {
    "streamArn": STREAM,
    "shardId": f"shardId-{'0' * 20}",
    "startSequenceNumber": "1" * 21,
    "endSequenceNumber": "2" * 21,
    "batchSize": 2,
}
OPEN, VOTED, DECIDED = record(), voted({ANNA: vote()}), approved()
TAKEN = decisions.handed_over(DECIDED)
SECRET = "what nobody may read in a log"


@dataclass
class Others:
    """Everybody who is told, and in which order. `trouble`: which of them cannot be reached."""

    trouble: str = ""
    told: list[tuple[str, Any]] = field(default_factory=list)

    def put(self, _record: Record, found: Any) -> None:
        self._tell("events", [one.type for one in found])

    def announce(self, after: Record) -> None:
        self._tell("queue", after.request_id)

    def tell(self, _record: Record, transition: Any) -> None:
        self._tell("chat", transition.type)

    def _tell(self, whom: str, what: Any) -> None:
        if whom == self.trouble:
            raise UnavailableError("ConnectTimeoutError")
        self.told.append((whom, what))

    @property
    def use_case(self) -> Announce:
        return Announce(events=self, announcements=self, chat=self)


def written(before: Record | None, after: Record | None, number: int = 1) -> dict[str, Any]:
    """A record of the stream: https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html"""
    images = {"OldImage": before, "NewImage": after}
    return {
        "eventID": "1",
        "eventName": "MODIFY" if before and after else "INSERT" if after else "REMOVE",
        "dynamodb": {
            "Keys": {"requestId": {"S": REQUEST_ID}},
            "SequenceNumber": str(number) * 21,
            **{name: _typed(to_item(one))["M"] for name, one in images.items() if one},
        },
    }


def unreadable(number: int) -> dict[str, Any]:
    one = written(OPEN, VOTED, number)
    one["dynamodb"]["NewImage"]["status"] = {"S": SECRET}
    return one


def failures(*numbers: int) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": str(number) * 21} for number in numbers]}


def test_events_come_before_the_queue_and_the_chat_last():
    others = Others()
    batch = {"Records": [written(None, OPEN), written(OPEN, VOTED, 2), written(VOTED, replace(TAKEN, version=3), 3)]}
    assert announce.serve(others.use_case, batch) == failures()
    types = [EventType.VOTED, EventType.VOTED, EventType.DECIDED]
    assert others.told == [
        ("events", [EventType.REQUESTED]),
        ("chat", EventType.REQUESTED),
        ("events", [EventType.VOTED]),
        ("chat", EventType.VOTED),
        ("events", types),
        ("queue", REQUEST_ID),
        *(("chat", one) for one in types),
    ]


def test_the_mailing_of_a_decision_is_asked_for_once_it_is_handed_over():
    others = Others()
    announce.serve(others.use_case, {"Records": [written(DECIDED, TAKEN), written(TAKEN, TAKEN, 2)]})
    assert others.told == [("queue", REQUEST_ID)]


@pytest.mark.parametrize("one", [written(TAKEN, None), written(OPEN, OPEN)], ids=["deleted", "unchanged"])
def test_what_is_deleted_or_means_nothing_is_told_to_nobody(one):
    others = Others()
    assert announce.serve(others.use_case, {"Records": [one]}) == failures()
    assert others.told == []


def test_nobody_is_told_what_nobody_has_asked_for():
    nobody = Announce(events=None, announcements=None, chat=None)
    assert announce.serve(nobody, {"Records": [written(VOTED, TAKEN)]}) == failures()


@pytest.mark.parametrize("trouble", ["events", "queue", "chat"])
def test_the_first_record_that_fails_comes_again_and_those_after_it_wait(trouble):
    others = Others(trouble)
    batch = {"Records": [written(OPEN, OPEN), written(VOTED, TAKEN, 2), written(None, OPEN, 3)]}
    assert announce.serve(others.use_case, batch) == failures(2)
    assert ("events", [EventType.REQUESTED]) not in others.told


def test_a_record_that_cannot_be_read_fails_and_the_log_names_it_but_says_nothing_of_what_it_holds():
    others = Others()
    with logged() as lines:
        assert announce.serve(others.use_case, {"Records": [written(None, OPEN), unreadable(2)]}) == failures(2)
    *_, line = lines.getvalue().splitlines()
    said = json.loads(line)
    assert (said["requestId"], said["sequenceNumber"], said["kind"]) == (REQUEST_ID, "2" * 21, "UnreadableError")
    assert "ValueError" in said["exception"]
    assert SECRET not in lines.getvalue()
    assert EXECUTION_ARN not in line, "which was of the record before"


def letter(monkeypatch, *pages: list[dict[str, Any]]) -> dict[str, Any]:
    """What Lambda writes to the queue of what it has given up. The stream has these pages of records."""
    client, stream = stubbed("dynamodbstreams")
    at = {"ShardIteratorType": "AT_SEQUENCE_NUMBER", "SequenceNumber": BATCH["startSequenceNumber"]}
    of = {"StreamArn": STREAM, "ShardId": BATCH["shardId"]}
    stream.add_response("get_shard_iterator", {"ShardIterator": "iterator-0"}, of | at)
    for number, page in enumerate(pages):
        expected = {"ShardIterator": f"iterator-{number}", "Limit": BATCH["batchSize"]}
        stream.add_response("get_records", {"Records": page, "NextShardIterator": f"iterator-{number + 1}"}, expected)
    monkeypatch.setattr(announce, "OnDemand", lambda *_: client)
    return {"requestContext": {"condition": "RetryAttemptsExhausted"}, "DDBStreamBatchInfo": BATCH}


KEYS = {"requestId": {"S": REQUEST_ID}}
GONE = {"eventName": "REMOVE", "dynamodb": {"Keys": KEYS, "SequenceNumber": "1" * 20 + "5"}}
NEXT = {"eventName": "REMOVE", "dynamodb": {"Keys": KEYS, "SequenceNumber": "3" * 21}}


@pytest.mark.parametrize("cut", [[4], [1, 3], [2, 2]], ids=["in one call", "in two calls", "with what comes next"])
def test_the_records_that_a_letter_names_are_read_again_and_told(monkeypatch, cut):
    """A call gives a megabyte at the most, which may be one record, and deletions, which Lambda filters out."""
    others = Others()
    stream = [written(None, OPEN), GONE, written(OPEN, VOTED, 2), NEXT]
    pages = [stream[: cut[0]], *([stream[cut[0] :]] if len(cut) > 1 else [])]
    brought = letter(monkeypatch, *pages)
    assert announce.serve(others.use_case, brought) == failures()
    assert [what for whom, what in others.told if whom == "chat"] == [EventType.REQUESTED, EventType.VOTED]


def test_a_letter_whose_records_fail_again_fails(monkeypatch):
    with pytest.raises(announce.NotToldError, match="2" * 21):
        announce.serve(Others().use_case, letter(monkeypatch, [written(None, OPEN), unreadable(2)]))


def test_so_does_one_whose_records_the_stream_does_not_give_and_nothing_is_told(monkeypatch):
    others = Others()
    with pytest.raises(UnavailableError, match=r"gives only 1 records, and not the last, 2+"):
        announce.serve(others.use_case, letter(monkeypatch, [written(None, OPEN)], []))
    assert others.told == []
