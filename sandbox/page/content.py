"""What the page says. page.html says where; whatever comes from outside is text, which Jinja escapes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from handlers.approvals.faces import wording
from handlers.approvals.rules.record import Record
from sandbox.inbox import Message
from sandbox.page.stack import Stack

LINK = re.compile(r"https?://[^\s<>\"']+")
LONGEST = 2000  # characters of what nobody has checked
STATUSES = {
    "RUNNING": ("now", "Running"),
    "SUCCEEDED": ("good", "Succeeded"),
    "FAILED": ("bad", "Failed"),
    "ABORTED": ("bad", "Stopped"),
    "TIMED_OUT": ("bad", "Timed out"),
}
BY_HAND = "The round was ended by hand"  # the cause that launcher.py gives
IN_VAIN = "Nothing was done: the run does not wait for anybody."
# Lines that say nothing more, Lambda's and metrics, and what its logger adds to every line of it.
PLATFORM = ("INIT_START", "START ", "END ", '{"_aws"')
EVERYWHERE = ("timestamp", "location", "service", "xray_trace_id", "cold_start")


def page(stack: Stack, messages: Sequence[Message], chat: Sequence[Message], name: str) -> str:
    """The whole page, with the run of this name chosen; with the newest, if it is empty."""
    runs = stack.runs()
    chosen = next((run for run in runs if name in ("", run.name)), None)
    events = stack.history(chosen) if chosen else []
    lines = stack.log(chosen.started) if chosen else []
    entered = [event.state for event in events if event.entered]
    return PAGES.get_template("page.html").render(
        stack=stack,
        messages=list(enumerate(messages, start=1))[::-1],  # what a person waits for is on top
        runs=runs,
        chosen=chosen,
        by_hand=[event for event in events if event.cause == BY_HAND],
        events=events,
        told=[event for event in stack.events() if chosen and event["detail"]["executionArn"] == chosen.arn],
        chat=[(message.receivedAt, json.loads(message.body)["content"]) for message in chat],
        lines=[line for line in lines if not line.text.startswith(PLATFORM)],
        picture=stack.picture.of(entered, chosen.status if chosen else ""),
    )


def problem(words: str) -> str:
    return PAGES.get_template("problem.html").render(words=words)


def linked(text: str) -> Markup:
    """With every address a link, in a tab of its own."""
    link = Markup('<a href="{0}" target="_blank" rel="noreferrer noopener">{0}</a>')
    parts, end = [], 0
    for match in LINK.finditer(text):
        parts += [escape(text[end : match.start()]), link.format(match.group())]
        end = match.end()
    return Markup("").join([*parts, escape(text[end:])])


def framed(html: str) -> str:
    """A mail's HTML, whose links open in a tab."""
    return html.replace("<head>", '<head><base target="_blank">', 1)


def headers(message: Message) -> str:
    """Those that are known: SES adds Date and Message-ID."""
    told = {"From": message.from_, "To": message.to, "Subject": message.subject, **message.headers}
    return "\n".join(f"{name}: {value}" for name, value in told.items())


def address(run: str) -> str:
    """Of the page with this run chosen."""
    return "/?" + urlencode({"run": run})


def votes_in_short(record: Record) -> str:
    """For example "1 of 2 approved, 1 rejected"."""
    counted = record.tally
    words = f"{counted.approvals.given} of {counted.approvals.required} approved"
    return f"{words}, {counted.rejections.given} rejected" if counted.rejections.given else words


def event_in_short(detail: Mapping[str, Any]) -> str:
    """For example "alice@example.com approve: Looks good": the words of the event."""
    said = [detail.get(name, "") for name in ("approver", "decision", "outcome")]
    return ": ".join(filter(None, [" ".join(filter(None, said)), detail.get("comment") or detail.get("cause", "")]))


def clock(at: datetime, zone: tzinfo) -> str:
    """The time of day in the stack's zone, as in its mails; the date as well on another day."""
    local = at.astimezone(zone)
    return f"{local:%H:%M:%S}" if local.date() == datetime.now(zone).date() else f"{local:%-d %b %H:%M}"


def in_short(words: str) -> str:
    return words if len(words) <= LONGEST else f"{words[:LONGEST]}… ({len(words) - LONGEST} more characters)"


def returned(output: str) -> str:
    """`result` in an execution's output, line by line; the whole of it, where there is none."""
    try:
        told = json.loads(output)
        shown = told["result"] if isinstance(told, dict) and "result" in told else told
        return json.dumps(shown, ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return output


def logged(text: str) -> str:
    """A line of the program's logger is JSON: the level and the message first. Lambda's own lines are not."""
    try:
        told = json.loads(text)
        if not isinstance(told, dict) or "message" not in told:
            return text
        more = {key: value for key, value in told.items() if key not in EVERYWHERE and not key.startswith("function_")}
        start = f"{more.pop('level', '')} {more.pop('message')}"
        return f"{start} {json.dumps(more, ensure_ascii=False)}" if more else start
    except (ValueError, RecursionError):
        return text


PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
PAGES.globals |= {"statuses": STATUSES, "wording": wording}
PAGES.filters |= {
    "address": address,
    "clock": clock,
    "event": event_in_short,
    "epoch": lambda seconds: datetime.fromtimestamp(seconds, UTC),
    "headers": headers,
    "iso": datetime.fromisoformat,
    "linked": linked,
    "logged": logged,
    "returned": returned,
    "short": in_short,
    "votes": votes_in_short,
}
