"""Nothing at all, not even a line: the page logs none of those who only look, and the emulator waits 50 ms for one."""

from __future__ import annotations

from typing import Any


def handler(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
    return {"statusCode": 200, "body": ""}
