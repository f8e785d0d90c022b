"""One SQS queue for each e-mail address that the program subscribes, in place of its inbox."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

from sandbox.cloud import Cloud
from sandbox.differences import mail_queue_name, mail_queue_policy


class Mailboxes:
    """Makes the queue of an address when it is first asked for.

    prefix   starts every queue's name: stacks in one emulator have mailboxes of their own
    opened   called with (address, queue URL) once a queue can receive
    """

    def __init__(self, cloud: Cloud, prefix: str, opened: Callable[[str, str], None]) -> None:
        self._cloud = cloud
        self._prefix = prefix
        self._opened = opened
        self._urls: dict[str, str] = {}
        self._making = threading.Lock()

    def arn(self, address: str) -> str:
        name = mail_queue_name(self._prefix, address)
        arn = self._cloud.arn("sqs", name)
        with self._making:
            if address not in self._urls:
                attributes = {"Policy": json.dumps(mail_queue_policy(arn))}
                url = self._cloud.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
                self._urls[address] = url
                self._opened(address, url)
        return arn

    def delete(self) -> None:
        with self._making:
            while self._urls:
                _, url = self._urls.popitem()
                self._cloud.client("sqs").delete_queue(QueueUrl=url)
