"""Every AWS call of every use case: throttled, failing, unanswered, and with a crash on either side of it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.proxy import FAULTS, Fault
from tests.faults.scenarios import SCENARIOS
from tests.faults.travel import DEAD_LETTERS, ENTRIES, REQUESTS, Row, Scenario, Travel, World, rows_of, until
from tests.support.roles import Function

pytestmark = pytest.mark.timeout(600)  # the first test waits for all cases

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- table: written by tests/faults -->\n", "<!-- end of table -->\n"
QUEUES = (REQUESTS, DEAD_LETTERS)
CROWD = 64  # more than those that wait for their message to come back, which set out first
SERVICES = {"dynamodb", "events", "ses", "sns", "sqs", "states"}
BY_LAMBDA = {"ReceiveMessage", "DeleteMessage", "GetQueueAttributes", "SendMessage"}  # in a function's role
BY_LAMBDA |= {"DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"}


@dataclass(frozen=True)
class Travels:
    """`rows`: what the proxy has seen in `undisturbed`, each call of a use case once."""

    undisturbed: Sequence[Travel]
    rows: Sequence[Row]
    disturbed: Sequence[Travel]

    def through(self, scenario: Scenario) -> list[Travel]:
        return [one for one in [*self.undisturbed, *self.disturbed] if one.scenario is scenario]


@pytest.fixture(scope="session")
def travels(worlds) -> Travels:
    """Through all scenarios with no fault, then with each fault in each of their rows."""
    undisturbed = [Travel(worlds[scenario.by_ses], scenario) for scenario in SCENARIOS]
    all_at_once(undisturbed)
    for world in worlds.values():
        world.hasten()
    rows = list(rows_of(undisturbed))
    disturbed = [Travel(worlds[row.scenario.by_ses], row.scenario, row, fault) for row in rows for fault in row.faults]
    all_at_once(sorted(disturbed, key=length, reverse=True))
    with suppress(AssertionError):  # which a test of its own looks at
        until(
            lambda: all(is_empty(world, queue) for world in worlds.values() for queue in QUEUES), "end"
        )  # a mail may still be on its way
    return Travels(undisturbed, rows, disturbed)


def all_at_once(travels: Sequence[Travel]) -> None:
    """But `CROWD` at a time, or they keep each other from their turn."""
    with ThreadPoolExecutor(CROWD) as crowd:
        for one in travels:
            one.set_out(crowd)
        wait([one.way for one in travels])


def length(travel: Travel) -> int:
    """Of its waits: for a message to come back, for an answer that does not come, for nothing."""
    if "crash" in travel.fault and ENTRIES[travel.scenario.use_case] != "page":
        return 2
    return 1 if travel.fault is Fault.LOST else 0


def is_empty(world: World, queue: str) -> bool:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    seen = world.stack.sqs.get_queue_attributes(QueueUrl=world.stack.sandbox.outputs[queue], AttributeNames=names)
    return not any(map(int, seen["Attributes"].values()))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_the_request_ends_as_people_decided_and_no_mail_is_lost(travels, scenario, subtests):
    for travel in travels.through(scenario):
        with subtests.test(str(travel)):
            travel.check()


@pytest.mark.parametrize("scenario", [one for one in SCENARIOS if one.budget], ids=str)
def test_nothing_is_called_that_an_answer_does_not_need(travels, scenario):
    undisturbed, *_ = travels.through(scenario)
    assert Counter(call.operation for call in undisturbed.case.calls) == scenario.budget


@pytest.mark.parametrize("entry", sorted({*ENTRIES.values()}))
def test_whatever_a_function_may_call_is_made_to_go_wrong(travels, worlds, entry):
    by_ses = {one.by_ses for one in SCENARIOS if ENTRIES[one.use_case] == entry}
    statements = [one for channel in by_ses for one in Function.of(worlds[channel].stack, entry).statements()]
    actions = [action.split(":") for one in statements for action in one["Action"]]
    allowed = {operation for service, operation in actions if service in SERVICES} - BY_LAMBDA
    met = {row.call.operation for row in travels.rows if ENTRIES[row.scenario.use_case] == entry}
    assert met - {"SendMessage"} == allowed


@pytest.mark.usefixtures("travels")
@pytest.mark.parametrize("queue", QUEUES)
def test_no_message_is_left_behind(worlds, queue):
    assert all(is_empty(world, queue) for world in worlds.values())


def test_the_published_table_is_what_this_run_has_seen(travels):
    """UPDATE_DOCS=1 writes it."""
    lines = [f"| Use case | Scenario | Call | {' | '.join(FAULTS)} |", f"|---|---|---|{'---|' * len(FAULTS)}"]
    for row in travels.rows:
        cells = {one.fault: one.check() for one in travels.disturbed if one.row is row}
        scenario, (operation, _, written) = row.scenario, row.call.what.partition(" ")
        call = f"{row.place + 1} {operation}{f' of {written}' if written else ''}"
        shown = " | ".join(cells.get(fault, "") for fault in FAULTS)
        lines.append(f"| {scenario.use_case} | {scenario.name} | {call} | {shown} |")
    lines.append("")
    twice = sum(one.doubled > 0 for one in travels.disturbed)
    cases = len(travels.disturbed)
    lines.append(f"{len(travels.rows)} calls, {cases} cases, {twice} of them with one mail twice; none lost.")
    table = "\n".join(lines) + "\n"
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    published, after = rest.split(END)
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(before + BEGIN + table + END + after, encoding="utf-8")
        return
    assert published == table
