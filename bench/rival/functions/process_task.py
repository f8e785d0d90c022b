"""What was waiting for the approval."""

from __future__ import annotations

from typing import Any


def handler(event: dict[str, Any], _context: Any) -> dict[str, str]:
    print("mission completed", event["requestId"])
    return {"requestId": event["requestId"], "status": "completed"}
