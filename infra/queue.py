"""The request queue between workflow and `ask`, with its dead-letter queue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.shared.iam import deny_others
from infra.shared.queues import encrypted_queue, queue_policy, visibility_seconds

# Actions that only the named consumer may take.
CONSUME = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:PurgeQueue")


@dataclass(frozen=True, kw_only=True)
class RequestQueueArgs:
    """The time-outs of the functions that read the queue and its dead letters, and after how many deliveries a message
    is one.
    """

    consumer_timeout_seconds: int
    dead_letter_consumer_timeout_seconds: int
    delivery_attempts: int


class RequestQueue(pulumi.ComponentResource):
    """A standard queue, encrypted, TLS only, with a dead-letter queue that takes messages from this queue only.

    Call `admit` once those who use it have their roles.
    """

    arn: pulumi.Output[str]
    url: pulumi.Output[str]
    name: pulumi.Output[str]
    dead_letter_arn: pulumi.Output[str]
    dead_letter_url: pulumi.Output[str]
    dead_letter_name: pulumi.Output[str]

    def __init__(self, name: str, args: RequestQueueArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("signoff:queue:RequestQueue", name, None, opts)
        self._name, self._child = name, pulumi.ResourceOptions(parent=self)
        child = self._child

        dead_letters = encrypted_queue(
            f"{name}-dead-letters",
            child,
            visibility_timeout_seconds=visibility_seconds(args.dead_letter_consumer_timeout_seconds),
            redrive_allow_policy=None,  # it names the other queue, which names this one
        )
        queue = encrypted_queue(
            f"{name}-queue",
            child,
            visibility_timeout_seconds=visibility_seconds(args.consumer_timeout_seconds),
            redrive_policy=pulumi.Output.json_dumps(
                {"deadLetterTargetArn": dead_letters.arn, "maxReceiveCount": args.delivery_attempts}
            ),
        )
        # SQS moves the dead letters, so nobody has to be admitted.
        queue_policy(f"{name}-dead-letters-policy", dead_letters, child)
        aws.sqs.RedriveAllowPolicy(
            f"{name}-redrive-allow",
            queue_url=dead_letters.url,
            redrive_allow_policy=pulumi.Output.json_dumps(
                {"redrivePermission": "byQueue", "sourceQueueArns": [queue.arn]}
            ),
            opts=child,
        )

        self._queue = queue
        self.arn, self.url, self.name = queue.arn, queue.url, queue.name
        self.dead_letter_arn, self.dead_letter_url = dead_letters.arn, dead_letters.url
        self.dead_letter_name = dead_letters.name
        self.register_outputs(
            {
                "arn": self.arn,
                "url": self.url,
                "name": self.name,
                "dead_letter_arn": self.dead_letter_arn,
                "dead_letter_url": self.dead_letter_url,
                "dead_letter_name": self.dead_letter_name,
            }
        )

    def admit(self, *, senders: Sequence[pulumi.Input[str]], consumer: pulumi.Input[str]) -> None:
        """The ARNs of the roles that may put messages here and take them; nobody else may, whatever IAM says."""
        queue_policy(
            f"{self._name}-queue-policy",
            self._queue,
            self._child,
            deny_others("OnlyItsConsumer", CONSUME, self.arn, consumer),
            senders=senders,
        )
