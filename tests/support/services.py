"""AWS in memory, as clients of boto3: a table, an execution that waits, a queue, a topic, mail; and the time.

Every fast test has these, below the real adapters or below the ports of fakes.py. They give AWS's errors. What AWS
would refuse as invalid raises `Violated`, which no handler can take for a service's trouble.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from handlers.approvals.adapters.queue import serve_each
from handlers.approvals.parsing.item import to_item
from handlers.approvals.rules.endings import Execution
from handlers.approvals.rules.record import Record
from tests.support.aws import client
from tests.support.events import sqs
from tests.support.maps import shuffled
from tests.support.records import ASKED_AT

RUNNING = Execution(status="RUNNING", running=True)
LONGEST_VISIBILITY_SECONDS = 43_200
ATTEMPTS = 8  # until a message is a dead letter, unless a test says otherwise
HIDDEN_SECONDS = 60  # while a function has it


class Violated(BaseException):
    """A promise was broken inside a call; no handler may take it for a fault of AWS."""


def expect(true: object, promise: str) -> None:
    if not true:
        raise Violated(promise)


@cache
def errors(service: str) -> Any:
    """The exceptions of a service's client."""
    return client(service).exceptions


class FakeClock:
    """The port `Clock`. It stands still; sleeping moves it on."""

    def __init__(self, now: float = ASKED_AT) -> None:
        self.time = float(now)
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


# boto3 has a library for these two, which is too slow for what is fuzzed. tests/handlers/test_dynamodb.py holds the
# adapter's types against it.
def _plain(typed: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain_value(*one) for name, value in typed.items() for one in value.items()}


def _plain_value(kind: str, value: Any) -> Any:
    if kind == "M":
        return _plain(value)
    if kind == "L":
        return [_plain_value(*one) for inner in value for one in inner.items()]
    return PLAIN[kind](value)


PLAIN: dict[str, Callable[[Any], Any]] = {"N": int, "S": str, "BOOL": bool, "NULL": lambda _true: None}
KINDS = {str: "S", bool: "BOOL", dict: "M", list: "L", int: "N", type(None): "NULL"}


def _typed(plain: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _typed_value(value) for name, value in plain.items()}


def _typed_value(value: Any) -> dict[str, Any]:
    kind = "S" if isinstance(value, str) else KINDS[type(value)]
    if kind == "M":
        return {kind: _typed(value)}
    if kind == "L":
        return {kind: [_typed_value(inner) for inner in value]}
    return {kind: str(value) if kind == "N" else True if kind == "NULL" else value}


class FakeTable:
    """DynamoDB, by the expressions that this program uses. It keeps `items` in plain values, whose maps have no order.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
    """

    def __init__(self, *records: Record) -> None:
        self.items: dict[str, dict[str, Any]] = {one.request_id: shuffled(to_item(one)) for one in records}

    @property
    def exceptions(self) -> Any:
        return errors("dynamodb")

    def get_item(self, *, TableName, Key, ConsistentRead) -> dict[str, Any]:  # noqa: N803
        expect(TableName, "a table has a name")
        expect(ConsistentRead, "a stale read would decide from an old record")
        found = self.items.get(_plain(Key)["requestId"])
        return {"Item": _typed(found)} if found else {}

    def query(self, *, KeyConditionExpression, ExpressionAttributeValues, **call) -> dict[str, Any]:  # noqa: N803
        expect(call.keys() == {"TableName", "IndexName"}, "the index has the keys alone, and all of them")
        name, _, value = KeyConditionExpression.partition(" = ")
        wanted = _plain(ExpressionAttributeValues)[value]
        return {"Items": [_typed({"requestId": key}) for key, item in self.items.items() if item[name] == wanted]}

    def put_item(self, *, TableName, Item, ConditionExpression) -> None:  # noqa: N803
        expect(TableName, "a table has a name")
        expect(ConditionExpression == "attribute_not_exists(requestId)", "no record replaces another one")
        item = _plain(Item)
        if item["requestId"] in self.items:
            raise self._refused("PutItem")
        self._keep(item)

    def update_item(
        self,
        *,
        TableName,  # noqa: N803
        Key,  # noqa: N803
        UpdateExpression,  # noqa: N803
        ConditionExpression,  # noqa: N803
        ExpressionAttributeNames,  # noqa: N803
        ExpressionAttributeValues,  # noqa: N803
    ) -> None:
        expect(TableName, "a table has a name")
        names, values = ExpressionAttributeNames, _plain(ExpressionAttributeValues)
        used = set(re.findall(r"[#:]\w+", f"{UpdateExpression} {ConditionExpression}"))
        expect(used == names.keys() | values.keys(), "names and values are those of the expressions")
        item = dict(self.items.get(_plain(Key)["requestId"], {}))
        for term in ConditionExpression.split(" AND "):
            left, equals, right = term.partition(" = ")
            expect(equals, "a condition compares")
            if item.get(names.get(left, left)) != values[right]:
                raise self._refused("UpdateItem")
        sets, _, removes = UpdateExpression.removeprefix("SET ").partition(" REMOVE ")
        for assignment in sets.split(", "):
            target, _, value = assignment.partition(" = ")
            counter, plus, step = value.partition(" + ")
            item[names.get(target, target)] = item[counter] + values[step] if plus else values[value]
        for name in filter(None, removes.split(", ")):
            item.pop(names.get(name, name), None)
        self._keep(item)

    def _keep(self, item: dict[str, Any]) -> None:
        expect(1 <= len(item["requestId"].encode()) <= 2_048, "the size of a key")
        expect(item_size(item) <= ITEM_BYTES, "the size of an item")
        self.items[item["requestId"]] = shuffled(item)

    def _refused(self, operation: str) -> Exception:
        error = {"Error": {"Code": "ConditionalCheckFailedException", "Message": "The conditional request failed"}}
        refused: Exception = self.exceptions.ConditionalCheckFailedException(error, operation)
        return refused


ITEM_BYTES = 400 * 1024


def item_size(value: Any) -> int:
    """Bytes that DynamoDB counts. A number takes about half its digits; this takes the most it can.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    match value:
        case dict():
            return 3 + sum(len(name.encode()) + item_size(inner) + 1 for name, inner in value.items())
        case list():
            return 3 + sum(item_size(inner) + 1 for inner in value)
        case str():
            return len(value.encode())
        case bool() | None:
            return 1
    return 21


class FakeStepFunctions:
    """Step Functions with one execution, `run`, or the error of a look at it.

    It waits with any token, until that is answered or the execution is over. `replies` to the next answers go before:
    True (taken), False (a dead token), or an error.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html
    https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskFailure.html
    """

    def __init__(self, *replies: bool | Exception, execution: Execution | Exception = RUNNING) -> None:
        self.run = execution
        self.replies = list(replies)
        self.answers: list[dict[str, str]] = []

    @property
    def exceptions(self) -> Any:
        return errors("stepfunctions")

    def send_task_success(self, *, taskToken, output) -> None:  # noqa: N803
        expect(len(output.encode()) <= 256 * 1024, "the size of an output")
        json.loads(output)
        self._answered(taskToken, {"output": output})

    def send_task_failure(self, *, taskToken, error, cause) -> None:  # noqa: N803
        expect(len(error) <= 256, "the length of an error")
        expect(len(cause) <= 32_768, "the length of a cause")
        cause.encode()
        self._answered(taskToken, {"error": error, "cause": cause})

    def describe_execution(self, *, executionArn) -> dict[str, Any]:  # noqa: N803
        found = self.look(executionArn)
        if isinstance(found, Exception):
            raise found
        if found.status == "DELETED":
            raise self._error("ExecutionDoesNotExist")
        told: dict[str, Any] = {"status": found.status, "redriveCount": found.redrives}
        texts = {"error": found.error, "cause": found.cause, "input": found.started_with}
        told |= {name: text for name, text in texts.items() if text}
        return told | ({"stopDate": datetime.fromtimestamp(found.stopped_at, UTC)} if found.stopped_at else {})

    def stop_execution(self, *, executionArn, error, cause) -> None:  # noqa: N803
        expect(executionArn, "an execution has an ARN")
        expect(1 <= len(error) <= 256, "the length of an error")
        expect(len(cause) <= 32_768, "the length of a cause")
        cause.encode()
        reply = self.replies.pop(0) if self.replies else None
        if isinstance(reply, Exception):
            raise reply
        if isinstance(self.run, Execution) and self.run.running:
            self.run = Execution(status="ABORTED", error=error, cause=cause, stopped_at=ASKED_AT)

    # What is known of the executions.

    def look(self, _arn: str) -> Execution | Exception:
        return self.run

    def dead(self, token: str) -> str:
        """The error that an answer to this token gets; "" for one that is waited for."""
        if isinstance(self.run, Execution) and not self.run.running:
            return "TaskDoesNotExist" if self.run.status == "DELETED" else "TaskTimedOut"
        return "TaskTimedOut" if any(one["taskToken"] == token for one in self.answers) else ""

    def take(self, token: str, answer: dict[str, str]) -> None:
        """The task has got its answer."""
        self.answers.append({"taskToken": token} | answer)

    def _answered(self, token: str, answer: dict[str, str]) -> None:
        expect(1 <= len(token) <= 2_048, "the size of a token")
        reply = self.replies.pop(0) if self.replies else None
        if isinstance(reply, Exception):
            raise reply
        if code := {True: "", False: "InvalidToken", None: self.dead(token)}[reply]:
            raise self._error(code)
        self.take(token, answer)

    def _error(self, code: str) -> Exception:
        error: Exception = getattr(self.exceptions, code)({"Error": {"Code": code, "Message": "gone"}}, "SendTask")
        return error


@dataclass(eq=False)
class Letter:
    body: str
    received: int = 0
    hidden_until: float = 0


class FakeSqs:
    """A queue, and what Lambda does between it and a function. What has failed `attempts` times is a dead letter.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
    """

    exceptions = None

    def __init__(
        self, clock: FakeClock | None = None, *, attempts: int = ATTEMPTS, dead_letters: FakeSqs | None = None
    ) -> None:
        self.letters: list[Letter] = []
        self.delays: list[int] = []  # of those that the function has sent back
        self._clock, self._attempts, self._dead_letters = clock or FakeClock(), attempts, dead_letters
        self._receipts: dict[str, Letter] = {}

    @property
    def bodies(self) -> list[str]:
        return [letter.body for letter in self.letters]

    def send(self, body: Any) -> None:
        self.letters.append(Letter(body if isinstance(body, str) else json.dumps(body)))

    def deliver(self, serve: Callable[[Mapping[str, Any]], None], *bodies: Any) -> dict[str, Any]:
        """What the function answers to a batch of these, which are in the queue or come once more. Those that it does
        not send back are gone.
        """
        batch = sqs(*bodies)
        delivered = [(self._received(one), one["messageId"]) for one in batch["Records"]]
        answer = serve_each(batch, serve)
        failed = {one["itemIdentifier"] for one in answer["batchItemFailures"]}
        expect(failed <= {number for _, number in delivered}, "what comes back was delivered")
        for letter, number in delivered:
            if number not in failed:
                self._drop(letter)
            elif letter.received >= self._attempts and self._dead_letters:
                self.give_up(letter.body)
        return answer

    def deliver_next(self, serve: Callable[[Mapping[str, Any]], None]) -> None:
        """The oldest one, as soon as it can be seen."""
        self._clock.time = max(self._clock.time, self.letters[0].hidden_until)
        self.deliver(serve, self.letters[0].body)

    def change_message_visibility(self, *, QueueUrl, ReceiptHandle, VisibilityTimeout) -> None:  # noqa: N803
        expect(QueueUrl, "a queue has an address")
        expect(0 <= VisibilityTimeout <= LONGEST_VISIBILITY_SECONDS, "how long a message can be hidden")
        expect(ReceiptHandle.startswith("receipt-"), "whoever sends a message back has received it")
        if letter := self._receipts.get(ReceiptHandle):
            letter.hidden_until = self._clock.now() + VisibilityTimeout
        self.delays.append(VisibilityTimeout)

    def give_up(self, body: str) -> None:
        """It is a dead letter, once, whether it is still here or not."""
        self.letters = [letter for letter in self.letters if letter.body != body]
        if self._dead_letters and body not in self._dead_letters.bodies:
            self._dead_letters.send(body)

    def _received(self, record: dict[str, Any]) -> Letter:
        body = record["body"]
        letter = next((one for one in self.letters if one.body == body), None) or Letter(body)
        letter.received += 1
        letter.hidden_until = self._clock.now() + HIDDEN_SECONDS
        record["attributes"]["ApproximateReceiveCount"] = str(letter.received)
        self._receipts[record["receiptHandle"]] = letter
        return letter

    def _drop(self, letter: Letter) -> None:
        if letter in self.letters:
            self.letters.remove(letter)


class FakeSns:
    """A topic: its `mails`, and when they were published. https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""

    exceptions = None

    def __init__(self, clock: FakeClock | None = None) -> None:
        self.mails: list[dict[str, Any]] = []
        self.times: list[float] = []
        self._clock = clock or FakeClock()

    @property
    def asked(self) -> list[str]:
        """Whom the mails went to."""
        return [mail["MessageAttributes"]["approver"]["StringValue"] for mail in self.mails]

    def publish(self, **mail: Any) -> None:
        accept(mail["Subject"], mail["Message"])
        self.mails.append(mail)
        self.times.append(self._clock.now())


def accept(subject: str, message: str) -> None:
    """What SNS takes as an e-mail."""
    expect(0 < len(subject) < 100, "the length of a subject")
    expect(subject.isascii() and subject.isprintable() and subject[0] != " ", "the characters of a subject")
    expect(0 < len(message.encode()) < 256 * 1024, "the size of a message")


SES_BYTES = 40 * 1024 * 1024  # https://docs.aws.amazon.com/ses/latest/dg/quotas.html
# What SES writes itself: https://docs.aws.amazon.com/ses/latest/dg/header-fields.html
SES_HEADERS = {"bcc", "cc", "content-disposition", "content-type", "date", "from", "message-id", "mime-version"}
SES_HEADERS |= {"reply-to", "return-path", "subject", "to"}
TAG = re.compile(r"[A-Za-z0-9_-]{1,256}")


class FakeSes:
    """SES: its `mails`. https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html"""

    def __init__(self) -> None:
        self.mails: list[dict[str, Any]] = []

    @property
    def mailed(self) -> list[str]:
        """Whom the mails went to."""
        return [mail["Destination"]["ToAddresses"][0] for mail in self.mails]

    def send_email(self, **mail: Any) -> None:
        content = mail["Content"]["Simple"]
        expect(mail["ConfigurationSetName"], "events about it come from a configuration set")
        for tag in mail["EmailTags"]:
            expect(TAG.fullmatch(tag["Name"]) and TAG.fullmatch(tag["Value"]), "the characters of a tag")
        for header in content["Headers"]:
            expect(header["Name"].lower() not in SES_HEADERS, "headers that SES does not write itself")
            expect(re.fullmatch("[ -~]{1,800}", header["Value"]), "the characters of a header")
        for line in [mail["FromEmailAddress"], *mail["ReplyToAddresses"], *mail["Destination"]["ToAddresses"]]:
            expect(re.fullmatch("[ -~]+", line), "the characters of an address")
        subject, alternatives = content["Subject"]["Data"], content["Body"]
        expect(subject and len(subject.splitlines()) == 1, "a subject is one line")
        whole = "".join([subject, *(one["Data"] for one in alternatives.values())])
        expect(len(whole.encode()) < SES_BYTES, "the size of a mail")
        self.mails.append(mail)
