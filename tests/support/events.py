"""Lambda events as AWS sends them: a valid one each, of which a test changes what it is about."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from handlers.approvals.rules.delivery import person_tag
from tests.support.records import ANNA, ASKED_AT, EXECUTION_ARN, REQUEST_ID


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


OPERATOR = "arn:aws:sts::123456789012:assumed-role/Ops/erik@example.com"


def signed(order: Any, by: str = OPERATOR) -> dict[str, Any]:
    """An HTTP API event of a route with AWS_IAM.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    """
    made = http("POST", "/operate", order if isinstance(order, str) else json.dumps(order))
    iam = {"accountId": "123456789012", "callerId": "AROAEXAMPLE:erik", "userArn": by, "userId": "AROAEXAMPLE:erik"}
    made["requestContext"]["authorizer"] = {"iam": iam}
    return made | {"routeKey": "POST /operate"}


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


# What SES says of a mail: the event's name in EventBridge, that of the object about it, and what that may hold.
# https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
OF_SES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "Bounce": (
        "Email Bounced",
        "bounce",
        {
            "bounceType": "Permanent",
            "bounceSubType": "General",
            "bouncedRecipients": [
                {"emailAddress": ANNA, "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 user unknown"}
            ],
        },
    ),
    "Complaint": (
        "Email Complaint Received",
        "complaint",
        {
            "complainedRecipients": [{"emailAddress": ANNA}],
            "complaintSubType": None,
            "complaintFeedbackType": "abuse",
        },
    ),
    "Reject": ("Email Rejected", "reject", {"reason": "Bad content"}),
    "Rendering Failure": (
        "Email Rendering Failed",
        "failure",
        {"errorMessage": "Attribute 'name' is not present in the rendering data."},
    ),
    "DeliveryDelay": (
        "Email Delivery Delayed",
        "deliveryDelay",
        {
            "delayType": "MailboxFull",
            "delayedRecipients": [
                {"emailAddress": ANNA, "status": "4.2.2", "diagnosticCode": "smtp; 452 4.2.2 mailbox full"}
            ],
        },
    ),
}


def undelivered(kind: str = "Bounce", who: str = ANNA, *, request_id: str = REQUEST_ID, **said: Any) -> dict[str, Any]:
    """EventBridge's event about a mail to `who`; `said` changes what it says of the bounce, or whatever it is."""
    happened, name, about = OF_SES[kind]
    tags = {
        "ses:configuration-set": ["dev-c0ffee"],
        "request": [request_id],
        "person": [person_tag(who)],
        "label": ["dev"],
    }
    mail = {"source": "approvals@example.com", "destination": [who], "tags": tags}
    return {
        "version": "0",
        "id": str(uuid4()),
        "detail-type": happened,
        "source": "aws.ses",
        "account": "123456789012",
        "time": "2026-11-27T13:31:01Z",
        "region": "eu-central-1",
        "detail": {"eventType": kind, name: about | said, "mail": mail},
    }
