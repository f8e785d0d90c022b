"""How an execution ends: its statuses, and the state machine's error names."""

from enum import StrEnum

# Characters of a cause of ours, as JSON. A workflow that waits for this one gets the cause inside JSON, in a cause of
# 32,768 characters at the most, and JSON that is cut is no JSON. AWS writes this beside it: 1,500 characters of names
# and dates at the most, and the input, whose quotes are escaped twice. So the input has room for 23,000.
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_TaskFailedEventDetails.html
CAUSE_LIMIT = 7_900


# The state that goes on with an approval: with whatever the execution fails there, it has taken the answer.
AFTER_APPROVAL = "Return to main processing"


class WorkflowError(StrEnum):
    """The error names that an execution can end with; the state machine catches and raises exactly these."""

    REJECTED = "Rejected"
    EXPIRED = "Expired"
    NOTIFICATION_FAILED = "NotificationFailed"
    TOO_FEW_APPROVERS = "TooFewApprovers"
    DUPLICATE = "Duplicate"  # of a run that the same start had begun before
    INVALID_TASK = "InvalidTask"
    RECORD_UNAVAILABLE = "RecordUnavailable"
    ANSWER_MISMATCH = "AnswerMismatch"
    CANCELLED = "Cancelled"  # by an operator: no state raises it


class Ending(StrEnum):
    """The statuses of an execution that is over.

    https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
    """

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"
    ABORTED = "ABORTED"


def execution_arn(state_machine_arn: str, name: str) -> str:
    """Of its execution of this name, which may be a pattern."""
    return f"{state_machine_arn.replace(':stateMachine:', ':execution:')}:{name}"
