"""The request queue and its dead-letter queue: batches of messages, of which only those that failed come again.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from handlers.approvals.adapters.aws import calls
from handlers.approvals.observability import logger
from handlers.approvals.rules.record import Record
from handlers.contract.message import announcement_body

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
    """The port `Announcements`; and a failed message is redelivered after its visibility timeout, or sooner."""

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

    def announce(self, record: Record) -> None:
        body = announcement_body(record.request_id, record.execution_arn, record.version)
        with calls():
            self._client.send_message(QueueUrl=self._url, MessageBody=json.dumps(body))
