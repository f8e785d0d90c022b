"""The scenarios: what people and services do to one request, whatever goes wrong meanwhile."""

from __future__ import annotations

from functools import partial

from handlers.approvals.rules.endings import abandoned
from handlers.approvals.rules.record import Decision
from handlers.contract.record import Status
from tests.faults.proxy import Fault, Planned
from tests.faults.travel import DEAD_LETTERS, REQUESTS, Scenario, Travel, until
from tests.support.stacks import ALICE, BOB


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
    one.plan(Planned(3, "Publish", Fault.THROTTLED))
    one.start()
    one.asked(2 + one.doubled)
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


# By ADR 31. Every call is time that somebody waits, and money.
SCENARIOS = [
    Scenario("look", "look", look, {"GetItem": 1}),
    Scenario(
        "answer",
        "vote, and more votes are needed",
        vote,
        {"GetItem": 1, "DescribeExecution": 1, "UpdateItem": 1},
    ),
    Scenario("answer", "approve", approve, {"GetItem": 1, "UpdateItem": 2, "SendTaskSuccess": 1}),
    Scenario("answer", "reject", reject, {"GetItem": 1, "UpdateItem": 2, "SendTaskFailure": 1}),
    Scenario("answer", "vote, but the run was stopped", vote_stopped),
    Scenario("answer", "decide, but the run was stopped", decide_stopped),
    Scenario("answer", "press, but the workflow has the answer", press_answered),
    Scenario(
        "ask",
        "ask",
        ask,
        {"GetItem": 1, "PutItem": 1, "DescribeExecution": 1, "Publish": 2, "UpdateItem": 2},
    ),
    Scenario("ask", "remind", remind, {"GetItem": 1, "UpdateItem": 1 + 2, "DescribeExecution": 1, "Publish": 2}),
    Scenario("ask", "ask, but SNS refuses at first", ask_refused),
    Scenario("ask", "ask, but the run was stopped", ask_stopped),
    Scenario("ask", "ask what is given up", ask_given_up),
    Scenario("ask", "ask too few", ask_too_few),
    Scenario("ask", "ask what is decided", partial(decided, queue=REQUESTS)),
    Scenario("ask", "ask what is rejected", partial(decided, queue=REQUESTS, decision=Decision.REJECT)),
    Scenario("ask", "ask, but the workflow has the answer", partial(answered, queue=REQUESTS)),
    Scenario("ask", "asked for a late decision", late, {"GetItem": 1, "SendTaskSuccess": 1, "UpdateItem": 1}),
    Scenario("ask", "asked for a late decision, and there is none", late_undecided),
    Scenario("give up", "give up", give_up),
    Scenario("give up", "give up what is decided", partial(decided, queue=DEAD_LETTERS)),
    Scenario("give up", "give up what is rejected", partial(decided, queue=DEAD_LETTERS, decision=Decision.REJECT)),
    Scenario("give up", "give up, but the workflow has the answer", partial(answered, queue=DEAD_LETTERS)),
    Scenario("reconcile", "told that the run was stopped", told_stopped),
]
