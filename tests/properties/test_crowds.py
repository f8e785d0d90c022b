"""Many people at one request, and many requests at a time, on the deployed program."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from handlers.approvals.rules.record import Record
from handlers.contract.record import Status
from tests.properties.tables import all_records
from tests.support.stacks import ALICE, Run, Stack, link_in, running
from tests.support.waiting import until

CROWD = [f"person-{number:02}@example.com" for number in range(16)]
HANDS = 6  # who really press at the same time: each is a process of its own in the emulator
STARTERS = 4
OPEN, ANSWERED = 40, 10
CONFIG = {
    "approvers": [ALICE],
    "escalateTo": [],
    "reminders": 0,
    "deadlineSeconds": 3600,
    "mailsPerSecond": 10,
    "deliveryAttempts": 2,
    "policies": {"crowd": {"approvers": CROWD, "approvalsRequired": 8}},
}


@pytest.fixture(scope="module")
def stack(emulator):
    with running("dev", CONFIG, emulator=emulator) as sandbox:
        yield Stack(sandbox, httpx.Client(timeout=90, trust_env=False))  # cold starts on a busy machine


def press(stack: Stack, link: str) -> httpx.Response:
    """As the page says: whoever is told that it is out of order presses again."""
    for _ in range(5):
        answer = stack.press(link)
        if answer.status_code != 503:
            break
    return answer


def test_of_many_people_pressing_at_once_exactly_the_quorum_is_counted(stack):
    run = stack.start(policy="crowd")
    links = [link_in(mail.body) for mail in run.mails(len(CROWD))]
    with ThreadPoolExecutor(HANDS) as hands:
        answers = list(hands.map(lambda link: press(stack, link), links))
    assert Counter(answer.status_code for answer in answers) == {200: 8, 409: 8}
    votes = run.succeeded()["approval"]["votes"]
    assert len({vote["approver"] for vote in votes}) == len(votes) == 8
    record = stack.seen(links[0].split("/")[-2])
    assert (record.status, len(record.votes), record.handed_over) == (Status.APPROVED, 8, True)
    assert not record.task_token


def test_of_many_open_requests_only_those_that_are_answered_go_on(stack):
    with ThreadPoolExecutor(STARTERS) as hands:
        runs = list(hands.map(lambda _: stack.start(), range(OPEN)))
    titles = {run.title for run in runs}

    def mailed() -> list[Any]:
        return [mail for mail in stack.sandbox.messages() if mail.subject.split(": ")[-1] in titles]

    mails = until(lambda: len(found := mailed()) >= OPEN and found, f"{OPEN} mails", 120)
    link_of = {mail.subject.split(": ")[-1]: link_in(mail.body) for mail in mails}
    assert len(link_of) == len(mails) == OPEN, "one mail each"
    assert len(records_of(stack, runs)) == OPEN

    answered, waiting = runs[:ANSWERED], runs[ANSWERED:]
    with ThreadPoolExecutor(HANDS) as hands:
        answers = list(hands.map(lambda run: press(stack, link_of[run.title]), answered))
    assert {answer.status_code for answer in answers} == {200}
    for run in answered:
        assert run.succeeded()["title"] == run.title
    assert {run.status for run in waiting} == {"RUNNING"}
    records = records_of(stack, runs)
    assert {records[run.arn].status for run in answered} == {Status.APPROVED}
    assert {records[run.arn].status for run in waiting} == {Status.OPEN}
    assert len(mailed()) == OPEN


def records_of(stack: Stack, runs: list[Run]) -> dict[str, Record]:
    """By execution, of which each has one."""
    arns = {run.arn for run in runs}
    found = [record for record in all_records(stack.dynamodb, stack.table) if record.execution_arn in arns]
    by_execution = {record.execution_arn: record for record in found}
    assert len(by_execution) == len(found)
    return by_execution
