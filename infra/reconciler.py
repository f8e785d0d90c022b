"""From the end of an execution back to the record of its request."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.callback import look_statement
from infra.config import Settings
from infra.function import PythonFunction, PythonFunctionArgs
from infra.iam import allow
from infra.store import EXECUTION_INDEX, ApprovalStore

# https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
ENDINGS = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")


@dataclass(frozen=True, kw_only=True)
class ReconcilerArgs:
    """Whose endings are heard of, and where the records are."""

    settings: Settings
    store: ApprovalStore
    state_machine_arn: pulumi.Input[str]


class Reconciler(pulumi.ComponentResource):
    """A rule on the workflow's endings and the function that brings the record in line with them.

    Nothing else hears of a run that is stopped from outside, or whose answer arrived while its bearer died.
    """

    function: PythonFunction

    def __init__(self, name: str, args: ReconcilerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("signoff:reconciler:Reconciler", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        store = args.store

        self.function = PythonFunction(
            f"{name}-reconcile-request",
            PythonFunctionArgs(
                entry="reconcile_request",
                environment={"TABLE_NAME": store.table_name, "EXECUTION_INDEX": EXECUTION_INDEX},
                statements=[
                    allow("FindRecord", ["dynamodb:Query"], [store.execution_index_arn]),
                    allow("CloseRecord", ["dynamodb:GetItem", "dynamodb:UpdateItem"], [store.table_arn]),
                    look_statement(args.state_machine_arn),
                ],
                timeout_seconds=30,
                log_retention_days=args.settings.log_retention_days,
            ),
            opts=child,
        )
        rule = aws.cloudwatch.EventRule(
            f"{name}-endings",
            description="Brings the record of a request in line with how its execution ended.",
            event_pattern=pulumi.Output.json_dumps(
                {
                    "source": ["aws.states"],
                    "detail-type": ["Step Functions Execution Status Change"],
                    "detail": {"stateMachineArn": [args.state_machine_arn], "status": list(ENDINGS)},
                }
            ),
            opts=child,
        )
        permission = aws.lambda_.Permission(
            f"{name}-invoke",
            action="lambda:InvokeFunction",
            function=self.function.name,
            principal="events.amazonaws.com",
            source_arn=rule.arn,
            opts=child,
        )
        aws.cloudwatch.EventTarget(
            f"{name}-endings-target",
            rule=rule.name,
            arn=self.function.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permission]),
        )

        self.register_outputs({"function_arn": self.function.arn})
