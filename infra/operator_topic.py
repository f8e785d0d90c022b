"""Where an operator hears of trouble: the function that hears of every ending publishes here, and alarms do."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.iam import allow, demand_tls, document, same_account


@dataclass(frozen=True, kw_only=True)
class OperatorTopicArgs:
    """`email` is who is told; empty for nobody."""

    email: str


class OperatorTopic(pulumi.ComponentResource):
    """An SNS topic that CloudWatch's alarms may publish to, for this account only."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: OperatorTopicArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("signoff:operator_topic:OperatorTopic", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        # Not encrypted with alias/aws/sns: that key does not admit alarms, and a key of one's own costs.
        # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
        topic = aws.sns.Topic(f"{name}-topic", opts=child)
        aws.sns.TopicPolicy(
            f"{name}-topic-policy",
            arn=topic.arn,
            policy=document(
                demand_tls("sns:Publish", topic.arn),
                allow(
                    "AdmitAlarms",
                    ["sns:Publish"],
                    [topic.arn],
                    service="cloudwatch.amazonaws.com",
                    condition=same_account(topic.arn),
                ),
            ),
            opts=child,
        )
        if args.email:
            aws.sns.TopicSubscription(
                f"{name}-email", topic=topic.arn, protocol="email", endpoint=args.email, opts=child
            )

        self.arn = topic.arn
        self.register_outputs({"arn": self.arn})
