"""What approvers see: the page in each of its states, and the mail that asks, as a mail program shows plain text."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from pathlib import Path
from string import Template

from handlers.approvals.faces import mail as mails
from handlers.approvals.faces import page as pages
from handlers.approvals.faces import when
from handlers.approvals.faces.page import State
from handlers.approvals.rules.record import Record
from handlers.approvals.rules.rounds import Kind
from pictures.browser import Scheme
from pictures.story import ALICE, APPROVED, ASKED_AT, BOB, CAROL, CLOSED, EXPIRED, HALF, LINK, NOW, OPEN

ENVIRONMENT, TIMEZONE = "prod", "Europe/Berlin"
# Who looks at which record. The last two states have none: they may not, or cannot, tell of one.
SEEN: dict[State, tuple[Record | None, str]] = {
    State.OPEN: (HALF, BOB),
    State.THANKS: (APPROVED, BOB),
    State.VOTED: (HALF, ALICE),
    State.DECIDED: (APPROVED, CAROL),
    State.EXPIRED: (EXPIRED, CAROL),
    State.CLOSED: (CLOSED, ALICE),
    State.PENDING: (APPROVED, BOB),
    State.UNKNOWN: (None, ""),
    State.FAULT: (None, ""),
}
ON_A_DESKTOP = (State.THANKS, State.DECIDED)
SHOWN: list[tuple[State, str, Scheme]] = [
    (State.OPEN, "phone", "dark"),
    *((state, "desktop" if state in ON_A_DESKTOP else "phone", "light") for state in SEEN),
]
ADDRESS = re.compile(r"https?://\S+")


def page(state: State) -> Callable[[], str]:
    record, who = SEEN[state]
    return lambda: pages.html(state, record=record, who=who, environment=ENVIRONMENT, timezone=TIMEZONE, now=NOW)


def mail() -> str:
    """A message in a window, with its address to click on, as every mail program makes it."""
    text = escape(mails.body(OPEN, BOB, Kind.REQUEST, LINK, ENVIRONMENT, TIMEZONE))
    return Template((Path(__file__).parent / "mail.html").read_text(encoding="utf-8")).substitute(
        subject=escape(mails.subject(OPEN, Kind.REQUEST, ENVIRONMENT, TIMEZONE)),
        to=escape(BOB),
        date=when.local(ASKED_AT, TIMEZONE),
        body=ADDRESS.sub(r'<a href="\g<0>">\g<0></a>', text),
    )
