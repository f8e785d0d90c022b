"""One request from start to end, printed as it happens: started, mailed, answered, resumed (or not)."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from sandbox.config import setting
from sandbox.deploy import PROJECT
from sandbox.session import Sandbox, running

if TYPE_CHECKING:
    from sandbox.inbox import Message
    from sandbox.page.stack import Event, Run
    from sandbox.timeline import Timeline

TASK = {
    "title": "Release 1.4 to production",
    "details": "Adds invoices in Danish crowns.\nMigration: none. Roll back with release 1.3.2.",
    "requestedBy": "dana@example.com",
}
LINK = re.compile(r"^\s*(https?://\S*/approvals/\S+)\s*$", re.MULTILINE)
PATIENCE = 60  # seconds for anything that takes a moment when all is well
# The shortest deadline, with a reminder and an escalation contact.
EXPIRY = {"deadlineSeconds": 60, "reminders": 2, "escalateTo": ["erin@example.com"]}


class StoryError(Exception):
    """The demo did not go as expected."""


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How the demo is to end, and how people get it there."""

    decision: str  # "" when nobody answers
    comment: str
    status: str
    error: str


APPROVED = Ending(decision="approve", comment="Looks good to me.", status="SUCCEEDED", error="")
REJECTED = Ending(decision="reject", comment="Not on a Friday.", status="FAILED", error="Rejected")
EXPIRED = Ending(decision="", comment="", status="FAILED", error="Expired")


def tell(
    ending: Ending, timeline: Timeline, *, stack: str, overrides: dict[str, Any], iam: bool, port: int | None
) -> None:
    """Run the story to its end. Raises StoryError when it ends in another way than `ending`."""
    if ending is EXPIRED:
        overrides = EXPIRY | overrides
    with running(stack, overrides, iam=iam, port=port, say=timeline.step) as sandbox:
        execution = sandbox.start(TASK)
        timeline.step(f"Execution started: {TASK['title']}, asked by {TASK['requestedBy']}")
        timeline.detail(execution)
        if ending is EXPIRED:
            seconds = setting(sandbox.config, "deadlineSeconds", PROJECT)
            timeline.step(f"Nobody answers. It expires after {seconds} s.")
            wait_for_end(sandbox, execution, float(seconds) + PATIENCE, timeline.mail)
        else:
            answer(sandbox, execution, ending, timeline)
            wait_for_end(sandbox, execution, PATIENCE, None)
        run = next(run for run in sandbox.stack.runs() if run.arn == execution)
        report(run, sandbox.stack.history(run), timeline)
        if (run.status, run.error) != (ending.status, ending.error):
            raise StoryError(f"expected {ending.status} {ending.error}".rstrip() + f", got {run.status}")


def answer(sandbox: Sandbox, execution: str, ending: Ending, timeline: Timeline) -> None:
    """One after the other, people open their link and press the button, until the request is decided."""
    states = sandbox.client("stepfunctions")
    # A browser: it keeps no proxy for this machine, and follows what the page sends it.
    with httpx.Client(trust_env=False, follow_redirects=True, timeout=PATIENCE) as browser:
        for message in mail(sandbox, execution):
            timeline.mail(message)
            link = link_in(message)
            opened = browser.get(link)
            status = states.describe_execution(executionArn=execution)["status"]
            timeline.step(f"{message.to} opens the link: {opened.status_code}; the execution is still {status}")
            check(opened, status == "RUNNING")
            form = {"decision": ending.decision, "comment": ending.comment}
            pressed = browser.post(link, data=form)
            timeline.step(
                f"{message.to} presses {ending.decision.capitalize()} ({ending.comment}): {pressed.status_code}", "bold"
            )
            check(pressed, pressed.is_success)
            # The execution may still run for a moment: it has something to do once people have decided.
            now = browser.get(link, headers={"Accept": "application/json"}).json()
            if now["request"]["status"] != "OPEN":
                return


def mail(sandbox: Sandbox, execution: str) -> Iterator[Message]:
    """One mail for each person, as they arrive. Raises StoryError when no further one comes."""
    seen, known, deadline = set[str](), 0, time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for message in sandbox.inbox.wait(known, 0.2):
            known += 1
            if message.to not in seen and LINK.search(message.body):
                seen.add(message.to)
                yield message
        finished = sandbox.client("stepfunctions").describe_execution(executionArn=execution)
        if finished["status"] != "RUNNING":
            ended = f"{finished['status']} {finished.get('error', '')} {finished.get('cause', '')}".rstrip()
            raise StoryError(f"the execution ended before enough people were asked: {ended}")
    raise StoryError(f"no mail within {PATIENCE} s; the emulator's last words:\n{sandbox.emulator.log_tail()}")


def link_in(message: Message) -> str:
    found = LINK.search(message.body)
    if not found:
        raise StoryError(f"the mail to {message.to} has no approval link")
    return found.group(1)


def check(page: httpx.Response, good: bool) -> None:  # noqa: FBT001
    if not (page.is_success and good):
        raise StoryError(f"the page answered {page.status_code}:\n{page.text}")


def wait_for_end(sandbox: Sandbox, execution: str, seconds: float, show: Callable[[Message], None] | None) -> None:
    deadline, known = time.monotonic() + seconds, 0
    while sandbox.client("stepfunctions").describe_execution(executionArn=execution)["status"] == "RUNNING":
        if time.monotonic() > deadline:
            raise StoryError(f"the execution still runs after {seconds:.0f} s")
        for message in sandbox.inbox.wait(known, 0.2):
            known += 1
            if show:
                show(message)


def report(run: Run, events: list[Event], timeline: Timeline) -> None:
    """The states, the time spent waiting, and the result."""
    good = run.status == "SUCCEEDED"
    timeline.step(f"Execution {run.status} {run.error}".rstrip(), "bold green" if good else "bold red")
    timeline.detail(run.cause)
    timeline.blank()
    timeline.step("Its history, in seconds since it started:", "bold")
    entered = [event for event in events if event.entered]
    waited = 0.0
    for event, following in zip(entered, [*entered[1:], events[-1]], strict=True):
        timeline.detail(f"{event.seconds:7.1f}  {event.state}", "")
        if event.state == "Request approval":
            waited += following.seconds - event.seconds
    timeline.detail(f"It waited {waited:.1f} s for people.")
    if good:  # the emulator gives a failed execution an output, too
        timeline.step("Its output:", "bold")
        timeline.detail(json.dumps(without_tokens(json.loads(run.output)), indent=2, ensure_ascii=False), "")


def without_tokens(value: Any) -> Any:
    """Redact task tokens, should an output ever hold one: whoever has one can answer."""
    if isinstance(value, dict):
        return {key: without_tokens(held) for key, held in value.items() if key != "taskToken"}
    return [without_tokens(held) for held in value] if isinstance(value, list) else value
