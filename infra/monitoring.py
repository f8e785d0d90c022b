"""The alarms: only what needs an operator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

import pulumi
import pulumi_aws as aws

from handlers.contract.metrics import NAMESPACE, Metric
from handlers.contract.retries import backoff_seconds
from infra.announce import Announce
from infra.ask import Ask
from infra.bounce import Bounce
from infra.config.settings import Settings
from infra.give_up import GiveUp
from infra.operate import Operate
from infra.page import Page
from infra.queue import RequestQueue
from infra.reconcile import Reconcile
from infra.shared.pace import WORKERS, MailPace
from infra.trigger import Trigger
from infra.workflow import ApprovalWorkflow

PERIOD_SECONDS = 300
# The age alarm means a stalled consumer, so its threshold is above what a working one needs: for a message whose mails
# fail until it is a dead letter while so many requests begin at once, or that comes back after a time-out; one that was
# received three times is left out of the age. With periods of one minute, it goes off within five minutes of that age;
# SQS takes up to 15 minutes to resume the metrics of a queue that nobody used for six hours, and has none until then.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/monitoring-using-cloudwatch.html
OLDEST_SECONDS, OLDEST_PERIOD_SECONDS = 600, 60
REQUESTS_AT_ONCE = 10
REFUSED_SECONDS = 8  # of one attempt: two calls with the SDK's retries, which are then given up

Query = tuple[str, str, Mapping[str, pulumi.Input[str]]]


@dataclass(frozen=True, kw_only=True)
class MonitoringArgs:
    """What is monitored, and the topic to notify. `pace` and the settings say how old a message may become."""

    operator_topic_arn: pulumi.Input[str]
    queue: RequestQueue
    workflow: ApprovalWorkflow
    page: Page
    ask: Ask
    give_up: GiveUp
    reconcile: Reconcile
    operate: Operate
    bounce: Bounce | None
    announce: Announce | None
    trigger: Trigger
    pace: MailPace
    settings: Settings


def oldest_seconds(pace: MailPace, delivery_attempts: int) -> int:
    """How old a message becomes at most while its consumer works, in whole minutes."""
    failing = sum(backoff_seconds(attempt) + REFUSED_SECONDS for attempt in range(1, delivery_attempts + 1))
    waiting = (REQUESTS_AT_ONCE / WORKERS + pace.batch_size) * pace.request_seconds
    return max(OLDEST_SECONDS, ceil(max(failing + waiting, pace.late_seconds) / 60) * 60)


class Monitoring(pulumi.ComponentResource):
    """Alarms on dead letters, message age, errors, throttles and answers without a vote.

    They say when trouble starts, not when it ends: an alarm's first "OK" comes as soon as it is made, a mail for each,
    and that of a queue also when its metrics stop with letters in it.
    """

    arns: pulumi.Output[list[str]]
    functions: list[pulumi.Output[str]]  # the names of all that are watched
    letters: list[pulumi.Output[str]]  # and of the queues in which letters stay

    def __init__(self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("signoff:monitoring:Monitoring", name, None, opts)
        self._name, self._topic_arn = name, args.operator_topic_arn
        self._child = pulumi.ResourceOptions(parent=self)
        self._alarms: list[aws.cloudwatch.MetricAlarm] = []

        lost: list[tuple[str, str, list[pulumi.Output[str]]]] = [
            ("request-dead-letters", "There are dead letters of requests.", [args.queue.dead_letter_name]),
            ("trigger-dead-letters", "There are starts that failed.", [args.trigger.dead_letter_name]),
            (
                "lost-endings",
                "There are endings of runs that the records and the operator have not learned of.",
                [args.reconcile.undelivered_name, args.reconcile.failed_name],
            ),
        ]
        if args.bounce:
            said = "There are mails that did not arrive, and neither the records nor the operator have learned of it."
            lost.append(("lost-bounces", said, [args.bounce.undelivered_name, args.bounce.failed_name]))
        if args.announce:
            said = "There are changes of requests that nobody was told of."
            lost.append(("lost-announcements", said, [args.announce.failed_name]))
        for purpose, description, queues in lost:
            # A consumer hides a dead letter while it retries, so hidden messages count as well.
            self._alarm(
                purpose,
                description,
                [
                    ("AWS/SQS", f"ApproximateNumberOfMessages{kind}", {"QueueName": queue})
                    for queue in queues
                    for kind in ("Visible", "NotVisible")
                ],
                stat="Maximum",
            )
        oldest = oldest_seconds(args.pace, args.settings.delivery_attempts)
        self._alarm(
            "request-queue-age",
            f"A request has waited for its mails for {oldest // 60} minutes.",
            [("AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": args.queue.name})],
            stat="Maximum",
            threshold=oldest,
            period_seconds=OLDEST_PERIOD_SECONDS,
        )
        self.letters = [queue for _, _, queues in lost for queue in queues]
        self.functions = [
            function.name
            for function in (
                args.workflow.generate_function,
                *([args.workflow.process_function] if args.workflow.process_function else []),
                args.page.function,
                args.ask.function,
                args.give_up.function,
                args.reconcile.function,
                args.operate.function,
                *(one.function for one in (args.bounce, args.announce) if one),
            )
        ]
        for metric in ("Errors", "Throttles"):
            self._alarm(
                f"function-{metric.lower()}",
                f"A function has {metric.lower()}.",
                [("AWS/Lambda", metric, {"FunctionName": function}) for function in self.functions],
            )
        self._alarm(
            "api-errors",
            "The approval page answers with errors (5xx).",
            [("AWS/ApiGateway", "5xx", {"ApiId": args.page.api_id})],
        )
        self._alarm(
            "workflow-throttles",
            "Step Functions holds back the workflow.",
            [("AWS/States", "ExecutionThrottled", {"StateMachineArn": args.workflow.state_machine_arn})],
        )
        self._alarm(
            "answers-without-vote",
            "Somebody has answered for people with a task token.",
            [
                (
                    NAMESPACE,
                    Metric.ANSWERED_WITHOUT_VOTE,
                    {"service": "reconcile", "label": args.settings.label},
                )
            ],
            # Anybody with cloudwatch:PutMetricData may add -1, which a sum would take away. AWS's own namespaces are
            # closed to them. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
            stat="Maximum",
        )
        self.arns = pulumi.Output.all(*(alarm.arn for alarm in self._alarms))
        self.register_outputs({"arns": self.arns})

    def _alarm(
        self,
        purpose: str,
        description: str,
        metrics: Sequence[Query],
        *,
        stat: str = "Sum",
        threshold: int = 0,
        period_seconds: int = PERIOD_SECONDS,
    ) -> None:
        """Goes off when the sum of `metrics` exceeds the threshold in one period; missing data is not breaching."""
        alarm = aws.cloudwatch.MetricAlarm(
            f"{self._name}-{purpose}",
            alarm_description=description,
            comparison_operator="GreaterThanThreshold",
            threshold=threshold,
            evaluation_periods=1,
            treat_missing_data="notBreaching",
            alarm_actions=[self._topic_arn],
            metric_queries=[
                aws.cloudwatch.MetricAlarmMetricQueryArgs(
                    id="total", expression="SUM(METRICS())", label=purpose, return_data=True
                ),
                *(
                    aws.cloudwatch.MetricAlarmMetricQueryArgs(
                        id=f"m{number}",
                        metric=aws.cloudwatch.MetricAlarmMetricQueryMetricArgs(
                            namespace=namespace,
                            metric_name=metric,
                            dimensions=dict(dimensions),
                            period=period_seconds,
                            stat=stat,
                        ),
                    )
                    for number, (namespace, metric, dimensions) in enumerate(metrics)
                ),
            ],
            opts=self._child,
        )
        self._alarms.append(alarm)
