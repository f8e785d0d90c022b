"""The rows: what is being done in each scenario, call by call, and what each call's going wrong costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from handlers.approvals.rules.record import Decision
from tests.faults import scenarios
from tests.faults.calls import PortCall
from tests.faults.proxy import Fault, Planned
from tests.faults.scenarios import DEAD_LETTERS, REQUESTS, Travel

# A mail has gone out, and its sender was not told, or died before it could note that: asked again, it goes out again.
UNTOLD = {Fault.LOST: 1, Fault.CRASH_AFTER: 1}
# The mail to the operator is not noted by whoever lives on, but by Lambda's next try, which sends it again. That to
# whoever is left out of a request with too few approvers has no record that could note it.
REFUSED = {Fault.THROTTLED: 1, Fault.SERVER_ERROR: 1}


@dataclass(frozen=True)
class Call:
    """It is made to go wrong in each way. `method` is a port's, `operation` what it comes to on AWS here.

    doubled  mails that go out once more, by fault; where none is named, none may
    """

    doing: str
    method: str
    operation: str
    doubled: Mapping[Fault, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Covered:
    """The same call as in another scenario, where it is made to go wrong."""

    by: str
    doing: str

    @property
    def operation(self) -> str:
        (call,) = [one for one in SCENARIOS[self.by].calls if isinstance(one, Call) and one.doing == self.doing]
        return call.operation


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """`calls`: all that the use case's function makes if nothing goes wrong, in order, from where `travel` plans."""

    use_case: str
    name: str
    travel: Callable[[Travel], None]
    calls: Sequence[Call | Covered]

    def __str__(self) -> str:
        return f"{self.use_case}, {self.name}"

    @property
    def rows(self) -> list[Row]:
        return [Row(self, place, call) for place, call in enumerate(self.calls) if isinstance(call, Call)]

    @property
    def operations(self) -> list[str]:
        return [call.operation for call in self.calls]


@dataclass(frozen=True)
class Row:
    """A line of the table. `place` counts the scenario's calls from 0."""

    scenario: Scenario
    place: int
    call: Call

    def __str__(self) -> str:
        return f"{self.scenario}: {self.call.doing}"

    def same(self, fault: Fault) -> tuple[Row, Fault]:
        """The case that shows what this fault does here: a crash before a call is one after the call before it."""
        before = [row for row in self.scenario.rows if row.place == self.place - 1]
        return (before[0], Fault.CRASH_AFTER) if before and fault is Fault.CRASH_BEFORE else (self, fault)

    @property
    def port_call(self) -> PortCall:
        return PortCall(self.scenario.use_case, self.call.method, self.call.operation)

    def planned(self, fault: Fault) -> Planned:
        return Planned(place=self.place, operation=self.call.operation, fault=fault)


def _covered(by: str, *doings: str) -> list[Covered]:
    return [Covered(by, doing) for doing in doings]


def _scenarios(use_case: str, *parts: tuple[str, Callable[[Travel], None], Sequence[Call | Covered]]) -> list[Scenario]:
    return [Scenario(use_case=use_case, name=name, travel=travel, calls=calls) for name, travel, calls in parts]


ANSWER = _scenarios(
    "answer",
    (
        "look",
        scenarios.look,
        [
            Call("find the request", "store.get", "GetItem"),
        ],
    ),
    (
        "vote, and more votes are needed",
        scenarios.vote,
        [
            Call("find the request to vote on", "store.get", "GetItem"),
            Call("see whether anybody waits for the vote", "workflow.execution", "DescribeExecution"),
            Call("write the vote", "store.replace", "UpdateItem"),
        ],
    ),
    (
        "approve",
        scenarios.approve,
        [
            Call("find the request to decide on", "store.get", "GetItem"),
            Call("write the vote and the decision", "store.replace", "UpdateItem"),
            Call("hand the approval over", "workflow.hand_over", "SendTaskSuccess"),
            Call("note that it is handed over", "store.replace", "UpdateItem"),
        ],
    ),
    (
        "reject",
        scenarios.reject,
        [
            *_covered("approve", "find the request to decide on", "write the vote and the decision"),
            Call("hand the rejection over", "workflow.hand_over", "SendTaskFailure"),
            *_covered("approve", "note that it is handed over"),
        ],
    ),
    (
        "vote, but the run was stopped",
        scenarios.vote_stopped,
        [
            *_covered("vote, and more votes are needed", "find the request to vote on"),
            *_covered("vote, and more votes are needed", "see whether anybody waits for the vote"),
            Call("close the request", "store.replace", "UpdateItem"),
        ],
    ),
    (
        "decide, but the run was stopped",
        scenarios.decide_stopped,
        [
            *_covered("approve", "find the request to decide on", "write the vote and the decision"),
            *_covered("approve", "hand the approval over"),
            *_covered("press, but the workflow has the answer", "note that the token is spent"),
            *_covered("press, but the workflow has the answer", "see what became of the run"),
            Call("close the request that was decided", "store.replace", "UpdateItem"),
        ],
    ),
    (
        "press, but the workflow has the answer",
        scenarios.press_answered,
        [
            *_covered("approve", "find the request to decide on", "hand the approval over"),
            Call("note that the token is spent", "store.replace", "UpdateItem"),
            Call("see what became of the run", "workflow.execution", "DescribeExecution"),
            Call("note that it was handed over", "store.replace", "UpdateItem"),
        ],
    ),
)

ASK = _scenarios(
    "ask",
    (
        "ask",
        scenarios.ask,
        [
            Call("look for the record", "store.get", "GetItem"),
            Call("make the record", "store.create", "PutItem"),
            Call("see whether anybody waits", "workflow.execution", "DescribeExecution"),
            Call("send the first mail", "mail.ask", "Publish", UNTOLD),
            Call("note the first mail", "store.replace", "UpdateItem"),
            Call("send the last mail", "mail.ask", "Publish", UNTOLD),
            Call("note the last mail", "store.replace", "UpdateItem"),
        ],
    ),
    (
        "remind",
        scenarios.remind,
        [
            *_covered("ask", "look for the record"),
            Call("take the next round", "store.replace", "UpdateItem"),
            *_covered("ask", "see whether anybody waits", "send the first mail", "note the first mail"),
            *_covered("ask", "send the last mail", "note the last mail"),
        ],
    ),
    (
        "ask, but SNS refuses at first",
        scenarios.ask_refused,
        [
            *_covered("ask", "look for the record", "make the record", "see whether anybody waits"),
            *_covered("ask", "send the first mail", "send the last mail", "note the last mail"),
            # The lease is given back by the record as it was before the mail was noted, so that is refused at first.
            Call("give the lease back", "store.replace", "UpdateItem"),
            *_covered("ask", "look for the record"),
            *_covered("ask, but SNS refuses at first", "give the lease back"),
            Call("bring the retry forward", "queue.come_back", "ChangeMessageVisibility"),
            *_covered("ask", "look for the record"),
            *_covered("remind", "take the next round"),
            *_covered("ask", "see whether anybody waits", "send the first mail", "note the first mail"),
        ],
    ),
    (
        "ask, but the run was stopped",
        scenarios.ask_stopped,
        [
            *_covered("ask", "look for the record"),
            *_covered("remind", "take the next round"),
            *_covered("ask", "see whether anybody waits"),
            Call("close the request", "store.replace", "UpdateItem"),
        ],
    ),
    (
        "asked for a late decision",
        scenarios.late,
        [
            Call("read what was decided", "store.get", "GetItem"),
            *_covered("ask what is decided", "hand the approval over", "note that it is handed over"),
        ],
    ),
    (
        "asked for a late decision, and there is none",
        scenarios.late_undecided,
        [
            *_covered("asked for a late decision", "read what was decided"),
            Call("say that there is none", "workflow.fail", "SendTaskFailure"),
        ],
    ),
    (
        "ask what is given up",
        scenarios.ask_given_up,
        [
            *_covered("ask", "look for the record"),
            Call("fail the run", "workflow.fail", "SendTaskFailure"),
        ],
    ),
    (
        "ask too few",
        scenarios.ask_too_few,
        [
            *_covered("ask", "look for the record", "see whether anybody waits"),
            Call("tell who is left out", "mail.leave_out", "Publish", UNTOLD),
            Call("refuse", "workflow.fail", "SendTaskFailure", REFUSED),
        ],
    ),
    (
        "ask what is decided",
        partial(scenarios.decided, queue=REQUESTS),
        [
            *_covered("ask", "look for the record"),
            Call("hand the approval over", "workflow.hand_over", "SendTaskSuccess"),
            Call("note that it is handed over", "store.replace", "UpdateItem"),
        ],
    ),
    (
        "ask what is rejected",
        partial(scenarios.decided, queue=REQUESTS, decision=Decision.REJECT),
        [
            *_covered("ask", "look for the record"),
            Call("hand the rejection over", "workflow.hand_over", "SendTaskFailure"),
            *_covered("ask what is decided", "note that it is handed over"),
        ],
    ),
    (
        "ask, but the workflow has the answer",
        partial(scenarios.answered, queue=REQUESTS),
        [
            *_covered("ask", "look for the record"),
            *_covered("ask what is decided", "hand the approval over"),
            *_covered("press, but the workflow has the answer", "note that the token is spent"),
            Call("see what became of the run", "workflow.execution", "DescribeExecution"),
            Call("note that it was handed over", "store.replace", "UpdateItem"),
        ],
    ),
)

GIVE_UP = _scenarios(
    "give up",
    (
        "give up",
        scenarios.give_up,
        [
            Call("find the record", "store.get", "GetItem"),
            Call("fail the run", "workflow.fail", "SendTaskFailure"),
            Call("close the request", "store.replace", "UpdateItem"),
        ],
    ),
    (
        "give up what is decided",
        partial(scenarios.decided, queue=DEAD_LETTERS),
        [
            *_covered("give up", "find the record"),
            Call("hand the approval over", "workflow.hand_over", "SendTaskSuccess"),
            Call("note that it is handed over", "store.replace", "UpdateItem"),
        ],
    ),
    (
        "give up what is rejected",
        partial(scenarios.decided, queue=DEAD_LETTERS, decision=Decision.REJECT),
        [
            *_covered("give up", "find the record"),
            Call("hand the rejection over", "workflow.hand_over", "SendTaskFailure"),
            *_covered("give up what is decided", "note that it is handed over"),
        ],
    ),
    (
        "give up, but the workflow has the answer",
        partial(scenarios.answered, queue=DEAD_LETTERS),
        [
            *_covered("give up", "find the record"),
            *_covered("give up what is decided", "hand the approval over"),
            *_covered("press, but the workflow has the answer", "note that the token is spent"),
            Call("see what became of the run", "workflow.execution", "DescribeExecution"),
            Call("note that it was handed over", "store.replace", "UpdateItem"),
        ],
    ),
)

RECONCILE = _scenarios(
    "reconcile",
    (
        "told that the run was stopped",
        scenarios.told_stopped,
        [
            Call("find the request", "store.requests_of", "Query"),
            Call("read the record", "store.get", "GetItem"),
            Call("see how it ended", "workflow.execution", "DescribeExecution"),
            Call("close the request", "store.replace", "UpdateItem"),
            Call("tell the operator", "operator.tell", "Publish", UNTOLD),
            Call("note that the operator is told", "store.replace", "UpdateItem", REFUSED),
        ],
    ),
)

SCENARIOS = {one.name: one for one in [*ANSWER, *ASK, *GIVE_UP, *RECONCILE]}
ROWS = [row for one in SCENARIOS.values() for row in one.rows]
