"""A release workflow that asks people through a signoff stack, and goes on with their votes.

docs/reuse.md explains each part.
"""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pulumi_aws as aws

Json = dict[str, Any]

# One name for each time that this workflow asks: whoever repeats the start gets the execution that runs already.
# The prefix, of at most 16 characters, is what the role may stop; requests of others have another.
PREFIX = "release-"
NAME = f"{{% '{PREFIX}' & $hash($states.context.Execution.Id & '/' & $states.context.State.Name, 'SHA-256') %}}"
# A child that did not succeed arrives as JSON: its own error and cause are inside. Whatever else went wrong is no JSON.
# A child that was stopped need not have an error.
ENDING = (
    "{% ( $cause := $states.errorOutput.Cause; "
    "$whole := $type($cause) = 'string' and $substring($cause, 0, 2) = '{\"' and $substring($cause, -1) = '}'; "
    "$told := $whole ? $parse($cause) : $states.errorOutput; "
    "{ 'Error': $type($told.Error) = 'string' ? $told.Error : $told.Status, "
    "'Cause': $type($told.Cause) = 'string' ? $told.Cause : 'no cause was given' } ) %}"
)
# Only for Step Functions' own failures. Retrying `States.TaskFailed` would retry an answer.
RETRY: Json = {
    "ErrorEquals": ["StepFunctions.AWSStepFunctionsException", "StepFunctions.SdkClientException"],
    "IntervalSeconds": 2,
    "MaxAttempts": 6,
    "BackoffRate": 2,
    "JitterStrategy": "FULL",
}


def definition(signoff: str) -> Json:
    """The workflow; its input is {"release", "changes", "requestedBy"}. `signoff` is the machine that asks."""
    partition = signoff.split(":")[1]
    return {
        "Comment": "Ask people whether to release, and release when they approve.",
        "QueryLanguage": "JSONata",
        "StartAt": "Ask people",
        "States": {
            "Ask people": {
                "Type": "Task",
                "Resource": f"arn:{partition}:states:::states:startExecution.sync:2",
                "Arguments": {
                    "StateMachineArn": signoff,
                    "Name": NAME,
                    "Input": {
                        "title": "{% 'Release ' & $states.input.release & ' to production' %}",
                        "details": "{% $states.input.changes %}",
                        "requestedBy": "{% $states.input.requestedBy %}",
                        # The console links the two executions by this.
                        "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": "{% $states.context.Execution.Id %}",
                    },
                },
                "Assign": {"approval": "{% $states.result.Output.approval %}"},
                "Output": "{% $states.input %}",
                "Retry": [RETRY],
                "Catch": [{"ErrorEquals": ["States.ALL"], "Output": ENDING, "Next": "How did it end?"}],
                "Next": "Release",
            },
            # In place of your own states.
            "Release": {
                "Type": "Pass",
                "Output": {
                    "released": "{% $states.input.release %}",
                    "approvedBy": "{% [$approval.votes[decision = 'approve'].approver] %}",
                    "decidedAt": "{% $approval.decidedAt %}",
                },
                "End": True,
            },
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


def statements(signoff: str) -> list[Json]:
    """What the workflow's role has to be allowed in order to ask.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
    """
    _, partition, _, region, account, *_ = signoff.split(":")
    executions = signoff.replace(":stateMachine:", ":execution:") + f":{PREFIX}*"
    rule = "rule/StepFunctionsGetEventsForStepFunctionsExecutionRule"
    return [
        {"Sid": "Ask", "Effect": "Allow", "Action": ["states:StartExecution"], "Resource": [signoff]},
        {
            "Sid": "WaitOrStop",
            "Effect": "Allow",
            "Action": ["states:DescribeExecution", "states:StopExecution"],
            "Resource": [executions],
        },
        {
            "Sid": "HearOfTheEnding",
            "Effect": "Allow",
            "Action": ["events:PutTargets", "events:PutRule", "events:DescribeRule"],
            "Resource": [f"arn:{partition}:events:{region}:{account}:{rule}"],
        },
    ]


def document(statements: list[Json]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


signoff = pulumi.Config().require("stateMachineArn")
role = aws.iam.Role(
    "release-role",
    assume_role_policy=document(
        [
            {
                "Effect": "Allow",
                "Principal": {"Service": "states.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"aws:SourceAccount": signoff.split(":")[4]}},
            }
        ]
    ),
)
policy = aws.iam.RolePolicy("release-policy", role=role.name, policy=document(statements(signoff)))
machine = aws.sfn.StateMachine(
    "release",
    role_arn=role.arn,
    definition=json.dumps(definition(signoff)),
    opts=pulumi.ResourceOptions(depends_on=[policy]),
)
pulumi.export("stateMachineArn", machine.arn)
