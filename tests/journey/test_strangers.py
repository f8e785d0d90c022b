"""What comes of a letter that SQS itself moves into a queue of ours, from one that names it as its dead-letter queue.

On AWS `RedriveAllowPolicy` refuses that. The emulator keeps the attribute and moves the letter all the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from handlers.contract.question import question_digest
from tests.support.harness import below
from tests.support.stacks import ALICE, OPERATOR, Run, Stack, link_in, queue_message
from tests.support.waiting import until

QUEUE = "aws:sqs/queue:Queue"
REQUESTS, DEAD = "requests-queue", "requests-dead-letters"
KEPT = ["trigger-dead-letters", "reconcile-undelivered", "reconcile-failed"]  # nothing reads them but people
LUNCH = "Order lunch"


@pytest.fixture(scope="module")
def ours(deployed) -> Iterator[Stack]:
    """A stack of its own: its dead letters stay."""
    with deployed("dev") as stack:
        yield stack


def queues(stack: Stack) -> dict[str, str]:
    """The URLs of all queues that the program made, by logical name below its instance's."""
    urls = [id_ for type_, id_, _ in stack.sandbox.deployed.made if type_ == QUEUE]
    return {below(url.rpartition("/")[2].rpartition("-")[0]): url for url in urls}


def attributes(stack: Stack, url: str) -> dict[str, str]:
    return stack.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]


def kept(stack: Stack, name: str) -> int:
    """How many messages a queue holds, those that its consumer has in hand included."""
    seen = attributes(stack, queues(stack)[name])
    return int(seen["ApproximateNumberOfMessages"]) + int(seen["ApproximateNumberOfMessagesNotVisible"])


def move(stack: Stack, name: str, body: str) -> None:
    """Send it to a queue of a stranger's own, and receive it there until SQS takes it for dead."""
    redrive = {"deadLetterTargetArn": attributes(stack, queues(stack)[name])["QueueArn"], "maxReceiveCount": 1}
    own = stack.sqs.create_queue(
        QueueName=f"stranger-{uuid4().hex[:8]}", Attributes={"RedrivePolicy": json.dumps(redrive)}
    )["QueueUrl"]
    stack.sqs.send_message(QueueUrl=own, MessageBody=body)

    def gone() -> bool:
        stack.sqs.receive_message(QueueUrl=own, VisibilityTimeout=0)
        return attributes(stack, own)["ApproximateNumberOfMessages"] == "0"

    until(gone, "move of the letter")
    stack.sqs.delete_queue(QueueUrl=own)


def letter(run: Run, **changes: Any) -> dict[str, Any]:
    """What somebody can write who knows a waiting run, but not its token."""
    return json.loads(queue_message(run.arn, run.stack.seen(run.request_id), token="garbage")) | changes


def request(run: Run) -> dict[str, Any]:
    """A question of their own, in our name."""
    made = letter(run)
    made["request"] |= {"requestId": f"lunch-{uuid4()}", "title": f"{LUNCH} {run.title[-6:]}"}
    made["request"]["digest"] = question_digest(made["request"])
    return made


def late(run: Run) -> dict[str, Any]:
    return letter(run, late=True)


def forged_digest(run: Run) -> dict[str, Any]:
    made = letter(run)
    made["request"]["title"] = LUNCH
    return made


def another_runs_id(run: Run) -> dict[str, Any]:
    return letter(run, executionArn=f"{run.arn}-another")


def token_alone(run: Run) -> dict[str, Any]:
    """Whoever has it need not have any right to Step Functions."""
    return {"taskToken": run.item()["taskToken"]}


UNREADABLE = [forged_digest, token_alone]
LETTERS = [request, late, another_runs_id, *UNREADABLE]


def mails(stack: Stack, text: str, to: str = "") -> list[Any]:
    return [one for one in stack.sandbox.messages() if text in one.subject + one.body and to in one.to]


def waits_and_goes_on_as_people_decide(run: Run) -> None:
    assert run.status == "RUNNING"
    assert run.item()["status"] == "OPEN"
    assert run.stack.press(run.link()).status_code == 200
    assert [vote["approver"] for vote in run.succeeded()["approval"]["votes"]] == [ALICE]


@pytest.mark.parametrize("kind", LETTERS)
@pytest.mark.parametrize("name", [REQUESTS, DEAD])
def test_a_strangers_letter_that_is_read_approves_nothing_and_ends_nothing(ours, name, kind):
    run = ours.start()
    run.mails(3)
    before = kept(ours, DEAD)
    move(ours, name, json.dumps(kind(run)))
    until(lambda: kept(ours, REQUESTS) == 0, "reader of the requests")
    unreadable = before + (kind in UNREADABLE)
    until(lambda: kept(ours, DEAD) == unreadable, "dead letters, of which the alarm tells")
    if kind is request and name == REQUESTS:
        # The worst: people are asked in our name. Whatever they answer reaches no run.
        title = f"{LUNCH} {run.title[-6:]}"
        (asked,) = until(lambda: mails(ours, title, ALICE), "the mail in our name")
        ours.press(link_in(asked.body))
    waits_and_goes_on_as_people_decide(run)
    assert run.states().count("Return to main processing") == 1


@pytest.mark.parametrize("name", KEPT)
def test_a_strangers_letter_that_nothing_reads_stays_there(ours, name):
    run = ours.start()
    run.mails(3)
    before = kept(ours, name)
    move(ours, name, json.dumps(request(run)))
    assert kept(ours, name) == before + 1
    waits_and_goes_on_as_people_decide(run)


@pytest.mark.parametrize("answer", ["", "reject"])
def test_a_question_in_our_name_is_told_to_the_operator_when_the_run_that_it_names_goes_on(ours, answer):
    run = ours.start()
    run.mails(3)
    move(ours, REQUESTS, json.dumps(request(run)))
    title = f"{LUNCH} {run.title[-6:]}"
    (asked,) = until(lambda: mails(ours, title, ALICE), "the mail in our name")
    if answer:
        ours.press(link_in(asked.body), answer)
    waits_and_goes_on_as_people_decide(run)
    (told,) = until(lambda: mails(ours, run.arn, OPERATOR), "the operator's mail")
    assert "nobody had voted for that" in told.body
    assert title in told.body


def with_another_execution(run: Run, token: str) -> dict[str, Any]:
    return another_runs_id(run) | {"taskToken": token}


def with_another_request(run: Run, token: str) -> dict[str, Any]:
    other = run.stack.start()
    return letter(run, taskToken=token) | {"request": letter(other)["request"]}


@pytest.mark.parametrize("name", [REQUESTS, DEAD])
@pytest.mark.parametrize("forged", [with_another_execution, with_another_request])
def test_a_run_that_is_ended_as_a_duplicate_of_nothing_is_told_to_the_operator(
    ours, name: str, forged: Callable[[Run, str], dict[str, Any]]
):
    """Whoever has its token could end it anyway, but not so quietly."""
    run = ours.start()
    run.mails(3)
    move(ours, name, json.dumps(forged(run, run.item()["taskToken"])))
    assert run.failed()[0] == "Duplicate"
    (told,) = until(lambda: mails(ours, run.arn, OPERATOR), "the operator's mail")
    assert "ended as a duplicate although it has request" in told.body
    item = until(lambda: (now := run.item())["status"] == "CLOSED" and now, "closed record")
    assert item["answeredWithoutVote"]
    assert "Return to main processing" not in run.states()
