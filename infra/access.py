"""What the operator's tool needs: the least policy of whoever only looks, and of whoever operates as well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from handlers.contract.mailbox import domains
from handlers.contract.record import READABLE
from infra.config.settings import Settings
from infra.shared.iam import Statement, allow, beside, document, executions_of
from infra.store import ApprovalStore


def readers(
    name: str, made: Sequence[Any], store: ApprovalStore, machine_arn: pulumi.Output[str], settings: Settings
) -> list[Statement]:
    """To read all that is `made`, but for the tokens in records, and messages where they are no letters."""

    def arns(class_: Any) -> dict[str, pulumi.Output[str]]:
        """By logical names, without `name` in front."""
        return {one.pulumi_resource_name.removeprefix(f"{name}-"): one.arn for one in made if isinstance(one, class_)}

    # Of a call without a projection, all attributes would be one's own: so it has to select.
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specify-conditions.html
    not_the_token = {
        "ForAllValues:StringEquals": {"dynamodb:Attributes": [*READABLE]},
        "StringEqualsIfExists": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"},
    }
    guarded = [store.table_arn, *([store.stream_arn] if settings.announces else [])]
    queues, logs = arns(aws.sqs.Queue), arns(aws.cloudwatch.LogGroup)
    requests = queues.pop("requests-queue")
    looks = ["sqs:GetQueueUrl", "sqs:GetQueueAttributes"]
    # One pattern for the functions: a managed policy has at most 6,144 characters. If another stack's label is this
    # one, a hyphen and more, its logs are read, too.
    of_functions = machine_arn.apply(lambda arn: f"{beside(arn, 'logs')}:log-group:/aws/lambda/{settings.label}-*")
    of_services = [pulumi.Output.concat(logs[one], ":*") for one in ("workflow-logs", "page-access-logs")]
    statements = [
        allow("Find", ["dynamodb:Query"], [store.status_index_arn, store.execution_index_arn]),
        allow("Read", ["dynamodb:BatchGetItem"], [store.table_arn], condition=not_the_token),
        allow("Executions", ["states:DescribeExecution", "states:GetExecutionHistory"], [executions_of(machine_arn)]),
        allow("Machine", ["states:ListExecutions", "states:DescribeStateMachine"], [machine_arn]),
        allow("Policies", ["dynamodb:GetResourcePolicy"], guarded),
        allow("Requests", looks, [requests]),
        allow("Letters", [*looks, "sqs:ReceiveMessage"], [*queues.values()]),
        allow("Topics", ["sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic"], [*arns(aws.sns.Topic).values()]),
        allow("Logs", ["logs:FilterLogEvents"], [*of_services, of_functions]),
        allow("Rules", ["events:DescribeRule"], [*arns(aws.cloudwatch.EventRule).values()]),
        # Two of these know no resources. Those of alarms and mappings would take more room than they are worth.
        allow(
            "Account",
            [
                "cloudwatch:DescribeAlarms",
                "cloudwatch:GetMetricStatistics",
                "lambda:GetEventSourceMapping",
                "sns:GetSubscriptionAttributes",
            ],
            ["*"],
        ),
    ]
    if schedules := arns(aws.scheduler.Schedule):
        statements.append(allow("Schedules", ["scheduler:GetSchedule"], [*schedules.values()]))
    if settings.mail_from:
        # The address and its domain, and each above it, of which there may be many.
        top = domains(settings.mail_from)[-1]
        identities = machine_arn.apply(lambda arn: f"{beside(arn, 'ses')}:identity/*{top}")
        statements.append(allow("Identities", ["ses:GetEmailIdentity"], [identities]))
        statements.append(allow("Sending", ["ses:GetAccount"], ["*"]))
    return statements


def operators(state_machine_arn: pulumi.Output[str], invoke_arn: pulumi.Input[str]) -> list[Statement]:
    """Beyond what readers may: to ask, and to go through the door."""
    return [
        allow("Start", ["states:StartExecution"], [state_machine_arn]),
        allow("Operate", ["execute-api:Invoke"], [invoke_arn]),
        # These know no resources, either.
        allow("Rehearse", ["logs:DescribeLogGroups", "xray:BatchGetTraces"], ["*"]),
    ]


def managed(name: str, reading: list[Statement], operating: list[Statement], opts: pulumi.ResourceOptions) -> None:
    """Policies that can be attached to people's roles; two, since each has its limit."""
    aws.iam.Policy(f"{name}-reader", policy=document(*reading), opts=opts)
    aws.iam.Policy(f"{name}-operator", policy=document(*operating), opts=opts)
