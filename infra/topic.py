"""The topic that mails go out by: one subscription a person, so that each gets the mail with their own link only."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.iam import demand_tls, document


@dataclass(frozen=True, kw_only=True)
class ApproverTopicArgs:
    """`people` are the e-mail addresses of approvers and escalation contacts."""

    people: tuple[str, ...]


class ApproverTopic(pulumi.ComponentResource):
    """An encrypted SNS topic, filtered by the message attribute `approver`."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: ApproverTopicArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("signoff:topic:ApproverTopic", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        topic = aws.sns.Topic(f"{name}-topic", kms_master_key_id="alias/aws/sns", opts=child)
        aws.sns.TopicPolicy(
            f"{name}-policy", arn=topic.arn, policy=document(demand_tls("sns:Publish", topic.arn)), opts=child
        )
        for email in args.people:
            aws.sns.TopicSubscription(
                f"{name}-{email}",
                topic=topic.arn,
                protocol="email",
                endpoint=email,
                filter_policy=json.dumps({"approver": [email]}),
                opts=child,
            )

        self.arn = topic.arn
        self.register_outputs({"arn": self.arn})
