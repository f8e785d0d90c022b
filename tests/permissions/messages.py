"""Messages as the workflow puts them on the queue, for what redelivers and dead-letters them."""

from __future__ import annotations

import json

from tests.journey.stacks import Run, Stack
from tests.journey.waiting import until


def message(run: Run, token: str = "") -> str:
    """What the workflow has put on the queue for this run, once its mail is out."""
    run.link()
    item = until(lambda: "lease" not in (now := run.item()) and now, "end of the mailing")
    return json.dumps(
        {
            "schemaVersion": 1,
            "taskToken": token or item["taskToken"],
            "executionArn": run.arn,
            "round": 1,
            "rounds": 1,
            "deadline": int(item["deadline"]),
            "request": {key: item[key] for key in ("requestId", "title", "details", "requestedBy", "requestedAt")},
        }
    )


def send(stack: Stack, output: str, body: str) -> None:
    stack.sqs.send_message(QueueUrl=stack.sandbox.outputs[output], MessageBody=body)
