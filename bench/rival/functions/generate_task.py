"""Make up the task that people are asked about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    task = {"requestId": str(uuid4()), "requestedAt": datetime.now(UTC).isoformat(), **event["task"]}
    print("task generated", task["requestId"])
    return task
