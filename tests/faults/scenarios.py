"""The scenarios: what people and services do to one request, whatever goes wrong meanwhile."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from handlers.approvals.rules.delivery import Notice, Trouble, noted
from handlers.approvals.rules.record import Decision
from handlers.contract.message import announcement_body
from handlers.contract.record import Status
from tests.faults.proxy import Call, Fault, Planned
from tests.faults.travel import DEAD_LETTERS, MAILING, REQUESTS, Scenario, Travel, until
from tests.support.stacks import ALICE, send

FIRST_MAIL, FIRST_BY_SES = (Call(f"{one} link", "DescribeExecution (RUNNING)") for one in MAILING)


def approved(one: Travel) -> None:
    """By both, Alice by the page."""
    one.bob_approves()
    one.press()
    one.ended()


def look(one: Travel) -> None:
    one.look()
    one.decided()
    handed_over(one, REQUESTS)


def vote(one: Travel) -> None:
    one.press()
    one.bob_approves()
    handed_over(one, REQUESTS)
    one.ended()


def press(one: Travel) -> None:
    one.press()
    one.ended()


def reject(one: Travel) -> None:
    one.fails("Rejected", Status.REJECTED)
    one.press(Decision.REJECT.value)
    one.ended()


def decided_and_stopped(one: Travel) -> None:
    one.bob_approves()
    one.stopped()


def ask(one: Travel) -> None:
    one.start()
    one.asked(2 + one.doubled)
    approved(one)


def ask_refused(one: Travel) -> None:
    one.case.plans.append(Planned(FIRST_MAIL, Fault.REFUSED))
    ask(one)


def ask_refused_by_ses(one: Travel) -> None:
    one.case.plans.append(Planned(FIRST_BY_SES, Fault.REFUSED))
    ask(one)


def ask_in_vain(one: Travel) -> None:
    ends_unapproved(one)
    one.message(REQUESTS, round_=2)
    of_no_use(one)


def ask_too_few(one: Travel) -> None:
    one.fails("TooFewApprovers", None)
    one.mails = 1
    one.start(requestedBy=f"CORP\\{ALICE}")
    one.ended()


def remind(one: Travel) -> None:
    one.mails = 4
    one.message(REQUESTS, round_=2)
    one.asked(4)
    approved(one)


def ask_stopped(one: Travel) -> None:
    one.message(REQUESTS, round_=2)
    one.closed()


def handed_over(one: Travel, queue: str, **said: Any) -> None:
    one.message(queue, **said)
    one.handed_over()
    one.ended()


def give_up(one: Travel) -> None:
    ends_unapproved(one)
    one.message(DEAD_LETTERS)
    of_no_use(one)


def ends_unapproved(one: Travel, tells: int = 1) -> None:
    one.fails("NotificationFailed", Status.CLOSED)
    one.tells = tells


def of_no_use(one: Travel) -> None:
    one.ended()
    if not one.row:
        one.closed()  # by the function that is looked at, not by the one that hears of the end
    one.told_of_its_end()
    one.sees(lambda record: record.operator_told, f"word of {one}")


def comes_back(one: Travel) -> None:
    one.tells = 1
    one.comes_back(ALICE, bounceType="Transient")
    one.operator_knows_of(ALICE)
    approved(one)


def comes_back_for_good(one: Travel) -> None:
    ends_unapproved(one, tells=2)
    one.comes_back(ALICE)
    one.operator_knows_of(ALICE)
    of_no_use(one)


def late_undecided(one: Travel) -> None:
    one.fails("Expired", Status.EXPIRED)
    one.message(REQUESTS, round_=2, late=True)
    one.ended()
    one.told_of_its_end()
    one.sees(lambda record: record.status is Status.EXPIRED, f"expiry of {one}")


def told_stopped(one: Travel) -> None:
    one.tells = 1
    one.told_of_its_end()
    one.closed()
    one.sees(lambda record: record.operator_told, f"word of {one}")
    until(lambda: len(one.told()) >= 1 + one.doubled, f"mails to the operator about {one}")


def announce(one: Travel) -> None:
    """And one more mail is asked for, to Bob: Alice has decided."""
    one.mails = 3
    until(one.announced, f"announcement of {one}")
    one.asked(3)


def tell(one: Travel) -> None:
    one.mails = 4 if one.scenario.by_ses else 3
    record = one.seen()
    body = announcement_body(record.request_id, record.execution_arn, record.version)
    send(one.world.stack, REQUESTS, json.dumps(body))
    one.asked(one.mails + one.doubled)


def lost(one: Travel) -> None:
    """Alice, without whom nothing is approved."""
    gone = Notice(request_id=one.request_id, person="", kind=Trouble.BOUNCE, reason="user unknown", permanent=True)
    one.world.stack.change(one.request_id, partial(noted, who=ALICE, notice=gone))


# What has been done before.
NOTHING, ONE_OF_TWO, DECIDED = Travel.nothing, Travel.bob_approves, Travel.decided
ANSWERED, STOPPED = Travel.answered, Travel.stopped
LETTER, MESSAGE = (partial(handed_over, queue=queue) for queue in (DEAD_LETTERS, REQUESTS))
LATE_MESSAGE = partial(handed_over, queue=REQUESTS, round_=2, late=True)
DONE = approved
# By ADR 31. Every call is time that somebody waits, and money.
VOTE = {"GetItem": 1, "DescribeExecution": 1, "UpdateItem": 1}
APPROVE = {"GetItem": 1, "UpdateItem": 2, "SendTaskSuccess": 1}
REJECT = {"GetItem": 1, "UpdateItem": 2, "SendTaskFailure": 1}
TELL = {"GetItem": 1, "UpdateItem": 1 + 2, "Publish": 2}  # the second to the requester, if they are subscribed
ASK = {"GetItem": 1, "PutItem": 1, "DescribeExecution": 1, "Publish": 2, "UpdateItem": 2}
BY_SES = {"GetItem": 1, "PutItem": 1, "DescribeExecution": 1, "SendEmail": 2, "UpdateItem": 2}
TELL_BY_SES = {"GetItem": 1, "UpdateItem": 1 + 2, "SendEmail": 2}  # the requester's domain is that of the approvers
COME_BACK = {"GetItem": 1, "UpdateItem": 2, "Publish": 1}
END = {"GetItem": 1, "UpdateItem": 3, "SendTaskFailure": 1, "Publish": 1}
REMIND = {"GetItem": 1, "UpdateItem": 1 + 2, "DescribeExecution": 1, "Publish": 2}
LATE = {"GetItem": 1, "SendTaskSuccess": 1, "UpdateItem": 1}

SCENARIOS = [
    Scenario("look", "look", NOTHING, look, {"GetItem": 1}),
    Scenario("answer", "vote, and more votes are needed", NOTHING, vote, VOTE),
    Scenario("answer", "approve", ONE_OF_TWO, press, APPROVE),
    Scenario("answer", "reject", NOTHING, reject, REJECT),
    Scenario("answer", "vote, but the run was stopped", STOPPED, Travel.press),
    Scenario("answer", "decide, but the run was stopped", decided_and_stopped, Travel.press),
    Scenario("answer", "press, but the workflow has the answer", ANSWERED, Travel.press),
    Scenario("ask", "ask", None, ask, ASK),
    Scenario("ask", "remind", NOTHING, remind, REMIND),
    Scenario("ask", "ask, but SNS refuses at first", None, ask_refused),
    Scenario("ask", "ask, but the run was stopped", STOPPED, ask_stopped),
    Scenario("ask", "ask by SES", None, ask, BY_SES, by_ses=True),
    Scenario("ask", "ask, but SES refuses at first", None, ask_refused_by_ses, by_ses=True),
    Scenario("ask", "ask too few", None, ask_too_few),
    Scenario("ask", "asked for a late decision", DECIDED, LATE_MESSAGE, LATE),
    Scenario("ask", "ask, but the workflow has the answer", ANSWERED, MESSAGE),
    Scenario("ask", "asked for a late decision, and there is none", NOTHING, late_undecided),
    Scenario("ask", "ask, but mail reaches too few", lost, ask_in_vain),
    Scenario("give up", "give up", NOTHING, give_up),
    Scenario("give up", "give up what is decided", DECIDED, LETTER),
    Scenario("give up", "give up, but the workflow has the answer", ANSWERED, LETTER),
    Scenario("reconcile", "told that the run was stopped", STOPPED, told_stopped),
    Scenario("announce", "announce a decision", DONE, announce, {"PutEvents": 1, "SendMessage": 1, "Publish": 1}),
    Scenario("tell", "tell how it was decided", DONE, tell, TELL),
    Scenario("tell", "tell how it was decided by SES", DONE, tell, TELL_BY_SES, by_ses=True),
    Scenario("bounce", "a mail comes back for now", NOTHING, comes_back, COME_BACK, by_ses=True),
    Scenario("bounce", "a mail comes back, and too few are left", NOTHING, comes_back_for_good, END, by_ses=True),
]
