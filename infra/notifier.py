"""From the request queue to the approvers' mailboxes, and from the dead-letter queue back to the workflow."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.callback import callback_statements
from infra.config import MAIL_WORKERS, Settings
from infra.function import PythonFunction, PythonFunctionArgs
from infra.iam import allow
from infra.packaging import LOGGING, RENDERING
from infra.queue import RequestQueue
from infra.store import ApprovalStore
from infra.topic import ApproverTopic

READ_QUEUE = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
FAIL_TIMEOUT_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class NotifierArgs:
    """`approval_url` is what links begin with."""

    settings: Settings
    queue: RequestQueue
    topic: ApproverTopic
    store: ApprovalStore
    state_machine_arn: pulumi.Input[str]
    approval_url: pulumi.Input[str]


class Notifier(pulumi.ComponentResource):
    """Two queue consumers: one asks people, the other ends the execution whose people could not be asked."""

    request_function: PythonFunction
    fail_function: PythonFunction

    def __init__(self, name: str, args: NotifierArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("signoff:notifier:Notifier", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        settings, queue, store = args.settings, args.queue, args.store

        self.request_function = PythonFunction(
            f"{name}-request-approval",
            PythonFunctionArgs(
                entry="request_approval",
                libraries=LOGGING + RENDERING,
                environment={
                    "TABLE_NAME": store.table_name,
                    "QUEUE_URL": queue.url,
                    "TOPIC_ARN": args.topic.arn,
                    "APPROVAL_URL": args.approval_url,
                    "TIMEZONE": settings.timezone,
                    "APPROVERS": json.dumps(settings.approvers),
                    "ESCALATE_TO": json.dumps(settings.escalate_to),
                    "APPROVALS_REQUIRED": str(settings.approvals_required),
                    "REJECTIONS_REQUIRED": str(settings.rejections_required),
                    "PREVENT_SELF_APPROVAL": json.dumps(settings.prevent_self_approval),
                    "ONE_CLICK": json.dumps(settings.one_click),
                    "AUDIT_DAYS": str(settings.audit_days),
                    "MAIL_PAUSE_SECONDS": str(settings.mail_pause_seconds),
                },
                statements=[
                    allow("ReadQueue", [*READ_QUEUE, "sqs:ChangeMessageVisibility"], [queue.arn]),
                    allow(
                        "KeepRecord", ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"], [store.table_arn]
                    ),
                    allow("SendMail", ["sns:Publish"], [args.topic.arn]),
                    *callback_statements(args.state_machine_arn),
                ],
                timeout_seconds=settings.request_timeout_seconds,
                memory_mib=512,
                log_retention_days=settings.log_retention_days,
            ),
            opts=child,
        )
        self.fail_function = PythonFunction(
            f"{name}-fail-request",
            PythonFunctionArgs(
                entry="fail_request",
                environment={"TABLE_NAME": store.table_name},
                statements=[
                    allow("ReadQueue", READ_QUEUE, [queue.dead_letter_arn]),
                    allow("CloseRecord", ["dynamodb:GetItem", "dynamodb:UpdateItem"], [store.table_arn]),
                    *callback_statements(args.state_machine_arn),
                ],
                timeout_seconds=FAIL_TIMEOUT_SECONDS,
                log_retention_days=settings.log_retention_days,
            ),
            opts=child,
        )
        aws.lambda_.EventSourceMapping(
            f"{name}-requests",
            event_source_arn=queue.arn,
            function_name=self.request_function.arn,
            batch_size=settings.request_batch_size,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config={"maximum_concurrency": MAIL_WORKERS},
            opts=child,
        )
        aws.lambda_.EventSourceMapping(
            f"{name}-failures",
            event_source_arn=queue.dead_letter_arn,
            function_name=self.fail_function.arn,
            batch_size=10,
            function_response_types=["ReportBatchItemFailures"],
            opts=child,
        )

        self.register_outputs(
            {"request_function_arn": self.request_function.arn, "fail_function_arn": self.fail_function.arn}
        )
