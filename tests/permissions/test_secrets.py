"""A link's secret is in its mail and nowhere else; a task token is with the workflow and the open record only.

Every kind of journey is made, then everything that an account holds is searched.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from handlers.approvals.rules.links import new_secret
from handlers.contract.record import Status
from sandbox import resources
from tests.permissions.search import Place, account, console, leaks, text
from tests.support.callers import Caller
from tests.support.events import undelivered
from tests.support.messages import kept_in_queue, message
from tests.support.roles import Function
from tests.support.stacks import ALICE, BOB, JSON, OPERATOR, QUICK, Run, Stack, link_in, running, send
from tests.support.waiting import until

# In the stack's config, in a request's title, in a message and in a log line: what is searched is really looked at.
CANARY = "canary that sings in every place"
# A task token is part of these: by AWS's own doing in the history, by ours in the message that carries it.
HOLD_TOKENS = {"history", "queue"}


class Asked(Run):
    """A run whose mails may hold a second link, the one that decides by one click."""

    @classmethod
    def of(cls, stack: Stack, title: str = "") -> Asked:
        run = stack.start(**({"title": title} if title else {}))
        return cls(stack, run.arn, title or run.title)

    def link(self, to: str = ALICE, number: int = 1) -> str:
        return page_link(self.mails(number, to=to)[number - 1].body)


def page_link(body: str) -> str:
    return link_in("\n".join(line for line in body.splitlines() if not line.endswith("/approve")))


@dataclass
class Story:
    """What has happened: the runs, the tokens that were theirs, and every page that was shown."""

    runs: dict[str, Run] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    pages: list[Place] = field(default_factory=list)
    graph: list[Place] = field(default_factory=list)
    stacks: list[Stack] = field(default_factory=list)

    def keep_page(self, response: httpx.Response) -> None:
        response.read()
        seen = f"{response.status_code} {dict(response.headers)} {response.text}"
        self.pages.append(Place("page", str(len(self.pages)), seen))

    def note_token(self, run: Run) -> str:
        """The token of the round that this run is in; its mail is out by then."""
        run.link()
        token = run.item()["taskToken"]
        self.tokens.add(token)
        return token

    def mails(self) -> list[Any]:
        return [mail for stack in self.stacks for mail in stack.sandbox.messages()]

    def secrets(self) -> dict[str, Any]:
        """Each link's secret, and the mail that it was in."""
        asked = [mail for mail in self.mails() if mail.to != OPERATOR and "/approvals/" in mail.body]
        return {page_link(mail.body).rsplit("/", 1)[-1]: mail for mail in asked}


@pytest.fixture(scope="module")
def story(emulator) -> Iterator[Story]:
    """Every kind of journey: where anybody decides, by SNS, and where two have to, by SES."""
    story = Story()
    create = resources.create

    def recorded(type_: str, name: str, inputs: dict[str, Any], *others: Any) -> tuple[str, dict[str, Any]]:
        before = text(inputs)  # creating takes them apart
        id_, outputs = create(type_, name, inputs, *others)
        story.graph.append(Place("graph", name, before + id_ + text(outputs)))
        return id_, outputs

    quick = QUICK | {"task": {"title": CANARY}}
    one = quick | {"approvers": [ALICE], "oneClick": True, "reminders": 1}
    two = quick | {"approvers": [ALICE, BOB], "approvalsRequired": 2, "schedule": "", "protect": False}
    two |= {"mailFrom": "approvals@example.com"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resources, "create", recorded)
        with (
            running("dev", one, emulator=emulator) as anybody,
            running("prod", two, emulator=emulator) as both,
        ):
            story.stacks = [Stack(anybody), Stack(both)]
            for stack in story.stacks:
                stack.http.event_hooks["response"].append(story.keep_page)
            plant(story.stacks[1])
            travel(story, emulator.end_round, *story.stacks)
            yield story


def travel(story: Story, end_round: Callable[[str], bool], anybody: Stack, both: Stack) -> None:
    runs = story.runs
    asker = Function.of(anybody, "ask")
    with asker.without("sns:Publish"):
        runs["mail comes late"] = Asked.of(anybody)
        asker.could_not("sns:Publish", runs["mail comes late"])
    runs |= {
        name: Asked.of(anybody)
        for name in (
            "reminded",
            "handed over late",
            "approved",
            "rejected",
            "in JSON",
            "by one click",
            "stopped",
            "cancelled",
            "faulty",
        )
    }
    runs |= {name: Asked.of(both) for name in ("quorum", "letter", "unreadable", "expired", "open", "out of reach")}
    runs["canary"] = Asked.of(anybody, CANARY)
    tokens = {name: story.note_token(run) for name, run in runs.items()}
    until(lambda: end_round(runs["expired"].arn), "end of the only round")
    until(lambda: end_round(runs["reminded"].arn), "end of the first round")
    runs["handed over late"].vote_without_handing_over()
    until(lambda: end_round(runs["handed over late"].arn), "end of the first round")
    link = runs["approved"].link()
    anybody.get(link)
    anybody.http.head(link)
    anybody.press(f"{link.rsplit('/', 1)[0]}/{new_secret()}")
    anybody.get(link.replace(runs["approved"].request_id, "00000000-0000-4000-8000-000000000000"))
    anybody.press(link, "perhaps", "Let me think.")
    anybody.press(link, "approve", "Fine.")
    anybody.press(link, "reject")
    anybody.press(runs["rejected"].link(), "reject", "No.")
    anybody.get(runs["in JSON"].link(), **JSON)
    anybody.http.post(runs["in JSON"].link(), json={"decision": "approve"}, headers=JSON)
    anybody.get(f"{runs['by one click'].link()}/approve")
    anybody.press(runs["canary"].link())
    for who in (ALICE, BOB):
        both.press(runs["quorum"].link(who))

    anybody.sfn.stop_execution(executionArn=runs["stopped"].arn)
    anybody.get(runs["stopped"].link())
    anybody.press(runs["stopped"].link())
    api = Function.of(anybody, "page")
    for action in ("dynamodb:GetItem", "states:DescribeExecution", "dynamodb:UpdateItem", "states:SendTaskSuccess"):
        with api.without(action):
            anybody.press(runs["faulty"].link())
    anybody.press(runs["faulty"].link())
    operate(runs["cancelled"])
    send(both, "deadLetterQueueUrl", message(runs["letter"]))
    Function.of(both, "bounce").hears(undelivered(who=BOB, request_id=runs["out of reach"].request_id))
    send(both, "requestQueueUrl", json.dumps({"schemaVersion": 1, "taskToken": tokens["unreadable"]}))

    runs["reminded"].mails(2)
    story.note_token(runs["reminded"])
    anybody.press(runs["reminded"].link())
    anybody.press(runs["mail comes late"].link())
    # What cannot be read ends nothing: it is kept until an operator has looked at it and stopped the run.
    until(lambda: kept_in_queue(both, "deadLetterQueueUrl", tokens["unreadable"]), "the message that is kept")
    both.sfn.stop_execution(executionArn=runs["unreadable"].arn)
    for name, run in runs.items():
        if name not in {"open", "stopped"}:
            run.ended()
    both.press(runs["expired"].link())
    ended = (runs["stopped"], runs["unreadable"])
    until(lambda: all(run.item()["status"] == "CLOSED" for run in ended), "what its run's end tells the record")
    until(lambda: [mail for mail in story.mails() if mail.to == OPERATOR], "word to the operator")


def operate(run: Run) -> None:
    """Through the door, which refuses each order when it comes again."""
    caller = Caller(run.stack)
    for order in ("remind", "remind", "cancel", "cancel"):
        caller.order(order, requestId=run.request_id, why="No.")


def plant(stack: Stack) -> None:
    """The canary where the journeys themselves do not carry it: a function's log and a queue that nobody reads."""
    task = {"requestId": CANARY, "execution": "", "approval": {"votes": []}}
    function = stack.sandbox.outputs["processTaskFunctionArn"]
    stack.sandbox.client("lambda").invoke(FunctionName=function, Payload=json.dumps(task))
    send(stack, "triggerDeadLetterQueueUrl", CANARY)


@pytest.fixture(scope="module")
def places(emulator, story) -> list[Place]:
    """Everything but the mail."""
    outputs = [Place("outputs", str(number), text(one.sandbox.outputs)) for number, one in enumerate(story.stacks)]
    return [*story.pages, *story.graph, *outputs, *account(story.stacks[0].sandbox), console(emulator)]


def test_every_journey_has_ended_as_it_should(story):
    endings = {name: run.described() for name, run in story.runs.items()}
    told = {name: end.get("error", end["status"]) for name, end in endings.items()}
    assert told == dict.fromkeys(story.runs, "SUCCEEDED") | {
        "rejected": "Rejected",
        "expired": "Expired",
        "letter": "NotificationFailed",
        "out of reach": "NotificationFailed",
        "unreadable": "ABORTED",
        "stopped": "ABORTED",
        "cancelled": "Cancelled",
        "open": "RUNNING",
    }
    assert story.runs["handed over late"].states().count("Request approval") >= 2
    statuses = {int(page.text[:3]) for page in story.pages}
    assert statuses == {200, 400, 404, 409, 503}


def test_the_search_looks_into_every_kind_of_place(places, story):
    planted = {"log", "definition", "record", "execution", "history", "queue", "page", "graph", "console"}
    assert {place.kind for place in places if CANARY in place.text} >= planted
    outputs = story.stacks[0].sandbox.outputs
    assert {place.kind for place in places if outputs["approvalTableName"] in place.text} >= {"outputs", "function"}
    assert {place.kind for place in places if outputs["stateMachineArn"] in place.text} >= {"trigger"}


def test_the_search_finds_a_secret_and_either_half_of_it_and_says_only_where():
    secret, other = new_secret(), new_secret()
    hay = [
        Place("log", "whole", f'{{"path": "/approvals/1/{secret}"}}'),
        Place("log", "cut off", f"GET /approvals/1/{secret[:-20]}"),
        Place("log", "tail", f"...{secret[20:]}"),
        Place("log", "clean", "GET /approvals/{requestId}/{secret}"),
    ]
    assert leaks([secret], hay) == ["log whole", "log cut off", "log tail"]
    assert leaks([other], hay) == []


def test_there_is_something_to_search_for(story):
    assert len(story.secrets()) >= len(story.runs) + 7, "two people's links in one stack, two reminders' in the other"
    assert len(story.tokens) == len(story.runs) + 1, "and the one of the reminder's round"
    assert all(len(secret) == 52 for secret in story.secrets())


def test_the_secret_of_a_link_is_nowhere_but_in_its_mail(story, places):
    assert leaks(story.secrets(), places) == []


def test_the_secret_of_a_link_is_in_one_mail_to_one_person(story):
    for secret, own in story.secrets().items():
        assert [mail for mail in story.mails() if secret in mail.body + mail.subject] == [own]


def test_a_task_token_is_nowhere_but_with_the_workflow_and_in_the_open_record(story, places):
    assert leaks(story.tokens, [place for place in places if place.kind not in HOLD_TOKENS]) == []


def test_a_task_token_is_in_no_mail(story):
    mails = [Place("mail", mail.to, mail.subject + mail.body) for mail in story.mails()]
    assert leaks(story.tokens, mails) == []


def test_an_open_record_holds_the_token_and_no_other_does(story):
    """Not even of a run whose message could not be read, or that was stopped."""
    found = {name: run.item() for name, run in story.runs.items()}
    assert {item["status"] for item in found.values()} == set(Status)
    assert [name for name, item in found.items() if "taskToken" in item] == ["open"]
    assert found["open"]["taskToken"] in story.tokens
