"""The program's own stack, taken down again."""

from __future__ import annotations

from sandbox.cloud import Cloud
from sandbox.resources.catalog import RESOURCES
from tests.support.stacks import running

# A resource of each type that the program can make, and nothing that starts by itself meanwhile.
CONFIG = {
    "approvers": ["alice@example.com", "bob@example.com"],
    "mailFrom": "approvals@example.com",
    "operatorEmail": "operator@example.com",
    "escalateTo": ["boss@example.com"],
    "schedule": "at(2099-01-01T00:00:00)",
    "eventPattern": {"source": ["shop"]},
    "chatNotifications": True,
    "dashboard": True,
    "operatorAccess": True,
    "pointInTimeRecovery": True,
    "protect": False,
}
# Made by examples only.
EXAMPLES = {"aws:cloudwatch/eventApiDestination:EventApiDestination", "aws:cloudwatch/eventConnection:EventConnection"}
LISTS: dict[str, tuple[str, str, str, str | None]] = {
    "alarms": ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    "APIs": ("apigatewayv2", "get_apis", "Items", "ApiId"),
    "configuration sets": ("sesv2", "list_configuration_sets", "ConfigurationSets", None),
    "dashboards": ("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
    "event source mappings": ("lambda", "list_event_source_mappings", "EventSourceMappings", "UUID"),
    "functions": ("lambda", "list_functions", "Functions", "FunctionName"),
    "log groups": ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    "policies": ("iam", "list_policies", "Policies", "Arn"),
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
        assert {type_ for type_, _, _ in sandbox.deployed.made} == set(RESOURCES) - EXAMPLES
        up = everything(cloud)
        assert not [what for what in LISTS if up[what] == before[what]]
        sandbox.deployed.destroy()
        assert everything(cloud) == before
