"""The operator's door, a route of the stack's API, and who may use it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from handlers.contract.digests import digest, resource_policy_digest
from handlers.contract.record import EXECUTION_INDEX
from handlers.contract.settings import OperateSettings
from infra.config.settings import Settings
from infra.page import Page
from infra.sender import Sender
from infra.shared.function import PythonFunction, PythonFunctionArgs
from infra.shared.iam import allow, executions_of, look_statement
from infra.shared.pace import MailPace
from infra.store import ApprovalStore
from infra.topic import ApproverTopic

ROUTE = "POST /operate"
# The API waits for 30 s: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
TIMEOUT_SECONDS = 29
# By which attribute the tool finds what it looks at; a schedule's id has its group.
NAMED: dict[str, tuple[Any, str]] = {
    "queues": (aws.sqs.Queue, "name"),
    "functions": (aws.lambda_.Function, "name"),
    "logGroups": (aws.cloudwatch.LogGroup, "name"),
    "mappings": (aws.lambda_.EventSourceMapping, "uuid"),
    "schedules": (aws.scheduler.Schedule, "id"),
    "rules": (aws.cloudwatch.EventRule, "name"),
    "alarms": (aws.cloudwatch.MetricAlarm, "name"),
}
GUARDED: dict[type, str] = {
    aws.sqs.QueuePolicy: "queue_url",
    aws.sns.TopicPolicy: "arn",
    aws.dynamodb.ResourcePolicy: "resource_arn",
}


@dataclass(frozen=True, kw_only=True)
class OperateArgs:
    """Whose requests are operated, by which channel people are mailed, and the API that has the door."""

    store: ApprovalStore
    page: Page
    channel: ApproverTopic | Sender
    state_machine_arn: pulumi.Input[str]
    pace: MailPace
    settings: Settings


class Operate(pulumi.ComponentResource):
    """Whoever calls is authenticated by AWS. `invoke_arn` is what they need `execute-api:Invoke` on."""

    function: PythonFunction
    invoke_arn: pulumi.Output[str]

    def __init__(self, name: str, args: OperateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("signoff:operate:Operate", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        store, page = args.store, args.page

        self.function = PythonFunction(
            name,
            PythonFunctionArgs(
                entry="operate",
                reads=OperateSettings,
                values={
                    "table_name": store.table_name,
                    **args.channel.values,
                    "own_domains": "",  # nobody is told of a decision here
                    "approval_url": page.url,
                    "mail_pause_seconds": args.pace.pause_seconds,
                    "execution_index": EXECUTION_INDEX,
                    "state_machine_arn": args.state_machine_arn,
                },
                statements=[
                    allow("KeepRecord", ["dynamodb:GetItem", "dynamodb:UpdateItem"], [store.table_arn]),
                    allow("Find", ["dynamodb:Query"], [store.execution_index_arn]),
                    args.channel.send_statement(),
                    allow("Cancel", ["states:StopExecution"], [executions_of(args.state_machine_arn)]),
                    look_statement(args.state_machine_arn),
                ],
                timeout_seconds=TIMEOUT_SECONDS,
                settings=args.settings,
            ),
            opts=child,
        )
        integration = aws.apigatewayv2.Integration(
            f"{name}-integration",
            api_id=page.api_id,
            integration_type="AWS_PROXY",
            integration_uri=self.function.arn,
            payload_format_version="2.0",
            opts=child,
        )
        self.invoke_arn = pulumi.Output.concat(page.execution_arn, "/$default/", ROUTE.replace(" ", ""))
        permission = aws.lambda_.Permission(
            f"{name}-invoke",
            action="lambda:InvokeFunction",
            function=self.function.name,
            principal="apigateway.amazonaws.com",
            source_arn=pulumi.Output.concat(page.execution_arn, "/*/*/operate"),
            opts=child,
        )
        aws.apigatewayv2.Route(
            f"{name}-route",
            api_id=page.api_id,
            route_key=ROUTE,
            authorization_type="AWS_IAM",
            target=pulumi.Output.concat("integrations/", integration.id),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permission]),
        )
        self.register_outputs({"invoke_arn": self.invoke_arn, "function_arn": self.function.arn})


def inventory(name: str, made: Sequence[Any], known: Mapping[str, Any]) -> pulumi.Output[str]:
    """JSON for the operator's tool: what is `known`, and of each kind that it looks at, names by logical names, which
    are without `name` in front. Of resource policies, their digests, by the resource, and that of the definition."""
    names = {
        kind: {
            one.pulumi_resource_name.removeprefix(f"{name}-"): getattr(one, attribute)
            for one in made
            if isinstance(one, class_)
        }
        for kind, (class_, attribute) in NAMED.items()
    }
    policies = [
        [getattr(one, GUARDED[type(one)]), one.policy.apply(resource_policy_digest)]
        for one in made
        if type(one) in GUARDED
    ]
    (definition,) = (one.definition.apply(digest) for one in made if isinstance(one, aws.sfn.StateMachine))
    told = {**known, **names, "policies": pulumi.Output.all(*policies).apply(dict), "definition": definition}
    return pulumi.Output.json_dumps(told, sort_keys=True)
