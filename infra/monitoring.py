"""What an operator has to see, and nothing else: one topic, one rule on the workflow's endings, a few alarms."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.approval_api import ApprovalApi
from infra.config import Settings
from infra.iam import allow, demand_tls, document, same_account
from infra.notifier import Notifier
from infra.queue import RequestQueue
from infra.reconciler import Reconciler
from infra.trigger import Trigger
from infra.workflow import ApprovalWorkflow

# Endings that are people's own doing and are told to nobody else.
ORDINARY_ERRORS = ("Rejected", "Expired")
PERIOD_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class MonitoringArgs:
    """Everything that is watched."""

    settings: Settings
    queue: RequestQueue
    workflow: ApprovalWorkflow
    api: ApprovalApi
    notifier: Notifier
    reconciler: Reconciler
    trigger: Trigger


class Monitoring(pulumi.ComponentResource):
    """Tells the operator topic of executions that fail, and of dead letters, errors and throttles."""

    topic_arn: pulumi.Output[str]

    def __init__(self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("signoff:monitoring:Monitoring", name, None, opts)
        self._name, self._machine = name, args.workflow.state_machine_arn
        self._child = pulumi.ResourceOptions(parent=self)

        # Not encrypted with alias/aws/sns: that key admits neither alarms nor rules, and a key of one's own costs.
        # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
        self._topic = aws.sns.Topic(f"{name}-topic", opts=self._child)
        policy = aws.sns.TopicPolicy(
            f"{name}-topic-policy",
            arn=self._topic.arn,
            policy=document(
                demand_tls("sns:Publish", self._topic.arn),
                # EventBridge publishes to a topic only if its policy sets no condition on that.
                # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
                allow("AdmitRule", ["sns:Publish"], [self._topic.arn], service="events.amazonaws.com"),
                allow(
                    "AdmitAlarms",
                    ["sns:Publish"],
                    [self._topic.arn],
                    service="cloudwatch.amazonaws.com",
                    condition=same_account(self._topic.arn),
                ),
            ),
            opts=self._child,
        )
        if args.settings.operator_email:
            aws.sns.TopicSubscription(
                f"{name}-operator",
                topic=self._topic.arn,
                protocol="email",
                endpoint=args.settings.operator_email,
                opts=self._child,
            )
        self._tell_of_endings(policy)
        for purpose, queue in (
            ("request", args.queue.dead_letter_name),
            ("trigger", args.trigger.dead_letter_name),
        ):
            # A consumer hides a letter again and again while it tries, so hidden ones count as well.
            self._alarm(
                f"{purpose}-dead-letters",
                "There are dead letters.",
                [
                    ("AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": queue}),
                    ("AWS/SQS", "ApproximateNumberOfMessagesNotVisible", {"QueueName": queue}),
                ],
                stat="Maximum",
            )
        functions = [
            function.name
            for function in (
                args.workflow.generate_function,
                args.workflow.process_function,
                args.api.function,
                args.notifier.request_function,
                args.notifier.fail_function,
                args.reconciler.function,
            )
        ]
        for metric in ("Errors", "Throttles"):
            self._alarm(
                f"function-{metric.lower()}",
                f"A function has {metric.lower()}.",
                [("AWS/Lambda", metric, {"FunctionName": function}) for function in functions],
            )
        self._alarm(
            "api-errors",
            "The approval page answers with errors (5xx).",
            [("AWS/ApiGateway", "5xx", {"ApiId": args.api.api_id})],
        )
        self._alarm(
            "workflow-throttles",
            "Step Functions holds back the workflow.",
            [("AWS/States", "ExecutionThrottled", {"StateMachineArn": self._machine})],
        )

        self.topic_arn = self._topic.arn
        self.register_outputs({"topic_arn": self.topic_arn})

    def _tell_of_endings(self, policy: aws.sns.TopicPolicy) -> None:
        rule = aws.cloudwatch.EventRule(
            f"{self._name}-endings",
            description="Tells the operator of executions that ended otherwise than by people's decision.",
            event_pattern=pulumi.Output.json_dumps(
                {
                    "source": ["aws.states"],
                    "detail-type": ["Step Functions Execution Status Change"],
                    "detail": {
                        "stateMachineArn": [self._machine],
                        "$or": [
                            {"status": ["TIMED_OUT", "ABORTED"]},
                            {"status": ["FAILED"], "error": [{"anything-but": list(ORDINARY_ERRORS)}]},
                            {"status": ["FAILED"], "error": [{"exists": False}]},
                        ],
                    },
                }
            ),
            opts=self._child,
        )
        aws.cloudwatch.EventTarget(
            f"{self._name}-endings-target",
            rule=rule.name,
            arn=self._topic.arn,
            input_transformer={
                "input_paths": {
                    "name": "$.detail.name",
                    "status": "$.detail.status",
                    "error": "$.detail.error",
                    "cause": "$.detail.cause",
                    "execution": "$.detail.executionArn",
                },
                "input_template": json.dumps(
                    "The approval workflow's execution <name> ended <status>: <error> <cause> (<execution>)"
                ),
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )

    def _alarm(
        self,
        purpose: str,
        description: str,
        metrics: Sequence[tuple[str, str, Mapping[str, pulumi.Input[str]]]],
        *,
        stat: str = "Sum",
    ) -> None:
        """Goes off as soon as the sum of `metrics` is above zero in one period; no data is good news."""
        aws.cloudwatch.MetricAlarm(
            f"{self._name}-{purpose}",
            alarm_description=description,
            comparison_operator="GreaterThanThreshold",
            threshold=0,
            evaluation_periods=1,
            treat_missing_data="notBreaching",
            alarm_actions=[self._topic.arn],
            ok_actions=[self._topic.arn],
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
                            period=PERIOD_SECONDS,
                            stat=stat,
                        ),
                    )
                    for number, (namespace, metric, dimensions) in enumerate(metrics)
                ),
            ],
            opts=self._child,
        )
