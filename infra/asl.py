"""The state machine in Amazon States Language, as pure functions of the identifiers it needs."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

MESSAGE_SCHEMA_VERSION = 1
# What a task fails with when the service, not the task, is at fault.
# https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html
RETRY_LAMBDA: Json = {
    "ErrorEquals": [
        "Lambda.ClientExecutionTimeoutException",
        "Lambda.ServiceException",
        "Lambda.AWSLambdaException",
        "Lambda.SdkClientException",
        "Lambda.TooManyRequestsException",
    ],
    "IntervalSeconds": 2,
    "MaxAttempts": 6,
    "BackoffRate": 2,
    "JitterStrategy": "FULL",
}
# A throttled or failing service, but never an answer: what people and our own code say is not asked for twice.
# The integrations name an error that has no class of its own after the service: a throttle, a 5xx. Recorded on AWS:
# https://github.com/localstack/localstack/tree/main/tests/aws/services/stepfunctions/v2/error_handling
RETRY_QUEUE: Json = {
    "ErrorEquals": ["SQS.AmazonSQSException", "SQS.SdkClientException", "SQS.RequestThrottledException"],
    "IntervalSeconds": 2,
    "MaxAttempts": 6,
    "BackoffRate": 2,
    "JitterStrategy": "FULL",
}
RETRY_TABLE: Json = {
    "ErrorEquals": [
        "DynamoDB.AmazonDynamoDBException",
        "DynamoDB.InternalServerErrorException",
        "DynamoDB.InternalServerError",
        "DynamoDB.ProvisionedThroughputExceededException",
        "DynamoDB.RequestLimitExceededException",
        "DynamoDB.RequestLimitExceeded",
        "DynamoDB.ThrottlingException",
        "DynamoDB.SdkClientException",
    ],
    "IntervalSeconds": 1,
    "MaxAttempts": 8,
    "BackoffRate": 2,
    "JitterStrategy": "FULL",
}
EXECUTION = "{% $states.context.Execution.Id %}"
# What the machine calls is named in the partition that it is in: `aws`, `aws-cn`, `aws-us-gov`.
INVOKE, ASK = "lambda:invoke", "sqs:sendMessage.waitForTaskToken"
TABLE_READ, TABLE_WRITE = "dynamodb:getItem", "dynamodb:updateItem"
# What the answer to a waiting task can fail with; each has a Fail state of its own.
REFUSALS = {
    "Rejected": "Rejected",
    "NotificationFailed": "Not delivered",
    "TooFewApprovers": "Too few approvers",
}
# Why a state failed, as text: what is missing or null would break the Fail state that tells of it.
CAUSE = "$type($states.input.Cause) = 'string' ? $states.input.Cause : 'no cause was given'"
# A function's exception arrives as JSON: {"errorMessage", "errorType", ...}. One that was cut, or that never came from
# our code, is told as it is.
INVALID_TASK_CAUSE = (
    f"{{% ($cause := {CAUSE}; $whole := $substring($cause, 0, 2) = '{{\"' and $substring($cause, -1) = '}}'; "
    "$told := $whole ? $parse($cause).errorMessage; $type($told) = 'string' ? $told : $cause) %}"
)


def approval_definition(
    *,
    generate_arn: str,
    process_arn: str,
    queue_url: str,
    table_name: str,
    round_seconds: int,
    rounds: int,
    deadline_seconds: int,
) -> Json:
    """Ask in rounds, go on when people have approved, and end in a Fail state with a readable cause otherwise.

    Each round sends one message with a fresh task token and waits `round_seconds` for the answer. The way of an
    approval enters three states. After the last round the record has the last word: `Close request` expires it, and
    if that is refused because somebody has decided in this very moment, the decision holds. Where the record cannot
    be asked, nobody knows, and the run says so.
    """
    partition = generate_arn.split(":")[1]
    call = {one: f"arn:{partition}:states:::{one}" for one in (INVOKE, ASK, TABLE_READ, TABLE_WRITE)}
    return {
        "Comment": "Generate a task, wait until people have approved it, then go on.",
        "QueryLanguage": "JSONata",
        "StartAt": "Generate task",
        "States": {
            "Generate task": _invoke(
                call[INVOKE], generate_arn, {"input": "{% $states.input %}", "execution": EXECUTION}
            )
            | {
                "Assign": {
                    "request": "{% $states.result.Payload %}",
                    "round": 1,
                    "deadline": f"{{% $floor($millis() / 1000) + {deadline_seconds} %}}",
                },
                "Catch": [_catch("InvalidTask", "Invalid task")],
                "Next": "Request approval",
            },
            "Request approval": {
                "Type": "Task",
                "Resource": call[ASK],
                "Arguments": {
                    "QueueUrl": queue_url,
                    "MessageBody": {
                        "schemaVersion": MESSAGE_SCHEMA_VERSION,
                        "taskToken": "{% $states.context.Task.Token %}",
                        "executionArn": EXECUTION,
                        "round": "{% $round %}",
                        "rounds": rounds,
                        "deadline": "{% $deadline %}",
                        "request": "{% $request %}",
                    },
                },
                "TimeoutSeconds": round_seconds,
                "Retry": [RETRY_QUEUE],
                "Output": "{% $merge([$request, {'approval': $states.result}]) %}",
                "Catch": [
                    {"ErrorEquals": ["States.Timeout"], "Assign": {"round": "{% $round + 1 %}"}, "Next": "Ask again?"},
                    *(_catch(error, state) for error, state in REFUSALS.items()),
                ],
                "Next": "Return to main processing",
            },
            "Ask again?": {
                "Type": "Choice",
                "Choices": [{"Condition": f"{{% $round <= {rounds} %}}", "Next": "Request approval"}],
                "Default": "Close request",
            },
            "Close request": {
                "Type": "Task",
                "Resource": call[TABLE_WRITE],
                "Arguments": _update(
                    table_name,
                    "SET #status = :expired, version = version + :one REMOVE taskToken",
                    "#status = :open",
                    {":expired": {"S": "EXPIRED"}, ":open": {"S": "OPEN"}, ":one": {"N": "1"}},
                ),
                "Retry": [RETRY_TABLE],
                "Catch": [
                    {"ErrorEquals": ["DynamoDB.ConditionalCheckFailedException"], "Next": "Take late decision"},
                    _catch("States.ALL", "Record unavailable"),
                ],
                "Next": "Expired",
            },
            # Only what is needed of the record: as a whole it may be larger than what a state takes, 256 KiB.
            # https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
            "Take late decision": {
                "Type": "Task",
                "Resource": call[TABLE_READ],
                "Arguments": _item(table_name) | {"ConsistentRead": True, "ProjectionExpression": "#status, answer"},
                "Retry": [RETRY_TABLE],
                "Assign": {
                    "outcome": "{% $exists($states.result.Item) ? $states.result.Item.status.S : 'NONE' %}",
                    "answer": "{% $states.result.Item.answer.S ? $parse($states.result.Item.answer.S) : {} %}",
                },
                "Catch": [_catch("States.ALL", "Record unavailable")],
                "Next": "Note late decision",
            },
            # The decision holds whether this succeeds or not.
            "Note late decision": {
                "Type": "Task",
                "Resource": call[TABLE_WRITE],
                "Arguments": _update(
                    table_name,
                    "SET handedOver = :true, version = version + :one REMOVE taskToken",
                    "#status IN (:approved, :rejected)",
                    {
                        ":true": {"BOOL": True},
                        ":one": {"N": "1"},
                        ":approved": {"S": "APPROVED"},
                        ":rejected": {"S": "REJECTED"},
                    },
                ),
                "Retry": [RETRY_TABLE],
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Decided late?"}],
                "Next": "Decided late?",
            },
            "Decided late?": {
                "Type": "Choice",
                "Choices": [
                    {
                        "Condition": "{% $outcome = 'APPROVED' %}",
                        "Output": "{% $merge([$request, {'approval': $answer}]) %}",
                        "Next": "Return to main processing",
                    },
                    {
                        "Condition": "{% $outcome = 'REJECTED' %}",
                        "Output": "{% {'Error': $answer.error, 'Cause': $answer.cause} %}",
                        "Next": "Rejected",
                    },
                    # `Close request` was tried again after its answer had been lost.
                    {"Condition": "{% $outcome = 'EXPIRED' %}", "Next": "Expired"},
                    # OPEN: its message came between the two calls, too late for anybody to answer.
                    {
                        "Condition": "{% $outcome in ['CLOSED', 'NONE', 'OPEN'] %}",
                        "Output": "{% {'Error': 'NotificationFailed', 'Cause': 'Request ' & $request.requestId & "
                        "($outcome = 'CLOSED' ? ' was given up before it was decided.' : "
                        "' had no record when its last round was over: nobody could be asked.')} %}",
                        "Next": "Not delivered",
                    },
                ],
                "Default": "Record unavailable",
            },
            "Return to main processing": _invoke(
                call[INVOKE], process_arn, "{% $merge([$states.input, {'execution': $states.context.Execution.Id}]) %}"
            )
            | {"Output": "{% $merge([$states.input, {'result': $states.result.Payload}]) %}", "End": True},
            **{state: _fail(error) for error, state in REFUSALS.items()},
            "Invalid task": {"Type": "Fail", "Error": "InvalidTask", "Cause": INVALID_TASK_CAUSE},
            "Record unavailable": {
                "Type": "Fail",
                "Error": "RecordUnavailable",
                "Cause": "{% 'After the last round, the record of request ' & $request.requestId & "
                f"' could not be read or written, so nobody knows whether it was decided: ' & ({CAUSE}) %}}",
            },
            "Expired": {
                "Type": "Fail",
                "Error": "Expired",
                "Cause": "{% 'Request ' & $request.requestId & ' was not decided within "
                f"{deadline_seconds} seconds, in {rounds} round(s) of asking.' %}}",
            },
        },
    }


def _invoke(resource: str, function_arn: str, payload: Any) -> Json:
    return {
        "Type": "Task",
        "Resource": resource,
        "Arguments": {"FunctionName": function_arn, "Payload": payload},
        "Retry": [RETRY_LAMBDA],
    }


def _catch(error: str, state: str) -> Json:
    return {"ErrorEquals": [error], "Output": "{% $states.errorOutput %}", "Next": state}


def _fail(error: str) -> Json:
    return {"Type": "Fail", "Error": error, "Cause": f"{{% {CAUSE} %}}"}


def _item(table_name: str) -> Json:
    """The request's record, and the one name in it that is a reserved word."""
    return {
        "TableName": table_name,
        "Key": {"requestId": {"S": "{% $request.requestId %}"}},
        "ExpressionAttributeNames": {"#status": "status"},
    }


def _update(table_name: str, expression: str, condition: str, values: Json) -> Json:
    """A write to the request's record that holds only as long as its status is what `condition` says."""
    return _item(table_name) | {
        "UpdateExpression": expression,
        "ConditionExpression": condition,
        "ExpressionAttributeValues": values,
    }
