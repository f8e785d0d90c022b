"""A batch from a queue: only the messages that failed are redelivered.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any


def serve_each(event: Mapping[str, Any], serve: Callable[[Mapping[str, Any]], None]) -> dict[str, Any]:
    """The response that the event source mapping expects; `serve` raises if a message must be redelivered."""
    failed = []
    for delivered in event["Records"]:
        served = False
        with suppress(Exception):
            serve(delivered)
            served = True
        if not served:
            failed.append({"itemIdentifier": delivered["messageId"]})
    return {"batchItemFailures": failed}
