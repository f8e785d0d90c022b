"""The state machine in Amazon States Language, as pure functions of the identifiers it needs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from handlers.contract.message import message_body
from handlers.contract.policy import DEFAULT_POLICY, as_json, policy_digest
from handlers.contract.question import Field
from handlers.contract.record import Attribute, Status
from handlers.contract.workflow import AFTER_APPROVAL, CAUSE_LIMIT, WorkflowError
from infra.shared.terms import Terms

Json = dict[str, Any]


def _retry(seconds: int, attempts: int, *errors: str) -> Json:
    return {
        "ErrorEquals": list(errors),
        "IntervalSeconds": seconds,
        "MaxAttempts": attempts,
        "BackoffRate": 2,
        "JitterStrategy": "FULL",
    }


# Errors of the service, not of the task.
# https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html
RETRY_LAMBDA = _retry(
    2,
    6,
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
)
# Retried: throttling and service failures. Never an answer: what people or our own code say is final.
# The integrations name an error that has no class of its own after the service: a throttle, a 5xx. Recorded on AWS:
# https://github.com/localstack/localstack/tree/main/tests/aws/services/stepfunctions/v2/error_handling
RETRY_QUEUE = _retry(2, 6, "SQS.AmazonSQSException", "SQS.SdkClientException", "SQS.RequestThrottledException")
RETRY_TABLE = _retry(
    1,
    8,
    "DynamoDB.AmazonDynamoDBException",
    "DynamoDB.InternalServerErrorException",
    "DynamoDB.InternalServerError",
    "DynamoDB.ProvisionedThroughputExceededException",
    "DynamoDB.RequestLimitExceededException",
    "DynamoDB.RequestLimitExceeded",
    "DynamoDB.ThrottlingException",
    "DynamoDB.SdkClientException",
)
EXECUTION = "{% $states.context.Execution.Id %}"
REQUEST_ID, DIGEST = f"$request.{Field.REQUEST_ID}", f"$request.{Field.DIGEST}"
# Resources are named in the machine's own partition: `aws`, `aws-cn`, `aws-us-gov`.
INVOKE, ASK = "lambda:invoke", "sqs:sendMessage.waitForTaskToken"
TABLE_WRITE = "dynamodb:updateItem"
# Errors that end a waiting task; each has a Fail state of its own.
REFUSALS = {
    WorkflowError.REJECTED: "Rejected",
    WorkflowError.NOTIFICATION_FAILED: "Not delivered",
    WorkflowError.TOO_FEW_APPROVERS: "Too few approvers",
    WorkflowError.DUPLICATE: "Duplicate",
}
# The cause of a failed state as text: a missing or null cause would break the Fail state, an empty one says nothing.
CAUSE = (
    "$type($states.input.Cause) = 'string' and $states.input.Cause != '' ? $states.input.Cause : 'no cause was given'"
)
# What others say is cut so that a cause fits into a parent's, with what is said before it. At the most, a character is
# twelve in JSON: two of \uXXXX.
WORDS_LIMIT = (CAUSE_LIMIT - 400) // 12
WORDS = f"$substring({CAUSE}, 0, {WORDS_LIMIT})"
# With its error: AWS says nothing else of a time-out.
ERROR_AND_WORDS = f"$join([$states.input.Error, {WORDS}], ': ')"
# The beginning of a string in JSON, or all of it, so that it can be parsed whatever comes after it. A backslash is
# \x5c, since JSONata takes a bracket behind a plain one for no bracket.
ESCAPED = r'\x5cu[dD][89abAB][0-9a-fA-F]{2}\x5cu[dD][c-fC-F][0-9a-fA-F]{2}|\x5c(?:[\x5c"\/bfnrt]|u[0-9a-fA-F]{4})'
CHARACTER = rf'(?:{ESCAPED}|[^\x5c"\x00-\x1f])'
MESSAGE = rf'/"errorMessage"\s*:\s*"({CHARACTER}{{{WORDS_LIMIT}}}|{CHARACTER}{{1,{WORDS_LIMIT - 1}}}(?="))/'
# A function's exception arrives as JSON: {"errorMessage", "errorType", ...}. One that was cut, or that never came from
# our code, is passed on as it is. JSONata cannot catch what `$parse` says of it.
INVALID_TASK_CAUSE = (
    f"{{% ($cause := {CAUSE}; $whole := $substring($cause, 0, 2) = '{{\"' and $substring($cause, -1) = '}}'; "
    f"$told := $whole ? $match($cause, {MESSAGE}, 1).groups[0]; "
    "$large := $states.input.Error = 'States.DataLimitExceeded'; "
    "($large ? 'The input of the run, or what generate_task returned, is more than 256 KiB of JSON: ' : '') & "
    f"$substring($exists($told) ? $parse('\"' & $told & '\"') : $cause, 0, {WORDS_LIMIT})) %}}"
)


def approval_definition(
    *,
    generate_arn: str,
    process_arn: str,
    queue_url: str,
    table_name: str,
    terms: Mapping[str, Terms],
    event_policy: str,
    task: Mapping[str, Any],
    late_seconds: int,
) -> Json:
    """Ask in rounds, go on when people have approved, and end in a Fail state with a readable cause otherwise.

    The first state's function names one of the policies in `terms`, by default `default`; their terms are in the
    definition, so a deployment never mixes one version's people with another's numbers. Each round sends one message
    with a fresh task token and waits for the answer. The way of an approval enters three states. An answer has to name
    the question that was asked, by its id and digest, and carry the policy's digest. After the last round
    `Expire request` expires the record. If that is refused, because somebody has decided in this very moment or nobody
    was ever asked, one more message asks for what the record holds, for `late_seconds`.
    """
    partition = generate_arn.split(":")[1]
    call = {one: f"arn:{partition}:states:::{one}" for one in (INVOKE, ASK, TABLE_WRITE)}
    return {
        "Comment": "Generate a task, wait until people have approved it, then go on.",
        "QueryLanguage": "JSONata",
        "StartAt": "Generate task",
        "States": {
            "Generate task": _invoke(
                call[INVOKE],
                generate_arn,
                {
                    "input": "{% $states.input %}",
                    "execution": EXECUTION,
                    "policies": {name: len(one.policy.everybody) for name, one in terms.items()},
                    "eventPolicy": event_policy,
                    # As text: it begins with a brace and a quote, so nothing in it is taken for an expression.
                    "task": json.dumps(task, separators=(",", ":")),
                },
            )
            | {
                "Assign": {
                    "request": "{% $states.result.Payload %}",
                    "round": 1,
                    "terms": _chosen(terms),
                },
                "Catch": [
                    # `States.ALL` would not catch this one. AWS's own words say which state it was.
                    # https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
                    _catch(WorkflowError.INVALID_TASK, "Invalid task"),
                    _catch("States.DataLimitExceeded", "Invalid task"),
                    # Its cause quotes the expression with all policies, and may be more than a state can hand on.
                    _catch("States.QueryEvaluationError", "Unknown policy") | {"Output": {}},
                ],
                "Next": "Request approval",
            },
            "Request approval": _ask(call[ASK], queue_url)
            | {
                "TimeoutSeconds": "{% $round < $terms.rounds ? $terms.roundSeconds : $terms.lastRoundSeconds %}",
                "Catch": [
                    {"ErrorEquals": ["States.Timeout"], "Assign": {"round": "{% $round + 1 %}"}, "Next": "Ask again?"},
                    *(_catch(error, state) for error, state in REFUSALS.items()),
                    _catch("States.QueryEvaluationError", "Answer mismatch"),
                ],
                "Next": AFTER_APPROVAL,
            },
            "Ask again?": {
                "Type": "Choice",
                "Choices": [{"Condition": "{% $round <= $terms.rounds %}", "Next": "Request approval"}],
                "Default": "Expire request",
            },
            # Nobody was asked, or nobody has decided: only the first is anybody's fault. Whatever else the record says,
            # the function that asks knows, as it does between rounds.
            "Expire request": {
                "Type": "Task",
                "Resource": call[TABLE_WRITE],
                "Arguments": {
                    "TableName": table_name,
                    "Key": {Attribute.REQUEST_ID: {"S": f"{{% {REQUEST_ID} %}}"}},
                    "UpdateExpression": f"SET #status = :expired, {Attribute.VERSION} = {Attribute.VERSION} + :one "
                    f"REMOVE {Attribute.TASK_TOKEN}",
                    "ConditionExpression": f"#status = :open AND {Attribute.ASKED} = :true "
                    f"AND {Attribute.EXECUTION_ARN} = :execution",
                    "ExpressionAttributeNames": {"#status": Attribute.STATUS},
                    "ExpressionAttributeValues": {
                        ":expired": {"S": Status.EXPIRED},
                        ":open": {"S": Status.OPEN},
                        ":true": {"BOOL": True},
                        ":execution": {"S": EXECUTION},
                        ":one": {"N": "1"},
                    },
                },
                "Retry": [RETRY_TABLE],
                "Catch": [
                    {"ErrorEquals": ["DynamoDB.ConditionalCheckFailedException"], "Next": "Ask for late decision"},
                    _catch("States.ALL", "Record unavailable"),
                ],
                "Next": "Expired",
            },
            "Ask for late decision": _ask(call[ASK], queue_url, late=True)
            | {
                "TimeoutSeconds": late_seconds,
                "Catch": [
                    *(_catch(error, state) for error, state in REFUSALS.items()),
                    _catch(WorkflowError.EXPIRED, "Expired"),
                    _catch("States.QueryEvaluationError", "Answer mismatch"),
                    _catch("States.ALL", "Record unavailable"),
                ],
                "Next": AFTER_APPROVAL,
            },
            AFTER_APPROVAL: _invoke(
                call[INVOKE], process_arn, "{% $merge([$states.input, {'execution': $states.context.Execution.Id}]) %}"
            )
            | {"Output": "{% $merge([$states.input, {'result': $states.result.Payload}]) %}", "End": True},
            **{state: _fail(error) for error, state in REFUSALS.items()},
            "Invalid task": {"Type": "Fail", "Error": WorkflowError.INVALID_TASK, "Cause": INVALID_TASK_CAUSE},
            # A guard: the function refuses a name that is not there, unless it is of another deployment. What else can
            # fail is the look-up itself, at a limit of Step Functions. Nobody documents those:
            # https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
            "Unknown policy": {
                "Type": "Fail",
                "Error": WorkflowError.INVALID_TASK,
                "Cause": "The policy of the request could not be looked up. If it is one of "
                f"{', '.join(terms)}, the policies are too many or too large for Step Functions to evaluate: make them "
                "smaller.",
            },
            "Record unavailable": {
                "Type": "Fail",
                "Error": WorkflowError.RECORD_UNAVAILABLE,
                "Cause": f"{{% 'After the last round, the record of request ' & {REQUEST_ID} & "
                f"' could not be asked, so nobody knows whether it was decided: ' & {ERROR_AND_WORDS} %}}",
            },
            "Answer mismatch": {
                "Type": "Fail",
                "Error": WorkflowError.ANSWER_MISMATCH,
                "Cause": f"{{% 'Request ' & {REQUEST_ID} & ': ' & {WORDS} %}}",
            },
            "Expired": {
                "Type": "Fail",
                "Error": WorkflowError.EXPIRED,
                "Cause": f"{{% 'Request ' & {REQUEST_ID} & ' was not decided within ' & $terms.deadlineSeconds & "
                "' seconds, in ' & $terms.rounds & ' round(s) of asking, under policy ' & $terms.policy.name & '.' %}",
            },
        },
    }


def _chosen(terms: Mapping[str, Terms]) -> str:
    """The terms of the policy that the function's request names, and the deadline that begins now."""
    known = {
        name: {
            "policy": {**as_json(one.policy), Field.DIGEST: policy_digest(one.policy)},
            "rounds": one.rounds,
            "roundSeconds": one.round_seconds,
            "lastRoundSeconds": one.last_round_seconds,
            "deadlineSeconds": one.deadline_seconds,
        }
        for name, one in terms.items()
    }
    # An address may hold a percent sign and a brace, which end an expression.
    literal = json.dumps(known, separators=(",", ":")).replace("%", "\\u0025")
    return (
        f"{{% ($name := $states.result.Payload.{Field.POLICY}; "
        f"$found := $lookup({literal}, $exists($name) ? $name : '{DEFAULT_POLICY}'); "
        "$exists($found) ? $merge([$found, {'deadline': $floor($millis() / 1000) + $found.deadlineSeconds}]) "
        ": $error('unknown policy')) %}"
    )


def _ask(resource: str, queue_url: str, *, late: bool = False) -> Json:
    """One message with a fresh task token, and the answer to it: to the question that was asked, under its policy."""
    result = "$states.result"
    mismatch = "'The answer is to another question than was asked, or under another policy: a digest or the id differs'"
    return {
        "Type": "Task",
        "Resource": resource,
        "Arguments": {
            "QueueUrl": queue_url,
            "MessageBody": message_body(
                task_token="{% $states.context.Task.Token %}",  # noqa: S106 - an expression
                execution_arn=EXECUTION,
                round_="{% $terms.rounds %}" if late else "{% $round %}",
                rounds="{% $terms.rounds %}",
                late=late,
                deadline="{% $terms.deadline %}",
                policy="{% $terms.policy %}",
                request="{% $request %}",
            ),
        },
        "Retry": [RETRY_QUEUE],
        "Output": f"{{% {result}.{Field.REQUEST_ID} = {REQUEST_ID} and {result}.{Field.DIGEST} = {DIGEST} "
        f"and {result}.policyDigest = $terms.policy.{Field.DIGEST} ? "
        f"$merge([$request, {{'approval': {result}}}]) : $error({mismatch}) %}}",
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
