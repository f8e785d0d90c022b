"""Every AWS call of every use case: throttled, failing, unanswered, and with a crash on either side of it."""

from __future__ import annotations

import os
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from handlers.approvals.rules.decisions import handed_over
from handlers.approvals.rules.refusal import Reason, Refusal
from tests.faults.calls import possible_calls, unknown
from tests.faults.matrix import ROWS, SCENARIOS, Row, Scenario
from tests.faults.proxy import FAULTS, Fault
from tests.faults.scenarios import DEAD_LETTERS, REQUESTS, Travel, World, until
from tests.support.fakes import MemoryStore, records_of
from tests.support.records import record

pytestmark = pytest.mark.timeout(600)  # the first test waits for all cases

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- table: written by tests/faults -->\n", "<!-- end of table -->\n"
CASES = [case for row in ROWS for fault in FAULTS if (case := row.same(fault)) == (row, fault)]
QUEUES = (REQUESTS, DEAD_LETTERS)
# By ADR 31, for two people who are asked. Every call is time that somebody waits, and money.
BUDGETS = {
    "look": {"GetItem": 1},
    "vote, and more votes are needed": {"GetItem": 1, "DescribeExecution": 1, "UpdateItem": 1},
    "approve": {"GetItem": 1, "UpdateItem": 2, "SendTaskSuccess": 1},
    "reject": {"GetItem": 1, "UpdateItem": 2, "SendTaskFailure": 1},
    "ask": {"GetItem": 1, "PutItem": 1, "DescribeExecution": 1, "Publish": 2, "UpdateItem": 2},
    "remind": {"GetItem": 1, "UpdateItem": 1 + 2, "DescribeExecution": 1, "Publish": 2},
    "asked for a late decision": {"GetItem": 1, "SendTaskSuccess": 1, "UpdateItem": 1},
}
CROWD = len(CASES) + len(SCENARIOS)  # all: most of them wait, for a message to come back or for their turn

Key = tuple[str, Fault]  # the name of a row, or of a scenario that nothing goes wrong in
Travels = dict[Key, tuple[Travel, Future]]


def name(value: Row | Scenario | Fault) -> str:
    return str(value)


def test_every_call_that_a_use_case_can_make_of_a_port_has_a_row():
    assert {row.port_call for row in ROWS} == possible_calls()


def test_no_aws_call_is_made_past_the_ports():
    assert unknown() == set()


def test_a_change_of_a_record_that_is_gone_makes_none():
    seen, store = record(), MemoryStore()
    kept, refusal = records_of(store).change(seen, handed_over)
    assert (kept, refusal) == (seen, Refusal(reason=Reason.GONE))
    assert store.calls == ["replace", "get"]


@pytest.fixture(scope="session")
def travels(world, request) -> Travels:
    """All selected cases at once."""
    chosen = [item for item in request.session.items if "travels" in item.fixturenames]
    specs = [item.callspec.params if hasattr(item, "callspec") else {} for item in chosen]
    scenarios = {str(one["scenario"]): one["scenario"] for one in specs if "scenario" in one}
    undisturbed = [Travel(world, scenario) for scenario in scenarios.values()]
    cases = CASES if {} in specs else [(one["row"], one["fault"]) for one in specs if "row" in one]
    disturbed = [Travel(world, row.scenario, row, fault) for row, fault in cases]
    order = sorted([*undisturbed, *disturbed], key=length, reverse=True)
    with ThreadPoolExecutor(CROWD) as crowd:
        ways = [crowd.submit(one.scenario.travel, one) for one in order]
    with suppress(AssertionError):  # which a test of its own looks at
        until(lambda: all(is_empty(world, queue) for queue in QUEUES), "end")  # a mail may still be on its way
    return {(str(one.row or one.scenario), one.fault): (one, way) for one, way in zip(order, ways, strict=True)}


def length(travel: Travel) -> int:
    """Of its waits: for a message to come back, for an answer that does not come, for nothing."""
    if "crash" in travel.fault and travel.scenario.use_case != "answer":
        return 2
    return 1 if travel.fault is Fault.LOST else 0


def is_empty(world: World, queue: str) -> bool:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    seen = world.stack.sqs.get_queue_attributes(QueueUrl=world.stack.sandbox.outputs[queue], AttributeNames=names)
    return not any(map(int, seen["Attributes"].values()))


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=name)
def test_if_nothing_goes_wrong_the_proxy_sees_the_calls_of_the_rows_and_no_other(travels, scenario):
    travel, way = travels[str(scenario), Fault.NONE]
    way.result()
    assert travel.case.calls == scenario.operations
    travel.check()


@pytest.mark.parametrize(
    ("scenario", "budget"), [(SCENARIOS[one], calls) for one, calls in BUDGETS.items()], ids=list(BUDGETS)
)
def test_nothing_is_called_that_an_answer_does_not_need(travels, scenario, budget):
    travel, way = travels[str(scenario), Fault.NONE]
    way.result()
    assert Counter(travel.case.calls) == budget


@pytest.mark.parametrize(("row", "fault"), CASES, ids=name)
def test_the_request_ends_as_people_decided_and_no_mail_is_lost(travels, row, fault):
    travel, way = travels[str(row), fault]
    way.result()
    travel.check()


@pytest.mark.usefixtures("travels")
@pytest.mark.parametrize("queue", QUEUES)
def test_no_message_is_left_behind(world, queue):
    assert is_empty(world, queue)


def test_the_published_table_is_what_this_run_has_seen(travels):
    """UPDATE_DOCS=1 writes it."""
    lines = [
        f"| Use case | Scenario | What is being done | Call | {' | '.join(FAULTS)} |",
        f"|---|---|---|---|{'---|' * len(FAULTS)}",
    ]
    for row in ROWS:
        cells = [travels[str(one), same][0].check() for one, same in map(row.same, FAULTS)]
        scenario, call = row.scenario, row.call
        lines.append(
            f"| {scenario.use_case} | {scenario.name} | {call.doing} "
            f"| `{call.method}`, {call.operation} | {' | '.join(cells)} |"
        )
    lines.append("")
    twice = sum(fault in row.call.doubled for row, fault in CASES)
    lines.append(f"{len(ROWS)} calls, {len(CASES)} cases, {twice} of them with one mail twice; none lost.")
    table = "\n".join(lines) + "\n"
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    published, after = rest.split(END)
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(before + BEGIN + table + END + after, encoding="utf-8")
        return
    assert published == table
