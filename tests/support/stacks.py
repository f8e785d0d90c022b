"""A deployed stack as its people see it: start a run, read the mail, press the button."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
from boto3.dynamodb.types import TypeDeserializer

import sandbox
from handlers.approvals.adapters.clock import SystemClock
from handlers.approvals.adapters.dynamodb import ApprovalTable
from handlers.approvals.rules import decisions
from handlers.approvals.rules.record import Decision, Record, Vote
from handlers.approvals.usecases.records import Records
from handlers.contract.message import message_body
from handlers.contract.record import EXECUTION_INDEX
from sandbox import Sandbox
from tests.support.records import policy_body
from tests.support.told import check
from tests.support.waiting import until

ALICE, BOB, CAROL = "alice@example.com", "bob@example.com", "carol@example.com"
BOSS, OPERATOR, REQUESTER = "boss@example.com", "operator@example.com", "dana@example.com"
CROWD = [f"person-{number}@example.com" for number in range(8)]
# Fast, and otherwise as shipped: no test depends on what the dev stack's file says today.
QUICK = {
    "approvers": [ALICE, BOB, CAROL],
    "operatorEmail": OPERATOR,
    "timezone": "Europe/Berlin",
    "deadlineSeconds": 600,
    "reminders": 0,
    "mailsPerSecond": 10,
    "deliveryAttempts": 2,
    "task": {"title": "Nightly run", "details": "As every night."},
}
# What Pulumi.dev.yaml says as shipped, since a holder may change it.
SHIPPED = {
    "aws:region": "eu-central-1",
    "approvers": [ALICE, BOB],
    "timezone": "Europe/Berlin",
    "deadlineSeconds": 3600,
    "task": {"title": "Nightly import", "details": "Load yesterday's orders into the warehouse."},
}
SHORTEST = {"deadlineSeconds": 60, "reminders": 5}  # six rounds of ten seconds
HTML = {"accept": "text/html"}
JSON = {"accept": "application/json"}


@contextmanager
def running(stack: str, config: Mapping[str, Any], **options: Any) -> Iterator[Sandbox]:
    """As `sandbox.running`, without the stack's file. Every event is as docs/events/ has it."""
    with sandbox.running(stack, {**SHIPPED, **config}, whole=True, **options) as deployed:
        yield deployed
        for event in deployed.events():
            check(event["detail-type"], event["detail"])


@dataclass
class Run:
    """One execution, told from others by its title."""

    stack: Stack
    arn: str
    title: str

    def described(self) -> dict[str, Any]:
        return self.stack.sfn.describe_execution(executionArn=self.arn)

    @property
    def status(self) -> str:
        return self.described()["status"]

    def ended(self, seconds: float = 60) -> dict[str, Any]:
        """The execution's description once it is over."""

        def look() -> dict[str, Any] | None:
            seen = self.described()
            return seen if seen["status"] != "RUNNING" else None

        return until(look, f"end of {self.title}", seconds)

    def succeeded(self, seconds: float = 60) -> dict[str, Any]:
        seen = self.ended(seconds)
        assert seen["status"] == "SUCCEEDED", seen
        return json.loads(seen["output"])

    def failed(self, seconds: float = 60) -> tuple[str, str]:
        """Error and cause."""
        seen = self.ended(seconds)
        assert seen["status"] == "FAILED", seen
        return seen["error"], seen["cause"]

    def states(self) -> list[str]:
        """The names of the states that were entered, in order."""
        events = self.stack.sfn.get_execution_history(executionArn=self.arn, maxResults=1000)["events"]
        return [event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event]

    def mails(self, count: int, *, to: str = "", seconds: float = 60) -> list[Any]:
        """The first `count` mails of this run, oldest first."""

        def look() -> list[Any]:
            found = [
                mail
                for mail in self.stack.sandbox.messages()
                if self.title in mail.subject and "/approvals/" in mail.body and (not to or mail.to == to)
            ]
            return found if len(found) >= count else []

        return until(look, f"{count} mails of {self.title}", seconds)

    def link(self, to: str = ALICE, number: int = 1) -> str:
        """The link in this person's `number`-th mail."""
        return link_in(self.mails(number, to=to)[number - 1].body)

    @property
    def request_id(self) -> str:
        return self.link().split("/")[-2]

    def item(self, to: str = ALICE) -> dict[str, Any]:
        """The record as it stands in the table, found by this person's link."""
        key = {"requestId": {"S": self.link(to).split("/")[-2]}}
        found = self.stack.dynamodb.get_item(TableName=self.stack.table, Key=key, ConsistentRead=True)["Item"]
        return {name: TypeDeserializer().deserialize(value) for name, value in found.items()}

    def vote_without_handing_over(self, decision: Decision = Decision.APPROVE) -> None:
        """Leaves the record as a function does that dies between the vote and SendTask*."""
        self.stack.vote(self.request_id, ALICE, decision, "In time.")


@dataclass
class Stack:
    sandbox: Sandbox
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30, trust_env=False))

    def __post_init__(self) -> None:
        self.sfn = self.sandbox.client("stepfunctions")
        self.sqs = self.sandbox.client("sqs")
        self.dynamodb = self.sandbox.client("dynamodb")
        self.table = self.sandbox.outputs["approvalTableName"]
        self.store = ApprovalTable(self.dynamodb, self.table, EXECUTION_INDEX)
        self.records = Records(store=self.store, clock=SystemClock())

    def start(self, **task: Any) -> Run:
        """Start a run whose title is its own."""
        title = f"Run {uuid4().hex[:12]}"
        arn = self.start_raw({"title": title, "details": "As discussed.", "requestedBy": REQUESTER} | task)
        return Run(self, arn, title)

    def start_raw(self, trigger: Any) -> str:
        return self.sfn.start_execution(
            stateMachineArn=self.sandbox.outputs["stateMachineArn"], input=json.dumps(trigger)
        )["executionArn"]

    def vote(self, request_id: str, who: str, decision: Decision, comment: str = "") -> Record:
        """Straight into the record: the workflow is not told."""
        seen = self.seen(request_id)
        vote = Vote(
            decision=decision, comment=comment, at=int(time.time()), source_ip="", user_agent="", digest=seen.digest
        )
        record, refusal = self.records.change(seen, partial(decisions.cast, who=who, vote=vote))
        assert not refusal
        return record

    def change(self, request_id: str, rule: Callable[[Record], Record]) -> Record:
        """What a rule makes of the record, written past all functions."""
        record, _ = self.records.change(self.seen(request_id), rule)
        return record

    def seen(self, request_id: str) -> Record:
        """The record as it stands."""
        found = self.store.get(request_id)
        assert found
        return found

    def press(
        self, link: str, decision: str = "approve", comment: str = "", region: str = "", **headers: str
    ) -> httpx.Response:
        """What the page's form sends; with `region`, that of a question which asks for one."""
        form = {"decision": decision, "comment": comment} | ({"values.region": region} if region else {})
        return self.http.post(link, data=form, headers=HTML | headers)

    def get(self, link: str, **headers: str) -> httpx.Response:
        return self.http.get(link, headers=HTML | headers)


def send(stack: Stack, output: str, body: str) -> None:
    """Put a message on one of a stack's queues as SQS itself does: their policies let no client of a test do so."""
    stack.sandbox.cloud.as_aws("sqs").send_message(QueueUrl=stack.sandbox.outputs[output], MessageBody=body)


def link_in(body: str) -> str:
    (link,) = re.findall(r"^https?://\S+/approvals/\S+$", body, re.MULTILINE)
    return link


def queue_message(execution_arn: str, record: Record, *, token: str = "", round_: int = 0, late: bool = False) -> str:
    """What the workflow puts on the queue for a round of this request: its record's own, unless told otherwise."""
    body = message_body(
        task_token=token or record.task_token,
        execution_arn=execution_arn,
        round_=round_ or record.round,
        rounds=record.rounds,
        late=late,
        deadline=record.deadline,
        policy=policy_body(record.policy),
        request={
            "requestId": record.request_id,
            "title": record.title,
            "details": record.details,
            "requestedBy": record.requested_by,
            "requestedAt": record.requested_at,
            "scheduledFor": record.scheduled_for,
            "digest": record.digest,
        },
    )
    return json.dumps(body)
