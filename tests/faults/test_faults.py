"""Every AWS call of every function: throttled, failing, unanswered, and with a crash on either side of it."""

from __future__ import annotations

import os
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults.calls import aws_calls, unread
from tests.faults.matrix import API, ROWS, Row
from tests.faults.proxy import Fault
from tests.faults.scenarios import SCENARIOS, Travel, World, until

pytestmark = pytest.mark.timeout(600)  # the first test waits for all cases

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- table: written by tests/faults -->\n", "<!-- end of table -->\n"
CASES = [(row, fault) for row in ROWS for fault in Fault]
QUEUES = ("requestQueueUrl", "deadLetterQueueUrl")
CROWD = 40  # most of them wait for a message to come back


def name(value: Row | Fault) -> str:
    return f"{value.scenario}: {value.call.operation} to {value.purpose}" if isinstance(value, Row) else value.value


def test_every_aws_call_in_the_code_has_a_row():
    assert {row.call for row in ROWS} == aws_calls()


def test_no_aws_call_is_made_where_it_is_not_looked_for():
    assert unread() == set()


@pytest.fixture(scope="session")
def travelled(world, request) -> dict[tuple[int, Fault], tuple[Travel, Future]]:
    """All selected cases at once. Crashes of a queue's function come first, for theirs is the longest way."""
    chosen = [item for item in request.session.items if "travelled" in item.fixturenames]
    specs = [item.callspec.params if hasattr(item, "callspec") else {} for item in chosen]
    cases = CASES if {} in specs else [(spec["row"], spec["fault"]) for spec in specs if "row" in spec]
    order = sorted(cases, key=lambda case: (case[0].call.handler == API, "crash" not in case[1]))
    travels = [Travel(world, row, fault) for row, fault in order]
    with ThreadPoolExecutor(CROWD) as crowd:
        ways = [crowd.submit(SCENARIOS[one.row.scenario], one) for one in travels]
    with suppress(AssertionError):  # which a test of its own looks at
        until(lambda: all(is_empty(world, queue) for queue in QUEUES), "end")  # a mail may still be on its way
    return {(id(one.row), one.fault): (one, way) for one, way in zip(travels, ways, strict=True)}


def is_empty(world: World, queue: str) -> bool:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    seen = world.stack.sqs.get_queue_attributes(QueueUrl=world.stack.sandbox.outputs[queue], AttributeNames=names)
    return not any(map(int, seen["Attributes"].values()))


@pytest.mark.parametrize(("row", "fault"), CASES, ids=name)
def test_the_request_ends_as_people_decided_and_no_mail_is_lost(travelled, row, fault):
    travel, way = travelled[id(row), fault]
    way.result()
    travel.check()


@pytest.mark.usefixtures("travelled")
@pytest.mark.parametrize("queue", QUEUES)
def test_no_message_is_left_behind(world, queue):
    assert is_empty(world, queue)


def test_the_published_table_is_what_this_run_has_seen(travelled):
    """UPDATE_DOCS=1 writes it."""
    lines = [
        f"| In | Call | {' | '.join(Fault)} |",
        f"|---|---|{'---|' * len(Fault)}",
    ]
    for row in ROWS:
        cells = [travelled[id(row), fault][0].check() for fault in Fault]
        where = f"`{row.call.handler}`: {row.scenario}"
        lines.append(f"| {where} | {row.call.operation}, to {row.purpose} | {' | '.join(cells)} |")
    lines.append("")
    twice = sum(sum(row.doubled.values()) for row in ROWS)
    lines.append(f"{len(ROWS)} calls, {len(CASES)} cases, {twice} of them with one mail twice; none lost.")
    table = "\n".join(lines) + "\n"
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    published, after = rest.split(END)
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(before + BEGIN + table + END + after, encoding="utf-8")
        return
    assert published == table
