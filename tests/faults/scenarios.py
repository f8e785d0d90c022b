"""What people and services do to one request, while one call of it goes wrong."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from threading import Lock, Semaphore
from typing import TYPE_CHECKING, Any

from handlers.approvals.adapters.step_functions import StepFunctions
from handlers.approvals.rules.endings import abandoned
from handlers.approvals.rules.record import DECIDED, Decision, Record
from handlers.contract.record import Status
from tests.faults.calls import ENTRIES
from tests.faults.proxy import Case, Fault, Planned, Proxy
from tests.support.roles import Function
from tests.support.stacks import ALICE, BOB, JSON, OPERATOR, Run, Stack, link_in, queue_message, send

if TYPE_CHECKING:
    from tests.faults.matrix import Row, Scenario

REQUESTS, DEAD_LETTERS = "requestQueueUrl", "deadLetterQueueUrl"  # the stack's outputs
REQUEST_ID = re.compile(r"^Request ([0-9a-f-]{36})$", re.MULTILINE)
POLL_SECONDS = 0.2
PATIENCE_SECONDS = 240  # on a machine that is busy with other things
PRESSES = 4  # that a person tries before giving up
SETTLED = {"thanks", "closed", "voted"}


def until(look: Callable[[], Any], what: str, seconds: float = PATIENCE_SECONDS) -> Any:
    give_up = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < give_up, f"after {seconds} s still no {what}"
        time.sleep(POLL_SECONDS)
    return seen


@dataclass
class World:
    """What all cases share."""

    stack: Stack
    proxy: Proxy
    ends: Callable[[str], str | None]
    # So many function processes at once; most who press wait for a call that does not answer.
    starting: Semaphore = field(default_factory=lambda: Semaphore(4))
    pressing: Semaphore = field(default_factory=lambda: Semaphore(8))
    _mails: dict[str, list[Any]] = field(default_factory=dict)
    _known: int = 0
    _reading: Lock = field(default_factory=Lock)

    def mails(self, request_id: str) -> list[Any]:
        """Those of one request, oldest first."""
        with self._reading:
            new = self.stack.sandbox.messages()[self._known :]
            self._known += len(new)
            for one in new:
                for found in set(REQUEST_ID.findall(one.body)):
                    self._mails.setdefault(found, []).append(one)
            return list(self._mails.get(request_id, []))


@dataclass
class Travel:
    """One request on its way through one scenario: with a fault in a row's call, or (`row` is None) with none."""

    world: World
    scenario: Scenario
    row: Row | None = None
    fault: Fault = Fault.NONE
    case: Case = field(default_factory=Case)
    answers: list[tuple[int, str]] = field(default_factory=list)
    mails: int = 2  # one for each approver
    status: str = "SUCCEEDED"
    error: str = ""
    record: Status | None = Status.APPROVED
    run: Run = field(init=False)
    request_id: str = ""
    token: str = ""  # of the round, once the record no longer has it
    tells: int = 0  # mails to the operator

    def __str__(self) -> str:
        return f"{self.row or self.scenario.name}, {self.fault}"

    # What happens

    def start(self, **task: Any) -> None:
        with self.world.starting:
            self.run = self.world.stack.start(**task)
            self.request_id = until(self._generated, f"request of {self.run.title}")
        self.world.proxy.register(self.case, self.request_id, self.run.arn)

    def _generated(self) -> str:
        events = self.world.stack.sfn.get_execution_history(executionArn=self.run.arn, maxResults=20)["events"]
        outputs = [one["stateExitedEventDetails"]["output"] for one in events if "stateExitedEventDetails" in one]
        return json.loads(outputs[0])["Payload"]["requestId"] if outputs else ""

    def plan(self, *more: Planned) -> None:
        """From here on the calls of the use case's function count."""
        own = [self.row.planned(self.fault)] if self.row else []
        self.case.plan(ENTRIES[self.scenario.use_case], *own, *more)

    @property
    def doubled(self) -> int:
        """The mails that nothing could keep from going out twice."""
        return self.row.call.doubled.get(self.fault, 0) if self.row else 0

    def asked(self, number: int = 2) -> None:
        until(lambda: len(self.received()) >= number, f"{number} mails of {self}")
        self.sees(lambda record: not record.lease, f"end of the mailing of {self}")

    def received(self) -> list[Any]:
        return self.world.mails(self.request_id)

    def told(self) -> list[Any]:
        """The operator's mails about this run."""
        return [one for one in self.world.stack.sandbox.messages() if one.to == OPERATOR and self.run.arn in one.body]

    def seen(self) -> Record:
        return self.world.stack.seen(self.request_id)

    def sees(self, holds: Callable[[Record], Any], what: str) -> None:
        """Wait until it holds of the record. Many wait at once, so that is read only after a call of its own."""
        looked = -1

        def look() -> Any:
            nonlocal looked
            happened = self.case.happened
            if happened == looked:
                return False
            looked = happened
            return holds(self.seen())

        until(look, what)

    def link(self) -> str:
        return next(link_in(one.body) for one in self.received() if one.to == ALICE)

    def vote(self, who: str, decision: Decision) -> Record:
        return self.world.stack.vote(self.request_id, who, decision)

    def press(self, decision: str = "approve") -> None:
        """And again, as long as the page says that something went wrong."""
        link = self.link()
        for _ in range(PRESSES):
            with self.world.pressing:
                answer = self.world.stack.http.post(link, data={"decision": decision, "comment": "Mine."}, headers=JSON)
            self.answers.append((answer.status_code, self._state(answer)))
            if self.answers[-1][1] in SETTLED:
                return
            if self.answers[-1][0] == 200:  # recorded, and the workflow is about to say that it took it
                self.ended()

    def look(self) -> None:
        link = self.link()
        for _ in range(PRESSES):
            with self.world.pressing:
                answer = self.world.stack.http.get(link, headers=JSON)
            self.answers.append((answer.status_code, self._state(answer)))
            if answer.status_code == 200:
                return

    @staticmethod
    def _state(answer: Any) -> str:
        try:
            return answer.json().get("state", "")
        except ValueError:
            return ""

    def message(self, output: str, round_: int = 1, *, late: bool = False) -> None:
        """What SQS delivers once more, or the state machine sends in a later round."""
        record = self.seen()
        body = queue_message(self.run.arn, record, token=record.task_token or self.token, round_=round_, late=late)
        send(self.world.stack, output, body)

    def decided(self, decision: Decision = Decision.APPROVE) -> Record:
        self.vote(BOB, decision)
        record = self.seen()
        self.token = record.task_token
        return record if decision is Decision.REJECT else self.vote(ALICE, decision)

    def answered(self) -> None:
        """The workflow has the answer, and the function that gave it died before it could note that."""
        record = self.decided()
        StepFunctions(self.world.stack.sfn).hand_over(record.task_token, record)
        self.ended()

    def ended(self) -> str:
        return until(lambda: self.world.ends(self.run.arn), f"end of {self}")

    def told_of_its_end(self) -> None:
        Function.of(self.world.stack, ENTRIES["reconcile"]).told_that_it_has_ended(self.run)

    def handed_over(self) -> None:
        self.sees(lambda record: record.handed_over, f"handing over of {self}")

    def stopped(self) -> None:
        self.status, self.record = "ABORTED", Status.CLOSED
        self.world.stack.sfn.stop_execution(executionArn=self.run.arn)

    def closed(self) -> None:
        self.sees(lambda record: record.status is Status.CLOSED, f"closing of {self}")

    def rejected(self) -> None:
        self.status, self.error, self.record = "FAILED", "Rejected", Status.REJECTED

    # What came of it

    def check(self) -> str:
        """The table's cell, after what every case owes has been asserted."""
        what = f"{self}: {self.answers}"
        assert not self.case.plans, f"{what} was never met, in {self.case.calls}"
        described = self.run.described()
        assert (described["status"], described.get("error", "")) == (self.status, self.error), what
        if self.status == "SUCCEEDED":
            votes = json.loads(described["output"])["approval"]["votes"]
            assert {one["approver"]: one["decision"] for one in votes} == {ALICE: "approve", BOB: "approve"}, what
        record = self.world.stack.store.get(self.request_id)
        assert (record and record.status) == self.record, (what, record)
        if record:
            assert not record.task_token, what
            assert record.handed_over == (record.status in DECIDED), what
            if any(state in {"thanks", "pending"} for _, state in self.answers):
                assert record.approvers[ALICE].vote, f"{what}: a vote was lost"
        mails = Counter(one.to for one in self.received())
        of_operator = self.doubled if self.scenario.use_case == "reconcile" else 0
        assert mails.total() == self.mails + self.doubled - of_operator, (what, mails, self.doubled)
        assert len(self.told()) == self.tells + of_operator, what
        if self.mails:
            assert min(mails[ALICE], mails[BOB]) >= self.mails // 2, (what, mails)
        return self._cell()

    def _cell(self) -> str:
        codes = [code for code, _ in self.answers]
        told = [str(code) if code in {200, 409, 503} else "5xx" for code in codes if code != 200 or code == codes[-1]]
        shown = dict.fromkeys(told)  # 200 "on its way", then 200 "thanks", is up to the workflow's haste
        end = self.error or {"SUCCEEDED": "approved", "ABORTED": "closed"}[self.status]
        said = " → ".join(shown) + ", " if self.scenario.use_case == "answer" else ""
        return f"{said}{end}{f', **{self.doubled} mail twice**' if self.doubled else ''}"


def look(one: Travel) -> None:
    one.start()
    one.asked()
    one.plan()
    one.look()
    one.decided()
    one.message(REQUESTS)
    one.handed_over()


def approve(one: Travel, decision: Decision = Decision.APPROVE) -> None:
    one.start()
    one.asked()
    if decision is Decision.APPROVE:
        one.vote(BOB, decision)
    one.plan()
    one.press(decision.value)
    one.ended()


def reject(one: Travel) -> None:
    one.rejected()
    approve(one, Decision.REJECT)


def vote(one: Travel) -> None:
    one.start()
    one.asked()
    one.plan()
    one.press()
    one.vote(BOB, Decision.APPROVE)
    one.message(REQUESTS)
    one.handed_over()
    one.ended()


def vote_stopped(one: Travel) -> None:
    one.start()
    one.asked()
    one.stopped()
    one.plan()
    one.press()


def decide_stopped(one: Travel) -> None:
    one.start()
    one.asked()
    one.vote(BOB, Decision.APPROVE)
    one.stopped()
    one.plan()
    one.press()


def press_answered(one: Travel) -> None:
    one.start()
    one.asked()
    one.answered()
    one.plan()
    one.press()


def ask(one: Travel) -> None:
    one.plan()
    one.start()
    one.asked(2 + one.doubled)
    one.vote(BOB, Decision.APPROVE)
    one.press()
    one.ended()


def ask_refused(one: Travel) -> None:
    one.plan(Planned(place=3, operation="Publish", fault=Fault.THROTTLED))
    one.start()
    one.asked()
    one.vote(BOB, Decision.APPROVE)
    one.press()
    one.ended()


def remind(one: Travel) -> None:
    one.mails = 4
    one.start()
    one.asked()
    one.plan()
    one.message(REQUESTS, round_=2)
    one.asked(4)
    one.vote(BOB, Decision.APPROVE)
    one.press()
    one.ended()


def ask_stopped(one: Travel) -> None:
    one.start()
    one.asked()
    one.stopped()
    one.plan()
    one.message(REQUESTS, round_=2)
    one.closed()


def ask_given_up(one: Travel) -> None:
    one.status, one.error, one.record = "FAILED", "NotificationFailed", Status.CLOSED
    one.start()
    one.asked()
    one.token = one.seen().task_token
    one.world.stack.change(one.request_id, partial(abandoned, round_=1))
    one.plan()
    one.message(REQUESTS, round_=2)
    one.ended()


def ask_too_few(one: Travel) -> None:
    one.status, one.error, one.record, one.mails = "FAILED", "TooFewApprovers", None, 1
    one.plan()
    one.start(requestedBy=f"CORP\\{ALICE}")
    one.ended()


def decided(one: Travel, queue: str, decision: Decision = Decision.APPROVE) -> None:
    if decision is Decision.REJECT:
        one.rejected()
    one.start()
    one.asked()
    one.decided(decision)
    one.plan()
    one.message(queue)
    one.handed_over()
    one.ended()


def answered(one: Travel, queue: str) -> None:
    one.start()
    one.asked()
    one.answered()
    one.plan()
    one.message(queue)
    one.handed_over()


def give_up(one: Travel) -> None:
    one.status, one.error, one.record = "FAILED", "NotificationFailed", Status.CLOSED
    one.tells = 1
    one.start()
    one.asked()
    one.plan()
    one.message(DEAD_LETTERS)
    one.ended()
    if not one.row:
        one.closed()  # by the function that is looked at, not by the one that hears of the end
    one.told_of_its_end()
    one.sees(lambda record: record.operator_told, f"word of {one}")


def late(one: Travel) -> None:
    one.start()
    one.asked()
    one.decided()
    one.plan()
    one.message(REQUESTS, round_=2, late=True)
    one.handed_over()
    one.ended()


def late_undecided(one: Travel) -> None:
    one.status, one.error, one.record = "FAILED", "Expired", Status.EXPIRED
    one.start()
    one.asked()
    one.plan()
    one.message(REQUESTS, round_=2, late=True)
    one.ended()
    one.told_of_its_end()
    one.sees(lambda record: record.status is Status.EXPIRED, f"expiry of {one}")


def told_stopped(one: Travel) -> None:
    one.tells = 1
    one.start()
    one.asked()
    one.stopped()
    one.plan()
    one.told_of_its_end()
    one.closed()
    one.sees(lambda record: record.operator_told, f"word of {one}")
    until(lambda: len(one.told()) >= 1 + one.doubled, f"mails to the operator about {one}")
