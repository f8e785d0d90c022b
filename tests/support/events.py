"""Lambda events as AWS sends them: a valid one each, of which a test changes what it is about."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from tests.support.records import ASKED_AT, EXECUTION_ARN


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


def ending(
    status: str,
    *,
    error: str | None = None,
    cause: str | None = None,
    at: float = ASKED_AT,
    execution_arn: str = EXECUTION_ARN,
    **detail: Any,
) -> dict[str, Any]:
    """EventBridge's event about an execution that ended `at`, in epoch seconds.

    https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
    """
    *_, machine, name = execution_arn.split(":")
    return {
        "version": "0",
        "id": str(uuid4()),
        "detail-type": "Step Functions Execution Status Change",
        "source": "aws.states",
        "account": "123456789012",
        "time": f"{datetime.fromtimestamp(int(at), UTC):%Y-%m-%dT%H:%M:%SZ}",
        "region": "eu-central-1",
        "resources": [execution_arn],
        "detail": {
            "executionArn": execution_arn,
            "stateMachineArn": f"arn:aws:states:eu-central-1:123456789012:stateMachine:{machine}",
            "name": name,
            "status": status,
            "startDate": int(at - 60) * 1000,
            "stopDate": int(at * 1000),
            "input": '{"task": {"title": "Deploy"}}',
            "inputDetails": {"included": True},
            "output": "{}" if status == "SUCCEEDED" else None,
            "outputDetails": {"included": True} if status == "SUCCEEDED" else None,
            "stateMachineVersionArn": None,
            "stateMachineAliasArn": None,
            "redriveCount": 0,
            "redriveDate": None,
            "redriveStatus": "NOT_REDRIVABLE" if status == "SUCCEEDED" else "REDRIVABLE",
            "redriveStatusReason": None,
            "error": error,
            "cause": cause,
        }
        | detail,
    }
