"""Many people at one request, and many requests at a time, on the deployed program."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from handlers.approvals.rules.record import Record
from handlers.contract.record import Status
from sandbox.emulator import Emulator
from tests.properties.tables import all_records
from tests.support.stacks import ALICE, Run, Stack, link_in, running
from tests.support.waiting import until

CROWD = tuple(f"person-{number:02}@example.com" for number in range(50))
HANDS = 8  # who really press at the same time: each is a process of its own in the emulator
STARTERS = 6
OPEN, ANSWERED = 300, 30
QUICK = {"reminders": 0, "deadlineSeconds": 3600, "mailsPerSecond": 10, "deliveryAttempts": 2, "escalateTo": []}


@contextmanager
def deployed(emulator: Emulator, **config: Any) -> Iterator[Stack]:
    with running("dev", QUICK | config, emulator=emulator) as sandbox:
        stack = Stack(sandbox, httpx.Client(timeout=90, trust_env=False))  # cold starts on a busy machine
        mail_at_full_speed(stack)
        yield stack


def mail_at_full_speed(stack: Stack) -> None:
    """The pace protects SNS's limit for e-mail, which the emulator does not have, and would cost minutes here."""
    functions = stack.sandbox.client("lambda")
    for page in functions.get_paginator("list_functions").paginate():
        for function in page["Functions"]:
            variables = function.get("Environment", {}).get("Variables", {})
            if "MAIL_PAUSE_SECONDS" in variables and variables["TABLE_NAME"] == stack.table:
                functions.update_function_configuration(
                    FunctionName=function["FunctionName"],
                    Environment={"Variables": variables | {"MAIL_PAUSE_SECONDS": "0"}},
                )


def press(stack: Stack, link: str) -> httpx.Response:
    """As the page says: whoever is told that it is out of order presses again."""
    for _ in range(5):
        answer = stack.press(link)
        if answer.status_code != 503:
            break
    return answer


def test_of_fifty_people_pressing_at_once_exactly_the_quorum_is_counted(emulator):
    with deployed(emulator, approvers=CROWD, approvalsRequired=25) as stack:
        run = stack.start()
        links = [link_in(mail.body) for mail in run.mails(len(CROWD))]
        with ThreadPoolExecutor(HANDS) as hands:
            answers = list(hands.map(lambda link: press(stack, link), links))
        assert Counter(answer.status_code for answer in answers) == {200: 25, 409: 25}
        votes = run.succeeded()["approval"]["votes"]
        assert len({vote["approver"] for vote in votes}) == len(votes) == 25
        record = stack.seen(links[0].split("/")[-2])
        assert (record.status, len(record.votes), record.handed_over) == (Status.APPROVED, 25, True)
        assert not record.task_token
        assert run.states()[:3] == ["Generate task", "Request approval", "Return to main processing"]


@pytest.fixture
def stack(emulator) -> Iterator[Stack]:
    with deployed(emulator, approvers=[ALICE]) as stack:
        yield stack


@pytest.mark.timeout(400)
def test_of_hundreds_of_open_requests_only_those_that_are_answered_go_on(stack):
    with ThreadPoolExecutor(STARTERS) as hands:
        runs = list(hands.map(lambda _: stack.start(), range(OPEN)))
    titles = {run.title for run in runs}

    def mailed() -> list[Any]:
        seen = [mail for mail in stack.sandbox.messages() if mail.subject.split(": ")[-1] in titles]
        return seen if len(seen) >= OPEN else []

    mails = until(mailed, f"{OPEN} mails", 240)
    link_of = {mail.subject.split(": ")[-1]: link_in(mail.body) for mail in mails}
    assert len(link_of) == len(mails) == OPEN, "one mail each"
    records = records_of(stack, runs)
    assert len(records) == OPEN

    answered, waiting = runs[:ANSWERED], runs[ANSWERED:]
    with ThreadPoolExecutor(HANDS) as hands:
        answers = list(hands.map(lambda run: press(stack, link_of[run.title]), answered))
    assert {answer.status_code for answer in answers} == {200}
    for run in answered:
        assert run.succeeded()["title"] == run.title
    assert running_in(stack) == {run.arn for run in waiting}
    records = records_of(stack, runs)
    assert {records[run.arn].status for run in answered} == {Status.APPROVED}
    assert {records[run.arn].status for run in waiting} == {Status.OPEN}
    assert len([mail for mail in stack.sandbox.messages() if mail.subject.split(": ")[-1] in titles]) == OPEN


def running_in(stack: Stack) -> set[str]:
    """The executions that run: one call for all, where a look at each would be hundreds."""
    pages = stack.sfn.get_paginator("list_executions").paginate(
        stateMachineArn=stack.sandbox.outputs["stateMachineArn"],
        statusFilter="RUNNING",
        PaginationConfig={"PageSize": 1000},
    )
    return {execution["executionArn"] for page in pages for execution in page["executions"]}


def records_of(stack: Stack, runs: list[Run]) -> dict[str, Record]:
    """By execution, of which each has one."""
    arns = {run.arn for run in runs}
    found = [record for record in all_records(stack.dynamodb, stack.table) if record.execution_arn in arns]
    by_execution = {record.execution_arn: record for record in found}
    assert len(by_execution) == len(found)
    return by_execution
