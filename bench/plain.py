"""The parts of the rival and the floor: the same as ours, without extras."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.shared.function import ARCHITECTURE, RUNTIME
from infra.shared.iam import Statement, allow, document, trust
from infra.shared.pace import LARGEST_BATCH, WORKERS
from infra.shared.queues import visibility_seconds

TIMEOUT_SECONDS = 15
LOG_DAYS = 7


def function(
    source: Path,
    *,
    memory_mib: int,
    statements: Sequence[Statement] = (),
    variables: Mapping[str, pulumi.Input[str]] | None = None,
) -> aws.lambda_.Function:
    """Runs `handler` of one file, with a role that allows logging and `statements`."""
    name = source.stem.replace("_", "-")
    logs = aws.cloudwatch.LogGroup(f"{name}-logs", name_prefix=f"/aws/lambda/{name}-", retention_in_days=LOG_DAYS)
    role = aws.iam.Role(f"{name}-role", assume_role_policy=trust("lambda.amazonaws.com"))
    write = allow("Log", ["logs:CreateLogStream", "logs:PutLogEvents"], [pulumi.Output.concat(logs.arn, ":*")])
    policy = aws.iam.RolePolicy(f"{name}-policy", role=role.name, policy=document(write, *statements))
    return aws.lambda_.Function(
        name,
        runtime=RUNTIME,
        architectures=[ARCHITECTURE],
        handler=f"{source.stem}.handler",
        code=pulumi.AssetArchive({source.name: pulumi.FileAsset(str(source))}),
        role=role.arn,
        timeout=TIMEOUT_SECONDS,
        memory_size=memory_mib,
        environment={"variables": dict(variables or {})},
        logging_config={"log_format": "Text", "log_group": logs.name},
        opts=pulumi.ResourceOptions(depends_on=[policy]),
    )


def queue() -> aws.sqs.Queue:
    return aws.sqs.Queue(
        "queue", sqs_managed_sse_enabled=True, visibility_timeout_seconds=visibility_seconds(TIMEOUT_SECONDS)
    )


def read_queue(consumed: aws.sqs.Queue) -> Statement:
    return allow("ReadQueue", ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], [consumed.arn])


def consume(consumed: aws.sqs.Queue, consumer: aws.lambda_.Function) -> None:
    """With our batch size and concurrency."""
    aws.lambda_.EventSourceMapping(
        "messages",
        event_source_arn=consumed.arn,
        function_name=consumer.arn,
        batch_size=LARGEST_BATCH,
        scaling_config={"maximum_concurrency": WORKERS},
    )


def topic(people: Sequence[str]) -> aws.sns.Topic:
    """A topic that mails everything to everybody."""
    made = aws.sns.Topic("topic")
    for email in people:
        aws.sns.TopicSubscription(f"mail-{email}", topic=made.arn, protocol="email", endpoint=email)
    return made


@dataclass(frozen=True)
class HttpApi:
    """An HTTP API that routes are added to. Its address is known before it has routes."""

    api: aws.apigatewayv2.Api

    @classmethod
    def make(cls) -> HttpApi:
        api = aws.apigatewayv2.Api("api", protocol_type="HTTP")
        aws.apigatewayv2.Stage("stage", api_id=api.id, name="$default", auto_deploy=True)
        return cls(api)

    @property
    def url(self) -> pulumi.Output[str]:
        return self.api.api_endpoint

    def get(self, path: str, served_by: aws.lambda_.Function) -> None:
        name = path.strip("/")
        integration = aws.apigatewayv2.Integration(
            f"{name}-integration",
            api_id=self.api.id,
            integration_type="AWS_PROXY",
            integration_uri=served_by.arn,
            payload_format_version="2.0",
        )
        aws.apigatewayv2.Route(
            f"{name}-route",
            api_id=self.api.id,
            route_key=f"GET {path}",
            target=pulumi.Output.concat("integrations/", integration.id),
        )
        aws.lambda_.Permission(
            f"{name}-invoke",
            action="lambda:InvokeFunction",
            function=served_by.name,
            principal="apigateway.amazonaws.com",
            source_arn=pulumi.Output.concat(self.api.execution_arn, f"/*/*{path}"),
        )


def invoke(function_arn: str, payload: str) -> dict[str, Any]:
    """A state that runs a function and goes on with what it returns."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": function_arn, "Payload": payload},
        "Output": "{% $states.result.Payload %}",
    }


def ask(queue_url: str, *, title: str) -> dict[str, Any]:
    """A state that puts its token on the queue and waits for the answer, which it adds to its input.

    `title` is a path in the state's input.
    """
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Arguments": {
            "QueueUrl": queue_url,
            "MessageBody": {"token": "{% $states.context.Task.Token %}", "title": f"{{% $states.input.{title} %}}"},
        },
        "Output": "{% $merge([$states.input, {'approval': $states.result}]) %}",
    }


def machine(
    definition: pulumi.Output[dict[str, Any]], sends_to: aws.sqs.Queue, *runs: aws.lambda_.Function
) -> aws.sfn.StateMachine:
    role = aws.iam.Role("machine-role", assume_role_policy=trust("states.amazonaws.com"))
    run = [allow("Run", ["lambda:InvokeFunction"], [one.arn for one in runs])] if runs else []
    policy = aws.iam.RolePolicy(
        "machine-policy", role=role.name, policy=document(allow("Send", ["sqs:SendMessage"], [sends_to.arn]), *run)
    )
    return aws.sfn.StateMachine(
        "machine",
        role_arn=role.arn,
        definition=definition.apply(lambda known: json.dumps({"QueryLanguage": "JSONata", **known})),
        opts=pulumi.ResourceOptions(depends_on=[policy]),
    )
