"""Every mail's HTML in a browser, as a mail program shows it: sizes, both colour schemes, accessibility."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from handlers.approvals.rules.rounds import Kind
from tests.browser.conftest import DEVICES, Tab, tab
from tests.browser.test_looks import (
    CONTRAST,
    FLOOD,
    FLOODED,
    LAST,
    MANY_GROUPS,
    RIGHT_TO_LEFT,
    SIZES,
    WIDER_THAN_ITS_BOX,
)
from tests.support.mails import SAMPLES, alternatives, asks
from tests.support.records import record

# Of the samples, those that have parts of their own.
DISTINCT = ("request with all", "reminder with answers", "escalation", "left out", "stopped")
MAILS = {name: SAMPLES[name] for name in DISTINCT} | {
    "flood": asks(FLOOD, Kind.REMINDER),
    "flood of fields": asks(FLOODED),
    "many groups": asks(MANY_GROUPS, Kind.REMINDER, LAST),
    "right to left": asks(RIGHT_TO_LEFT),
}
GROUND = "body { background: canvas }"  # the browser's own, in words that axe understands
# A mail is shown within the mail program's own page, which has the landmarks.
RULES: dict[str, Any] = {
    "resultTypes": ["violations"],
    "rules": {rule: {"enabled": False} for rule in ("region", "landmark-one-main")},
}


@pytest.fixture(scope="module")
def tabs(browser: Browser) -> Iterator[dict[str, Tab]]:
    with tab(browser, **DEVICES["desktop"]) as wide, tab(browser, **DEVICES["small-phone"]) as narrow:
        yield {"wide": wide, "narrow": narrow}


@pytest.mark.parametrize("width", ["wide", "narrow"])
@pytest.mark.parametrize("name", MAILS)
def test_a_mail_is_accessible_and_fits_and_loads_nothing(tabs: dict[str, Tab], name: str, width: str) -> None:
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    html = alternatives(MAILS[name], one_click=True).html
    with tabs[width].watched() as page:
        loaded: list[str] = []
        page.on("request", lambda request: loaded.append(request.url))
        page.set_content(html.replace("</style>", f"{GROUND}</style>"))
        for scheme in schemes:
            page.emulate_media(color_scheme=scheme)
            if pictures := os.environ.get("SCREENSHOTS"):
                page.screenshot(path=Path(pictures, f"mail-{name}-{width}-{scheme}.png"), full_page=True)
            if width == "wide":  # no name and no colour depends on it
                found = Axe().run(page, options=CONTRAST if scheme == "dark" else RULES)
                assert found.violations_count == 0, f"{scheme}: {found.generate_report()}"
        assert not page.evaluate(WIDER_THAN_ITS_BOX)
        assert all(min(size) >= 44 for size in page.get_by_role("link", name="Open the request").evaluate_all(SIZES))
        assert all(column <= 600 for column, _ in page.locator("td > div").evaluate_all(SIZES))
        assert loaded == []


# Where each line of each row begins.
LEFT_EDGES = """rows => rows.map(row => {
  const range = document.createRange(), lines = {}
  range.selectNodeContents(row)
  for (const box of range.getClientRects()) lines[box.top] = Math.min(lines[box.top] ?? Infinity, Math.round(box.left))
  return Object.keys(lines).sort((one, other) => one - other).map(top => lines[top])
})"""


def test_what_a_narrow_screen_breaks_of_a_row_does_not_begin_like_a_row(tabs: dict[str, Tab]) -> None:
    details = json.dumps({"note": "fine" + " " * 40 + "amount: 5", "amount": "9"})
    with tabs["narrow"].watched() as page:
        page.set_content(alternatives(asks(record(details=details))).html)
        row, rest = page.get_by_text("amount:").evaluate_all(LEFT_EDGES)
        assert len(row) == 2, "the row is broken"
        assert row[0] == rest[0]
        assert row[1] >= row[0] + 16
