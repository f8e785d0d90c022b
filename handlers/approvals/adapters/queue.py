"""The request queue and its dead-letter queue: batches of messages, of which only those that failed come again.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from handlers.approvals.observability import logger

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


def serve_each(event: Mapping[str, Any], serve: Callable[[Mapping[str, Any]], None]) -> dict[str, Any]:
    """The response that the event source mapping expects; `serve` logs and raises if a message must be redelivered."""
    failed = []
    for delivered in event["Records"]:
        try:
            serve(delivered)
        except Exception:  # noqa: BLE001 - see above
            failed.append({"itemIdentifier": delivered["messageId"]})
    return {"batchItemFailures": failed}


class RequestQueue:
    """A failed message is redelivered after its visibility timeout; this shortens the wait."""

    def __init__(self, client: SQSClient, url: str) -> None:
        self._client = client
        self._url = url

    def come_back(self, receipt_handle: str, seconds: int) -> None:
        """Redeliver in `seconds`, 0 to 43,200. Never raises: the message is redelivered anyway."""
        try:
            self._client.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
            )
        except Exception:  # noqa: BLE001 - see above
            logger.warning("the retry could not be brought forward")
