"""Collects the approvers' mail."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.cloud import Cloud

POLL_SECONDS = 5  # a poll waits this long for a message, and stopping waits for a poll at the most


@dataclass(frozen=True, kw_only=True)
class Message:
    """One e-mail as its recipient would see it; receivedAt is ISO 8601 in UTC."""

    to: str
    subject: str
    body: str
    receivedAt: str  # noqa: N815 - the name in the JSON


class Inbox:
    """What SNS has sent to the mailboxes."""

    def __init__(self) -> None:
        self._messages: list[Message] = []
        self._arrived = threading.Condition()
        self._stopping = threading.Event()

    def watch(self, cloud: Cloud, address: str, queue_url: str) -> None:
        """Collect the mail of one address from now on."""
        threading.Thread(
            target=self._collect, args=(cloud, address, queue_url), name=f"mail for {address}", daemon=True
        ).start()

    def stop(self) -> None:
        self._stopping.set()

    def messages(self) -> list[Message]:
        """What has arrived, oldest first."""
        with self._arrived:
            return list(self._messages)

    def wait(self, known: int, seconds: float) -> list[Message]:
        """The messages after the first `known`, once there is one; none when `seconds` have passed."""
        with self._arrived:
            self._arrived.wait_for(lambda: len(self._messages) > known, timeout=seconds)
            return self._messages[known:]

    def keep(self, message: Message) -> None:
        with self._arrived:
            self._messages.append(message)
            self._arrived.notify_all()

    def _collect(self, cloud: Cloud, address: str, queue_url: str) -> None:
        sqs = cloud.client("sqs")
        while not self._stopping.is_set():
            try:
                found = sqs.receive_message(QueueUrl=queue_url, WaitTimeSeconds=POLL_SECONDS, MaxNumberOfMessages=10)
                if came := found.get("Messages", []):
                    for one in came:
                        self._deliver(address, json.loads(one["Body"]))
                    read = [{"Id": one["MessageId"], "ReceiptHandle": one["ReceiptHandle"]} for one in came]
                    sqs.delete_message_batch(QueueUrl=queue_url, Entries=read)
            except (BotoCoreError, ClientError):
                # The emulator has ended, or the queue: either way there is no more mail.
                return

    def _deliver(self, address: str, envelope: dict[str, Any]) -> None:
        received = datetime.now(UTC).isoformat(timespec="milliseconds")
        message = Message(
            to=address, subject=envelope.get("Subject", ""), body=envelope["Message"], receivedAt=received
        )
        self.keep(message)
