"""A batch from a queue: what could not be served comes back, and nothing else.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any


def serve_each(event: Mapping[str, Any], serve: Callable[[Mapping[str, Any]], None]) -> dict[str, Any]:
    """The answer that the event source mapping expects; `serve` raises for what is to come back."""
    failed = []
    for delivered in event["Records"]:
        served = False
        with suppress(Exception):
            serve(delivered)
            served = True
        if not served:
            failed.append({"itemIdentifier": delivered["messageId"]})
    return {"batchItemFailures": failed}
