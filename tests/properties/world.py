"""One request among the real handlers: who may do what next is up to the test, and every write is looked at."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from handlers import bounce, give_up, reconcile
from handlers.approvals.adapters.channel import Letterhead, Pace
from handlers.approvals.adapters.dynamodb import ApprovalTable
from handlers.approvals.adapters.queue import RequestQueue
from handlers.approvals.adapters.sns import ApproverTopic, OperatorTopic
from handlers.approvals.adapters.step_functions import StepFunctions
from handlers.approvals.rules.links import holder
from handlers.approvals.rules.record import DECIDED, Decision, Record
from handlers.approvals.rules.rounds import recipients
from handlers.approvals.usecases.ask import Ask
from handlers.approvals.usecases.bounce import Bounce
from handlers.approvals.usecases.give_up import GiveUp
from handlers.approvals.usecases.operate import Operate
from handlers.approvals.usecases.page import Page
from handlers.approvals.usecases.ports import UnavailableError
from handlers.approvals.usecases.reconcile import Reconcile
from handlers.approvals.usecases.records import PATIENCE_SECONDS, Records
from handlers.ask import Requests
from handlers.contract.events import EventType
from handlers.contract.policy import Policy
from handlers.contract.record import EXECUTION_INDEX, Status
from handlers.operate import Door
from handlers.page import HttpApi
from tests.properties.workers import WORKER_SECONDS, Fate, Worker, stepwise
from tests.properties.workflow import Executions, Workflow
from tests.support.events import ending, http, signed, undelivered
from tests.support.fakes import APPROVAL_URL, page_settings
from tests.support.policies import said_by
from tests.support.records import ANNA, ASKED_AT, BEN, CARLA, REQUEST_ID
from tests.support.services import FakeClock, FakeSns, FakeSqs, FakeTable, Violated
from tests.support.told import told

ANY_OF_THREE = Policy(approvers=(ANNA, BEN, CARLA), audit_days=30)
FINAL = {Status.EXPIRED, Status.CLOSED}
# Where each end of an execution may leave its record.
ENDS = {
    ("SUCCEEDED", ""): {Status.APPROVED},
    ("FAILED", "PayoutRefused"): {Status.APPROVED},
    ("FAILED", "Rejected"): {Status.REJECTED},
    ("FAILED", "NotificationFailed"): {Status.CLOSED},
    ("FAILED", "Expired"): {Status.EXPIRED},
    # Closed: somebody decided, or nobody, and the table did not let the state machine see it.
    ("FAILED", "RecordUnavailable"): {Status.CLOSED},
    ("FAILED", "SQS.AmazonSQSException"): {Status.CLOSED},
}
EVENT_OF = {
    Status.APPROVED: EventType.DECIDED,
    Status.REJECTED: EventType.DECIDED,
    Status.EXPIRED: EventType.EXPIRED,
    Status.CLOSED: EventType.CLOSED,
}
# Endings that nobody has to look into: people's own doing, or an operator's.
ORDINARY = {
    ("SUCCEEDED", ""),
    ("FAILED", "Rejected"),
    ("FAILED", "Expired"),
    ("FAILED", "Duplicate"),
    ("ABORTED", "Cancelled"),
}
LETTERHEAD = Letterhead(environment="test", timezone="UTC", approval_url=APPROVAL_URL)


class Topic(FakeSns):
    """Its mails are looked at when they go out."""

    def __init__(self, world: World) -> None:
        super().__init__(world.clock)
        self._world = world

    def publish(self, **mail: Any) -> None:
        super().publish(**mail)
        self._world.mailed(mail.get("MessageAttributes", {}).get("approver", {}).get("StringValue"), mail["Message"])


class Judged(Executions):
    """Whoever fails a run has to have a reason."""

    def __init__(self, world: World) -> None:
        super().__init__(world.runs)
        self._world = world

    def take(self, token: str, answer: dict[str, str]) -> None:
        self._world.failed(answer.get("cause", ""))
        super().take(token, answer)


@dataclass
class World:
    """One request under a policy; `table` is a DynamoDB client or a stand-in for one.

    Services have started it `starts` times: the first run whose message is read asks, and any other is a duplicate.

    `skew` is how many seconds Step Functions' clock is ahead of the functions'.
    """

    policy: Policy = ANY_OF_THREE
    starts: int = 1
    rounds: int = 2
    table: Any = None
    table_name: str = "approvals"
    request_id: str = REQUEST_ID
    seconds: int = 86_400
    skew: int = 0
    workers: list[Worker] = field(default_factory=list)
    links: dict[str, list[str]] = field(default_factory=dict)
    seen: Record | None = None
    told: list[tuple[EventType, dict[str, Any]]] = field(default_factory=list)
    hopeless: set[int] = field(default_factory=set)  # versions of the record that mail reaches too few people for

    def __post_init__(self) -> None:
        self.clock = FakeClock()
        self.table = self.table or FakeTable()
        self.runs = [
            Workflow(
                name=f"run-{number}",
                request_id=self.request_id,
                rounds=self.rounds,
                deadline=ASKED_AT + self.skew + self.seconds,
                table=self.table,
                table_name=self.table_name,
                policy=self.policy,
                clock=self.clock,
            )
            for number in range(self.starts)
        ]
        self.dead_letters = FakeSqs(self.clock)
        self.sqs = FakeSqs(self.clock, dead_letters=self.dead_letters)
        self._taken_from_queue = [0] * self.starts
        self._reader = ApprovalTable(self.table, self.table_name)
        self._operator_mails = [0] * self.starts
        self._returned: set[str] = set()  # whose mails the operator was told of
        self._mailed_by: dict[tuple[str, int], list[Worker]] = {}
        self._running: Worker | None = None
        self.collect()

    @property
    def record(self) -> Record:
        """As it is stored, once it is."""
        found = self.stored
        assert found
        return found

    @property
    def workflow(self) -> Workflow:
        """The run whose request it is; the first one as long as nobody knows."""
        record = self.stored
        return next((run for run in self.runs if record and run.execution_arn == record.execution_arn), self.runs[0])

    @property
    def stored(self) -> Record | None:
        return self._reader.get(self.request_id)

    @property
    def at_work(self) -> list[Worker]:
        return [worker for worker in self.workers if not worker.finished]

    @property
    def queue(self) -> list[str]:
        return self.sqs.bodies

    @property
    def messages(self) -> list[str]:
        """All that were ever sent: any of them may be delivered once more."""
        return [body for run in self.runs for body in run.sent]

    # What may happen next.

    def deliver(self, body: str) -> Worker:
        """The queue gives a message to the consumer, and forgets it if that reports no failure."""
        function, ends = self._requests(), int(self.clock.now() + WORKER_SECONDS) + 1
        worker = self._start("ask", lambda: self.sqs.deliver(lambda delivered: function.serve(delivered, ends), body))
        message = json.loads(body)
        (run,) = [run for run in self.runs if run.execution_arn == message["executionArn"]]
        worker.round, worker.late = message["round"], run.ended
        worker.lost = {who for who, one in self.seen.approvers.items() if one.lost} if self.seen else set()
        return worker

    def dead_letter(self, body: str) -> Worker:
        """A message has been delivered too often; the consumer of the dead letters gets it."""
        self.sqs.give_up(body)
        return self.deliver_dead_letter(body)

    def deliver_dead_letter(self, body: str) -> Worker:
        use_case = GiveUp(records=self._records(), workflow=self._executions())
        return self._start(
            "give_up",
            lambda: self.dead_letters.deliver(lambda delivered: give_up.serve(use_case, delivered), body),
        )

    def tell(self, run: Workflow, *, whole: bool = True) -> Worker:
        """EventBridge brings word that the execution is over: at least once, at any time after that.

        Not `whole` is an event without the error, as was seen on AWS.
        """
        use_case = Reconcile(
            records=self._records(),
            workflow=self._executions(),
            operator=self._operator(),
            clock=self.clock,
        )

        # It is sent when the run ends, and says so; some come without the error.
        told = run.execution
        error = (told.error or None) if whole else None
        at = told.stopped_at or self.clock.now()
        event = ending(told.status, error=error, at=at, execution_arn=run.execution_arn)
        worker = self._start_by_event("reconcile", lambda: reconcile.serve(use_case, event))
        worker.told_of = run.execution_arn
        return worker

    def come_back(self, who: str, *, permanent: bool) -> Worker:
        """EventBridge brings word that a mail to somebody has come back: at least once, at any time, in any order."""
        use_case = Bounce(
            records=self._records(),
            workflow=self._executions(),
            operator=self._operator(),
        )
        kind = "Permanent" if permanent else "Transient"
        event = undelivered(who=who, request_id=self.request_id, bounceType=kind)
        worker = self._start_by_event("bounce", lambda: bounce.serve(use_case, event))
        worker.again = lambda: self.come_back(who, permanent=permanent)
        return worker

    def order(self, name: str) -> Worker:
        """An operator reminds all who wait, or cancels, which they try again until it is answered."""
        operate = Operate(
            records=self._records(),
            workflow=self._executions(),
            mail=ApproverTopic(stepwise(Topic(self)), "approver-topic", LETTERHEAD, Pace(0.1, self.clock)),
            clock=self.clock,
        )
        door = Door(operate=operate, state_machine_arn="")
        event, ends = signed({"order": name, "requestId": self.request_id, "why": "No."}), self.clock.now() + 20

        def work() -> bool:
            return door.serve(event, ends)["statusCode"] in {200, 409}

        worker = self._start("operate", work)
        worker.round = -len(self.workers)  # its mails are of no round
        worker.lost = {who for who, one in self.seen.approvers.items() if one.lost} if self.seen else set()
        worker.again = (lambda: self.order(name)) if name == "cancel" else None
        return worker

    def press(self, who: str, decision: Decision = Decision.APPROVE, number: int = -1) -> Worker:
        """Somebody presses a button of the page behind the link in one of their mails."""
        path = "/approvals/" + self.links[who][number].split("/approvals/")[1]
        event = http("POST", path, f"decision={decision}", accept="application/json")
        answer = Page(records=self._records(), workflow=self._executions(), clock=self.clock)
        function = HttpApi(page=answer, settings=page_settings())
        worker = self._start("page", lambda: function.serve(event))
        worker.pressed, worker.late = (who, decision), self.workflow.ended
        return worker

    def go(self, worker: Worker, fate: Fate = Fate.FINE) -> None:
        """Let a worker make the call before which it waits, and run up to the next one."""
        self._running = worker
        worker.go(fate)
        self.look()
        self._running = None
        if worker.finished and worker.pressed and worker.answer:
            self._answered(worker)

    def to_its_end(self, worker: Worker) -> Worker:
        while not worker.finished:
            self.go(worker)
        return worker

    def go_on(self, run: Workflow | None = None, *, trouble: bool = False) -> None:
        (run or self.workflow).go_on(trouble=trouble)
        self.collect()
        self.look()

    def wait(self, seconds: float) -> None:
        """Time passes; Lambda ends whoever has worked for too long."""
        self.clock.time += seconds
        for worker in self.at_work:
            if self.clock.now() >= worker.ends:
                self.go(worker, Fate.KILLED_BEFORE)

    def collect(self) -> None:
        """What the state machine has sent waits in the queue."""
        for number, run in enumerate(self.runs):
            for body in run.sent[self._taken_from_queue[number] :]:
                self.sqs.send(body)
            self._taken_from_queue[number] = len(run.sent)

    # What has to be true.

    def look(self) -> None:
        """Compare the record with what it was: was this step one that may be taken?"""
        before, now = self.seen, self.stored
        self.seen = now
        if now is None or now == before:
            return
        if now.status in DECIDED | {Status.OPEN}:
            said = {who: vote.decision for who, vote in now.votes.items()}
            assert now.status is said_by(self.policy, said), "the votes say otherwise"
        assert not now.answered_without_vote, "nobody but the functions has a token here"
        assert not now.task_token or not (now.status in FINAL or now.handed_over), "a final record keeps a token"
        if now.handed_over and now.status in DECIDED:
            assert self.workflow.took == now.status, "said to be handed over, and was not"
        self._events(before, now)
        if any(one.lost for one in now.approvers.values()) and self._nobody_can_approve(now):
            self.hopeless.add(now.version)
        if before is None:
            assert now.version == 1
            return
        assert now.version == before.version + 1, "two writes, or one that did not count"
        assert now.round >= before.round, "an earlier round has overwritten a later one"
        assert before.handed_over <= now.handed_over
        for who, approver in before.approvers.items():
            assert approver.vote in (None, now.approvers[who].vote), "a vote was changed"
            assert set(approver.links) <= set(now.approvers[who].links), "a mailed link was forgotten"
            assert approver.lost <= now.approvers[who].lost, "somebody is mailed again although no mail arrives"
        if now.votes != before.votes:
            assert before.status is Status.OPEN, "a vote was counted after the end"
            assert len(now.votes) == len(before.votes) + 1, "one write counted two votes"
            # One that decides is told at the hand-over that nobody waits.
            voter, blind = self._running, now.status in DECIDED
            assert blind or not voter or not voter.late or voter.troubled, "a vote was kept of a run that was over"
        if now.status is not before.status and before.status is not Status.OPEN:
            assert before.status in DECIDED, "a final status has changed"
            assert now.status is Status.CLOSED, "a decision has changed"
            assert self.workflow.ended, "closed although the execution goes on"
            assert not before.handed_over, "closed although the answer had arrived"

    def _events(self, before: Record | None, now: Record) -> None:
        """What this write is told as: what is new in the record, and each of that once in its life."""
        made = told(before, now)
        self.told += made
        said = [(type_, detail.get("approver")) for type_, detail in made]
        new = [EventType.VOTED for who in now.votes if not before or who not in before.votes]
        asked = [EventType.REMINDED] if before and now.round > before.round and recipients(now) else []
        ended = [] if now.status in {Status.OPEN, before.status if before else Status.OPEN} else [EVENT_OF[now.status]]
        first = [] if before else [EventType.REQUESTED]
        times = lambda record: sum(one.reminders for one in record.approvers.values()) if record else 0  # noqa: E731
        hand = [EventType.REMINDED] * (times(now) - times(before))
        assert len(hand) <= 1, "one write has reminded two people"
        assert [type_ for type_, _ in said] == [*first, *asked, *hand, *new, *ended]
        ids = [detail["id"] for _, detail in self.told]
        assert len(ids) == len(set(ids)), "two events have one id"
        assert told(before, now) == made, "a repeat is another event"
        lasting = [type_ for type_, _ in self.told if type_ in {*EVENT_OF.values(), EventType.REQUESTED}]
        assert lasting == list(dict.fromkeys(lasting)), "something has happened twice"

    def settle(self) -> None:
        """Faults are over: everybody finishes, every message is consumed, the execution runs to its end."""
        for worker in self.at_work:
            self.to_its_end(worker)
        for worker in list(self.workers):
            if worker.again and not worker.answer:
                assert self.to_its_end(worker.again()).answer
        self._empty_the_queues()
        for run in self.runs:
            while not run.ended:
                if run.at == "waiting":
                    assert run is self.workflow, "a duplicate waits for an answer"
                    self._somebody_can_answer()
                self.go_on(run)
                self._empty_the_queues()
        for run in self.runs:
            self._told(run)
        for who in list(self.links)[:1]:
            pressed = self.to_its_end(self.press(who))
            assert pressed.answer["statusCode"] in {200, 409}
            self._agrees(self.record)

    def _told(self, run: Workflow) -> None:
        """Word of the end has come, if need be once more; after that the record needs nobody's press."""
        if not any(worker.told_of == run.execution_arn and worker.answer for worker in self.workers):
            self.to_its_end(self.tell(run))
        ordinary = (run.status, run.error) in ORDINARY
        mails = self._operator_mails[self.runs.index(run)]
        assert ordinary == (not mails), "the operator hears of trouble, and of nothing else"
        record = self.stored
        for who, one in record.approvers.items() if record else ():
            assert not one.undelivered or (one.undelivered.told and who in self._returned), "the operator was not told"
        if run is not self.workflow:
            assert not run.took, "a duplicate has got the other run's answer"
            assert run.error != "Expired", "a duplicate has expired the other run's request"
            return
        if record and record.status is Status.OPEN:
            # Word came first, then a message, and its reader could not see that the execution was over.
            blind = (worker for worker in self.workers if worker.name == "ask" and worker.late)
            assert any(worker.troubled for worker in blind), "nobody has closed the record"
        elif record:
            self._agrees(record)

    def _empty_the_queues(self) -> None:
        for _ in range(4 * len(self.messages)):
            for letter in self.dead_letters.bodies:
                self.to_its_end(self.deliver_dead_letter(letter))
            if not self.queue:
                return
            self.to_its_end(self.deliver(self.queue[0]))
            if self.queue:
                self.wait(WORKER_SECONDS + 2)  # somebody who was killed may still have the right to send
        assert not self.queue, "a message is never consumed"

    def _somebody_can_answer(self) -> None:
        """The execution waits, nothing is under way: people have been asked, and their answer would reach it."""
        record = self.record
        assert record.status is Status.OPEN, f"nobody can answer, and the execution waits: {record.status}"
        assert record.task_token == self.workflow.token
        assert record.round == self.workflow.round
        assert record.lease is None
        assert record.version not in self.hopeless, "it waits for people whom no mail reaches"
        for who, approver in record.approvers.items():
            assert approver.vote or approver.lost or approver.mailed_round == record.round, f"{who} was not asked"

    def _nobody_can_approve(self, record: Record) -> bool:
        """With all who have not answered, but for those whom no mail reaches."""
        able = {who for who in self.policy.everybody if who not in record.approvers or not record.approvers[who].lost}
        able = able - record.votes.keys() | {
            who for who, one in record.votes.items() if one.decision is Decision.APPROVE
        }
        return said_by(self.policy, dict.fromkeys(able, Decision.APPROVE)) is not Status.APPROVED

    def failed(self, cause: str) -> None:
        """A run that could be approved all the time is none that whoever is not reached ends."""
        if "whom no mail reaches" not in cause:
            return
        assert self._running
        if not any(version >= self._running.began for version in self.hopeless):
            raise Violated("ended although it could be approved")

    def _agrees(self, record: Record) -> None:
        workflow = self.workflow
        if workflow.status == "ABORTED":
            # Closed as well if the answer had arrived and the worker died before it could say so.
            wanted = {Status.CLOSED, Status.EXPIRED, Status(workflow.took)} if workflow.took else {Status.CLOSED}
        else:
            wanted = ENDS[workflow.status, workflow.error]
            # Whoever was asked for a late decision saw none, and a vote was recorded before that was told.
            if workflow.asked_late and workflow.error == "Expired" and record.votes:
                wanted = wanted | {Status.CLOSED}
            # It ended by itself after an operator had closed the record, and before they could stop it.
            if record.ended and record.ended.cancelled and not workflow.took:
                wanted = wanted | {Status.CLOSED}
        assert record.status in wanted, f"{record.status} of an execution that {workflow.status} {workflow.error}"
        assert not record.task_token
        assert record.handed_over == (record.status in DECIDED)

    def _answered(self, worker: Worker) -> None:
        """What a person was told is what happened."""
        assert worker.pressed
        who, decision = worker.pressed
        told, record = worker.answer, self.record
        assert told["statusCode"] in {200, 409, 503}, told
        vote = record.approvers[who].vote
        if told["statusCode"] == 200:
            assert vote, "told that the answer counts, and it was not recorded"
            assert vote.decision is decision, "told that another answer counts"
            state = json.loads(told["body"])["state"]
            if state == "thanks" and json.loads(told["body"])["request"]["status"] in DECIDED:
                assert self.workflow.took == json.loads(told["body"])["request"]["status"]
        elif told["statusCode"] == 503:
            waited = self.clock.now() - (worker.ends - WORKER_SECONDS)
            assert worker.troubled or waited >= PATIENCE_SECONDS, "out of order without a reason"

    # The functions, each worker with adapters of its own.

    def _start(self, name: str, work: Callable[[], Any]) -> Worker:
        worker = Worker(name, work, self.clock.now() + WORKER_SECONDS)
        worker.began = self.seen.version if self.seen else 0
        self.workers.append(worker)
        return worker

    def _start_by_event(self, name: str, serve: Callable[[], None]) -> Worker:
        def work() -> bool:
            try:
                serve()
            except UnavailableError:
                return False  # Lambda calls it again
            return True

        return self._start(name, work)

    def _operator(self) -> OperatorTopic:
        return OperatorTopic(stepwise(Topic(self)), "operator-topic", LETTERHEAD)

    def _requests(self) -> Requests:
        ask = Ask(
            records=self._records(),
            workflow=self._executions(),
            mail=ApproverTopic(stepwise(Topic(self)), "approver-topic", LETTERHEAD, Pace(0.1, self.clock)),
            clock=self.clock,
        )
        return Requests(ask=ask, queue=RequestQueue(stepwise(self.sqs), "request-queue"))

    def _records(self) -> Records:
        return Records(store=ApprovalTable(stepwise(self.table), self.table_name, EXECUTION_INDEX), clock=self.clock)

    def _executions(self) -> StepFunctions:
        return StepFunctions(stepwise(Judged(self)))

    def mailed(self, who: str | None, body: str) -> None:
        """Of an approver, the link works, and it is the first of this round unless a fault came between."""
        if who is None and "- To: " in body:
            self._returned.update(re.findall(r"^- To: (.*)$", body, re.MULTILINE))
            return
        if who is None:
            (number,) = [number for number, run in enumerate(self.runs) if run.execution_arn in body]
            self._operator_mails[number] += 1
            return
        (link,) = re.findall(r"^https?://\S+/approvals/\S+$", body, re.MULTILINE)
        record, worker = self.record, self._running
        assert worker
        if who in worker.lost:
            raise Violated(f"{who} was mailed although no mail arrives")
        if worker.late and not worker.troubled:
            raise Violated(f"{who} was asked for a run that was over")
        if holder(record, link.rsplit("/", 1)[1]) != who:
            raise Violated("a link that nobody knows")
        self.links.setdefault(who, []).append(link)
        earlier = self._mailed_by.setdefault((who, worker.round), [])
        if not all(one is worker or (one.finished and one.troubled) for one in earlier):
            raise Violated(f"{who} was mailed twice")
        earlier.append(worker)
