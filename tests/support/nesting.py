"""What a workflow gets to read that waits for one of ours: the child's description as JSON, in a cause.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_TaskFailedEventDetails.html
"""

from __future__ import annotations

import json

from handlers.contract.question import LIMITS

AWS_LIMIT = 32_768  # characters of a cause
NAME = "x" * 80  # of a machine, and of an execution
INPUT_ROOM = 23_000  # characters of the input inside the JSON, as docs/reuse.md promises

MACHINE = f"arn:aws-us-gov:states:ap-northeast-1:123456789012:stateMachine:{NAME}"


def largest_question() -> str:
    """An input with as much in it as we take: prose with quotations and line breaks, and who is asked by whom."""
    words = 'They said "go on",\nand so it is to be done, as every night at this time of the day. '
    texts = {field: (words * 200)[:limit] for field, limit in LIMITS.items()}
    started_by = MACHINE.replace(":stateMachine:", ":execution:") + f":{NAME}"
    return json.dumps(texts | {"AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": started_by})


def fits(cause: str) -> bool:
    """Whether the JSON is whole, in its longest form: all that a description may hold, and nothing beyond ASCII."""
    told = {
        "Cause": cause,
        "Error": "NotificationFailed",
        "ExecutionArn": MACHINE.replace(":stateMachine:", ":execution:") + f":{NAME}",
        "Input": "x" * INPUT_ROOM,
        "InputDetails": {"Included": True},
        "Name": NAME,
        "RedriveCount": 1_000,
        "RedriveDate": 1_790_676_767_071,
        "RedriveStatus": "REDRIVABLE",
        "StartDate": 1_790_676_767_025,
        "StateMachineAliasArn": f"{MACHINE}:{NAME}",
        "StateMachineArn": MACHINE,
        "StateMachineVersionArn": f"{MACHINE}:1000",
        "Status": "FAILED",
        "StopDate": 1_790_676_767_071,
        "TraceHeader": "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1",
    }
    return len(json.dumps(told)) <= AWS_LIMIT
