"""One request from start to end, printed as it happens: started, mailed, answered, resumed (or not)."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from handlers.approvals.rules.announcing import over, to_be_told
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
    "fields": [
        {
            "name": "region",
            "label": "Region to release to first",
            "type": "choice",
            "required": True,
            "options": [{"value": "eu-central-1", "label": "Frankfurt"}, {"value": "eu-west-1", "label": "Ireland"}],
        }
    ],
}
CHOSEN = "eu-west-1"
LINK = re.compile(r"^\s*(https?://\S*/approvals/\S+)\s*$", re.MULTILINE)
LOOK_SECONDS = 0.1
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
        execution = sandbox.stack.start(TASK)
        timeline.step(f"Execution started: {TASK['title']}, asked by {TASK['requestedBy']}")
        timeline.detail(execution)
        if ending is EXPIRED:
            seconds = setting(sandbox.config, "deadlineSeconds", PROJECT)
            timeline.step(f"Nobody answers. It expires after {seconds} s.")
            for message in mails(sandbox, execution, float(seconds) + PATIENCE):
                timeline.mail(message)
        else:
            answer(sandbox, execution, ending, timeline)
        run = next(run for run in sandbox.stack.runs() if run.arn == execution)
        report(run, sandbox.stack.history(run), timeline)
        if (run.status, run.error) != (ending.status, ending.error):
            raise StoryError(f"expected {ending.status} {ending.error}".rstrip() + f", got {run.status}")
        if setting(sandbox.config, "announceDecision", PROJECT) != "false":
            news(sandbox, execution, timeline)


def news(sandbox: Sandbox, execution: str, timeline: Timeline) -> None:
    """The mails about how it ended, which have no link, once the record says that they are sent."""
    deadline, record = time.monotonic() + PATIENCE, None
    while not (record and over(record) and not to_be_told(record)):
        if time.monotonic() > deadline:
            words = f"others were not told how it ended after {PATIENCE} s; the emulator's last words:"
            raise StoryError(f"{words}\n{sandbox.emulator.log_tail()}")
        time.sleep(LOOK_SECONDS)
        record = next(run.record for run in sandbox.stack.runs() if run.arn == execution)
    timeline.blank()
    for message in sandbox.messages():
        if record.request_id in message.body and not LINK.search(message.body):
            timeline.mail(message)


def answer(sandbox: Sandbox, execution: str, ending: Ending, timeline: Timeline) -> None:
    """One after the other, people open their link and press the button, until the execution is over."""
    states = sandbox.client("stepfunctions")
    answered, decided = set[str](), False
    # A browser: it keeps no proxy for this machine, and follows what the page sends it.
    with httpx.Client(trust_env=False, follow_redirects=True, timeout=PATIENCE) as browser:
        for message in mails(sandbox, execution, PATIENCE):
            found = LINK.search(message.body)
            if decided or message.to in answered or not found:
                continue
            answered.add(message.to)
            timeline.mail(message)
            link = found.group(1)
            opened = browser.get(link)
            status = states.describe_execution(executionArn=execution)["status"]
            timeline.step(f"{message.to} opens the link: {opened.status_code}; the execution is still {status}")
            check(opened, status == "RUNNING")
            form = {"decision": ending.decision, "comment": ending.comment}
            chooses = ""
            if ending.decision == "approve":
                form["values.region"], chooses = CHOSEN, f"chooses {CHOSEN} and "
            pressed = browser.post(link, data=form)
            presses = f"presses {ending.decision.capitalize()} ({ending.comment}): {pressed.status_code}"
            timeline.step(f"{message.to} {chooses}{presses}", "bold")
            check(pressed, pressed.is_success)
            # The execution may still run for a moment: it has something to do once people have decided.
            now = browser.get(link, headers={"Accept": "application/json"}).json()
            decided = now["request"]["status"] != "OPEN"


def mails(sandbox: Sandbox, execution: str, seconds: float) -> Iterator[Message]:
    """All mail, as it arrives, until the execution is over. Raises StoryError if that takes longer."""
    states, deadline, known = sandbox.client("stepfunctions"), time.monotonic() + seconds, 0
    while states.describe_execution(executionArn=execution)["status"] == "RUNNING":
        if time.monotonic() > deadline:
            words = f"the execution still runs after {seconds:.0f} s; the emulator's last words:"
            raise StoryError(f"{words}\n{sandbox.emulator.log_tail()}")
        for message in sandbox.inbox.wait(known, 0.2):
            known += 1
            yield message


def check(page: httpx.Response, good: bool) -> None:  # noqa: FBT001
    if not (page.is_success and good):
        raise StoryError(f"the page answered {page.status_code}:\n{page.text}")


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
        timeline.detail(json.dumps(json.loads(run.output), indent=2, ensure_ascii=False), "")
