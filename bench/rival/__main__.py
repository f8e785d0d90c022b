"""Generate a task, mail a link that carries the task token, and go on as soon as somebody has opened it.

This is the wait-for-callback pattern as samples show it, in a code of our own: three states, four functions. They have
the memory, the interpreter, the batches and the logging of ours, and roles that may do no more than they need.

Beside it stands the floor, a machine of one state that only asks: what the services take between these calls, nothing
that is built on them can save.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.shared.function import ARCHITECTURE, RUNTIME
from infra.shared.iam import Statement, allow, document, trust
from infra.shared.pace import LARGEST_BATCH, WORKERS
from infra.shared.queues import visibility_seconds

FUNCTIONS = Path(__file__).resolve().parent / "functions"
TIMEOUT_SECONDS = 15
LOG_DAYS = 7


def function(
    name: str,
    *,
    memory_mib: int,
    statements: Sequence[Statement] = (),
    variables: Mapping[str, pulumi.Input[str]] | None = None,
) -> aws.lambda_.Function:
    """Runs `handler` of one file, with a role that allows logging and `statements`."""
    logs = aws.cloudwatch.LogGroup(f"{name}-logs", name_prefix=f"/aws/lambda/{name}-", retention_in_days=LOG_DAYS)
    role = aws.iam.Role(f"{name}-role", assume_role_policy=trust("lambda.amazonaws.com"))
    write = allow("Log", ["logs:CreateLogStream", "logs:PutLogEvents"], [pulumi.Output.concat(logs.arn, ":*")])
    policy = aws.iam.RolePolicy(f"{name}-policy", role=role.name, policy=document(write, *statements))
    return aws.lambda_.Function(
        name,
        runtime=RUNTIME,
        architectures=[ARCHITECTURE],
        handler=f"{name}.handler",
        code=pulumi.AssetArchive({f"{name}.py": pulumi.FileAsset(str(FUNCTIONS / f"{name}.py"))}),
        role=role.arn,
        timeout=TIMEOUT_SECONDS,
        memory_size=memory_mib,
        environment={"variables": dict(variables or {})},
        logging_config={"log_format": "Text", "log_group": logs.name},
        opts=pulumi.ResourceOptions(depends_on=[policy]),
    )


def machine(
    name: str, states: pulumi.Output[dict[str, Any]], sends_to: aws.sqs.Queue, *runs: aws.lambda_.Function
) -> aws.sfn.StateMachine:
    """Goes through the states in their order."""
    role = aws.iam.Role(f"{name}-role", assume_role_policy=trust("states.amazonaws.com"))
    run = [allow("Run", ["lambda:InvokeFunction"], [one.arn for one in runs])] if runs else []
    send = allow("Send", ["sqs:SendMessage"], [sends_to.arn])
    policy = aws.iam.RolePolicy(f"{name}-policy", role=role.name, policy=document(send, *run))

    def definition(known: dict[str, Any]) -> str:
        names = list(known)
        ways = [{"Next": following} for following in names[1:]] + [{"End": True}]
        chained = {name: known[name] | way for name, way in zip(names, ways, strict=True)}
        return json.dumps({"QueryLanguage": "JSONata", "StartAt": names[0], "States": chained})

    return aws.sfn.StateMachine(
        name,
        role_arn=role.arn,
        definition=states.apply(definition),
        opts=pulumi.ResourceOptions(depends_on=[policy]),
    )


def invoke(function_arn: str) -> dict[str, Any]:
    """A state that runs a function and goes on with what it returns."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": function_arn, "Payload": "{% $states.input %}"},
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


def serve(path: str, served_by: aws.lambda_.Function) -> None:
    """At GET of the API's `path`."""
    name = path.strip("/")
    integration = aws.apigatewayv2.Integration(
        f"{name}-integration",
        api_id=api.id,
        integration_type="AWS_PROXY",
        integration_uri=served_by.arn,
        payload_format_version="2.0",
    )
    aws.apigatewayv2.Route(
        f"{name}-route",
        api_id=api.id,
        route_key=f"GET {path}",
        target=pulumi.Output.concat("integrations/", integration.id),
    )
    aws.lambda_.Permission(
        f"{name}-invoke",
        action="lambda:InvokeFunction",
        function=served_by.name,
        principal="apigateway.amazonaws.com",
        source_arn=pulumi.Output.concat(api.execution_arn, f"/*/*{path}"),
    )


api = aws.apigatewayv2.Api("api", protocol_type="HTTP")
aws.apigatewayv2.Stage("stage", api_id=api.id, name="$default", auto_deploy=True)
topic = aws.sns.Topic("topic")
for email in pulumi.Config().require_object("approvers"):
    aws.sns.TopicSubscription(f"mail-{email}", topic=topic.arn, protocol="email", endpoint=email)
queue = aws.sqs.Queue(
    "queue", sqs_managed_sse_enabled=True, visibility_timeout_seconds=visibility_seconds(TIMEOUT_SECONDS)
)
read_queue = allow("ReadQueue", ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], [queue.arn])
mailer = function(
    "ask",
    memory_mib=512,
    statements=[read_queue, allow("Mail", ["sns:Publish"], [topic.arn])],
    variables={"API_URL": api.api_endpoint, "TOPIC_ARN": topic.arn},
)
aws.lambda_.EventSourceMapping(
    "messages",
    event_source_arn=queue.arn,
    function_name=mailer.arn,
    batch_size=LARGEST_BATCH,
    scaling_config={"maximum_concurrency": WORKERS},
)
generate = function("generate_task", memory_mib=256)
process = function("process_task", memory_mib=256)
pattern = machine(
    "pattern",
    pulumi.Output.all(generate.arn, queue.url, process.arn).apply(
        lambda known: {
            "Generate task": invoke(known[0]),
            "Ask": ask(known[1], title="title"),
            "Process task": invoke(known[2]),
        }
    ),
    queue,
    generate,
    process,
)
floor = machine("floor", queue.url.apply(lambda url: {"Ask": ask(url, title="task.title")}), queue)
approve = allow("Answer", ["states:SendTaskSuccess"], [pattern.arn, floor.arn])
serve("/answer", function("answer", memory_mib=512, statements=[approve]))
serve("/empty", function("empty", memory_mib=512))

pulumi.export("stateMachineArn", pattern.arn)
pulumi.export("floorMachineArn", floor.arn)
pulumi.export("apiUrl", api.api_endpoint)
