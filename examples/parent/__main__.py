"""A release workflow that asks people through a signoff stack, and goes on with their votes.

docs/reuse.md explains each part.
"""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pulumi_aws as aws

Json = dict[str, Any]

# Of the executions that this workflow starts. Its role may stop what begins with it; requests of others have another.
PREFIX = "release-"


def asking(ask_state: str) -> Json:
    """The state that asks, completed: what it asks, and where the workflow goes on."""
    state: Json = json.loads(ask_state.replace("'ask-'", f"'{PREFIX}'"))
    state["Arguments"]["Input"] |= {
        "title": "{% 'Release ' & $states.input.release & ' to production' %}",
        "details": "{% $states.input.changes %}",
        "requestedBy": "{% $states.input.requestedBy %}",
        "fields": [
            {
                "name": "region",
                "label": "Region to release to first",
                "type": "choice",
                "required": True,
                "options": [{"value": "eu", "label": "Europe"}, {"value": "us", "label": "United States"}],
            }
        ],
    }
    state["Next"], state["Catch"][0]["Next"] = "Which region?", "How did it end?"
    return state


def release(first: str) -> Json:
    return {
        "Type": "Pass",
        "Output": {
            "released": "{% $states.input.release %}",
            "first": first,
            "approvedBy": "{% [$states.input.approval.votes[decision = 'approve'].approver] %}",
            "decidedAt": "{% $states.input.approval.decidedAt %}",
        },
        "End": True,
    }


def definition(ask: Json) -> Json:
    """The workflow; its input is {"release", "changes", "requestedBy"}, and people say which region is first."""
    return {
        "Comment": "Ask people whether to release, and release when they approve.",
        "QueryLanguage": "JSONata",
        "StartAt": "Ask people",
        "States": {
            "Ask people": ask,
            "Which region?": {
                "Type": "Choice",
                "Choices": [
                    {"Condition": "{% $states.input.approval.values.region = 'us' %}", "Next": "Release to the US"}
                ],
                "Default": "Release to Europe",
            },
            # In place of your own states.
            "Release to the US": release("us-east-1"),
            "Release to Europe": release("eu-central-1"),
            "How did it end?": {
                "Type": "Choice",
                "Choices": [
                    {"Condition": "{% $states.input.Error = 'Rejected' %}", "Next": "Rejected"},
                    {"Condition": "{% $states.input.Error = 'Expired' %}", "Next": "Expired"},
                ],
                "Default": "Asking failed",
            },
            "Rejected": {"Type": "Fail", "Error": "Rejected", "Cause": "{% $states.input.Cause %}"},
            "Expired": {"Type": "Fail", "Error": "Expired", "Cause": "{% $states.input.Cause %}"},
            "Asking failed": {
                "Type": "Fail",
                "Error": "AskingFailed",
                "Cause": "{% $substring($states.input.Error & ': ' & $states.input.Cause, 0, 8000) %}",
            },
        },
    }


config = pulumi.Config()
ask = asking(config.require("askState"))
account = ask["Arguments"]["StateMachineArn"].split(":")[4]
trust = {
    "Effect": "Allow",
    "Principal": {"Service": "states.amazonaws.com"},
    "Action": "sts:AssumeRole",
    "Condition": {"StringEquals": {"aws:SourceAccount": account}},
}
role = aws.iam.Role("release-role", assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
policy = aws.iam.RolePolicy(
    "release-policy", role=role.name, policy=config.require("askPolicy").replace(":ask-*", f":{PREFIX}*")
)
machine = aws.sfn.StateMachine(
    "release",
    role_arn=role.arn,
    definition=json.dumps(definition(ask)),
    opts=pulumi.ResourceOptions(depends_on=[policy]),
)
pulumi.export("stateMachineArn", machine.arn)
