"""EventBridge rules, log groups, alarms."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from sandbox.resources.given import UnsupportedError, spelt

if TYPE_CHECKING:
    from sandbox.cloud import Cloud
    from sandbox.resources.given import Given


def event_rule(cloud: Cloud, given: Given) -> tuple[str, dict[str, Any]]:
    name = given.physical_name(64, "[A-Za-z0-9_.-]")
    wanted = given.request("description", "eventBusName", "eventPattern", "roleArn", "scheduleExpression", "state")
    given.finish()
    arn = cloud.client("events").put_rule(Name=name, **wanted)["RuleArn"]
    return name, {"name": name, "arn": arn}


def event_target(cloud: Cloud, given: Given) -> tuple[str, dict[str, Any]]:
    rule, target_id = given.need("rule"), given.take("targetId") or f"pulumi-{secrets.token_hex(8)}"
    bus = given.request("eventBusName")
    target: dict[str, Any] = {"Id": target_id} | given.request(
        "arn", "deadLetterConfig", "input", "inputPath", "retryPolicy", "roleArn"
    )
    if transformer := given.take("inputTransformer"):
        target["InputTransformer"] = {"InputTemplate": transformer["inputTemplate"]}
        if transformer.get("inputPaths"):
            target["InputTransformer"]["InputPathsMap"] = transformer["inputPaths"]
    given.finish()
    answer = cloud.client("events").put_targets(Rule=rule, Targets=[target], **bus)
    for failed in answer.get("FailedEntries", []):
        raise UnsupportedError(f"{given.type} {given.name!r}: {failed['ErrorCode']}: {failed['ErrorMessage']}")
    return f"{rule}-{target_id}", {"targetId": target_id}


def log_group(cloud: Cloud, given: Given) -> tuple[str, dict[str, Any]]:
    name = given.physical_name(512, "[A-Za-z0-9_/.#-]")
    days = given.take("retentionInDays", 0)  # 0: for ever
    wanted = {key: value for key in ("kmsKeyId", "logGroupClass") if (value := given.take(key)) is not None}
    given.finish()
    logs = cloud.client("logs")
    logs.create_log_group(logGroupName=name, **wanted)
    if days:
        logs.put_retention_policy(logGroupName=name, retentionInDays=days)
    return name, {"name": name, "arn": cloud.arn("logs", f"log-group:{name}")}


def metric_alarm(cloud: Cloud, given: Given) -> tuple[str, dict[str, Any]]:
    name = given.physical_name(255, ".")
    wanted = given.request(
        "actionsEnabled",
        "alarmActions",
        "alarmDescription",
        "comparisonOperator",
        "datapointsToAlarm",
        "evaluationPeriods",
        "extendedStatistic",
        "insufficientDataActions",
        "metricName",
        "namespace",
        "period",
        "statistic",
        "threshold",
        "thresholdMetricId",
        "treatMissingData",
        "unit",
        evaluateLowSampleCountPercentiles="EvaluateLowSampleCountPercentile",
        okActions="OKActions",
    )
    if dimensions := given.take("dimensions"):
        wanted["Dimensions"] = dimension_list(dimensions)
    if queries := given.take("metricQueries"):
        wanted["Metrics"] = [metric_query(query) for query in queries]
    given.finish()
    cloud.client("cloudwatch").put_metric_alarm(AlarmName=name, **wanted)
    return name, {"name": name, "arn": cloud.arn("cloudwatch", f"alarm:{name}")}


def metric_query(query: dict[str, Any]) -> dict[str, Any]:
    metric = query.pop("metric", None)
    wanted: dict[str, Any] = spelt(query)
    if metric:
        named = {"Namespace": metric["namespace"], "MetricName": metric["metricName"]}
        if metric.get("dimensions"):
            named["Dimensions"] = dimension_list(metric["dimensions"])
        wanted["MetricStat"] = {"Metric": named, "Period": metric["period"], "Stat": metric["stat"]}
        if metric.get("unit"):
            wanted["MetricStat"]["Unit"] = metric["unit"]
    return wanted


def dimension_list(dimensions: dict[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in dimensions.items()]
