"""Multiplies counts by prices."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench import prices
from bench.counts import Counted

GIGABYTE = 10**9
KILOBYTE = 1024
HOURS_A_MONTH = 730
# A message is sent, received and deleted.
REQUESTS_A_MESSAGE = 3
# An event source mapping keeps five long polls of twenty seconds open while its queue is empty.
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
POLLS_A_MONTH = 5 * 3600 // 20 * HOURS_A_MONTH
# A record holds a task token, which is this much longer on AWS than in the emulator (36 characters).
LONGER_TOKEN_BYTES = 1000
WRITES = ("PutItem", "UpdateItem")
ALARM, MAPPING, FUNCTION, TOPIC = (
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:lambda/eventSourceMapping:EventSourceMapping",
    "aws:lambda/function:Function",
    "aws:sns/topic:Topic",
)

Made = Sequence[tuple[str, str, Mapping[str, Any]]]


@dataclass(frozen=True)
class Line:
    """`quantity` of something at `price` dollars each."""

    what: str
    quantity: float
    price: float

    @property
    def dollars(self) -> float:
        return self.quantity * self.price


def per_thousand(counted: Counted, billed: Mapping[str, float], made: Made) -> list[Line]:
    """What 1,000 approvals cost. `billed`: milliseconds of one invocation of each function, by entry module."""
    memory = {entry(given): float(given["memorySize"]) for type_, _, given in made if type_ == FUNCTION}
    gigabyte_seconds = sum(
        times * billed.get(name, 0) / 1000 * memory[name] / 1024 for name, times in counted.invocations.items()
    )
    units = max(1, math.ceil((counted.record_bytes + LONGER_TOKEN_BYTES) / KILOBYTE))
    writes = sum(times for call, times in counted.calls.items() if call.operation in WRITES)
    # Indexes hold keys only: of an execution, written once; of a status, once and twice more when that changes.
    records = sum(times for call, times in counted.calls.items() if call.operation == "PutItem")
    write_units = writes * units + records * (1 + 3)
    publishes = counted.operations("sns")
    encrypted = any(type_ == TOPIC and given.get("kmsMasterKeyId") for type_, _, given in made)
    traced = any(type_ == FUNCTION and given.get("tracingConfig") for type_, _, given in made)
    invocations = sum(counted.invocations.values())
    one = [
        # The start is one, too: https://aws.amazon.com/step-functions/pricing/
        Line("Step Functions, transitions", counted.states + 1, prices.STATE_TRANSITION),
        Line("Lambda, GB-seconds", gigabyte_seconds, prices.LAMBDA_GB_SECOND),
        Line("Lambda, requests", invocations, prices.LAMBDA_REQUEST),
        Line("SQS, requests", counted.messages * REQUESTS_A_MESSAGE, prices.SQS_REQUEST),
        Line("SNS, publishes", publishes, prices.SNS_PUBLISH),
        Line("SNS, e-mails", publishes, prices.SNS_EMAIL),
        Line("KMS, requests for the topic's key", publishes if encrypted else 0, prices.KMS_REQUEST),
        Line("HTTP API, requests", counted.requests, prices.HTTP_API_REQUEST),
        Line("DynamoDB, write units", write_units, prices.DYNAMODB_WRITE),
        Line("DynamoDB, read units", counted.operations("dynamodb") - writes, prices.DYNAMODB_READ),
        Line("EventBridge Scheduler, starts", 1, prices.SCHEDULER_INVOCATION),
        Line("CloudWatch Logs, GB", counted.log_bytes / GIGABYTE, prices.LOG_GIGABYTE),
        Line("X-Ray, traces at most", invocations if traced else 0, prices.XRAY_TRACE),
    ]
    return [Line(line.what, line.quantity * 1000, line.price) for line in one]


def per_month(counted: Counted, made: Made) -> list[Line]:
    """The fixed monthly cost; for a metric, only the hours in which it is written."""
    watched = sum(
        1 for type_, _, given in made if type_ == ALARM for query in given["metricQueries"] if query.get("metric")
    )
    # Lambda reads streams, which have a position to start from, for free.
    mappings = sum(type_ == MAPPING and "startingPosition" not in given for type_, _, given in made)
    return [
        Line("CloudWatch, metrics that alarms look at", watched, prices.ALARM_METRIC_MONTH),
        Line("CloudWatch, custom metrics", counted.metrics, prices.CUSTOM_METRIC_MONTH),
        Line("SQS, polls of empty queues", mappings * POLLS_A_MONTH, prices.SQS_REQUEST),
    ]


def total(lines: Sequence[Line]) -> float:
    return sum(line.dollars for line in lines)


def entry(given: Mapping[str, Any]) -> str:
    """The module that a function runs."""
    return str(given["handler"]).split(".")[-2]
