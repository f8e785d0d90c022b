"""One request on its way through a scenario, while one of the function's calls for it goes wrong."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from threading import Lock, Semaphore
from typing import Any, NamedTuple

from handlers.approvals.adapters.step_functions import StepFunctions
from handlers.approvals.rules.record import DECIDED, Decision, Record
from handlers.contract.question import request_id
from handlers.contract.record import Status
from tests.faults.proxy import FAULTS, Call, Case, Fault, Planned, Proxy
from tests.support.events import undelivered
from tests.support.roles import Function
from tests.support.stacks import ALICE, BOB, JSON, OPERATOR, REQUESTER, Run, Stack, link_in, queue_message, send

ENTRIES = {
    "look": "page",
    "answer": "page",
    "ask": "ask",
    "give up": "give_up",
    "reconcile": "reconcile",
    "bounce": "bounce",
    "announce": "announce",
    "tell": "ask",
}
REQUESTS, DEAD_LETTERS = "requestQueueUrl", "deadLetterQueueUrl"  # the stack's outputs
# After a crash a message is back when its visibility time-out is over, and the dead worker's lease has ended with its
# function's time-out. Shipped, that is minutes: the queue waits 6 x the function's time-out. A function needs the time
# to see one call time out, which is 4 s, on a busy machine.
SECONDS = {REQUESTS: (15, 17), DEAD_LETTERS: (12, 14)}  # of the function, of the queue
REQUEST_ID = re.compile(r"^Request ([0-9a-f-]{36})$", re.MULTILINE)
POLL_SECONDS = 0.2
PATIENCE_SECONDS = 240  # on a machine that is busy with other things
MAILING = ("Publish", "SendEmail")
PRESSES = 4  # that a person tries before giving up
SETTLED = {"thanks", "closed", "voted"}


def until(look: Callable[[], Any], what: str) -> Any:
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not (seen := look()):
        assert time.monotonic() < give_up, f"after {PATIENCE_SECONDS} s still no {what}"
        time.sleep(POLL_SECONDS)
    return seen


@dataclass
class World:
    """What all cases share."""

    stack: Stack
    proxy: Proxy
    ends: Callable[[str], str | None]
    # So many function processes at once, as each has to start; most who press wait for a call that does not answer.
    starting: Semaphore = field(default_factory=lambda: Semaphore(4))
    pressing: Semaphore = field(default_factory=lambda: Semaphore(8))
    _mails: dict[str, list[Any]] = field(default_factory=dict)
    _known: int = 0
    _reading: Lock = field(default_factory=Lock)

    def hasten(self) -> None:
        """From now on the message of a function that died is soon back; so is one whose function is slow."""
        for output, (_, seconds) in SECONDS.items():
            url = self.stack.sandbox.outputs[output]
            self.stack.sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(seconds)})

    def mails(self, request_id: str) -> list[Any]:
        """Those of one request, oldest first."""
        with self._reading:
            new = self.stack.sandbox.messages()[self._known :]
            self._known += len(new)
            for one in new:
                for found in set(REQUEST_ID.findall(one.body)):
                    self._mails.setdefault(found, []).append(one)
            return list(self._mails.get(request_id, []))


@dataclass(frozen=True)
class Scenario:
    """What is to be looked at, and what comes before it, once everybody is asked; None if that is the asking itself.

    `budget` is how often the use case calls what, for two people who are asked, if nothing goes wrong.
    """

    use_case: str
    name: str
    before: Callable[[Travel], object] | None
    looked_at: Callable[[Travel], object]
    budget: Mapping[str, int] = field(default_factory=dict)
    by_ses: bool = False

    def __str__(self) -> str:
        return f"{self.use_case}, {self.name}"


class Row(NamedTuple):
    """A line of the table: the use case's call number `place`, from 0, in a scenario that nothing goes wrong in."""

    scenario: Scenario
    place: int
    call: Call

    def __str__(self) -> str:
        return f"{self.scenario}: {self.place + 1} {self.call.what}"

    @property
    def faults(self) -> list[Fault]:
        """A crash before a call is one after the call before it, if there is any."""
        return [fault for fault in FAULTS if fault is not Fault.CRASH_BEFORE or not self.call.after]

    def doubled(self, fault: Fault) -> int:
        """The mails that nothing can keep from going out twice."""
        if self.scenario.use_case == "announce":  # it mails nobody
            return 0
        # It has gone out, and its sender was not told, or died before it could note that.
        if self.call.operation in MAILING:
            return int(fault in {Fault.LOST, Fault.CRASH_AFTER})
        # Whoever asks tries to note a mail until that is done. The mail to the operator is left to Lambda's next try,
        # which sends it again. That to whoever is left out of a request with too few approvers has no record at all.
        notes = self.scenario.use_case in {"ask", "tell"} and self.call.operation == "UpdateItem"
        again = self.call.after.startswith(MAILING) and not notes
        return int(again and fault is Fault.REFUSED)


def rows_of(undisturbed: list[Travel]) -> Iterator[Row]:
    """Each call of a use case once, where it is met first."""
    met: set[tuple[str, Call]] = set()
    for travel in undisturbed:
        for place, call in enumerate(travel.case.calls):
            if (key := (travel.scenario.use_case, call)) not in met:
                met.add(key)
                yield Row(travel.scenario, place, call)


@dataclass
class Travel:
    """With a fault in a row's call, or (`row` is None) with none."""

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
    way: Future = field(init=False)
    run: Run = field(init=False)
    request_id: str = ""
    token: str = ""  # of the round, once the record no longer has it
    tells: int = 0  # mails to the operator

    def __str__(self) -> str:
        return f"{self.row or self.scenario}, {self.fault}"

    def set_out(self, crowd: Executor) -> None:
        self.way = crowd.submit(self._go)

    def _go(self) -> None:
        if self.scenario.before:
            self.start()
            self.asked()
            self.scenario.before(self)
        self.plan()
        self.scenario.looked_at(self)

    # What happens

    def start(self, **task: Any) -> None:
        with self.world.starting:
            self.run = self.world.stack.start(**task)
            self.request_id = request_id({}, self.run.arn)
            self.world.proxy.register(self.case, self.request_id, self.run.arn)
            until(lambda: self.case.happened, f"first call of {self}")

    def plan(self, *more: Planned) -> None:
        """From here on the calls of the use case's function count."""
        own = [Planned(self.row.call, self.fault)] if self.row else []
        self.case.plan(ENTRIES[self.scenario.use_case], *own, *more)

    @property
    def doubled(self) -> int:
        return self.row.doubled(self.fault) if self.row else 0

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

    def vote(self, who: str, decision: Decision) -> Record:
        return self.world.stack.vote(self.request_id, who, decision)

    def bob_approves(self) -> None:
        self.vote(BOB, Decision.APPROVE)

    def press(self, decision: str = "approve") -> None:
        """And again, as long as the page says that something went wrong."""
        for _ in range(PRESSES):
            status, state = self._page("POST", data={"decision": decision, "comment": "Mine."})
            if state in SETTLED:
                return
            if status == 200:  # recorded, and the workflow is about to say that it took it
                self.ended()

    def look(self) -> None:
        for _ in range(PRESSES):
            status, _ = self._page("GET")
            if status == 200:
                return

    def _page(self, method: str, **sent: Any) -> tuple[int, str]:
        """Status and state of what Alice's link answers."""
        link = next(link_in(one.body) for one in self.received() if one.to == ALICE)
        with self.world.pressing:
            answer = self.world.stack.http.request(method, link, headers=JSON, **sent)
        ours = answer.headers.get("content-type", "").startswith(JSON["accept"])
        self.answers.append((answer.status_code, answer.json().get("state", "") if ours else ""))
        return self.answers[-1]

    def message(self, output: str, round_: int = 1, *, late: bool = False) -> None:
        """What SQS delivers once more, or the state machine sends in a later round."""
        record = self.seen()
        body = queue_message(self.run.arn, record, token=record.task_token or self.token, round_=round_, late=late)
        send(self.world.stack, output, body)

    def decided(self) -> Record:
        self.vote(BOB, Decision.APPROVE)
        self.token = self.seen().task_token
        return self.vote(ALICE, Decision.APPROVE)

    def answered(self) -> None:
        """The workflow has the answer, and the function that gave it died before it could note that."""
        record = self.decided()
        StepFunctions(self.world.stack.sfn).hand_over(record.task_token, record)
        self.ended()

    def ended(self) -> str:
        return until(lambda: self.world.ends(self.run.arn), f"end of {self}")

    def comes_back(self, who: str, **said: Any) -> None:
        """The mail to this person; `said` as in `undelivered`."""
        event = undelivered(who=who, request_id=self.request_id, **said)
        Function.of(self.world.stack, ENTRIES["bounce"]).hears(event)

    def operator_knows_of(self, who: str) -> None:
        self.sees(lambda record: (known := record.approvers[who].undelivered) and known.told, f"word of {self}")

    def told_of_its_end(self) -> None:
        Function.of(self.world.stack, ENTRIES["reconcile"]).told_that_it_has_ended(self.run)

    def announced(self) -> bool:
        """The function has been given the decision as the stream would, and is done with it."""
        stack = self.world.stack
        found = stack.dynamodb.get_item(TableName=stack.table, Key={"requestId": {"S": self.request_id}})["Item"]
        before = found | {"status": {"S": Status.OPEN.value}, "handedOver": {"BOOL": False}}
        keys = {"requestId": found["requestId"]}
        change = {"Keys": keys, "OldImage": before, "NewImage": found, "SequenceNumber": "1"}
        answer = stack.sandbox.client("lambda").invoke(
            FunctionName=Function.of(stack, ENTRIES["announce"]).name,
            Payload=json.dumps({"Records": [{"eventName": "MODIFY", "dynamodb": change}]}),
        )
        return "FunctionError" not in answer and not json.load(answer["Payload"])["batchItemFailures"]

    def handed_over(self) -> None:
        self.sees(lambda record: record.handed_over, f"handing over of {self}")

    def stopped(self) -> None:
        self.status, self.record = "ABORTED", Status.CLOSED
        self.world.stack.sfn.stop_execution(executionArn=self.run.arn)

    def closed(self) -> None:
        self.sees(lambda record: record.status is Status.CLOSED, f"closing of {self}")

    def fails(self, error: str, record: Status | None) -> None:
        """With this error, which leaves the record so, or none."""
        self.status, self.error, self.record = "FAILED", error, record

    def nothing(self) -> None:
        """As everybody was asked."""

    # What came of it

    def check(self) -> str:
        """The table's cell, after what every case owes has been asserted."""
        self.way.result()
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
        of_operator = self.doubled if self.scenario.use_case in {"reconcile", "bounce"} else 0
        assert mails.total() == self.mails + self.doubled - of_operator, (what, mails, self.doubled)
        assert len(self.told()) == self.tells + of_operator, what
        if self.mails:
            assert min(mails[ALICE], mails[BOB]) >= (self.mails - mails[REQUESTER]) // 2, (what, mails)
        return self._cell()

    def _cell(self) -> str:
        codes = [code for code, _ in self.answers]
        told = [str(code) if code in {200, 409, 503} else "5xx" for code in codes if code != 200 or code == codes[-1]]
        shown = dict.fromkeys(told)  # 200 "on its way", then 200 "thanks", is up to the workflow's haste
        end = self.error or {"SUCCEEDED": "approved", "ABORTED": "closed"}[self.status]
        said = " → ".join(shown) + ", " if shown and ENTRIES[self.scenario.use_case] == "page" else ""
        return f"{said}{end}{f', **{self.doubled} mail twice**' if self.doubled else ''}"
