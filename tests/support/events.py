"""Lambda's side of a call: events as the services send them, and handler modules with stand-ins for AWS."""

from __future__ import annotations

import importlib
import json
import sys
from dataclasses import replace
from types import ModuleType
from typing import Any
from uuid import uuid4

from handlers.approvals import observability
from handlers.approvals.callback import Execution
from handlers.approvals.record import Record
from handlers.approvals.store import NoSuchRecord

ENVIRONMENT = {
    "TABLE_NAME": "approvals",
    "EXECUTION_INDEX": "by-execution",
    "OPERATOR_TOPIC_ARN": "arn:aws:sns:eu-central-1:123456789012:operator",
    "QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/requests",
    "TOPIC_ARN": "arn:aws:sns:eu-central-1:123456789012:approvers",
    "APPROVAL_URL": "https://a1b2c3.execute-api.eu-central-1.amazonaws.com",
    "ENVIRONMENT": "test",
    "TIMEZONE": "UTC",
    "APPROVERS": '["anna@example.com", "ben@example.com"]',
    "ESCALATE_TO": "[]",
    "APPROVALS_REQUIRED": "1",
    "REJECTIONS_REQUIRED": "1",
    "PREVENT_SELF_APPROVAL": "true",
    "ONE_CLICK": "false",
    "AUDIT_DAYS": "30",
    "MAIL_PAUSE_SECONDS": "0",
    "POWERTOOLS_METRICS_NAMESPACE": "signoff",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
}


def load(monkeypatch: Any, name: str, **environment: str) -> ModuleType:
    """A handler module as a cold start imports it."""
    for key, value in (ENVIRONMENT | environment).items():
        monkeypatch.setenv(key, value)
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", str(uuid4()))  # so that it gets a logger of its own
    importlib.reload(observability)
    observability.logger.registered_handler.setStream(CurrentOutput())
    return importlib.reload(importlib.import_module(f"handlers.{name}"))


class CurrentOutput:
    """Standard output as it is when something is logged: pytest changes it between a fixture and its test."""

    def write(self, text: str) -> None:
        sys.stdout.write(text)

    def flush(self) -> None:
        sys.stdout.flush()


class Context:
    function_name = "function"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:function"
    aws_request_id = "request"

    def get_remaining_time_in_millis(self) -> int:
        return 20_000


class MemoryStore:
    """The store's contract on one record."""

    def __init__(self, record: Record | None = None) -> None:
        self.record = record

    def get(self, request_id: str) -> Record | None:
        if not self.record or self.record.request_id != request_id:
            return None
        return Record.from_item(self.record.to_item())  # as it is read from the table

    def requests_of(self, execution_arn: str, index: str) -> list[str]:
        assert index == ENVIRONMENT["EXECUTION_INDEX"]
        return [self.record.request_id] if self.record and self.record.execution_arn == execution_arn else []

    def change(self, request_id: str, decide: Any, *, new: Any = None) -> Record:
        seen = self.get(request_id)
        if seen is None and new is None:
            raise NoSuchRecord(request_id)
        after = decide(seen or new())
        if after != seen:
            self.record = replace(after, version=after.version + 1)
        return self.record


RUNNING = Execution(status="RUNNING")


class Workflow:
    """Step Functions as `Callback` shows it. `replies` to an answer: True, False (a dead token), or an error."""

    def __init__(self, *replies: Any, execution: Execution | Exception = RUNNING) -> None:
        self.replies = list(replies)
        self.answers: list[Any] = []
        self._execution = execution

    def give(self, token: str, told: Any) -> bool:
        self.answers.append((token, told))
        reply = self.replies.pop(0) if self.replies else True
        if isinstance(reply, Exception):
            raise reply
        return reply

    def execution(self, _arn: str) -> Execution:
        if isinstance(self._execution, Exception):
            raise self._execution
        return self._execution


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
