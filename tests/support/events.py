"""Lambda events as AWS sends them: a valid one each, of which a test changes what it is about."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4


class Context:
    function_name = "function"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:function"
    aws_request_id = "request"

    def get_remaining_time_in_millis(self) -> int:
        return 20_000


def http(method: str, path: str, body: str = "", **headers: str) -> dict[str, Any]:
    """An HTTP API event, payload format 2.0."""
    return {
        "version": "2.0",
        "routeKey": f"{method} /approvals/{{requestId}}/{{secret}}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"content-type": "application/x-www-form-urlencoded"} | headers,
        "requestContext": {
            "stage": "$default",
            "requestId": "r",
            "http": {"method": method, "path": path, "sourceIp": "203.0.113.7", "userAgent": "Browser/1.0"},
        },
        "body": body,
        "isBase64Encoded": False,
    }


def sqs(*bodies: Any) -> dict[str, Any]:
    """A batch from a queue."""
    return {
        "Records": [
            {
                "messageId": str(number),
                "receiptHandle": f"receipt-{uuid4()}",
                "body": body if isinstance(body, str) else json.dumps(body),
                "attributes": {"ApproximateReceiveCount": "1"},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:requests",
            }
            for number, body in enumerate(bodies)
        ]
    }
