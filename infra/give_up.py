"""The dead-letter queue's consumer: it fails the execution whose approvers could not be asked."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from handlers.contract.settings import GiveUpSettings
from infra.config.settings import Settings
from infra.queue import RequestQueue
from infra.shared.function import PythonFunction, PythonFunctionArgs
from infra.shared.iam import allow, callback_statements
from infra.shared.pace import LARGEST_BATCH
from infra.shared.queues import READ_QUEUE
from infra.store import ApprovalStore

GIVE_UP_TIMEOUT_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class GiveUpArgs:
    """The queue whose dead letters it reads, the table of their records, and the state machine that waits for them."""

    queue: RequestQueue
    store: ApprovalStore
    state_machine_arn: pulumi.Input[str]
    settings: Settings


class GiveUp(pulumi.ComponentResource):
    """Consumes the dead letters and gives up the requests that `ask` could not send."""

    function: PythonFunction

    def __init__(self, name: str, args: GiveUpArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("signoff:give_up:GiveUp", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        queue, store = args.queue, args.store

        self.function = PythonFunction(
            name,
            PythonFunctionArgs(
                entry="give_up",
                reads=GiveUpSettings,
                values={"table_name": store.table_name},
                statements=[
                    allow("ReadQueue", READ_QUEUE, [queue.dead_letter_arn]),
                    allow("CloseRecord", ["dynamodb:GetItem", "dynamodb:UpdateItem"], [store.table_arn]),
                    *callback_statements(args.state_machine_arn),
                ],
                timeout_seconds=GIVE_UP_TIMEOUT_SECONDS,
                settings=args.settings,
            ),
            opts=child,
        )
        aws.lambda_.EventSourceMapping(
            f"{name}-mapping",
            event_source_arn=queue.dead_letter_arn,
            function_name=self.function.arn,
            batch_size=LARGEST_BATCH,
            function_response_types=["ReportBatchItemFailures"],
            opts=child,
        )

        self.register_outputs({"function_arn": self.function.arn})
