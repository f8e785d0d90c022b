"""Whatever happens in whatever order, and wherever it breaks off: a request is decided once and for all.

Hypothesis picks who makes the next single AWS call, and how that call goes; `World.look` judges each write, and
`World.settle` what it all came to.
"""

from __future__ import annotations

from uuid import uuid4

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from handlers.approvals.rules.record import Decision
from tests.properties.tables import approval_table
from tests.properties.workers import Fate
from tests.properties.workflow import Workflow
from tests.properties.world import World
from tests.support.policies import policies
from tests.support.records import ANNA, BEN, BOSS

CROWD = 5  # workers at the same time
QUIET = settings(
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
FATES = st.sampled_from([*[Fate.FINE] * 6, *Fate])


class Requests(RuleBasedStateMachine):
    """One request and everybody who has to do with it."""

    def make_table(self) -> dict:
        return {}

    @initialize(
        policy=policies(),
        starts=st.sampled_from([1, 1, 2]),
        rounds=st.integers(1, 3),
        asked=st.booleans(),
    )
    def start(self, policy, starts, rounds, asked):
        self.world = World(policy=policy, starts=starts, rounds=rounds, **self.make_table())
        if asked:
            self.world.to_its_end(self.world.deliver(self.world.queue[0]))

    @property
    def room(self) -> bool:
        return len(self.world.at_work) < CROWD

    @property
    def running(self) -> list[Workflow]:
        return [run for run in self.world.runs if not run.ended]

    @property
    def over(self) -> list[Workflow]:
        return [run for run in self.world.runs if run.ended]

    @precondition(lambda self: self.world.links and self.room)
    @rule(who=st.integers(0, 3), decision=st.sampled_from(Decision), link=st.integers(0, 5))
    def somebody_presses(self, who, decision, link):
        mailed = sorted(self.world.links)
        person = mailed[who % len(mailed)]
        self.world.press(person, decision, link % len(self.world.links[person]))

    @precondition(lambda self: self.world.queue and self.room)
    @rule(number=st.integers(0, 3))
    def a_message_is_delivered(self, number):
        self.world.deliver(self.world.queue[number % len(self.world.queue)])

    @precondition(lambda self: self.room)
    @rule(number=st.integers(0, 3))
    def a_message_is_delivered_once_more(self, number):
        self.world.deliver(self.world.messages[number % len(self.world.messages)])

    @precondition(lambda self: self.room)
    @rule(number=st.integers(0, 3))
    def a_message_is_given_up(self, number):
        self.world.dead_letter(self.world.messages[number % len(self.world.messages)])

    @precondition(lambda self: self.world.at_work)
    @rule(number=st.integers(0, CROWD), fate=FATES)
    def a_worker_makes_its_next_call(self, number, fate):
        self.world.go(self.world.at_work[number % len(self.world.at_work)], fate)

    @precondition(lambda self: self.world.at_work)
    @rule(number=st.integers(0, CROWD), calls=st.integers(2, 6))
    def a_worker_makes_its_next_calls(self, number, calls):
        worker = self.world.at_work[number % len(self.world.at_work)]
        for _ in range(calls):
            if not worker.finished:
                self.world.go(worker)

    @precondition(lambda self: self.running)
    @rule(number=st.integers(0, 1), trouble=st.sampled_from([False] * 4 + [True]))
    def an_execution_goes_on(self, number, trouble):
        self.world.go_on(self.running[number % len(self.running)], trouble=trouble)

    @precondition(lambda self: self.running)
    @rule(number=st.integers(0, 1), really=st.sampled_from([False] * 5 + [True]))
    def somebody_stops_an_execution(self, number, really):
        if really:
            self.running[number % len(self.running)].stop()

    @precondition(lambda self: self.over and self.room)
    @rule(number=st.integers(0, 1), whole=st.booleans())
    def the_record_is_told_of_an_end(self, number, whole):
        self.world.tell(self.over[number % len(self.over)], whole=whole)

    @rule(seconds=st.sampled_from([1, 9, 25]))
    def time_passes(self, seconds):
        self.world.wait(seconds)

    def teardown(self):
        if hasattr(self, "world"):
            self.world.settle()


class ByOurOwnSender(Requests):
    """And mails come back, often so many that nobody is left to approve."""

    @initialize(policy=policies((ANNA, BEN)), rounds=st.integers(1, 3), asked=st.integers(0, 2))
    def start(self, policy, rounds, asked):
        super().start(policy, 1, rounds, asked > 0)
        if asked == 2 and rounds > 1:  # between two rounds no token is good
            self.world.go_on()

    @precondition(lambda self: self.running)
    @rule(really=st.sampled_from([False] * 5 + [True]))
    def an_execution_goes_on(self, really):
        if really:
            self.world.go_on(self.running[0])

    @precondition(lambda self: self.room)
    @rule(
        people=st.sets(st.sampled_from([ANNA, BEN, BOSS]), min_size=1),
        permanent=st.sampled_from([True, True, True, False]),
        at_once=st.booleans(),
    )
    def mails_come_back(self, people, permanent, at_once):
        for who in sorted(people):
            worker = self.world.come_back(who, permanent=permanent)
            if at_once:
                self.world.to_its_end(worker)


class WithAnOperator(Requests):
    """And somebody goes through the door, while one or two people decide."""

    @initialize(policy=policies((ANNA, BEN)), rounds=st.integers(1, 3), asked=st.booleans())
    def start(self, policy, rounds, asked):
        super().start(policy, 1, rounds, asked)

    @precondition(lambda self: self.room)
    @rule(order=st.sampled_from(["remind", "cancel"]), calls=st.integers(0, 6))
    def an_operator_orders(self, order, calls):
        worker = self.world.order(order)
        for _ in range(calls):
            self.world.go(worker)

    @precondition(lambda self: self.world.links and self.room)
    @rule(who=st.integers(0, 3), decision=st.sampled_from(Decision))
    def somebody_answers(self, who, decision):
        mailed = sorted(self.world.links)
        self.world.to_its_end(self.world.press(mailed[who % len(mailed)], decision))


def test_any_order_of_events_decides_once_and_for_all():
    run(Requests, examples=150, steps=40)


def test_mails_that_come_back_in_any_order_end_only_what_cannot_be_approved_and_nobody_is_mailed_for_nothing():
    run(ByOurOwnSender, examples=100, steps=40)


def test_whenever_an_operator_cancels_either_people_have_decided_or_nobody_can_any_more():
    run(WithAnOperator, examples=100, steps=40)


def test_any_order_of_events_decides_once_on_dynamodb(emulator):
    dynamodb, table = approval_table(emulator)

    class OnDynamoDB(Requests):
        def make_table(self) -> dict:
            return {"table": dynamodb, "table_name": table, "request_id": str(uuid4())}

    run(OnDynamoDB, examples=12, steps=30)


def run(machine: type[Requests], *, examples: int, steps: int) -> None:
    run_state_machine_as_test(machine, settings=settings(QUIET, max_examples=examples, stateful_step_count=steps))
