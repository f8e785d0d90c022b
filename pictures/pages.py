"""The approver's page in each of its states, on a phone and on a desktop, light and dark."""

from __future__ import annotations

from collections.abc import Iterator

from playwright.sync_api import Browser, Page

from handlers.approvals.faces import page as pages
from handlers.approvals.faces.page import State
from handlers.approvals.rules.record import Record
from pictures.browser import DEVICES, SCHEMES, photograph
from pictures.story import ALICE, APPROVED, BOB, CAROL, CLOSED, ENVIRONMENT, EXPIRED, HALF, NOW, TIMEZONE

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
NAMES = [f"page-{state}-{device}-{scheme}.png" for state in SEEN for device in DEVICES for scheme in SCHEMES]


def html(state: State) -> str:
    record, who = SEEN[state]
    return pages.html(state, record=record, who=who, environment=ENVIRONMENT, timezone=TIMEZONE, now=NOW)


def pictures(browser: Browser) -> Iterator[tuple[str, bytes]]:
    """Each picture by its file's name."""
    for state in SEEN:
        document = html(state)

        def show(page: Page, document: str = document) -> None:
            page.set_content(document)

        for device, window in DEVICES.items():
            for scheme in SCHEMES:
                yield f"page-{state}-{device}-{scheme}.png", photograph(browser, window, scheme, show)
