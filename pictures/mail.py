"""The mail that asks, as a mail program shows plain text."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from string import Template

from playwright.sync_api import Browser, Page

from handlers.approvals.faces import mail, when
from handlers.approvals.rules.rounds import Kind
from pictures.browser import Device, photograph
from pictures.story import ASKED_AT, BOB, ENVIRONMENT, LINK, OPEN, TIMEZONE

NAME = "mail.png"
WINDOW = Device(width=800, height=480)
ADDRESS = re.compile(r"https?://\S+")


def html() -> str:
    """A message in a window, with its address to click on, as every mail program makes it."""
    text = escape(mail.body(OPEN, BOB, Kind.REQUEST, LINK, ENVIRONMENT, TIMEZONE))
    return Template((Path(__file__).parent / "mail.html").read_text(encoding="utf-8")).substitute(
        subject=escape(mail.subject(OPEN, Kind.REQUEST, ENVIRONMENT, TIMEZONE)),
        to=escape(BOB),
        date=when.local(ASKED_AT, TIMEZONE),
        body=ADDRESS.sub(r'<a href="\g<0>">\g<0></a>', text),
    )


def picture(browser: Browser) -> bytes:
    def show(page: Page) -> None:
        page.set_content(html())

    return photograph(browser, WINDOW, "light", show)
