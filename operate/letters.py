"""What lies in the dead-letter queues, without what could be misused, and how to send it again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from handlers.contract.visible import clean
from operate.stack import Stack

# What stands between a key and its value: in JSON, in JSON in JSON, percent-encoded, as DynamoDB has it.
SIGN = r"""(?:[\\"':={}\s+]|u0022|&quot;|%(?:25)*(?:20|22|27|3A|3D|5C|7B))"""
SLASH = r"(?:\\*/|%(?:25)*2F)"
SECRETS = re.compile(
    rf"(?P<token>task_?token{SIGN}*(?:S{SIGN}+)?)(?:[\w+/=.~-]|\\+/|%(?:25)*(?:2B|2F|3D))+"
    rf"|(?P<link>approvals{SLASH}[\w-]+?{SLASH})[\w-]+"
    r"|[\w+/=-]{120,}",  # as Step Functions' tokens are, wherever one stands
    re.IGNORECASE,
)
SHOWN, LOOK_SECONDS = 10, 1  # of each queue; how long a letter is hidden from others when it is looked at
INVOKE = "aws lambda invoke --function-name {} --cli-binary-format raw-in-base64-out --payload"
# By what the stack calls the queue; docs/operations.md has more of each.
AGAIN = {
    "requests-dead-letters": "give-up tries every three minutes by itself; fix what its log, {give-up}, says",
    "trigger-dead-letters": "aws stepfunctions start-execution --state-machine-arn {machine} --input BODY",
    "reconcile-undelivered": INVOKE.format("{reconcile}") + " BODY /dev/null",
    "reconcile-failed": INVOKE.format("{reconcile}") + " REQUEST_PAYLOAD /dev/null",
    "bounce-undelivered": INVOKE.format("{bounce}") + " BODY /dev/null",
    "bounce-failed": INVOKE.format("{bounce}") + " REQUEST_PAYLOAD /dev/null",
    "announce-failed": INVOKE.format("{announce}") + " BODY /dev/stdout, within 24 hours",
}


def blacked(text: str) -> str:
    """Without task tokens and the secrets of links, in whichever JSON or encoding they stand."""
    return SECRETS.sub(lambda found: f"{found['token'] or found['link'] or ''}(blacked out)", text)


def letters(stack: Stack) -> Iterator[dict[str, Any]]:
    """{"queue", "total", "again", "letters": [{"id", "received", "why", "body"}]} of a queue that has any, up to ten.

    `again` says how to send one again, `why` what its sender says of the failure. All stay there; a consumer sees those
    for a second less.
    """
    known = {"machine": stack.target["stateMachineArn"]} | stack.target["functions"]
    for name, queue in stack.letters.items():
        if total := waiting(stack, queue):
            shown = [_letter(message) for message in _peek(stack, queue, min(total, SHOWN))]
            yield {"queue": name, "total": total, "again": AGAIN[name].format_map(known), "letters": shown}


def in_words(queue: dict[str, Any]) -> str:
    shown = [
        f"{one['id']}, received {one['received']} times. {one['why']}\n{one['body']}\n" for one in queue["letters"]
    ]
    head = f"{queue['queue']}: {queue['total']}, {len(shown)} of them here\nTo send one again: {queue['again']}\n"
    return "\n".join([head, *shown])


def waiting(stack: Stack, queue: str) -> int:
    """How many messages a queue has, about; those that a consumer has just received among them."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    told = stack.client("sqs").get_queue_attributes(QueueUrl=stack.url(queue), AttributeNames=names)["Attributes"]
    return sum(int(told[name]) for name in names)


def _peek(stack: Stack, queue: str, wanted: int) -> list[dict[str, Any]]:
    """A call may bring fewer than there are. One that waits asks all of SQS's servers.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html
    """
    sqs, which = stack.client("sqs"), {"QueueUrl": stack.url(queue), "MaxNumberOfMessages": SHOWN}
    times = {"VisibilityTimeout": LOOK_SECONDS, "WaitTimeSeconds": LOOK_SECONDS}
    found: dict[str, dict[str, Any]] = {}
    while len(found) < wanted:
        told = sqs.receive_message(**which, **times, AttributeNames=["All"], MessageAttributeNames=["All"])
        new = {one["MessageId"]: one for one in told.get("Messages", [])}
        if new.keys() <= found.keys():
            break
        found |= new
    return list(found.values())[:SHOWN]


def _letter(message: dict[str, Any]) -> dict[str, Any]:
    why = message.get("MessageAttributes", {}).get("ERROR_MESSAGE", {}).get("StringValue", "")
    return {
        "id": message["MessageId"],
        "received": int(message["Attributes"]["ApproximateReceiveCount"]),
        "why": blacked(clean(why)),
        "body": blacked(clean(message["Body"])),
    }
