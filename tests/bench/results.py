"""A run of the bench that nobody has made: every number is given."""

from __future__ import annotations

from bench import costs
from bench.counter import Call
from bench.counts import Counted
from bench.journey import Measured, Step
from bench.run import Results
from bench.stage import FLOOR, OURS, RIVAL

MADE: costs.Made = [
    (
        "aws:lambda/function:Function",
        "approval",
        {"handler": "handlers.page.handler", "memorySize": 512, "tracingConfig": {"mode": "Active"}},
    ),
    ("aws:lambda/eventSourceMapping:EventSourceMapping", "requests", {}),
    ("aws:lambda/eventSourceMapping:EventSourceMapping", "changes", {"startingPosition": "TRIM_HORIZON"}),
    ("aws:sns/topic:Topic", "approvers", {"kmsMasterKeyId": "alias/aws/sns"}),
    (
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "errors",
        {"metricQueries": [{"expression": "SUM(METRICS())"}, {"metric": {"a": "b"}}, {"metric": {"c": "d"}}]},
    ),
]
COUNTED = Counted(
    calls={
        Call("ask", "dynamodb", "PutItem"): 1,
        Call("ask", "sns", "Publish"): 1,
        Call("page", "dynamodb", "GetItem"): 2,
        Call("page", "dynamodb", "UpdateItem"): 2,
    },
    states=3,
    messages=1,
    requests=2,
    invocations={"page": 2},
    log_bytes=5000,
    record_bytes=1100,
    page_bytes=7000,
    metrics=3,
)


def measured(milliseconds: float, *missing: Step) -> Measured:
    times = {step: [milliseconds, milliseconds, 2 * milliseconds] for step in Step if step not in missing}
    return Measured(times, {"page": [milliseconds]})


def journeys(ours: float) -> dict[str, Measured]:
    return {OURS.name: measured(ours), RIVAL.name: measured(100, Step.LOOK), FLOOR.name: measured(50)}


def results() -> Results:
    programs = (OURS.name, RIVAL.name)
    return Results(
        machine="one that does not exist.",
        warm=journeys(150),
        cold=journeys(130),
        counted=dict.fromkeys(programs, COUNTED),
        per_thousand=dict.fromkeys(programs, costs.per_thousand(COUNTED, {"page": 1000}, MADE)),
        per_month=dict.fromkeys(programs, costs.per_month(COUNTED, MADE)),
        archives={name: {"page": 2048} for name in (*programs, FLOOR.name)},
    )
