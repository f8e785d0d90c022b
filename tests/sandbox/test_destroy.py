"""The program's own stack, taken down again."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from sandbox import resources
from sandbox.cloud import Cloud
from sandbox.resources.catalog import RESOURCES
from tests.support.stacks import running

# Everything that the program can make, and nothing that starts by itself meanwhile.
CONFIG = {
    "approvers": ["alice@example.com", "bob@example.com"],
    "operatorEmail": "operator@example.com",
    "escalateTo": ["boss@example.com"],
    "schedule": "at(2099-01-01T00:00:00)",
    "eventPattern": {"source": ["shop"]},
    "pointInTimeRecovery": True,
    "protect": False,
}
LISTS: dict[str, tuple[str, str, str, str | None]] = {
    "alarms": ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    "APIs": ("apigatewayv2", "get_apis", "Items", "ApiId"),
    "event source mappings": ("lambda", "list_event_source_mappings", "EventSourceMappings", "UUID"),
    "functions": ("lambda", "list_functions", "Functions", "FunctionName"),
    "log groups": ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    "queues": ("sqs", "list_queues", "QueueUrls", None),
    "roles": ("iam", "list_roles", "Roles", "RoleName"),
    "rules": ("events", "list_rules", "Rules", "Name"),
    "schedule groups": ("scheduler", "list_schedule_groups", "ScheduleGroups", "Name"),
    "schedules": ("scheduler", "list_schedules", "Schedules", "Name"),
    "state machines": ("stepfunctions", "list_state_machines", "stateMachines", "name"),
    "subscriptions": ("sns", "list_subscriptions", "Subscriptions", "SubscriptionArn"),
    "tables": ("dynamodb", "list_tables", "TableNames", None),
    "topics": ("sns", "list_topics", "Topics", "TopicArn"),
}


# What is no thing of its own but a part of one: the call that shows it, its argument and the input for it, the answer's
# field.
PARTS: dict[str, tuple[str, str, str, str, str]] = {
    "aws:apigatewayv2/integration:Integration": ("apigatewayv2", "get_integrations", "ApiId", "apiId", "Items"),
    "aws:apigatewayv2/route:Route": ("apigatewayv2", "get_routes", "ApiId", "apiId", "Items"),
    "aws:apigatewayv2/stage:Stage": ("apigatewayv2", "get_stages", "ApiId", "apiId", "Items"),
    "aws:cloudwatch/eventTarget:EventTarget": ("events", "list_targets_by_rule", "Rule", "rule", "Targets"),
    "aws:dynamodb/resourcePolicy:ResourcePolicy": (
        "dynamodb",
        "get_resource_policy",
        "ResourceArn",
        "resourceArn",
        "Policy",
    ),
    "aws:iam/rolePolicy:RolePolicy": ("iam", "list_role_policies", "RoleName", "role", "PolicyNames"),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": (
        "lambda",
        "get_function_event_invoke_config",
        "FunctionName",
        "functionName",
        "FunctionArn",
    ),
    "aws:lambda/permission:Permission": ("lambda", "get_policy", "FunctionName", "function", "Policy"),
    "aws:sns/topicPolicy:TopicPolicy": ("sns", "get_topic_attributes", "TopicArn", "arn", "Attributes.Policy"),
    "aws:sqs/queuePolicy:QueuePolicy": ("sqs", "get_queue_attributes", "QueueUrl", "queueUrl", "Attributes.Policy"),
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": (
        "sqs",
        "get_queue_attributes",
        "QueueUrl",
        "queueUrl",
        "Attributes.RedriveAllowPolicy",
    ),
}


def there(cloud: Cloud, type_: str, made: dict[str, Any]) -> bool:
    service, call, argument, key, field = PARTS[type_]
    given = {argument: made[key]} | ({"AttributeNames": ["All"]} if service == "sqs" else {})
    try:
        found = getattr(cloud.client(service), call)(**given)
    except ClientError as error:
        if "NotFound" in error.response["Error"]["Code"]:
            return False
        raise
    for step in field.split("."):
        found = found.get(step)
    # A function that has lost all permissions still has a policy here, without statements; on AWS it has none.
    return made["statementId"] in (found or "") if "statementId" in made else bool(found)


def everything(cloud: Cloud) -> dict[str, set[str]]:
    """What each service lists."""
    found = {}
    for what, (service, call, key, name) in LISTS.items():
        client = cloud.client(service)
        pages = client.get_paginator(call).paginate() if client.can_paginate(call) else [getattr(client, call)()]
        found[what] = {one[name] if name else one for page in pages for one in page.get(key, [])}
    return found


def test_nothing_of_a_stack_is_left_once_it_is_destroyed(emulator, cloud):
    before = everything(cloud)
    with running("dev", CONFIG, emulator=emulator) as sandbox:
        assert {type_ for type_, _, _ in sandbox.deployed.made} == set(RESOURCES)
        up = everything(cloud)
        assert not [what for what in LISTS if up[what] == before[what]]
        sandbox.destroy()
        assert everything(cloud) == before


def test_a_part_of_something_is_deleted_for_itself(emulator, cloud):
    with running("dev", CONFIG, emulator=emulator) as sandbox:
        parts = [made for made in reversed(sandbox.deployed.made) if made[0] in PARTS]
        assert {type_ for type_, _, _ in parts} == set(PARTS)
        missing = [(type_, id_) for type_, id_, made in parts if not there(cloud, type_, made)]
        assert not missing
        for type_, id_, made in parts:
            resources.delete(type_, id_, made, cloud)
        assert not [(type_, id_) for type_, id_, made in parts if there(cloud, type_, made)]
