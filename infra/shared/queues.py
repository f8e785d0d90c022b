"""Queues: encrypted, closed to strangers, and nobody's dead-letter queue but by name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.shared.iam import Statement, allow, demand_tls, deny_others, document

# The longest retention of SQS, more than any round needs: nothing is lost while a fault is fixed.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
RETENTION_SECONDS = 14 * 24 * 3600
# EventBridge retries for an hour. Its default of a day is too long: nobody expects a start that late.
RETRY_SECONDS = 3_600
RETRY_POLICY: Any = {"maximum_event_age_in_seconds": RETRY_SECONDS, "maximum_retry_attempts": 60}
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
VISIBILITY_PER_TIMEOUT = 6
# Actions of Lambda's poller, in the consumer's role.
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
READ_QUEUE = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
# Any queue of the account may name another as its dead-letter queue, and SQS then moves messages there without asking
# the policy. What is sent, by services as well, is not concerned.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
NO_SOURCES = json.dumps({"redrivePermission": "denyAll"})


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
