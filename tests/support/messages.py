"""Messages as the workflow puts them on the queue, for what redelivers and dead-letters them."""

from __future__ import annotations

from typing import Any

import httpx

from tests.support.stacks import Run, Stack, queue_message
from tests.support.waiting import until


def message(run: Run, token: str = "") -> str:
    """What the workflow has put on the queue for this run, once its mail is out."""
    request_id, store = run.request_id, run.stack.store
    record = until(lambda: (now := store.get(request_id)) and not now.lease and now, "end of the mailing")
    return queue_message(run.arn, record, token=token)


def kept_in_queue(stack: Stack, output: str, words: str) -> list[dict[str, Any]]:
    """The messages of a queue that hold these words, hidden or not, looked at without receiving them."""
    name = stack.sandbox.outputs[output].rsplit("/", 1)[-1]
    answer = httpx.get(f"{stack.sandbox.cloud.endpoint}/_ministack/sqs/messages", trust_env=False).json()
    return [
        one
        for regions in answer["messages"].values()
        for queues in regions.values()
        for url, messages in queues.items()
        for one in messages
        if url.endswith(f"/{name}") and words in one["Body"]
    ]
