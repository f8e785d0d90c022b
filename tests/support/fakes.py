"""Those whom the use cases talk to, in memory, and the use cases put together with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from handlers.approval_api import ApprovalApi
from handlers.approvals.adapters.item import from_item, to_item
from handlers.approvals.adapters.queue import RequestQueue
from handlers.approvals.faces import left_out, mail
from handlers.approvals.rules import links
from handlers.approvals.rules.endings import Execution
from handlers.approvals.rules.record import Record
from handlers.approvals.rules.rounds import Kind
from handlers.approvals.usecases.answer import Answer
from handlers.approvals.usecases.ask import Ask
from handlers.approvals.usecases.give_up import GiveUp
from handlers.approvals.usecases.ports import UnavailableError
from handlers.approvals.usecases.reconcile import Reconcile
from handlers.approvals.usecases.records import Records
from handlers.contract.settings.approval_api import PageSettings
from handlers.contract.workflow import WorkflowError
from handlers.request_approval import Requests
from tests.support.maps import shuffled
from tests.support.records import ASKED_AT

RUNNING = Execution(status="RUNNING", running=True)
APPROVAL_URL = "https://a1b2c3.execute-api.eu-central-1.amazonaws.com"


class FakeClock:
    """Stands still; sleeping moves it on."""

    def __init__(self, now: float = ASKED_AT) -> None:
        self.time = float(now)
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


class MemoryStore:
    """The store's contract, in the form in which the table keeps records: its maps keep no order. `troubles` go before
    the next calls.

    Each of `troubles` is an error to raise, or None for a call that goes well.
    """

    def __init__(self, *records: Record, troubles: Sequence[Exception | None] = ()) -> None:
        self.items: dict[str, dict[str, Any]] = {one.request_id: shuffled(to_item(one)) for one in records}
        self.calls: list[str] = []
        self.troubles = list(troubles)

    @property
    def record(self) -> Record | None:
        """The only one."""
        assert len(self.items) <= 1
        return next(map(from_item, self.items.values()), None)

    @record.setter
    def record(self, record: Record) -> None:
        self.items = {record.request_id: shuffled(to_item(record))}

    def get(self, request_id: str) -> Record | None:
        self._called("get")
        item = self.items.get(request_id)
        return from_item(item) if item else None

    def create(self, record: Record) -> Record | None:
        self._called("create")
        if record.request_id in self.items:
            return None
        return self._kept(replace(record, version=1))

    def replace(self, seen: Record, after: Record) -> Record | None:
        self._called("replace")
        item = self.items.get(seen.request_id)
        if not item or (item["version"], item["executionArn"]) != (seen.version, seen.execution_arn):
            return None
        return self._kept(replace(after, version=seen.version + 1))

    def requests_of(self, execution_arn: str) -> list[str]:
        self._called("requests_of")
        return [request_id for request_id, item in self.items.items() if item["executionArn"] == execution_arn]

    def _kept(self, record: Record) -> Record:
        self.items[record.request_id] = shuffled(to_item(record))
        return from_item(self.items[record.request_id])

    def _called(self, method: str) -> None:
        self.calls.append(method)
        if self.troubles and (trouble := self.troubles.pop(0)):
            raise trouble


class FakeWorkflow:
    """Step Functions as the port shows it. `replies` to the next answers: True, False (a dead token), or an error.

    Without one, an answer is taken as long as the execution runs.
    """

    def __init__(self, *replies: bool | Exception, execution: Execution | Exception = RUNNING) -> None:
        self.replies = list(replies)
        self.handed_over: list[tuple[str, Record]] = []
        self.failed: list[tuple[str, WorkflowError, str]] = []
        self.looks: list[str] = []
        self.run = execution

    def hand_over(self, token: str, record: Record) -> bool:
        self.handed_over.append((token, record))
        return self._reply()

    def fail(self, token: str, error: WorkflowError, cause: str) -> bool:
        self.failed.append((token, error, cause))
        return self._reply()

    def execution(self, arn: str) -> Execution:
        self.looks.append(arn)
        if isinstance(self.run, Exception):
            raise self.run
        return self.run

    def _reply(self) -> bool:
        runs = isinstance(self.run, Exception) or self.run.running
        reply = self.replies.pop(0) if self.replies else runs
        if isinstance(reply, Exception):
            raise reply
        return reply


class Mailbox:
    """The channel to the people who are asked. `troubles` as in MemoryStore."""

    def __init__(self, *troubles: Exception | None) -> None:
        self.sent: list[tuple[str, Kind]] = []  # to whom, and what
        self.secrets: dict[str, list[str]] = {}
        self.bodies: list[str] = []
        self.left_out: list[str] = []
        self.troubles = list(troubles)

    def ask(self, record: Record, who: str, kind: Kind, secret: str) -> None:
        if self.troubles and (trouble := self.troubles.pop(0)):
            raise trouble
        self.sent.append((who, kind))
        self.secrets.setdefault(who, []).append(secret)
        link = links.url(APPROVAL_URL, record.request_id, secret)
        self.bodies.append(mail.body(record, who, kind, link, "test", "UTC"))

    def leave_out(self, record: Record, who: str) -> None:
        if self.troubles and (trouble := self.troubles.pop(0)):
            raise trouble
        self.left_out.append(who)
        self.bodies.append(left_out.body(record, "test", "UTC"))


class OperatorBox:
    """The channel to the operator. `troubles` as in MemoryStore."""

    def __init__(self, *troubles: Exception | None) -> None:
        self.told: list[tuple[str, Execution, list[Record]]] = []
        self.troubles = list(troubles)

    def tell(self, execution_arn: str, execution: Execution, records: Sequence[Record]) -> None:
        if self.troubles and (trouble := self.troubles.pop(0)):
            raise trouble
        self.told.append((execution_arn, execution, list(records)))


class FakeSqs:
    """SQS, as far as messages are sent back to it: the seconds of each."""

    def __init__(self) -> None:
        self.delays: list[int] = []

    def change_message_visibility(self, **call: Any) -> None:
        self.delays.append(call["VisibilityTimeout"])


def unavailable(kind: str = "ReadTimeoutError") -> UnavailableError:
    """What an adapter makes of AWS's silence."""
    return UnavailableError(kind)


def records_of(store: Any, clock: Any = None) -> Records:
    return Records(store=store, clock=clock or FakeClock())


def asking(store: Any, workflow: Any = None, box: Any = None, clock: Any = None) -> Ask:
    clock = clock or FakeClock()
    return Ask(
        records=Records(store=store, clock=clock),
        workflow=workflow or FakeWorkflow(),
        mail=box or Mailbox(),
        clock=clock,
    )


def request_function(ask: Ask, sqs: Any = None) -> Requests:
    """The function that reads the request queue."""
    client: Any = sqs or FakeSqs()
    return Requests(ask=ask, queue=RequestQueue(client, "https://sqs.example.com/requests"))


def answering(store: Any, workflow: Any = None, clock: Any = None) -> Answer:
    clock = clock or FakeClock()
    return Answer(records=Records(store=store, clock=clock), workflow=workflow or FakeWorkflow(), clock=clock)


def page_settings(**changes: Any) -> PageSettings:
    """Those of a stack called test, in UTC, without one-click links."""
    known: dict[str, Any] = {"environment": "test", "table_name": "approvals", "timezone": "UTC", "one_click": False}
    return PageSettings(**known | changes)


def page_function(store: Any, workflow: Any = None, clock: Any = None, **settings: Any) -> ApprovalApi:
    """The page's function; `settings` over `page_settings`."""
    return ApprovalApi(answer=answering(store, workflow, clock), settings=page_settings(**settings))


def giving_up(store: Any, workflow: Any = None, clock: Any = None) -> GiveUp:
    return GiveUp(records=records_of(store, clock), workflow=workflow or FakeWorkflow())


def reconciling(store: Any, workflow: Any = None, box: Any = None, clock: Any = None) -> Reconcile:
    clock = clock or FakeClock()
    return Reconcile(
        records=Records(store=store, clock=clock),
        workflow=workflow or FakeWorkflow(),
        operator=box or OperatorBox(),
        clock=clock,
    )
