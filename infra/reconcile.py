"""Updates a request's record when its execution ends, and tells the operator of failures."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from handlers.contract.record import EXECUTION_INDEX
from handlers.contract.settings import ReconcileSettings
from handlers.contract.workflow import Ending
from infra.config.settings import Settings
from infra.shared.function import PythonFunctionArgs
from infra.shared.iam import allow, look_statement
from infra.shared.listener import Listener, ListenerArgs
from infra.store import ApprovalStore


@dataclass(frozen=True, kw_only=True)
class ReconcileArgs:
    """The state machine, the table, and the operator topic."""

    store: ApprovalStore
    state_machine_arn: pulumi.Input[str]
    operator_topic_arn: pulumi.Input[str]
    settings: Settings


class Reconcile(Listener):
    """A rule on the workflow's endings, and the function that brings the record in line and writes to the operator.

    Nothing else hears of a run that is stopped from outside, or whose answer arrived while its bearer died. So what
    cannot be delivered, or fails again and again, is kept in a queue each.
    """

    def __init__(self, name: str, args: ReconcileArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        store = args.store
        function = PythonFunctionArgs(
            entry="reconcile",
            reads=ReconcileSettings,
            values={
                "table_name": store.table_name,
                "execution_index": EXECUTION_INDEX,
                "operator_topic_arn": args.operator_topic_arn,
            },
            statements=[
                allow("FindRecord", ["dynamodb:Query"], [store.execution_index_arn]),
                allow("CloseRecord", ["dynamodb:GetItem", "dynamodb:UpdateItem"], [store.table_arn]),
                look_statement(args.state_machine_arn),
                allow("TellOperator", ["sns:Publish"], [args.operator_topic_arn]),
            ],
            timeout_seconds=300,  # for the retries of DescribeExecution
            settings=args.settings,
        )
        endings = ListenerArgs(
            what="endings",
            description="Brings the record of a request in line with how its execution ended.",
            pattern={
                "source": ["aws.states"],
                "detail-type": ["Step Functions Execution Status Change"],
                "detail": {"stateMachineArn": [args.state_machine_arn], "status": list(Ending)},
            },
            function=function,
        )
        super().__init__("signoff:reconcile:Reconcile", name, endings, opts)
