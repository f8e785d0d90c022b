"""The approval table, alone in the emulator, and what is in it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from handlers.approvals.adapters.dynamodb import record_of
from handlers.approvals.rules.record import Record
from handlers.contract.record import EXECUTION_INDEX
from sandbox.cloud import Cloud
from sandbox.emulator import Emulator


def approval_table(emulator: Emulator) -> tuple[Any, str]:
    """A new, empty table with the program's keys: a client and the table's name."""
    dynamodb = Cloud(endpoint=emulator.endpoint, region="eu-central-1").client("dynamodb")
    name = f"approvals-{uuid4().hex[:8]}"
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "requestId", "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": attribute, "AttributeType": "S"} for attribute in ("requestId", "executionArn")
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": EXECUTION_INDEX,
                "KeySchema": [{"AttributeName": "executionArn", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    return dynamodb, name


def all_records(dynamodb: Any, table: str) -> list[Record]:
    pages = dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return [record_of(item) for page in pages for item in page["Items"]]
