"""Mails as SES gets them: one sample of each kind, the two alternatives of each, and a reader of HTML."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any, NamedTuple

from handlers.approvals.adapters.channel import Letterhead, Pace
from handlers.approvals.adapters.ses import Mailer, Sender
from handlers.approvals.rules import links
from handlers.approvals.rules.decisions import decide
from handlers.approvals.rules.endings import Execution, ended
from handlers.approvals.rules.record import Decision, Record
from handlers.approvals.rules.rounds import Kind
from handlers.contract.record import Status
from tests.support.records import (
    ANNA,
    ASKED_AT,
    BEN,
    BOSS,
    CARLA,
    LINKS,
    OF_EACH_TYPE,
    asking,
    escalated,
    giving,
    grouped,
    record,
    rejected,
    vote,
    voted,
)
from tests.support.services import FakeClock, FakeSes

API = "https://a1b2c3.execute-api.eu-central-1.amazonaws.com"
SECRET = links.new_secret()
SENDER = Sender(
    address="approvals@example.com",
    name="Freigaben K\u00f6ln",
    reply_to="release@example.com",
    configuration_set="prod-c0ffee",
    own_domains=frozenset({"subsidiary.example"}),
)
Send = Callable[[Mailer], object]
VOID = {"meta", "br"}
PHRASING = {"a", "b", "span", "br"}


class Alternatives(NamedTuple):
    subject: str
    text: str
    html: str


def mailer(client: Any, sender: Sender = SENDER, label: str = "prod.eu", **how: Any) -> Mailer:
    """`how`: the letterhead's."""
    head = Letterhead(**{"environment": label, "timezone": "UTC", "approval_url": API} | how)
    return Mailer(client, sender, head, Pace(0, FakeClock()))


def sent(send: Send, sender: Sender = SENDER, label: str = "prod.eu", **how: Any) -> dict[str, Any]:
    """The only request to SES."""
    ses = FakeSes()
    send(mailer(ses, sender, label, **how))
    (mail,) = ses.mails
    return mail


def alternatives(send: Send, label: str = "prod.eu", *, one_click: bool = False) -> Alternatives:
    return both(sent(send, label=label, one_click=one_click))


def both(mail: dict[str, Any]) -> Alternatives:
    content = mail["Content"]["Simple"]
    return Alternatives(*(one["Data"] for one in (content["Subject"], *content["Body"].values())))


def asks(sample: Record, kind: Kind = Kind.REQUEST, who: str = CARLA) -> Send:
    return lambda mail: mail.ask(sample, who, kind, SECRET)


def tells(sample: Record, who: str = CARLA) -> Send:
    return lambda mail: mail.announce(sample, who)


DETAILS = {
    "release": "1.4",
    "steps": ["Migrate", {"name": "Deploy", "regions": ["eu-central-1", "eu-west-1"]}, [1, [2]]],
    "log": "10:00 started\n  - " + "migrated " * 20,
    "a_name_that_is_as_long_as_they_come_and_has_no_gap": "https://ci.example.com/" + "x" * 100,
}
COMMENT = "Tests are green.\n\n" + "The runbook is up to date. " * 5
QUESTION = asking(*OF_EACH_TYPE, links=LINKS, details=json.dumps(DETAILS), scheduled_for="2026-11-25T08:00:00Z")
GIVEN = {"region": "us-1", "share": "5", "notes": "One\nTwo " + "words " * 30}
ANSWERED = giving(giving(QUESTION, ANNA, ASKED_AT, COMMENT, **GIVEN), BEN, ASKED_AT + 700, "Fine.", **GIVEN)
SPLIT = giving(giving(giving(QUESTION, ANNA, 1, share="5"), BEN, 2, share="6"), CARLA, 3, COMMENT, share="7")
STUCK = replace(SPLIT, round=2)
STOPPED = ended(voted({ANNA: vote(comment=COMMENT)}), Execution(status="ABORTED", error="Ops", cause="Wrong\nrelease."))
NAMED = replace(rejected(), requested_by="dana@example.com")

SAMPLES: dict[str, Send] = {
    "request": asks(record(requested_by="Dana Scully")),
    "request with all": asks(QUESTION),
    "reminder": asks(replace(voted({BEN: vote(Decision.REJECT, COMMENT)}), round=2), Kind.REMINDER),
    "reminder with answers": asks(replace(ANSWERED, round=2), Kind.REMINDER),
    "reminder without a way": asks(STUCK, Kind.REMINDER, BEN),
    "escalation": asks(escalated(grouped({ANNA: vote(comment=COMMENT)})), Kind.ESCALATION, BOSS),
    "left out": lambda mail: mail.leave_out(record(), ANNA),
    "approved": tells(decide(ANSWERED, Status.APPROVED, ASKED_AT + 700)),
    "rejected": tells(rejected()),
    "rejected, to the requester": tells(NAMED, "dana@example.com"),
    "stopped": tells(STOPPED),
}


class Reader(HTMLParser):
    """What a mail program shows, and whether each element ends where it should."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.links: list[dict[str, str | None]] = []
        self.labels: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in PHRASING or not {"p", "h1", "h2"}.intersection(self.open), f"<{tag}> ends a paragraph"
        if tag == "a":
            self.links.append(dict(attrs))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["a"] and "://" not in data:
            self.labels.append(data)
        elif not {"head", "a"}.intersection(self.open) or self.open[-1:] == ["a"]:
            self.words.append(data)


def agree(mail: Alternatives) -> None:
    """Both say the same in the same order, but for the button."""
    assert said("".join(Reader(mail.html).words)) == said(mail.text)


def said(text: str) -> str:
    """Without white space, where lines break, and without the marks that go with broken lines."""
    return re.sub(r"[\s>|]|^- ", "", text, flags=re.MULTILINE)
