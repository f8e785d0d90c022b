"""Where an operator hears of trouble: the function that hears of every ending publishes here, and alarms do."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.iam import allow, demand_tls, deny_others, document, same_account


@dataclass(frozen=True, kw_only=True)
class OperatorTopicArgs:
    """`email` is who is told; empty for nobody."""

    email: str


class OperatorTopic(pulumi.ComponentResource):
    """An SNS topic that CloudWatch's alarms may publish to, for this account only.

    Call `admit` once the function that writes to the operator has its role.
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

    def admit(self, *, publisher: pulumi.Input[str]) -> None:
        """The ARN of the role that may publish; beside it only alarms may."""
        aws.sns.TopicPolicy(
            f"{self._name}-topic-policy",
            arn=self.arn,
            policy=document(
                demand_tls("sns:Publish", self.arn),
                deny_others("OnlyTheReconciler", ["sns:Publish"], self.arn, publisher),
                allow(
                    "AdmitAlarms",
                    ["sns:Publish"],
                    [self.arn],
                    service="cloudwatch.amazonaws.com",
                    condition=same_account(self.arn),
                ),
            ),
            opts=self._child,
        )
