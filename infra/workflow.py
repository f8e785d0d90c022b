"""The workflow itself: a standard state machine that stops until people have decided, and the two functions it runs."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from handlers.contract.settings import GenerateSettings, ProcessSettings
from infra.asl import approval_definition
from infra.config.settings import Settings
from infra.queue import RequestQueue
from infra.shared.function import PythonFunction, PythonFunctionArgs
from infra.shared.iam import allow, document, same_account, trust
from infra.store import ApprovalStore

# Vended log delivery and X-Ray have no resource-level permissions.
# https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
LOG_DELIVERY = (
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
)
# https://docs.aws.amazon.com/step-functions/latest/dg/concepts-xray-tracing.html
TRACING = (
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
)


@dataclass(frozen=True, kw_only=True)
class ApprovalWorkflowArgs:
    """Where the workflow asks, and the record that it expires; a late decision is waited for `late_seconds`.

    `process_function_arn` is somebody else's function in the place of `process_task`.
    """

    queue: RequestQueue
    store: ApprovalStore
    late_seconds: int
    settings: Settings
    process_function_arn: pulumi.Input[str] | None = None


class ApprovalWorkflow(pulumi.ComponentResource):
    """Generate task -> Request approval (waits) -> Return to main processing."""

    state_machine_arn: pulumi.Output[str]
    role_arn: pulumi.Output[str]
    generate_function: PythonFunction
    process_function: PythonFunction | None
    process_function_arn: pulumi.Output[str]

    def __init__(self, name: str, args: ApprovalWorkflowArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("signoff:workflow:ApprovalWorkflow", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        queue, store = args.queue, args.store

        self.generate_function = PythonFunction(
            f"{name}-generate",
            PythonFunctionArgs(entry="generate", reads=GenerateSettings, settings=args.settings),
            opts=child,
        )
        if args.process_function_arn is None:
            self.process_function = PythonFunction(
                f"{name}-process",
                PythonFunctionArgs(entry="process", reads=ProcessSettings, settings=args.settings),
                opts=child,
            )
            self.process_function_arn = self.process_function.arn
        else:
            self.process_function = None
            self.process_function_arn = pulumi.Output.from_input(args.process_function_arn)
        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name_prefix="/aws/vendedlogs/states/",
            retention_in_days=args.settings.log_retention_days,
            opts=child,
        )
        role = aws.iam.Role(
            f"{name}-role",
            assume_role_policy=trust("states.amazonaws.com", same_account(queue.arn)),
            opts=child,
        )
        policy = aws.iam.RolePolicy(
            f"{name}-policy",
            role=role.name,
            policy=document(
                allow(
                    "RunTasks",
                    ["lambda:InvokeFunction"],
                    [self.generate_function.arn, self.process_function_arn],
                ),
                allow("RequestApproval", ["sqs:SendMessage"], [queue.arn]),
                allow("ExpireRequest", ["dynamodb:UpdateItem"], [store.table_arn]),
                allow("DeliverLogs", LOG_DELIVERY, ["*"]),
                allow("Trace", TRACING, ["*"]),
            ),
            opts=child,
        )
        machine = aws.sfn.StateMachine(
            f"{name}-machine",
            role_arn=role.arn,
            definition=pulumi.Output.all(
                generate_arn=self.generate_function.arn,
                process_arn=self.process_function_arn,
                queue_url=queue.url,
                table_name=store.table_name,
            ).apply(
                lambda known: json.dumps(
                    approval_definition(
                        **known,
                        terms=args.settings.terms,
                        event_policy=args.settings.event_policy,
                        task=args.settings.task,
                        late_seconds=args.late_seconds,
                    )
                )
            ),
            logging_configuration={
                "level": "ERROR",
                "include_execution_data": False,  # it holds task tokens, and they are bearer secrets
                "log_destination": pulumi.Output.concat(logs.arn, ":*"),
            },
            tracing_configuration={"enabled": True},
            # Creating it checks the role's log permissions, so they must be there first. Deleting it waits for its
            # executions, each of which ends at its next transition: docs/operations.md says to stop them first.
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[policy], custom_timeouts=pulumi.CustomTimeouts(delete="15m")
            ),
        )

        self.state_machine_arn, self.role_arn = machine.arn, role.arn
        self.register_outputs(
            {
                "state_machine_arn": self.state_machine_arn,
                "role_arn": self.role_arn,
                "generate_function_arn": self.generate_function.arn,
                "process_function_arn": self.process_function_arn,
            }
        )
