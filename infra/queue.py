"""The queue between the workflow and the mails, and where its failures are kept."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.config import Settings
from infra.iam import Statement, allow, demand_tls, document

# The longest that SQS keeps a message, more than any round needs: nothing is lost while a fault is being mended.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
RETENTION_SECONDS = 14 * 24 * 3600
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
VISIBILITY_PER_TIMEOUT = 6


@dataclass(frozen=True, kw_only=True)
class RequestQueueArgs:
    """`fail_timeout_seconds` is the time-out of the function that reads the dead letters."""

    settings: Settings
    fail_timeout_seconds: int


class RequestQueue(pulumi.ComponentResource):
    """A standard queue, encrypted, TLS only, with a dead-letter queue that takes messages from this queue only."""

    arn: pulumi.Output[str]
    url: pulumi.Output[str]
    name: pulumi.Output[str]
    dead_letter_arn: pulumi.Output[str]
    dead_letter_url: pulumi.Output[str]
    dead_letter_name: pulumi.Output[str]

    def __init__(self, name: str, args: RequestQueueArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("signoff:queue:RequestQueue", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        dead_letters = encrypted_queue(
            f"{name}-dead-letters",
            child,
            visibility_timeout_seconds=VISIBILITY_PER_TIMEOUT * args.fail_timeout_seconds,
        )
        queue = encrypted_queue(
            f"{name}-queue",
            child,
            visibility_timeout_seconds=VISIBILITY_PER_TIMEOUT * args.settings.request_timeout_seconds,
            redrive_policy=pulumi.Output.json_dumps(
                {"deadLetterTargetArn": dead_letters.arn, "maxReceiveCount": args.settings.delivery_attempts}
            ),
        )
        queue_policy(f"{name}-dead-letters-policy", dead_letters, child)
        queue_policy(f"{name}-queue-policy", queue, child)
        aws.sqs.RedriveAllowPolicy(
            f"{name}-redrive-allow",
            queue_url=dead_letters.url,
            redrive_allow_policy=pulumi.Output.json_dumps(
                {"redrivePermission": "byQueue", "sourceQueueArns": [queue.arn]}
            ),
            opts=child,
        )

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


def encrypted_queue(
    name: str,
    opts: pulumi.ResourceOptions,
    *,
    visibility_timeout_seconds: int | None = None,
    redrive_policy: pulumi.Input[str] | None = None,
) -> aws.sqs.Queue:
    """A queue as all of ours are: SSE-SQS and the longest retention. Give it its `queue_policy`."""
    return aws.sqs.Queue(
        name,
        message_retention_seconds=RETENTION_SECONDS,
        sqs_managed_sse_enabled=True,
        visibility_timeout_seconds=visibility_timeout_seconds,
        redrive_policy=redrive_policy,
        opts=opts,
    )


def queue_policy(name: str, queue: aws.sqs.Queue, opts: pulumi.ResourceOptions, *admitted: Statement) -> None:
    """Who else may send to a queue; and whoever does, does so over TLS."""
    aws.sqs.QueuePolicy(
        name, queue_url=queue.url, policy=document(demand_tls("sqs:*", queue.arn), *admitted), opts=opts
    )


def keep_events(queue: aws.sqs.Queue, rule: aws.cloudwatch.EventRule) -> Statement:
    """The statement of a queue's policy that lets EventBridge keep there what this rule could not deliver."""
    return allow(
        "KeepEvents",
        ["sqs:SendMessage"],
        [queue.arn],
        service="events.amazonaws.com",
        condition={"ArnEquals": {"aws:SourceArn": rule.arn}},
    )
