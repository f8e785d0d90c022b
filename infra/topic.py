"""The topic that mails go out by: one subscription a person, so that each gets the mail with their own link only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from handlers.contract.address import same_person
from infra.shared.iam import Statement, allow, demand_tls, deny, deny_others, document

SUBSCRIBE = ["sns:Subscribe"]


@dataclass(frozen=True, kw_only=True)
class ApproverTopicArgs:
    """`people` are the e-mail addresses of approvers and escalation contacts."""

    people: tuple[str, ...]


class ApproverTopic(pulumi.ComponentResource):
    """An encrypted SNS topic, filtered by the message attribute `approver`.

    Call `admit` once the function that mails has its role.
    """

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: ApproverTopicArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("signoff:topic:ApproverTopic", name, None, opts)
        self._name, self._people = name, args.people
        self._child = pulumi.ResourceOptions(parent=self)

        topic = aws.sns.Topic(f"{name}-topic", kms_master_key_id="alias/aws/sns", opts=self._child)

        self.arn = topic.arn
        self.register_outputs({"arn": self.arn})

    @property
    def values(self) -> dict[str, pulumi.Input[str]]:
        """What of `MailSettings` says that mails go here."""
        return {"topic_arn": self.arn, "configuration_set": "", "own_domains": ""}

    def send_statement(self) -> Statement:
        """To publish here."""
        return allow("SendMail", ["sns:Publish"], [self.arn])

    def admit(self, *, publishers: Sequence[pulumi.Input[str]]) -> None:
        """The ARNs of the roles that may publish. No other may, and only `people` are subscribed, whatever IAM says."""
        policy = aws.sns.TopicPolicy(
            f"{self._name}-policy",
            arn=self.arn,
            policy=document(
                demand_tls("sns:Publish", self.arn),
                deny_others("OnlyMailers", ["sns:Publish"], self.arn, *publishers),
                deny("OnlyPeople", SUBSCRIBE, self.arn, {"StringNotEqualsIgnoreCase": {"sns:Endpoint": self._people}}),
                deny("OnlyByMail", SUBSCRIBE, self.arn, {"StringNotEquals": {"sns:Protocol": "email"}}),
            ),
            opts=self._child,
        )
        for email in self._people:
            aws.sns.TopicSubscription(
                f"{self._name}-{email}",
                topic=self.arn,
                protocol="email",
                endpoint=email,
                filter_policy=json.dumps({"approver": list(dict.fromkeys([email, same_person(email)]))}),
                # The policy refuses somebody new until it has been updated.
                opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
            )
