"""One SQS queue for each e-mail address that the program subscribes, in place of its inbox."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

from sandbox.differences import mail_queue_name, mail_queue_policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.cloud import Cloud


class Mailboxes:
    """Makes the queue of an address when it is first asked for.

    prefix   starts every queue's name: stacks in one emulator have mailboxes of their own
    opened   called with (address, queue URL) once a queue can receive
    """

    def __init__(self, prefix: str, opened: Callable[[str, str], None]) -> None:
        self._prefix = prefix
        self._opened = opened
        self._arns: dict[str, str] = {}
        self._making = threading.Lock()

    def arn(self, cloud: Cloud, address: str) -> str:
        with self._making:
            if address not in self._arns:
                name = mail_queue_name(self._prefix, address)
                arn = cloud.arn("sqs", name)
                policy = json.dumps(mail_queue_policy(arn))
                url = cloud.client("sqs").create_queue(QueueName=name, Attributes={"Policy": policy})["QueueUrl"]
                self._arns[address] = arn
                self._opened(address, url)
            return self._arns[address]
