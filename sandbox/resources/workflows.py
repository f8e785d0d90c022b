"""Step Functions and EventBridge Scheduler."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.cloud import Cloud
    from sandbox.resources.given import Given


def state_machine(cloud: Cloud, given: Given) -> tuple[str, dict[str, Any]]:
    name = given.physical_name(80, "[A-Za-z0-9_-]")
    # The one service here whose API spells its fields as Pulumi does.
    wanted: dict[str, Any] = {"definition": given.need("definition"), "roleArn": given.need("roleArn")}
    for key in ("type", "publish", "tracingConfiguration", "encryptionConfiguration"):
        if (value := given.take(key)) is not None:
            wanted[key] = value
    if logging := given.take("loggingConfiguration"):
        destination = logging.pop("logDestination", None)
        groups = [{"cloudWatchLogsLogGroup": {"logGroupArn": destination}}] if destination else []
        wanted["loggingConfiguration"] = logging | {"destinations": groups}
    given.finish()
    arn = cloud.client("stepfunctions").create_state_machine(name=name, **wanted)["stateMachineArn"]
    return arn, {"name": name, "arn": arn, "status": "ACTIVE"}


def schedule_group(cloud: Cloud, given: Given) -> tuple[str, dict[str, Any]]:
    name = given.physical_name(64, "[A-Za-z0-9_.-]")
    given.finish()
    arn = cloud.client("scheduler").create_schedule_group(Name=name)["ScheduleGroupArn"]
    return name, {"name": name, "arn": arn, "state": "ACTIVE"}


def schedule(cloud: Cloud, given: Given) -> tuple[str, dict[str, Any]]:
    name = given.physical_name(64, "[A-Za-z0-9_.-]")
    wanted = given.request(
        "actionAfterCompletion",
        "description",
        "endDate",
        "flexibleTimeWindow",
        "groupName",
        "kmsKeyArn",
        "scheduleExpression",
        "scheduleExpressionTimezone",
        "startDate",
        "state",
        "target",
    )
    given.finish()
    arn = cloud.client("scheduler").create_schedule(Name=name, **wanted)["ScheduleArn"]
    group = wanted.get("GroupName", "default")
    return f"{group}/{name}", {"name": name, "arn": arn, "groupName": group}
