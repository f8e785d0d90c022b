"""Updates a request's record when its execution ends, and tells the operator of failures."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from handlers.contract.record import EXECUTION_INDEX
from handlers.contract.settings import ReconcileSettings
from handlers.contract.workflow import Ending
from infra.config.settings import Settings
from infra.shared.function import PythonFunction, PythonFunctionArgs
from infra.shared.iam import allow, look_statement
from infra.shared.queues import RETRY_POLICY, RETRY_SECONDS, encrypted_queue, keep_events, queue_policy
from infra.store import ApprovalStore

# The maximum number of Lambda retries. https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
FUNCTION_RETRIES = 2


@dataclass(frozen=True, kw_only=True)
class ReconcileArgs:
    """The state machine, the table, and the operator topic."""

    store: ApprovalStore
    state_machine_arn: pulumi.Input[str]
    operator_topic_arn: pulumi.Input[str]
    settings: Settings


class Reconcile(pulumi.ComponentResource):
    """A rule on the workflow's endings, and the function that brings the record in line and writes to the operator.

    Nothing else hears of a run that is stopped from outside, or whose answer arrived while its bearer died. So what
    cannot be delivered, or fails again and again, is kept in a queue each.
    """

    function: PythonFunction
    undelivered_name: pulumi.Output[str]
    failed_name: pulumi.Output[str]

    def __init__(self, name: str, args: ReconcileArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("signoff:reconcile:Reconcile", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        store = args.store

        undelivered = encrypted_queue(f"{name}-undelivered", child)
        failed = encrypted_queue(f"{name}-failed", child)
        self.function = PythonFunction(
            name,
            PythonFunctionArgs(
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
                    allow("KeepFailures", ["sqs:SendMessage"], [failed.arn]),
                ],
                timeout_seconds=300,  # for the retries of DescribeExecution
                settings=args.settings,
            ),
            opts=child,
        )
        # Lambda sends there with the function's role.
        # https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
        queue_policy(f"{name}-failed-policy", failed, child, senders=[self.function.role_arn])
        aws.lambda_.FunctionEventInvokeConfig(
            f"{name}-invocations",
            function_name=self.function.name,
            maximum_event_age_in_seconds=RETRY_SECONDS,
            maximum_retry_attempts=FUNCTION_RETRIES,
            destination_config={"on_failure": {"destination": failed.arn}},
            opts=child,
        )
        rule = aws.cloudwatch.EventRule(
            f"{name}-endings",
            description="Brings the record of a request in line with how its execution ended.",
            event_pattern=pulumi.Output.json_dumps(
                {
                    "source": ["aws.states"],
                    "detail-type": ["Step Functions Execution Status Change"],
                    "detail": {"stateMachineArn": [args.state_machine_arn], "status": list(Ending)},
                }
            ),
            opts=child,
        )
        queue_policy(f"{name}-undelivered-policy", undelivered, child, keep_events(undelivered, rule))
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
            retry_policy=RETRY_POLICY,
            dead_letter_config={"arn": undelivered.arn},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permission]),
        )

        self.undelivered_name, self.failed_name = undelivered.name, failed.name
        self.register_outputs(
            {
                "function_arn": self.function.arn,
                "undelivered_name": self.undelivered_name,
                "failed_name": self.failed_name,
            }
        )
