"""Stand-ins for the services that refuse what the real ones refuse."""

from __future__ import annotations

import json
from typing import Any

from boto3.dynamodb.types import TypeSerializer

from handlers.approvals.record import Record
from tests.support.events import MemoryStore, Workflow


class Table(MemoryStore):
    """Keeps what DynamoDB could keep: serialisable values, in UTF-8, at most 400 KB."""

    def change(self, request_id: str, decide: Any, *, new: Any = None) -> Record:
        assert 1 <= len(request_id.encode()) <= 2_048
        after = super().change(request_id, decide, new=new)
        assert size(TypeSerializer().serialize(after.to_item())) <= 400 * 1024
        self.record = Record.from_item(after.to_item())
        return self.record


def size(value: dict[str, Any]) -> int:
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
    def change_message_visibility(self, **call: Any) -> None:
        assert 0 <= call["VisibilityTimeout"] <= 43_200


class Machine(Workflow):
    """Takes the answers that SendTaskSuccess and SendTaskFailure take."""

    def give(self, token: str, told: Any) -> bool:
        assert token
        if hasattr(told, "output"):
            assert len(told.output.encode()) <= 256 * 1024
            json.loads(told.output)
        else:
            assert len(told.cause) <= 32_768
            told.cause.encode()
        return super().give(token, told)
