"""What approvers see: the page in each of its states, and the mail that asks, as a mail program shows it."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from pathlib import Path
from string import Template

from handlers.approvals.faces import mail as mails
from handlers.approvals.faces import page as pages
from handlers.approvals.faces import when
from handlers.approvals.faces.letter import as_html, as_text
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
ANCHOR = r'<a href="\g<0>">\g<0></a>'


def page(state: State) -> Callable[[], str]:
    record, who = SEEN[state]
    return lambda: pages.html(state, record=record, who=who, environment=ENVIRONMENT, timezone=TIMEZONE, now=NOW)


def text_mail() -> str:
    """By SNS, with its address to click on, as every mail program makes it."""
    text = escape(as_text(mails.parts(OPEN, BOB, Kind.REQUEST, LINK, ENVIRONMENT, TIMEZONE)))
    subject = mails.subject_about(OPEN, mails.HEADLINES[Kind.REQUEST], ENVIRONMENT, TIMEZONE)
    return _window("AWS Notifications", subject, f"<pre>{ADDRESS.sub(ANCHOR, text)}</pre>")


def html_mail() -> str:
    """By SES."""
    subject = mails.whole_subject(OPEN, mails.HEADLINES[Kind.REQUEST], ENVIRONMENT, TIMEZONE)
    return as_html(subject, mails.parts(OPEN, BOB, Kind.REQUEST, LINK, ENVIRONMENT, TIMEZONE))


def html_mail_in_a_window() -> str:
    _, _, body = html_mail().partition("<table")
    subject = mails.whole_subject(OPEN, mails.HEADLINES[Kind.REQUEST], ENVIRONMENT, TIMEZONE)
    shown = f"<article><table{body.partition('</body>')[0]}</article>"
    return _window("Approvals &lt;approvals@example.com&gt;", subject, shown)


def _window(sender: str, subject: str, body: str) -> str:
    return Template((Path(__file__).parent / "mail.html").read_text(encoding="utf-8")).substitute(
        sender=sender, subject=escape(subject), to=escape(BOB), date=when.local(ASKED_AT, TIMEZONE), body=body
    )
