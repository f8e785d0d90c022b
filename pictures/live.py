"""The sandbox's own page: a request that one of the two people it needs has approved, and the other's mail, open."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from handlers.approvals.faces import mail
from handlers.approvals.rules.rounds import Kind
from pictures import machine
from pictures.story import ASKED_AT, HALF, LINK, OPEN, TIMEZONE
from sandbox.inbox import Message
from sandbox.page import content, server
from sandbox.page.picture import Picture
from sandbox.page.stack import Event, Function, LogLine, Run

STACK = "dev"
ENTERED = ["Generate task", "Request approval"]
FUNCTIONS = ["approval_api", "generate_task", "give_up_request", "process_task", "request_approval"]
LOGGED = [("generate_task", "task generated"), *[("request_approval", "mail sent")] * len(OPEN.approvers)]


def page() -> str:
    """With its style in it. Without its script, which would ask a server for what is new."""
    began, zone, view = datetime.fromtimestamp(ASKED_AT, UTC), ZoneInfo(TIMEZONE), content.View(mail=2)
    messages = [
        Message(
            to=who,
            subject=mail.subject(OPEN, Kind.REQUEST, STACK, TIMEZONE),
            body=mail.body(OPEN, who, Kind.REQUEST, LINK, STACK, TIMEZONE),
            receivedAt=began.isoformat(),
        )
        for who in OPEN.approvers
    ]
    run = Run(
        arn=HALF.execution_arn,
        name=HALF.request_id,
        status="RUNNING",
        started=began,
        task={},
        record=HALF,
        error="",
        cause="",
    )
    events = [
        Event(seconds=0.4 * number, kind="TaskStateEntered", state=state, entered=True, error="", cause="")
        for number, state in enumerate(ENTERED)
    ]
    lines = [
        LogLine(at=began, function=name, text=json.dumps({"level": "INFO", "message": words, "round": 1}))
        for name, words in LOGGED
    ]
    regions = {
        "said": content.said(view),
        "inbox": content.inbox(messages, {1, 2}, view, zone),
        "requests": content.requests([run], run, view, zone),
        "run": content.run(run, view, zone),
        "graph": Picture(machine.definition()["States"]).of(ENTERED, run.status),
        "history": content.history(events),
        "log": content.log([Function(name=name, log_group="") for name in FUNCTIONS], lines, view, zone),
    }
    style = (server.FILES / "style.css").read_text(encoding="utf-8")
    whole = str(content.page(STACK, ["default"], regions, zone))
    return whole.replace('<link rel="stylesheet" href="/style.css">', f"<style>{style}</style>").replace(
        '<script src="/script.js" defer></script>', ""
    )
