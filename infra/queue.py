"""The request queue between workflow and notifier, with its dead-letter queue."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.shared.iam import Statement, allow, demand_tls, deny_others, document

# The longest retention of SQS, more than any round needs: nothing is lost while a fault is fixed.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
RETENTION_SECONDS = 14 * 24 * 3600
# EventBridge retries for an hour. Its default of a day is too long: nobody expects a start that late.
RETRY_SECONDS, RETRY_ATTEMPTS = 3_600, 60
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
VISIBILITY_PER_TIMEOUT = 6
# Actions of Lambda's poller, in the consumer's role.
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
READ_QUEUE = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
# Actions that only the named consumer may take.
CONSUME = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:PurgeQueue")
# Any queue of the account may name another as its dead-letter queue, and SQS then moves messages there without asking
# the policy. What is sent, by services as well, is not concerned.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
NO_SOURCES = json.dumps({"redrivePermission": "denyAll"})


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

    def admit(self, *, sender: pulumi.Input[str], consumer: pulumi.Input[str]) -> None:
        """The ARNs of the two roles that may put messages here and take them; nobody else may, whatever IAM says."""
        queue_policy(
            f"{self._name}-queue-policy",
            self._queue,
            self._child,
            deny_others("OnlyItsConsumer", CONSUME, self.arn, consumer),
            senders=[sender],
        )


def visibility_seconds(timeout_seconds: int) -> int:
    """The visibility time-out for a consumer with this function time-out."""
    return VISIBILITY_PER_TIMEOUT * timeout_seconds


def encrypted_queue(
    name: str,
    opts: pulumi.ResourceOptions,
    *,
    visibility_timeout_seconds: int | None = None,
    redrive_policy: pulumi.Input[str] | None = None,
    redrive_allow_policy: str | None = NO_SOURCES,
) -> aws.sqs.Queue:
    """A queue with SSE-SQS and the longest retention, nobody's dead-letter queue. It still needs a `queue_policy`."""
    return aws.sqs.Queue(
        name,
        message_retention_seconds=RETENTION_SECONDS,
        sqs_managed_sse_enabled=True,
        visibility_timeout_seconds=visibility_timeout_seconds,
        redrive_policy=redrive_policy,
        redrive_allow_policy=redrive_allow_policy,
        opts=opts,
    )


def queue_policy(
    name: str,
    queue: aws.sqs.Queue,
    opts: pulumi.ResourceOptions,
    *more: Statement,
    senders: Sequence[pulumi.Input[str]] = (),
) -> None:
    """Only the roles `senders` may send, and services of AWS that a statement of `more` allows; all of it over TLS."""
    aws.sqs.QueuePolicy(
        name,
        queue_url=queue.url,
        policy=document(
            demand_tls("sqs:*", queue.arn), deny_others("OnlySenders", ["sqs:SendMessage"], queue.arn, *senders), *more
        ),
        opts=opts,
    )


def keep_events(queue: aws.sqs.Queue, rule: aws.cloudwatch.EventRule) -> Statement:
    """The statement that lets EventBridge write undelivered events of this rule to the queue."""
    return allow(
        "KeepEvents",
        ["sqs:SendMessage"],
        [queue.arn],
        service="events.amazonaws.com",
        condition={"ArnEquals": {"aws:SourceArn": rule.arn}},
    )
