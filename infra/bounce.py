"""Notes in a request's record whom a mail did not reach, and tells the operator."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from handlers.contract.settings import BounceSettings
from infra.config.settings import Settings
from infra.shared.function import PythonFunctionArgs
from infra.shared.iam import allow
from infra.shared.listener import Listener, ListenerArgs
from infra.store import ApprovalStore


@dataclass(frozen=True, kw_only=True)
class BounceArgs:
    """The state machine, the table, the operator topic, and the configuration set of the mails."""

    store: ApprovalStore
    state_machine_arn: pulumi.Input[str]
    operator_topic_arn: pulumi.Input[str]
    configuration_set: pulumi.Input[str]
    settings: Settings


class Bounce(Listener):
    """A rule on what SES says of this configuration set's mails, and the function that hears it."""

    def __init__(self, name: str, args: BounceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        function = PythonFunctionArgs(
            entry="bounce",
            reads=BounceSettings,
            values={"table_name": args.store.table_name, "operator_topic_arn": args.operator_topic_arn},
            statements=[
                allow("NoteInRecord", ["dynamodb:GetItem", "dynamodb:UpdateItem"], [args.store.table_arn]),
                # Without those who are not reached, nobody may be able to approve.
                allow("EndRun", ["states:SendTaskFailure"], [args.state_machine_arn]),
                allow("TellOperator", ["sns:Publish"], [args.operator_topic_arn]),
            ],
            timeout_seconds=60,
            settings=args.settings,
        )
        undelivered = ListenerArgs(
            what="mails",
            description="Notes whom a mail did not reach.",
            # SES adds this tag itself. Only what is to be heard is sent: `infra/sender.py`.
            pattern={
                "source": ["aws.ses"],
                "detail": {"mail": {"tags": {"ses:configuration-set": [args.configuration_set]}}},
            },
            function=function,
        )
        super().__init__("signoff:bounce:Bounce", name, undelivered, opts)
