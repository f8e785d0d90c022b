"""Where an operator hears of trouble: the function that hears of every ending publishes here, and alarms do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.shared.iam import allow, demand_tls, deny_others, document


@dataclass(frozen=True, kw_only=True)
class OperatorTopicArgs:
    """`email` is who is told; empty for nobody."""

    email: str


class OperatorTopic(pulumi.ComponentResource):
    """An SNS topic for one function and the alarms that `admit` names.

    Call `admit` once they exist.
    """

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: OperatorTopicArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("signoff:operator_topic:OperatorTopic", name, None, opts)
        self._name, self._child = name, pulumi.ResourceOptions(parent=self)

        # Not encrypted with alias/aws/sns: that key does not admit alarms, and a key of one's own costs.
        # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
        topic = aws.sns.Topic(f"{name}-topic", opts=self._child)
        if args.email:
            aws.sns.TopicSubscription(
                f"{name}-email", topic=topic.arn, protocol="email", endpoint=args.email, opts=self._child
            )

        self.arn = topic.arn
        self.register_outputs({"arn": self.arn})

    def admit(self, *, publishers: Sequence[pulumi.Input[str]], alarms: pulumi.Input[list[str]]) -> None:
        """The ARNs of the roles and of the alarms that may publish."""
        aws.sns.TopicPolicy(
            f"{self._name}-topic-policy",
            arn=self.arn,
            policy=document(
                demand_tls("sns:Publish", self.arn),
                deny_others("OnlyPublishers", ["sns:Publish"], self.arn, *publishers),
                allow(
                    "AdmitAlarms",
                    ["sns:Publish"],
                    [self.arn],
                    service="cloudwatch.amazonaws.com",
                    condition={"ArnEquals": {"aws:SourceArn": alarms}},
                ),
            ),
            opts=self._child,
        )
