"""Messages as the workflow puts them on the queue, for what redelivers and dead-letters them."""

from __future__ import annotations

from tests.journey.stacks import Run, Stack, queue_message
from tests.journey.waiting import until


def message(run: Run, token: str = "") -> str:
    """What the workflow has put on the queue for this run, once its mail is out."""
    request_id, store = run.request_id, run.stack.store
    record = until(lambda: (now := store.get(request_id)) and not now.lease and now, "end of the mailing")
    return queue_message(run.arn, record, token=token)


def send(stack: Stack, output: str, body: str) -> None:
    stack.sqs.send_message(QueueUrl=stack.sandbox.outputs[output], MessageBody=body)
