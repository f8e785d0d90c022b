"""The ports in memory, and the use cases put together with them. What AWS does is in services.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from handlers.approvals.adapters.dynamodb import ApprovalTable
from handlers.approvals.adapters.queue import RequestQueue
from handlers.approvals.adapters.step_functions import StepFunctions
from handlers.approvals.faces import decision_mail, left_out
from handlers.approvals.faces.letter import as_text
from handlers.approvals.parsing.item import from_item
from handlers.approvals.rules import links
from handlers.approvals.rules.delivery import Notice
from handlers.approvals.rules.endings import Execution
from handlers.approvals.rules.record import Record
from handlers.approvals.rules.rounds import Kind
from handlers.approvals.usecases.ask import Ask
from handlers.approvals.usecases.bounce import Bounce
from handlers.approvals.usecases.give_up import GiveUp
from handlers.approvals.usecases.operate import Operate
from handlers.approvals.usecases.page import Page
from handlers.approvals.usecases.ports import UnavailableError
from handlers.approvals.usecases.reconcile import Reconcile
from handlers.approvals.usecases.records import Records
from handlers.ask import Requests
from handlers.contract.record import EXECUTION_INDEX
from handlers.contract.settings import PageSettings
from handlers.contract.workflow import WorkflowError
from handlers.operate import Door
from handlers.page import HttpApi
from tests.support import plain
from tests.support.services import RUNNING, FakeClock, FakeSqs, FakeStepFunctions, FakeTable

MACHINE_ARN = "arn:aws:states:eu-central-1:123456789012:stateMachine:signoff"
APPROVAL_URL = "https://a1b2c3.execute-api.eu-central-1.amazonaws.com"


class MemoryStore(ApprovalTable):
    """The table in memory, behind the real adapter. `troubles` go before the next calls.

    Each of `troubles` is an error to raise, or None for a call that goes well.
    """

    def __init__(self, *records: Record, troubles: Sequence[Exception | None] = ()) -> None:
        self.table = FakeTable(*records)
        client: Any = self.table
        super().__init__(client, "approvals", EXECUTION_INDEX)
        self.calls: list[str] = []
        self.troubles = list(troubles)

    @property
    def items(self) -> dict[str, dict[str, Any]]:
        """What is stored, in plain values."""
        return self.table.items

    @property
    def record(self) -> Record | None:
        """The only one."""
        assert len(self.items) <= 1
        return next(map(from_item, self.items.values()), None)

    @record.setter
    def record(self, record: Record) -> None:
        self.table.items = FakeTable(record).items

    @property
    def written(self) -> bool:
        """Whether anybody has tried to write."""
        return bool({"create", "replace"}.intersection(self.calls))

    def get(self, request_id: str) -> Record | None:
        self._called("get")
        return super().get(request_id)

    def create(self, record: Record) -> Record | None:
        self._called("create")
        return super().create(record)

    def replace(self, seen: Record, after: Record) -> Record | None:
        self._called("replace")
        return super().replace(seen, after)

    def requests_of(self, execution_arn: str) -> list[str]:
        self._called("requests_of")
        return super().requests_of(execution_arn)

    def _called(self, method: str) -> None:
        self.calls.append(method)
        if self.troubles and (trouble := self.troubles.pop(0)):
            raise trouble


class FakeWorkflow(FakeStepFunctions):
    """Step Functions with one execution, behind the real adapter, and what that was asked."""

    def __init__(self, *replies: bool | Exception, execution: Execution | Exception = RUNNING) -> None:
        super().__init__(*replies, execution=execution)
        self.handed_over: list[tuple[str, Record]] = []
        self.failed: list[tuple[str, WorkflowError, str]] = []
        self.looks: list[str] = []
        self.stopped: list[tuple[str, WorkflowError, str]] = []

    def hand_over(self, token: str, record: Record) -> bool:
        self.handed_over.append((token, record))
        return self._adapter.hand_over(token, record)

    def fail(self, token: str, error: WorkflowError, cause: str) -> bool:
        self.failed.append((token, error, cause))
        return self._adapter.fail(token, error, cause)

    def stop(self, arn: str, error: WorkflowError, cause: str) -> None:
        self.stopped.append((arn, error, cause))
        self._adapter.stop(arn, error, cause)

    def execution(self, arn: str) -> Execution:
        self.looks.append(arn)
        return self._adapter.execution(arn)

    @property
    def _adapter(self) -> StepFunctions:
        client: Any = self
        return StepFunctions(client)


class Mailbox:
    """The channel to the people who are asked. `troubles` as in MemoryStore."""

    def __init__(self, *troubles: Exception | None) -> None:
        self.sent: list[tuple[str, Kind]] = []  # to whom, and what
        self.secrets: dict[str, list[str]] = {}
        self.bodies: list[str] = []
        self.left_out: list[str] = []
        self.announced: list[str] = []
        self.troubles = list(troubles)

    def ask(self, record: Record, who: str, kind: Kind, secret: str) -> None:
        if self.troubles and (trouble := self.troubles.pop(0)):
            raise trouble
        self.sent.append((who, kind))
        self.secrets.setdefault(who, []).append(secret)
        link = links.url(APPROVAL_URL, record.request_id, secret)
        self.bodies.append(plain.body(record, who, kind, link, "test", "UTC"))

    def leave_out(self, record: Record, who: str) -> None:
        if self.troubles and (trouble := self.troubles.pop(0)):
            raise trouble
        self.left_out.append(who)
        self.bodies.append(as_text(left_out.parts(record, "test", "UTC")))

    def announce(self, record: Record, who: str) -> bool:
        if self.troubles and (trouble := self.troubles.pop(0)):
            raise trouble
        self.announced.append(who)
        self.bodies.append(as_text(decision_mail.parts(record, "test", "UTC")))
        return True


class OperatorBox:
    """The channel to the operator. `troubles` as in MemoryStore."""

    def __init__(self, *troubles: Exception | None) -> None:
        self.told: list[tuple[str, Execution, list[Record]]] = []
        self.undelivered: list[tuple[Record, str, Notice]] = []
        self.troubles = list(troubles)

    def tell(self, execution_arn: str, execution: Execution, records: Sequence[Record]) -> None:
        if self.troubles and (trouble := self.troubles.pop(0)):
            raise trouble
        self.told.append((execution_arn, execution, list(records)))

    def tell_undelivered(self, record: Record, who: str, notice: Notice) -> None:
        if self.troubles and (trouble := self.troubles.pop(0)):
            raise trouble
        self.undelivered.append((record, who, notice))


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


def answering(store: Any, workflow: Any = None, clock: Any = None) -> Page:
    clock = clock or FakeClock()
    return Page(records=Records(store=store, clock=clock), workflow=workflow or FakeWorkflow(), clock=clock)


def page_settings(**changes: Any) -> PageSettings:
    """Those of a stack called test, in UTC, without one-click links."""
    known: dict[str, Any] = {"label": "test", "table_name": "approvals", "timezone": "UTC", "one_click": False}
    return PageSettings(**known | changes)


def page_function(store: Any, workflow: Any = None, clock: Any = None, **settings: Any) -> HttpApi:
    """The page's function; `settings` over `page_settings`."""
    return HttpApi(page=answering(store, workflow, clock), settings=page_settings(**settings))


def giving_up(store: Any, workflow: Any = None, clock: Any = None) -> GiveUp:
    return GiveUp(records=records_of(store, clock), workflow=workflow or FakeWorkflow())


def bouncing(store: Any, workflow: Any = None, box: Any = None, clock: Any = None) -> Bounce:
    operator = box or OperatorBox()
    return Bounce(records=records_of(store, clock), workflow=workflow or FakeWorkflow(), operator=operator)


def operating(store: Any, workflow: Any = None, box: Any = None, clock: Any = None, machine: str = MACHINE_ARN) -> Door:
    """The operator's door, of a stack with this state machine."""
    clock = clock or FakeClock()
    operate = Operate(
        records=Records(store=store, clock=clock),
        workflow=workflow or FakeWorkflow(),
        mail=box or Mailbox(),
        clock=clock,
    )
    return Door(operate=operate, state_machine_arn=machine)


def reconciling(store: Any, workflow: Any = None, box: Any = None, clock: Any = None) -> Reconcile:
    clock = clock or FakeClock()
    return Reconcile(
        records=Records(store=store, clock=clock),
        workflow=workflow or FakeWorkflow(),
        operator=box or OperatorBox(),
        clock=clock,
    )
