"""Creates a resource of the program in the emulator: what the AWS provider would do, through boto3."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.cloud import ACCOUNT, PARTITION, Cloud
from sandbox.resources import access, functions, http_api, messaging, monitoring, storage, workflows
from sandbox.resources.given import Given, UnsupportedError

Maker = Callable[[Cloud, Given], tuple[str, dict[str, Any]]]

MAKERS: dict[str, Maker] = {
    "aws:apigatewayv2/api:Api": http_api.api,
    "aws:apigatewayv2/integration:Integration": http_api.integration,
    "aws:apigatewayv2/route:Route": http_api.route,
    "aws:apigatewayv2/stage:Stage": http_api.stage,
    "aws:cloudwatch/eventRule:EventRule": monitoring.event_rule,
    "aws:cloudwatch/eventTarget:EventTarget": monitoring.event_target,
    "aws:cloudwatch/logGroup:LogGroup": monitoring.log_group,
    "aws:cloudwatch/metricAlarm:MetricAlarm": monitoring.metric_alarm,
    "aws:dynamodb/resourcePolicy:ResourcePolicy": storage.resource_policy,
    "aws:dynamodb/table:Table": storage.table,
    "aws:iam/role:Role": access.role,
    "aws:iam/rolePolicy:RolePolicy": access.role_policy,
    "aws:lambda/eventSourceMapping:EventSourceMapping": functions.event_source_mapping,
    "aws:lambda/function:Function": functions.function,
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": functions.event_invoke_config,
    "aws:lambda/permission:Permission": functions.permission,
    "aws:scheduler/schedule:Schedule": workflows.schedule,
    "aws:scheduler/scheduleGroup:ScheduleGroup": workflows.schedule_group,
    "aws:sfn/stateMachine:StateMachine": workflows.state_machine,
    "aws:sns/topic:Topic": messaging.topic,
    "aws:sns/topicPolicy:TopicPolicy": messaging.topic_policy,
    "aws:sns/topicSubscription:TopicSubscription": messaging.topic_subscription,
    "aws:sqs/queue:Queue": messaging.queue,
    "aws:sqs/queuePolicy:QueuePolicy": messaging.queue_policy,
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": messaging.redrive_allow_policy,
}

# Of the types that a real engine's stand-in for the provider cannot delete by itself; the sandbox deletes nothing.
DELETERS: dict[str, Callable[[Cloud, str], None]] = {
    "aws:dynamodb/resourcePolicy:ResourcePolicy": storage.delete_resource_policy,
}

# Inputs that are kept among the outputs and not sent to the emulator, with the reason.
STORED_ALWAYS = {
    "tags": "nothing reads them back",
    "tagsAll": "computed by the provider from tags",
}
STORED_ONLY = {
    "aws:cloudwatch/eventRule:EventRule": {"forceDestroy": "about deleting"},
    "aws:cloudwatch/eventTarget:EventTarget": {"forceDestroy": "about deleting"},
    "aws:cloudwatch/logGroup:LogGroup": {"skipDestroy": "about deleting"},
    "aws:iam/role:Role": {"forceDetachPolicies": "about deleting"},
    "aws:lambda/function:Function": {
        "skipDestroy": "about deleting",
        "sourceCodeHash": "for the provider's diff; the emulator hashes the archive itself",
    },
    "aws:sns/topicSubscription:TopicSubscription": {
        "confirmationTimeoutInMinutes": "the emulator confirms at once",
        "endpointAutoConfirms": "the emulator confirms at once",
    },
}


def create(type_: str, name: str, inputs: dict[str, Any], cloud: Cloud | None = None) -> tuple[str, dict[str, Any]]:
    """Create one resource; returns the provider's id and the outputs (the inputs and what AWS computes).

    type_   Pulumi type token
    name    logical name
    inputs  plain values in camelCase; code as a pulumi.AssetArchive
    cloud   the emulator that the environment names unless given
    Raises UnsupportedError for a type, an input or a name that the sandbox cannot do as AWS would.
    """
    cloud = cloud or Cloud.from_environment()
    if type_ not in MAKERS:
        raise UnsupportedError(f"the sandbox cannot create {type_} ({name!r}): add it to sandbox/resources/")
    given = Given(type_, name, inputs)
    for key in STORED_ALWAYS | STORED_ONLY.get(type_, {}):
        given.take(key)
    if (region := given.take("region", cloud.region)) != cloud.region:
        raise UnsupportedError(f"{type_} {name!r} is for region {region}; this emulator stands for {cloud.region}")
    id_, computed = MAKERS[type_](cloud, given)
    return id_, {**inputs, **computed}


def delete(type_: str, id_: str, _outputs: dict[str, Any], cloud: Cloud | None = None) -> None:
    """Delete a resource that `create` has made, by the id that it gave. Raises UnsupportedError for other types."""
    if type_ not in DELETERS:
        raise UnsupportedError(f"the sandbox cannot delete {type_} ({id_!r}): add it to sandbox/resources/")
    DELETERS[type_](cloud or Cloud.from_environment(), id_)


def call(token: str, args: dict[str, Any], cloud: Cloud | None = None) -> dict[str, Any]:
    """Answer a function of the provider that the program may invoke."""
    cloud = cloud or Cloud.from_environment()
    if token == "aws:index/getRegion:getRegion":  # noqa: S105
        region = args.get("region") or cloud.region
        return {"region": region, "id": region, "endpoint": f"ec2.{region}.amazonaws.com", "description": region}
    if token == "aws:index/getCallerIdentity:getCallerIdentity":  # noqa: S105
        return {"accountId": ACCOUNT, "arn": f"arn:aws:iam::{ACCOUNT}:root", "id": ACCOUNT, "userId": "test"}
    if token == "aws:index/getPartition:getPartition":  # noqa: S105
        return {
            "partition": PARTITION,
            "dnsSuffix": "amazonaws.com",
            "id": PARTITION,
            "reverseDnsPrefix": "com.amazonaws",
        }
    raise UnsupportedError(f"the sandbox cannot answer {token}: add it to sandbox/resources/")
