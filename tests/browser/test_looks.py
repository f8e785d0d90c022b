"""Every page in a browser, as it is served: sizes, both colour schemes, keyboard, accessibility, policy."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from handlers.approvals.faces import page as pages
from handlers.approvals.faces.page import State
from handlers.approvals.faces.pieces import FormError, Typed
from handlers.approvals.rules.decisions import decide
from handlers.approvals.rules.record import Approver, Decision, Record
from handlers.contract.policy import Group
from handlers.contract.record import Status
from tests.browser.conftest import DEVICES, Tab, tab
from tests.handlers.test_inputs import JOINED, STUCK, TYPED, UNANSWERED, WRONG
from tests.support import records
from tests.support.records import ANNA, ASKED_AT, BEN, BOSS, CARLA

LONG = (
    "Rolls out the new checkout to all customers in the EU.\n\n"
    "- 41 changes since 1.3, see https://ci.example.com/pipelines/2291/changes?from=1.3.0&to=1.4.0&view=side-by-side\n"
    "- the migration of `orders` takes 4 minutes, during which the shop is read-only\n"
    "- roll back with 1.3, which works with the new table as well\n"
)
ONE_VOTE = records.voted({ANNA: records.vote(comment="Tests are green, the runbook is up to date.")}, details=LONG)
FLOOD = records.voted(
    {BEN: records.vote(Decision.REJECT, "w" * 1_000)},
    title="Ausnahmegenehmigungsverfahren " * 3 + "x" * 300,
    details="0123456789" * 1_000,
    requested_by="someone-with-a-really-long-name." * 8 + "@example.com",
    rejections_required=2,
)
RIGHT_TO_LEFT = records.voted(
    {ANNA: records.vote(comment="נראה טוב")},
    title="نشر الإصدار 1.4 في بيئة الإنتاج",
    details="يرجى المراجعة قبل يوم الجمعة.",
)

ROWS = """{
  "release": "1.4", "amount": 12500.50, "invoice": 12345678901234567890123, "dryRun": false, "ticket": null,
  "pipeline": "https://ci.example.com/pipelines/2291/changes?from=1.3.0&to=1.4.0&view=side-by-side",
  "summary": "Rolls out the new checkout to all customers in the EU, in three steps of a day each, from Monday on.",
  "steps": ["Migrate `orders`", {"name": "Deploy", "regions": ["eu-central-1", "eu-west-1"], "options": {}}, [1, [2]]],
  "rollback": {"version": "1.3.2", "owner": {"name": "Anna", "phone": "+49 30 1234567"}, "tested": true},
  "log": "10:00 started\\n10:04 migrated:\\n  - orders\\n  - invoices",
  "a_name_that_is_as_long_as_they_come_and_has_no_gap": "x", "a:b": "x", "": ""
}"""
ROWS_TURNED = """{
  "المبلغ": "12500.50 EUR", "الملاحظات": "يرجى المراجعة قبل يوم الجمعة.",
  "الخطوات": ["نشر", "اختبار", "1.4"], "version": "1.4"
}"""
DEEP = '{"a": [{"b": [{"c": ["' + "deep " * 40 + '"]}]}]}'
CROWD = {f"firstname.lastname{number:02}@example.com": f"Looks good to me, {number}." for number in range(50)}
LAST = [*CROWD][-1]
FIFTY = records.record(
    approvers={
        who: Approver(vote=records.vote(comment=words, at=ASKED_AT + number))
        for number, (who, words) in enumerate(CROWD.items())
    },
    approvals_required=50,
)

GROUPED = records.grouped({ANNA: records.vote(comment="Within the budget.")})
MANY_GROUPS = records.grouped(
    groups={
        **{f"department-{number}-of-a-name-of-forty-letters"[:40]: Group(approvers=(*CROWD,)) for number in range(19)},
        "W" * 40: Group(approvers=tuple(CROWD)[:3], approvals_required=3),
    },
    approvals_required=50,
)

FLOODED = records.asking(
    *({"name": kind, "label": "W" * 80, "help": "w" * 200, "type": kind} for kind in ("text", "number", "date")),
    {"name": "one", "label": "Ausnahmegenehmigungsverfahren " * 2, "type": "choice", "required": True}
    | {"options": [{"value": str(number), "label": "W" * 79 + "x" * (number % 2)} for number in range(20)]},
    links=tuple({"label": "W" * 80, "url": f"https://{'w' * 60}.example.com/{number}"} for number in range(5)),
)
FIELDS_TURNED = records.asking(
    {"name": "amount", "label": "المبلغ", "help": "باليورو.", "type": "number", "min": 1, "max": 500, "decimals": 2},
    {"name": "region", "label": "المنطقة", "type": "choice", "required": True}
    | {"options": [{"value": "a", "label": "فرانكفورت"}, {"value": "b", "label": "Virginia"}]},
    {"name": "notes", "label": "ملاحظات", "type": "text"},
    links=({"label": "اقرأ أولا", "url": "https://ci.example.com/1"},),
    title="نشر الإصدار 1.4 في بيئة الإنتاج",
)

TOO_LONG = FormError(message="The comment is longer than 1,000 characters. Please shorten it.", field="comment")
ELSEWHERE = FormError(
    message="It came from another site. Please open the link of the mail in a browser and answer there."
)


def page(state: State, record: Record | None = None, who: str = CARLA, environment: str = "prod", **more: Any) -> str:
    return pages.html(state, record=record, who=who, environment=environment, **more)


PAGES = {
    "open": page(State.OPEN, ONE_VOTE),
    "open-plain": page(State.OPEN, records.record(approvals_required=1)),
    "open-flood": page(State.OPEN, FLOOD, environment="an-environment-of-a-long-name"),
    "open-rows": page(State.OPEN, records.record(details=ROWS), now=ASKED_AT + 86_100),
    "open-rows-right-to-left": page(State.OPEN, replace(RIGHT_TO_LEFT, details=ROWS_TURNED)),
    "open-rows-deep": page(State.OPEN, records.record(details=DEEP)),
    "open-crowd": page(State.OPEN, FIFTY.with_approver(LAST, vote=None), LAST, now=ASKED_AT + 1_800),
    "decided-crowd": page(State.DECIDED, decide(FIFTY, Status.APPROVED, ASKED_AT + 60), LAST),
    "open-groups": page(State.OPEN, records.escalated(GROUPED), BOSS, now=ASKED_AT + 80_000),
    "open-groups-many": page(State.OPEN, MANY_GROUPS, LAST),
    "open-error": page(State.OPEN, ONE_VOTE, error=TOO_LONG, typed=Typed("word " * 220)),
    "open-refused": page(State.OPEN, ONE_VOTE, error=ELSEWHERE, typed=Typed("Fine.")),
    "open-fields-wrong": page(State.OPEN, UNANSWERED, error=WRONG, typed=Typed("Fine.", TYPED)),
    "open-fields-answered": page(State.OPEN, JOINED),
    "open-fields-flood": page(State.OPEN, FLOODED),
    "open-fields-right-to-left": page(State.OPEN, FIELDS_TURNED),
    "thanks-joining": page(State.THANKS, STUCK, ANNA),
    "thanks": page(State.THANKS, ONE_VOTE, ANNA),
    "thanks-groups": page(State.THANKS, GROUPED, ANNA),
    "thanks-rejected": page(State.THANKS, records.rejected(), BEN),
    "voted": page(State.VOTED, records.approved(), ANNA),
    "decided": page(State.DECIDED, records.approved()),
    "expired": page(State.EXPIRED, replace(ONE_VOTE, status=Status.EXPIRED)),
    "closed": page(State.CLOSED, replace(ONE_VOTE, status=Status.CLOSED), ANNA),
    "pending": page(State.PENDING, records.approved(), BEN),
    "unknown": pages.html(State.UNKNOWN),
    "fault": pages.html(State.FAULT, environment="dev"),
    "fault-form": page(State.FAULT, records.record(), typed=Typed("Fine.")),
}


# What would scroll sideways, or is cut off, and how wide it is.
WIDER_THAN_ITS_BOX = """
[...document.querySelectorAll("html, body, body *")]
  .filter(one => one.clientWidth && one.scrollWidth > one.clientWidth)
  .map(one => `${one.tagName} ${one.className} ${one.scrollWidth} > ${one.clientWidth}`)
"""


SIZES = "all => all.map(one => one.getBoundingClientRect()).map(box => [box.width, box.height])"


class Shelf(BaseHTTPRequestHandler):
    """Serves PAGES with the headers that the API sends."""

    def do_GET(self) -> None:
        self.send_response(200)
        for name, value in pages.HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(PAGES[self.path.strip("/")].encode())

    def log_message(self, *_: object) -> None:
        """Not a word."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shelf)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def tabs(browser: Browser) -> Iterator[dict[str, Tab]]:
    """One for each device, for the tests that only look: a tab of its own costs each of them a new process."""
    with ExitStack() as close:
        yield {device: close.enter_context(tab(browser, **options)) for device, options in DEVICES.items()}


@contextmanager
def shown(tabs: dict[str, Tab], address: str, device: str = "desktop") -> Iterator[Page]:
    """A document of its own in the device's tab, with nothing emulated that an earlier one was looked at with."""
    with tabs[device].watched() as page:
        page.emulate_media(media="null", color_scheme="light", forced_colors="none")
        page.goto(address)
        yield page


# The rules for each look; the other devices fit, or do not: no name and no colour depends on them.
EVERY_RULE: dict[str, Any] = {"resultTypes": ["violations"]}
CONTRAST = EVERY_RULE | {"runOnly": ["color-contrast"]}  # all that a colour scheme changes
LOOKED_AT = {
    ("phone", "light"): EVERY_RULE,
    ("desktop", "light"): EVERY_RULE,
    ("desktop", "dark"): CONTRAST,
}


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible_and_fits(tabs: dict[str, Tab], site: str, name: str, device: str) -> None:
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    with shown(tabs, f"{site}/{name}", device) as page:
        for scheme in schemes:
            page.emulate_media(color_scheme=scheme)
            if pictures := os.environ.get("SCREENSHOTS"):
                page.screenshot(path=Path(pictures, f"{name}-{device}-{scheme}.png"), full_page=True)
            if rules := LOOKED_AT.get((device, scheme)):
                found = Axe().run(page, options=rules)
                assert found.violations_count == 0, f"{scheme}: {found.generate_report()}"
        assert not page.evaluate(WIDER_THAN_ITS_BOX)
        for width, height in page.locator("button, textarea, a.button, .field input, .option").evaluate_all(SIZES):
            assert min(width, height) >= 44


@pytest.mark.parametrize("device", DEVICES)
def test_the_keyboard_goes_from_the_comment_to_approve_to_reject(tabs: dict[str, Tab], site: str, device: str) -> None:
    with shown(tabs, f"{site}/open-plain", device) as page:
        jump = ["jump"] if device.endswith("phone") else []  # where the answer is not beside the question
        reached = []
        for _ in range(len(jump) + 3):
            page.keyboard.press("Tab")
            reached.append(page.evaluate("document.activeElement.value || document.activeElement.id || 'jump'"))
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
            assert outline == "3px"
        assert reached == [*jump, "comment", "approve", "reject"]


def test_the_keyboard_can_scroll_long_details(tabs: dict[str, Tab], site: str) -> None:
    with shown(tabs, f"{site}/open-flood") as page:
        page.keyboard.press("Tab")
        page.keyboard.press("End")
        assert page.evaluate("document.activeElement.getAttribute('aria-labelledby')") == "details"
        page.evaluate(  # wait_for_function would need eval, which the policy forbids
            "new Promise(done => { const look = () => document.activeElement.scrollTop > 0"
            " ? done() : requestAnimationFrame(look); look() })"
        )


@pytest.mark.parametrize(("name", "region"), [("open-rows", "details"), ("open-crowd", "answers")])
def test_a_long_box_is_one_stop_on_the_way_to_the_comment(
    tabs: dict[str, Tab], site: str, name: str, region: str
) -> None:
    """However many rows or answers it holds."""
    with shown(tabs, f"{site}/{name}") as page:
        reached = []
        for _ in range(2):
            page.keyboard.press("Tab")
            reached.append(page.evaluate("document.activeElement.getAttribute('aria-labelledby')"))
        assert reached == [region, None]
        assert page.evaluate("document.activeElement.id") == "comment"


# The cells of a box, and whether their text touches their left and their right edge.
EDGES = """box => {
  const frame = box.getBoundingClientRect(), range = document.createRange()
  return [...box.querySelectorAll("dt, dd[dir], li:not(:has(*))")].map(one => {
    range.selectNodeContents(one)
    const text = range.getBoundingClientRect(), cell = one.getBoundingClientRect()
    return [one.textContent, Math.abs(text.left - cell.left) < 1, Math.abs(text.right - cell.right) < 1]
  })
}"""


@pytest.mark.parametrize("device", DEVICES)
def test_rows_with_arabic_names_stand_on_the_right_whatever_their_values_are(
    tabs: dict[str, Tab], site: str, device: str
) -> None:
    with shown(tabs, f"{site}/open-rows-right-to-left", device) as page:
        edges = page.locator("div.text").first.evaluate(EDGES)
        assert len(edges) == 10
        assert [text for text, _, right in edges if not right] == []
        assert page.locator("div.text").first.evaluate("box => getComputedStyle(box).direction") == "rtl"
        amount = page.get_by_text("12500.50 EUR")
        assert amount.evaluate("one => getComputedStyle(one).direction") == "ltr"


FORCED = ["open-rows", "open-crowd", "open-groups", "decided-crowd", "open-refused", "closed"]
FORCED += ["open-fields-wrong", "thanks-joining"]


@pytest.mark.parametrize("name", FORCED)
def test_with_colours_forced_everything_has_an_edge_and_an_icon_the_text_s_colour(
    tabs: dict[str, Tab], site: str, name: str
) -> None:
    with shown(tabs, f"{site}/{name}") as page:
        page.emulate_media(forced_colors="active", color_scheme="dark")
        if pictures := os.environ.get("SCREENSHOTS"):
            page.screenshot(path=Path(pictures, f"{name}-forced.png"), full_page=True)
        text = page.evaluate("getComputedStyle(document.body).color")
        for icon in page.locator(".notice > .icon, .votes .icon, .groups .icon").all():
            assert icon.evaluate("one => [getComputedStyle(one).color, getComputedStyle(one).backgroundColor]") == [
                text,
                "rgba(0, 0, 0, 0)",
            ]
        for box in page.locator("button:not(.look), textarea, .field input, .notice, .text, .long, .badge").all():
            assert box.evaluate("one => parseFloat(getComputedStyle(one).borderTopWidth)") >= 1
        assert not page.evaluate(WIDER_THAN_ITS_BOX)


def test_on_paper_the_request_and_the_answers_are_there_and_the_form_is_not(tabs: dict[str, Tab], site: str) -> None:
    with shown(tabs, f"{site}/open") as page:
        page.emulate_media(media="print")
        assert page.get_by_role("heading", name="Deploy 1.4 to production").is_visible()
        assert page.get_by_text("Tests are green").is_visible()
        assert not page.get_by_role("button", name="Approve").is_visible()


def test_a_style_that_is_not_ours_is_refused(browser: Browser, site: str) -> None:
    """The policy is really in force: the same document with one more style would not show it."""
    PAGES["tampered"] = PAGES["unknown"].replace("<body>", "<body><style>body { opacity: 0 }</style>")
    with browser.new_context() as context:
        page = context.new_page()
        refused = []
        page.on("console", lambda message: refused.append(message.text))
        page.goto(f"{site}/tampered")
        assert page.evaluate("getComputedStyle(document.body).opacity") == "1"
        assert any("Content Security Policy" in text for text in refused)
