"""The sandbox's own page: a request that one of the two people it needs has approved, and the other's mail, open."""

from __future__ import annotations

import time

import httpx
from playwright.sync_api import Page

from pictures.browser import Device, browser, photograph
from pictures.story import ALICE, BOB, CAROL
from sandbox.demo import LINK, PATIENCE, TASK
from sandbox.session import Sandbox, running

NAME = "sandbox.png"
WINDOW = Device(width=1280, height=800)


class NothingToSeeError(RuntimeError):
    """The sandbox did not mail in time."""


def picture() -> bytes:
    """Raises what the sandbox raises, NothingToSeeError and NoBrowserError."""
    asked = {"approvers": [ALICE, BOB, CAROL], "approvalsRequired": 2, "mailsPerSecond": 10}
    with running("dev", asked) as sandbox:
        sandbox.start(TASK)
        approve(sandbox, ALICE)

        def show(page: Page) -> None:
            opened = [message.to for message in sandbox.messages()].index(BOB) + 1
            page.goto(f"{sandbox.inbox_url}/?mail={opened}")
            page.get_by_text("Live", exact=True).wait_for()
            page.get_by_text("1 of 2 approved").wait_for()

        # Not before: while Playwright is there, its event loop runs in this thread, where a deployment starts its own.
        with browser() as launched:
            return photograph(launched, WINDOW, "light", show)


def approve(sandbox: Sandbox, who: str) -> None:
    """Wait until everybody has been mailed, and answer as one of them."""
    deadline = time.monotonic() + PATIENCE
    while len(links := links_of(sandbox)) < 3:  # noqa: PLR2004 - the people asked
        if time.monotonic() > deadline:
            raise NothingToSeeError(f"only {len(links)} people were mailed within {PATIENCE} s")
        sandbox.inbox.wait(len(sandbox.messages()), 1)
    form = {"decision": "approve", "comment": "Tests are green."}
    httpx.post(links[who], data=form, timeout=PATIENCE, trust_env=False, follow_redirects=True).raise_for_status()


def links_of(sandbox: Sandbox) -> dict[str, str]:
    """The link of each person who has been mailed."""
    found = {message.to: LINK.search(message.body) for message in sandbox.messages()}
    return {who: link.group(1) for who, link in found.items() if link}
