"""AWS as the handlers see it, small enough to be interleaved call by call: a table, a topic, and one execution."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import boto3

from handlers.contract.policy import Policy, policy_digest
from infra.asl import approval_definition
from infra.policies import Terms
from tests.properties.workers import Clock, Violated
from tests.support.maps import shuffled
from tests.support.records import EXECUTION_ARN, message_body, policy_body

TABLE = "approvals"
_SESSION = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="eu-central-1")
DYNAMODB_ERRORS = _SESSION.client("dynamodb").exceptions
WORKFLOW_ERRORS = _SESSION.client("stepfunctions").exceptions


class MemoryTable:
    """The calls of a DynamoDB client that this program makes, with the expressions that it uses."""

    exceptions = DYNAMODB_ERRORS

    def __init__(self) -> None:
        self._items: dict[str, dict[str, Any]] = {}

    def get_item(self, *, Key, ConsistentRead, **_call) -> dict[str, Any]:  # noqa: N803
        if not ConsistentRead:
            raise Violated("a stale read would decide from an old record")
        found = self._items.get(Key["requestId"]["S"])
        return {"Item": shuffled(found)} if found else {}

    def query(self, *, KeyConditionExpression, ExpressionAttributeValues, **_call) -> dict[str, Any]:  # noqa: N803
        name, _, value = KeyConditionExpression.partition(" = ")
        wanted = ExpressionAttributeValues[value]
        return {"Items": [{"requestId": one["requestId"]} for one in self._items.values() if one[name] == wanted]}

    def put_item(self, *, TableName, Item, ConditionExpression) -> None:  # noqa: N803
        assert ConditionExpression == "attribute_not_exists(requestId)"
        if Item["requestId"]["S"] in self._items:
            raise self._refused("PutItem")
        self._items[Item["requestId"]["S"]] = copy.deepcopy(Item)

    def update_item(self, *, Key, UpdateExpression, ConditionExpression, **call) -> dict[str, Any]:  # noqa: N803
        names, values = call["ExpressionAttributeNames"], call["ExpressionAttributeValues"]
        item = copy.deepcopy(self._items.get(Key["requestId"]["S"], {}))
        for term in ConditionExpression.split(" AND "):
            left, operator, right = term.partition(" = ")
            assert operator
            if item.get(names.get(left, left)) != values[right]:
                raise self._refused("UpdateItem")
        sets, _, removes = UpdateExpression.removeprefix("SET ").partition(" REMOVE ")
        for assignment in sets.split(", "):
            target, _, value = assignment.partition(" = ")
            counter, plus, step = value.partition(" + ")
            item[names.get(target, target)] = (
                {"N": str(int(item[counter]["N"]) + int(values[step]["N"]))} if plus else values[value]
            )
        for name in filter(None, removes.split(", ")):
            item.pop(names.get(name, name), None)
        self._items[Key["requestId"]["S"]] = item
        return {"Attributes": copy.deepcopy(item)}

    def _refused(self, operation: str) -> Exception:
        error: Any = {"Error": {"Code": "ConditionalCheckFailedException", "Message": "The conditional request failed"}}
        return self.exceptions.ConditionalCheckFailedException(error, operation)


class Topic:
    """SNS: what was published, to whom ("" for the operator), and whatever else shall happen then."""

    exceptions = None

    def __init__(self, published: Callable[[str, str], None]) -> None:
        self._published = published

    def publish(self, *, Message, MessageAttributes=None, **_call) -> None:  # noqa: N803
        self._published(MessageAttributes["approver"]["StringValue"] if MessageAttributes else "", Message)


class Queue:
    """SQS, as far as a consumer calls it: when a message comes back is the test's affair."""

    exceptions = None

    def change_message_visibility(self, **_call) -> None:
        pass


class Executions:
    """Step Functions' calls about several executions, by token and by ARN."""

    exceptions = WORKFLOW_ERRORS

    def __init__(self, runs: list[Workflow]) -> None:
        self._runs = runs

    def send_task_success(self, *, taskToken, output) -> None:  # noqa: N803
        self._waiting(taskToken).send_task_success(taskToken=taskToken, output=output)

    def send_task_failure(self, *, taskToken, error, cause) -> None:  # noqa: N803
        self._waiting(taskToken).send_task_failure(taskToken=taskToken, error=error, cause=cause)

    def describe_execution(self, *, executionArn) -> dict[str, Any]:  # noqa: N803
        (run,) = [run for run in self._runs if run.execution_arn == executionArn]
        return run.describe_execution(executionArn=executionArn)

    def _waiting(self, token: str) -> Workflow:
        return next((run for run in self._runs if run.token == token), self._runs[0])


class Workflow:
    """One execution of the state machine in infra/asl.py. One token lives at a time, and it answers once.

    `at` is where it is: waiting for its token; closing its record after the last round; late, waiting to hear what that
    holds; processing, after an approval; failing, on its way into a Fail state; over. `took` is the decision that has
    reached it.
    """

    exceptions = WORKFLOW_ERRORS

    def __init__(
        self,
        *,
        name: str,
        request_id: str,
        rounds: int,
        deadline: int,
        table: Any,
        table_name: str,
        policy: Policy,
        clock: Clock,
    ) -> None:
        self.status, self.error, self.at = "RUNNING", "", "waiting"
        self.took, self.token, self.round, self.rounds = "", "", 0, rounds
        self.sent: list[str] = []
        self.execution_arn = f"{EXECUTION_ARN}-{request_id}-{name}"
        self._name = name
        self._request_id, self._deadline, self._table, self._policy = request_id, deadline, table, policy
        self._clock, self._stopped = clock, datetime.fromtimestamp(clock.now(), UTC)
        self._numbers = itertools.count(1)
        self._states = approval_definition(
            generate_arn="arn:aws:lambda:::function:generate",
            process_arn="arn:aws:lambda:::function:process",
            queue_url="",
            table_name=table_name,
            terms={policy.name: Terms(policy=policy, rounds=rounds, deadline_seconds=60 * rounds)},
            event_policy="default",
            late_seconds=60,
        )["States"]
        self._ask()

    # What the handlers call.

    def send_task_success(self, *, taskToken, output) -> None:  # noqa: N803
        self._answered(taskToken)
        told = json.loads(output)
        asked = (self.request["requestId"], self.request["digest"], policy_digest(self._policy))
        if (told["requestId"], told["digest"], told["policyDigest"]) != asked:
            self.at, self.error = "failing", "AnswerMismatch"
        else:
            self._take(told["outcome"])

    def send_task_failure(self, *, taskToken, error, cause) -> None:  # noqa: N803
        self._answered(taskToken)
        if error == "Rejected":
            self._take("REJECTED")
        else:
            self.at, self.error = "failing", error

    def describe_execution(self, *, executionArn) -> dict[str, Any]:  # noqa: N803
        assert executionArn == self.execution_arn
        described = {"status": self.status} | ({"error": self.error} if self.status == "FAILED" else {})
        return described | ({"stopDate": self._stopped} if self.ended else {})

    # What Step Functions does by itself, or what an operator does to it.

    def go_on(self, *, trouble: bool = False) -> None:
        """The next thing that happens without an answer; `trouble`: the service that it needs is not there."""
        {
            "waiting": self._round_is_over,
            "closing": self._close,
            "late": self._late_is_over,
        }.get(self.at, self._end)(trouble)

    def stop(self) -> None:
        self._over("ABORTED")

    @property
    def ended(self) -> bool:
        return self.at == "over"

    def _ask(self, *, late: bool = False) -> None:
        self.round += not late
        self.token = f"token-{next(self._numbers)}-of-{self._request_id}-{self._name}"
        body = message_body(requestId=self._request_id)
        self.request = body["request"]
        body |= {
            "taskToken": self.token,
            "executionArn": self.execution_arn,
            "round": self.round,
            "rounds": self.rounds,
            "late": late,
            "deadline": self._deadline,
            "policy": policy_body(self._policy),
        }
        self.sent.append(json.dumps(body))

    def _answered(self, token: str) -> None:
        if self.at not in {"waiting", "late"} or token != self.token:
            raise self.exceptions.TaskTimedOut({"Error": {"Code": "TaskTimedOut", "Message": "gone"}}, "SendTask")
        self.token = ""

    def _take(self, decision: str) -> None:
        if self.took:
            raise Violated("two answers took effect")
        self.took = decision
        self.at, self.error = ("processing", "") if decision == "APPROVED" else ("failing", "Rejected")

    def _round_is_over(self, trouble: bool) -> None:  # noqa: FBT001
        self.token = ""
        if self.round >= self.rounds:
            self.at = "closing"
        elif trouble:
            self._fail("SQS.AmazonSQSException")
        else:
            self._ask()

    def _close(self, trouble: bool) -> None:  # noqa: FBT001
        if trouble:
            self._fail("RecordUnavailable")
        elif self._write("Expire request"):
            self._fail("Expired")
        else:
            self.at = "late"
            self._ask(late=True)

    def _late_is_over(self, trouble: bool) -> None:  # noqa: FBT001
        self._fail("RecordUnavailable")

    def _write(self, state: str) -> bool:
        """Whether the condition of a write held."""
        try:
            self._table.update_item(**self._call(state))
        except self._table.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def _call(self, state: str) -> dict[str, Any]:
        """A call as the state machine's definition says it."""
        call = self._states[state]["Arguments"]
        values = call["ExpressionAttributeValues"] | {":execution": {"S": self.execution_arn}}
        return call | {"Key": {"requestId": {"S": self._request_id}}, "ExpressionAttributeValues": values}

    def _end(self, trouble: bool) -> None:  # noqa: FBT001
        if self.at == "failing":
            self._fail(self.error)
        elif trouble:
            self._fail("PayoutRefused")
        else:
            self._over("SUCCEEDED")

    def _fail(self, error: str) -> None:
        self.error = error
        self._over("FAILED")

    def _over(self, status: str) -> None:
        self.status, self.at, self.token = status, "over", ""
        self._stopped = datetime.fromtimestamp(self._clock.now(), UTC)
