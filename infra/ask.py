"""The request queue's consumer: it mails the approvers, no faster than SNS allows."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from handlers.contract.settings import AskSettings
from infra.config.settings import Settings
from infra.queue import RequestQueue
from infra.sender import Sender
from infra.shared.function import PythonFunction, PythonFunctionArgs
from infra.shared.iam import allow, callback_statements
from infra.shared.pace import WORKERS, MailPace
from infra.shared.queues import READ_QUEUE
from infra.store import ApprovalStore
from infra.topic import ApproverTopic


@dataclass(frozen=True, kw_only=True)
class AskArgs:
    """How fast people are asked, and over which resources; `approval_url` is what links begin with."""

    queue: RequestQueue
    channel: ApproverTopic | Sender
    store: ApprovalStore
    state_machine_arn: pulumi.Input[str]
    approval_url: pulumi.Input[str]
    pace: MailPace
    settings: Settings


class Ask(pulumi.ComponentResource):
    """Writes the records and mails the approvers."""

    function: PythonFunction

    def __init__(self, name: str, args: AskArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("signoff:ask:Ask", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        queue, store = args.queue, args.store

        self.function = PythonFunction(
            name,
            PythonFunctionArgs(
                entry="ask",
                reads=AskSettings,
                values={
                    "table_name": store.table_name,
                    "queue_url": queue.url,
                    "approval_url": args.approval_url,
                    **args.channel.values,
                    "mail_pause_seconds": args.pace.pause_seconds,
                },
                statements=[
                    allow("ReadQueue", [*READ_QUEUE, "sqs:ChangeMessageVisibility"], [queue.arn]),
                    allow(
                        "KeepRecord", ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"], [store.table_arn]
                    ),
                    args.channel.send_statement(),
                    *callback_statements(args.state_machine_arn),
                ],
                timeout_seconds=args.pace.timeout_seconds,
                memory_mib=512,
                settings=args.settings,
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
