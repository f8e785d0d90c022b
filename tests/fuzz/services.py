"""Stand-ins for the services that refuse what the real ones refuse.

`Table` stands for the port; the others are clients of the real adapters, whose calls are what is checked.
"""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from boto3.dynamodb.types import TypeSerializer
from botocore.exceptions import ReadTimeoutError

from handlers.approvals.adapters.item import to_item
from handlers.approvals.rules.record import Record
from tests.support.fakes import MemoryStore

LONGEST_VISIBILITY_SECONDS = 43_200
# What Step Functions says of a token that it does not take any more. Here, it takes each one.
DEAD_TOKEN = {name: type(name, (Exception,), {}) for name in ("TaskTimedOut", "TaskDoesNotExist", "InvalidToken")}


class Table(MemoryStore):
    """Keeps what DynamoDB could keep: serialisable values, in UTF-8, at most 400 KB."""

    def create(self, record: Record) -> Record | None:
        return keepable(super().create(record))

    def replace(self, seen: Record, after: Record) -> Record | None:
        return keepable(super().replace(seen, after))

    @property
    def written(self) -> bool:
        """Whether anybody has tried to write."""
        return bool({"create", "replace"}.intersection(self.calls))


def keepable(record: Record | None) -> Record | None:
    if record:
        assert 1 <= len(record.request_id.encode()) <= 2_048
        assert size(TypeSerializer().serialize(to_item(record))) <= 400 * 1024
    return record


def size(value: Any) -> int:
    """Bytes that DynamoDB counts. A number takes about half its digits; this takes the most it can.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    ((kind, held),) = value.items()
    if kind == "M":
        return 3 + sum(len(name.encode()) + size(inner) + 1 for name, inner in held.items())
    if kind == "L":
        return 3 + sum(size(inner) + 1 for inner in held)
    return {"S": lambda: len(held.encode()), "N": lambda: 21, "BOOL": lambda: 1}[kind]()


class Topic:
    """Takes what SNS takes. https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""

    def __init__(self) -> None:
        self.mails: list[dict[str, Any]] = []

    @property
    def asked(self) -> list[str]:
        """Whom the mails went to."""
        return [mail["MessageAttributes"]["approver"]["StringValue"] for mail in self.mails]

    def publish(self, **mail: Any) -> None:
        accept(mail["Subject"], mail["Message"])
        self.mails.append(mail)


def accept(subject: str, message: str) -> None:
    assert 0 < len(subject) < 100
    assert subject.isascii()
    assert subject.isprintable()
    assert subject[0] != " "
    assert 0 < len(message.encode()) < 256 * 1024


class Queue:
    """Remembers when messages are to come back. Its adapter swallows all errors, so whoever delivers looks at these."""

    def __init__(self) -> None:
        self.delays: list[int] = []

    def change_message_visibility(self, **call: Any) -> None:
        self.delays.append(call["VisibilityTimeout"])


class Machine:
    """Takes what SendTaskSuccess and SendTaskFailure take while it runs; `silent`, it leaves these two unanswered.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html
    https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskFailure.html
    """

    exceptions = SimpleNamespace(**DEAD_TOKEN)

    def __init__(self) -> None:
        self.status = "RUNNING"
        self.silent = False
        self.answers: list[dict[str, str]] = []

    def send_task_success(self, **answer: str) -> None:
        assert len(answer["output"].encode()) <= 256 * 1024
        json.loads(answer["output"])
        self._take(answer)

    def send_task_failure(self, **answer: str) -> None:
        assert len(answer["error"]) <= 256
        assert len(answer["cause"]) <= 32_768
        answer["cause"].encode()
        self._take(answer)

    def describe_execution(self, **_call: str) -> dict[str, Any]:
        return {"status": self.status}

    def _take(self, answer: dict[str, str]) -> None:
        assert answer["taskToken"]
        if self.silent:
            raise ReadTimeoutError(endpoint_url="https://states")
        if self.status != "RUNNING":
            raise DEAD_TOKEN["TaskTimedOut"]
        self.answers.append(answer)
