"""A release workflow whose program holds signoff: people approve a release, others approve payouts.

docs/embed.md explains each part.
"""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pulumi_aws as aws

OUTPUTS = ("stateMachineArn", "approverTopicArn", "approvalApiUrl", "askPolicy", "askState")


class Approvals(pulumi.ComponentResource):
    """signoff's component, by its plugin; `pulumi package add` makes a typed one."""

    def __init__(self, name: str, props: dict[str, Any]) -> None:
        super().__init__("signoff:index:Approvals", name, props | dict.fromkeys(OUTPUTS), remote=True)

    def output(self, name: str) -> pulumi.Output[str]:
        """One of OUTPUTS."""
        found: pulumi.Output[str] = getattr(self, name)
        return found


def trust(service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


# What runs after the approval: it gets what process_task gets.
PAY = """
def handler(event, context):
    return {"paid": event["title"], "by": [vote["approver"] for vote in event["approval"]["votes"]]}
"""
pay = aws.lambda_.Function(
    "pay",
    runtime="python3.13",
    architectures=["arm64"],
    handler="pay.handler",
    code=pulumi.AssetArchive({"pay.py": pulumi.StringAsset(PAY)}),
    role=aws.iam.Role("pay-role", assume_role_policy=trust("lambda.amazonaws.com")).arn,
)

releases = Approvals(
    "releases",
    {
        "approvers": ["alice@example.com", "bob@example.com"],
        "deadlineSeconds": 3600,
        "policies": {"hotfix": {"approvers": ["carol@example.com"], "deadlineSeconds": 600}},
    },
)
payouts = Approvals("payouts", {"approvers": ["dora@example.com"], "processFunctionArn": pay.arn})


def definition(ask_state: str) -> str:
    """A workflow of this program's own, one of whose states asks."""
    ask: dict[str, Any] = json.loads(ask_state.replace("'ask-'", "'release-'"))
    ask["Next"], ask["Catch"][0]["Next"] = "Release", "Not approved"
    ask["Arguments"]["Input"] |= {"title": "{% 'Release ' & $states.input.release %}", "policy": "hotfix"}
    stop = {"Type": "Fail", "Error": "NotApproved", "Cause": "{% $states.input.Error & ': ' & $states.input.Cause %}"}
    states = {"Ask people": ask, "Release": {"Type": "Pass", "End": True}, "Not approved": stop}
    return json.dumps({"QueryLanguage": "JSONata", "StartAt": "Ask people", "States": states})


role = aws.iam.Role("release-role", assume_role_policy=trust("states.amazonaws.com"))
policy = aws.iam.RolePolicy(
    "release-policy",
    role=role.name,
    policy=releases.output("askPolicy").apply(lambda text: text.replace(":ask-*", ":release-*")),
)
aws.sfn.StateMachine(
    "release",
    role_arn=role.arn,
    definition=releases.output("askState").apply(definition),
    opts=pulumi.ResourceOptions(depends_on=[policy]),
)

for output in ("stateMachineArn", "approverTopicArn", "approvalApiUrl"):
    pulumi.export(output, releases.output(output))
