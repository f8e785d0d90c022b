"""Whoever opens the link approves."""

from __future__ import annotations

import json
from typing import Any

import boto3

workflow = boto3.client("stepfunctions")


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    workflow.send_task_success(
        taskToken=event["queryStringParameters"]["token"], output=json.dumps({"outcome": "APPROVED"})
    )
    print("approved")
    return {"statusCode": 200, "headers": {"Content-Type": "text/plain"}, "body": "Thank you, you have approved."}
