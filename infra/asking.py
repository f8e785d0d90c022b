"""What another state machine needs in order to ask through ours: a state and a policy, as JSON.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
"""

from __future__ import annotations

import json
import re
from typing import Any

from handlers.contract.workflow import execution_arn

Json = dict[str, Any]

# A name of 80 characters holds a hash of 64 behind it.
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
PREFIX = re.compile(r"[A-Za-z0-9_-]{1,16}")
# A child that did not succeed arrives as JSON: its own error and cause are inside. Whatever else went wrong is no JSON.
# A child that was stopped need not have an error.
ENDING = (
    "{% ( $cause := $states.errorOutput.Cause; "
    "$whole := $type($cause) = 'string' and $substring($cause, 0, 2) = '{\"' and $substring($cause, -1) = '}'; "
    "$told := $whole ? $parse($cause) : $states.errorOutput; "
    "{ 'Error': $type($told.Error) = 'string' ? $told.Error : $told.Status, "
    "'Cause': $type($told.Cause) = 'string' ? $told.Cause : 'no cause was given' } ) %}"
)


def ask_state(state_machine_arn: str, prefix: str = "ask-") -> str:
    """A state in JSONata that asks and waits. `Next`, `Catch[0].Next` and the question in `Input` are the caller's.

    Its executions begin with `prefix`, one name for each time that the caller asks: whoever repeats the start gets the
    execution that runs already. In the text it is in quotes, `'ask-'`, which no ARN has: so it is safely replaced.
    Raises ValueError for a prefix that is none.
    """
    check_prefix(prefix)
    name = f"'{prefix}' & $hash($states.context.Execution.Id & '/' & $states.context.State.Name, 'SHA-256')"
    return json.dumps(
        {
            "Type": "Task",
            "QueryLanguage": "JSONata",
            "Resource": f"arn:{state_machine_arn.split(':')[1]}:states:::states:startExecution.sync:2",
            "Arguments": {
                "StateMachineArn": state_machine_arn,
                "Name": f"{{% {name} %}}",
                # The console links the two executions by this.
                "Input": {"AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": "{% $states.context.Execution.Id %}"},
            },
            "Output": "{% $merge([$states.input, {'approval': $states.result.Output.approval}]) %}",
            # Only for Step Functions' own failures. Retrying `States.TaskFailed` would retry an answer.
            "Retry": [
                {
                    "ErrorEquals": ["StepFunctions.AWSStepFunctionsException", "StepFunctions.SdkClientException"],
                    "IntervalSeconds": 2,
                    "MaxAttempts": 6,
                    "BackoffRate": 2,
                    "JitterStrategy": "FULL",
                }
            ],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Output": ENDING, "Next": ""}],
            "Next": "",
        }
    )


def ask_policy(state_machine_arn: str, prefix: str = "ask-") -> str:
    """The IAM policy of the caller's role. It may stop what begins with `prefix`, and nothing that others asked.

    In the text the prefix is `:ask-*`.
    """
    check_prefix(prefix)
    _, partition, _, region, account, *_ = state_machine_arn.split(":")
    rule = "rule/StepFunctionsGetEventsForStepFunctionsExecutionRule"  # made by Step Functions, to hear of the ending
    statements = {
        "Ask": (["states:StartExecution"], state_machine_arn),
        "WaitOrStop": (
            ["states:DescribeExecution", "states:StopExecution"],
            execution_arn(state_machine_arn, f"{prefix}*"),
        ),
        "HearOfTheEnding": (
            ["events:PutTargets", "events:PutRule", "events:DescribeRule"],
            f"arn:{partition}:events:{region}:{account}:{rule}",
        ),
    }
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": [resource]}
                for sid, (actions, resource) in statements.items()
            ],
        }
    )


def check_prefix(prefix: str) -> None:
    """Raises ValueError for a prefix that is none."""
    if not PREFIX.fullmatch(prefix):
        raise ValueError(f"a prefix must be 1 to 16 letters, digits, hyphens and underscores, got {prefix!r}")
