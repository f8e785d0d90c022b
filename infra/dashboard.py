"""A dashboard: how many requests there are, how long people take, and what fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from handlers.contract.metrics import NAMESPACE, Metric

PERIOD_SECONDS = 3_600
WIDTH, HEIGHT = 12, 6  # of a widget, in a grid of 24 columns

Line = list[Any]  # of a graph: namespace, metric, dimensions by turns, and options


@dataclass(frozen=True, kw_only=True)
class DashboardArgs:
    """The names of all functions, of the queues in which letters stay and of the request queue; `label` is whose."""

    state_machine_arn: pulumi.Input[str]
    functions: Sequence[pulumi.Input[str]]
    letters: Sequence[pulumi.Input[str]]
    queue_name: pulumi.Input[str]
    label: str


class Dashboard(pulumi.ComponentResource):
    """One CloudWatch dashboard, beside the state machine and by the same random name."""

    def __init__(self, name: str, args: DashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("signoff:dashboard:Dashboard", name, None, opts)

        machine = pulumi.Output.from_input(args.state_machine_arn).apply(lambda arn: arn.split(":"))
        aws.cloudwatch.Dashboard(
            f"{name}-dashboard",
            # The provider makes up none. It is unique in an account, and has no dots.
            dashboard_name=machine.apply(lambda parts: f"{args.label.replace('.', '-')}-{parts[-1].split('-')[-1]}"),
            dashboard_body=pulumi.Output.json_dumps({"widgets": widgets(args, machine.apply(lambda parts: parts[3]))}),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def widgets(args: DashboardArgs, region: pulumi.Input[str]) -> list[dict[str, Any]]:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html"""

    def ours(metric: Metric, service: str, **options: Any) -> Line:
        return _line(NAMESPACE, metric, {"service": service, "label": args.label}, **options)

    graphs: Mapping[str, tuple[str, list[Line]]] = {
        "Requests": (
            "Sum",
            [
                ours(Metric.REQUESTED, "ask", label="asked"),
                ours(Metric.APPROVED, "page", label="approved"),
                ours(Metric.REJECTED, "page", label="rejected"),
                ours(Metric.EXPIRED, "reconcile", label="expired"),
            ],
        ),
        "Time to decision": (
            "p50",
            [
                ours(Metric.DECISION_SECONDS, "page", label="p50"),
                ours(Metric.DECISION_SECONDS, "page", stat="p95", label="p95"),
            ],
        ),
        "Mails": ("Sum", [ours(Metric.MAILS, "ask", label="sent")]),
        "Failures": (
            "Sum",
            [
                ours(Metric.NOT_DELIVERED, "give_up", label="requests given up"),
                # The second where the first had no token left to end the run with.
                ours(Metric.NOT_DELIVERED, "bounce", label="out of reach"),
                ours(Metric.NOT_DELIVERED, "ask", label="out of reach since the last round"),
                *(_line("AWS/Lambda", "Errors", {"FunctionName": one}) for one in args.functions),
                *(
                    _line("AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": one}, stat="Maximum")
                    for one in args.letters
                ),
            ],
        ),
        "Oldest request that waits for its mails": (
            "Maximum",
            [_line("AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": args.queue_name}, label="seconds")],
        ),
    }
    return [
        {
            "type": "metric",
            "x": number % 2 * WIDTH,
            "y": number // 2 * HEIGHT,
            "width": WIDTH,
            "height": HEIGHT,
            "properties": {
                "title": title,
                "region": region,
                "view": "timeSeries",
                "period": PERIOD_SECONDS,
                "stat": stat,
                "metrics": metrics,
            },
        }
        for number, (title, (stat, metrics)) in enumerate(graphs.items())
    ]


def _line(namespace: str, metric: str, dimensions: Mapping[str, pulumi.Input[str]], **options: Any) -> Line:
    return [namespace, metric, *(part for pair in dimensions.items() for part in pair), options]
