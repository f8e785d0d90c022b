"""The request queue's consumer: it mails the approvers, no faster than SNS allows."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from handlers.contract.settings.ask import AskSettings
from infra.queue import READ_QUEUE, RequestQueue, visibility_seconds
from infra.shared.callback import callback_statements
from infra.shared.function import PythonFunction, PythonFunctionArgs
from infra.shared.iam import allow
from infra.store import ApprovalStore
from infra.topic import ApproverTopic

# The lowest maximum concurrency of an event source mapping, so this many workers share the pace.
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
WORKERS = 2
MAIL_SECONDS = 1.0  # what one mail costs beside its pause, generously: two writes and a publish
LARGEST_BATCH = 10
BATCH_SECONDS = 60  # what a batch of requests should fit into


@dataclass(frozen=True, kw_only=True)
class MailPace:
    """Keeps all workers together within `mails_per_second`, with at most `people` asked per request."""

    people: int
    mails_per_second: int

    @property
    def pause_seconds(self) -> float:
        """The pause between two mails of one worker."""
        return WORKERS / self.mails_per_second

    @property
    def request_seconds(self) -> float:
        """How long one worker may need for one request's mails."""
        # In this order, whole seconds come out whole: a limit is named by them.
        return self.people * WORKERS / self.mails_per_second + self.people * MAIL_SECONDS

    @property
    def batch_size(self) -> int:
        """How many requests a worker takes at a time."""
        return max(1, min(LARGEST_BATCH, int(BATCH_SECONDS / self.request_seconds)))

    @property
    def timeout_seconds(self) -> int:
        """The worker's time-out: its batch of mails and room for a slow start."""
        return int(self.batch_size * self.request_seconds) + 15

    @property
    def late_seconds(self) -> int:
        """How long the workflow waits for a late decision: long enough for one redelivery."""
        return visibility_seconds(self.timeout_seconds) + self.timeout_seconds + 60


@dataclass(frozen=True, kw_only=True)
class AskArgs:
    """How fast people are asked, and over which resources; mails show times in `timezone`.

    `approval_url` is what links begin with; with `one_click` a mail has one more, which approves by being opened.
    """

    queue: RequestQueue
    topic: ApproverTopic
    store: ApprovalStore
    state_machine_arn: pulumi.Input[str]
    approval_url: pulumi.Input[str]
    pace: MailPace
    timezone: str
    one_click: bool
    log_retention_days: int


class Ask(pulumi.ComponentResource):
    """Writes the records and mails the approvers."""

    function: PythonFunction

    def __init__(self, name: str, args: AskArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("signoff:ask:Ask", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        queue, store = args.queue, args.store

        self.function = PythonFunction(
            f"{name}-request-approval",
            PythonFunctionArgs(
                entry="ask",
                settings=AskSettings,
                values={
                    "table_name": store.table_name,
                    "queue_url": queue.url,
                    "topic_arn": args.topic.arn,
                    "approval_url": args.approval_url,
                    "timezone": args.timezone,
                    "one_click": args.one_click,
                    "mail_pause_seconds": args.pace.pause_seconds,
                },
                statements=[
                    allow("ReadQueue", [*READ_QUEUE, "sqs:ChangeMessageVisibility"], [queue.arn]),
                    allow(
                        "KeepRecord", ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"], [store.table_arn]
                    ),
                    allow("SendMail", ["sns:Publish"], [args.topic.arn]),
                    *callback_statements(args.state_machine_arn),
                ],
                timeout_seconds=args.pace.timeout_seconds,
                memory_mib=512,
                log_retention_days=args.log_retention_days,
            ),
            opts=child,
        )
        aws.lambda_.EventSourceMapping(
            f"{name}-requests",
            event_source_arn=queue.arn,
            function_name=self.function.arn,
            batch_size=args.pace.batch_size,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config={"maximum_concurrency": WORKERS},
            opts=child,
        )

        self.register_outputs({"function_arn": self.function.arn})
