"""What a real browser says of the requests that pages make it send, and that only a person's press decides."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from playwright.sync_api import Browser, Page, expect

from handlers.approvals.rules.links import digest
from handlers.approvals.rules.record import Approver
from handlers.page import HttpApi
from tests.browser.conftest import watched
from tests.support.fakes import MemoryStore, page_function
from tests.support.gateway import wsgi
from tests.support.records import ANNA, BEN, OF_EACH_TYPE, REQUEST_ID, asking, record
from tests.support.waiting import until

SECRET = "s" * 52
PATH = f"/approvals/{REQUEST_ID}/{SECRET}"
AT_ONCE = f"{PATH}/approve"
# Chromium tells the console of every answer that is no success, and of what the page's headers keep out of others.
REFUSED = "Failed to load resource: the server responded with a status of 403 (Forbidden)"


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Not a word."""


class Threads(ThreadingMixIn, WSGIServer):
    """A browser keeps more than one connection."""

    daemon_threads = True


@contextmanager
def served(application: Any) -> Iterator[int]:
    server = make_server("127.0.0.1", 0, application, server_class=Threads, handler_class=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@dataclass
class Ours:
    """The page's function behind a real server, with one request that Anna has the link of."""

    api: HttpApi
    store: MemoryStore
    port: int = 0
    seen: list[dict[str, str]] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start: Any) -> Any:
        names = ("PATH_INFO", "REQUEST_METHOD", "HTTP_SEC_FETCH_SITE", "HTTP_SEC_FETCH_DEST", "HTTP_SEC_PURPOSE")
        answer = wsgi(self.api)(environ, start)
        self.seen.append({name: environ.get(name, "") for name in names})
        return answer

    @property
    def votes(self) -> dict[str, Any]:
        record = self.store.record
        assert record
        return record.votes

    def link(self, path: str = PATH) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def heard(self, header: str) -> set[str]:
        return {one[header] for one in self.seen if one["PATH_INFO"].startswith("/approvals/")}


@pytest.fixture
def ours() -> Iterator[Ours]:
    asked = {ANNA: Approver(links=(digest(SECRET),), mailed_round=1), BEN: Approver(mailed_round=1)}
    store = MemoryStore(record(approvers=asked))
    site = Ours(page_function(store, one_click=True), store)
    with served(site) as site.port:
        yield site


@contextmanager
def elsewhere(host: str, body: str) -> Iterator[str]:
    """A page of another origin. Another port of the same host is the same site; another name is not."""

    def application(_environ: dict[str, Any], start: Any) -> list[bytes]:
        start("200 OK", [("Content-Type", "text/html; charset=utf-8")])
        return [f'<!doctype html><link rel="icon" href="data:,">{body}'.encode()]

    with served(application) as port:
        yield f"http://{host}:{port}/"


def comment(page: Page) -> str:
    return page.get_by_label("Comment").input_value()


@pytest.mark.parametrize(("host", "said"), [("localhost", "cross-site"), ("127.0.0.1", "same-site")])
def test_a_form_on_another_site_decides_nothing_and_the_page_that_follows_does(
    browser: Browser, ours: Ours, host: str, said: str
) -> None:
    form = (
        f'<form method="post" action="{escape(ours.link())}"><textarea name="comment">As typed.</textarea>'
        '<button name="decision" value="approve">Approve</button></form>'
    )
    with elsewhere(host, form) as there, watched(browser, frozenset({REFUSED})) as page:
        page.goto(there)
        page.get_by_role("button", name="Approve").click()
        expect(page.get_by_text("open the link of the mail in a browser")).to_be_visible()
        assert said in ours.heard("HTTP_SEC_FETCH_SITE")
        assert not ours.votes
        assert comment(page) == "As typed."
        page.get_by_role("button", name="Approve").click()
        expect(page.get_by_role("heading", name="Thank you, you approved this")).to_be_visible()
    assert ours.votes[ANNA].comment == "As typed."


def test_a_link_that_is_opened_from_a_web_mail_can_be_answered(browser: Browser, ours: Ours) -> None:
    """The browser calls this cross-site, and the press on the page that it leads to same-origin."""
    with elsewhere("localhost", f'<a href="{escape(ours.link())}">Answer</a>') as mail, watched(browser) as page:
        page.goto(mail)
        page.get_by_role("link").click()
        page.get_by_role("button", name="Reject").click()
        expect(page.get_by_role("heading", name="Thank you, you rejected this")).to_be_visible()
        page.reload()
        expect(page.get_by_role("heading", name="Thank you, you rejected this")).to_be_visible()
    assert ours.heard("HTTP_SEC_FETCH_SITE") == {"cross-site", "same-origin"}
    assert set(ours.votes) == {ANNA}


def test_a_double_click_counts_once(browser: Browser, ours: Ours) -> None:
    # The second press makes the browser give up on the first one's answer, if that has not come by then.
    with watched(browser, frozenset({"POST failed: net::ERR_ABORTED"})) as page:
        page.goto(ours.link())
        page.get_by_role("button", name="Approve").dblclick()
        expect(page.get_by_role("heading", name="Thank you, you approved this")).to_be_visible()
        expect(page.get_by_role("listitem")).to_have_count(1)
    assert set(ours.votes) == {ANNA}


def test_a_one_click_link_decides_when_it_is_opened_and_not_when_it_is_fetched(browser: Browser, ours: Ours) -> None:
    link = escape(ours.link(AT_ONCE))
    body = (
        f'<link rel="prefetch" href="{link}"><link rel="stylesheet" href="{link}?style"><img src="{link}?image">'
        f'<iframe src="{link}?frame"></iframe><object data="{link}?object"></object>'
        f'<script src="{link}?script"></script>'
        f'<script>fetch("{link}?fetch", {{mode: "no-cors"}})</script><a href="{link}">Approve at once</a>'
    )
    kinds = {"image", "iframe", "object", "script", "style", "empty"}
    # What this page tries, the browser and our headers mostly refuse, and say so: that is not looked at here.
    with elsewhere("localhost", body) as there, browser.new_context() as context:
        page = context.new_page()
        page.goto(there)
        until(lambda: kinds <= ours.heard("HTTP_SEC_FETCH_DEST"), "all kinds of requests")
        until(lambda: "prefetch" in ours.heard("HTTP_SEC_PURPOSE"), "the prefetch")
        assert not ours.votes
        page.get_by_role("link").click()
        expect(page.get_by_role("heading", name="Thank you, you approved this")).to_be_visible()
    assert set(ours.votes) == {ANNA}


def test_a_scanner_that_submits_the_form_by_its_first_button_gets_the_page(browser: Browser, ours: Ours) -> None:
    first = 'document.forms[0].querySelector("button, input[type=submit]")'
    with watched(browser) as page:
        page.goto(ours.link())
        page.get_by_label("Comment").fill("Not by hand.")
        for press in (f"{first}.click()", f"document.forms[0].requestSubmit({first})"):
            with page.expect_navigation():
                page.evaluate(press)
            assert comment(page) == "Not by hand."
            expect(page.get_by_role("alert")).to_have_count(0)
    assert [one["REQUEST_METHOD"] for one in ours.seen].count("POST") == 2
    assert not ours.votes


@pytest.mark.parametrize("javascript", [True, False])
def test_nobody_sees_hears_or_reaches_that_button(browser: Browser, ours: Ours, *, javascript: bool) -> None:
    with watched(browser, java_script_enabled=javascript) as page:
        page.goto(ours.link())
        expect(page.get_by_role("button")).to_have_text(["Approve", "Reject"])
        hidden = page.locator("button").first
        box = hidden.bounding_box()
        assert box
        assert box["x"] + box["width"] < 0
        assert 'button "Show' not in page.locator("form").aria_snapshot()
        for _ in range(2):  # there and back again
            for key in ["Tab"] * 8 + ["Shift+Tab"] * 8:
                page.keyboard.press(key)
                expect(hidden).not_to_be_focused()
    assert [one["REQUEST_METHOD"] for one in ours.seen] == ["GET"]


@pytest.mark.parametrize("key", ["Enter", "Control+Enter", "Shift+Enter"])
def test_no_enter_in_the_comment_sends_the_form(browser: Browser, ours: Ours, key: str) -> None:
    with watched(browser) as page:
        page.goto(ours.link())
        page.get_by_label("Comment").focus()
        page.keyboard.press(key)
        page.wait_for_timeout(200)
        assert page.url == ours.link()
    assert [one["REQUEST_METHOD"] for one in ours.seen] == ["GET"]


# --- a question with fields

# What Chromium says of the answer with the errors.
WRONG = frozenset({"Failed to load resource: the server responded with a status of 400 (Bad Request)"})


@pytest.fixture
def with_fields(ours: Ours) -> Ours:
    assert ours.store.record
    ours.store.record = asking(*OF_EACH_TYPE, approvers=ours.store.record.approvers)
    return ours


def test_errors_lead_to_their_fields_everything_typed_is_kept_and_then_it_is_approved(
    browser: Browser, with_fields: Ours
) -> None:
    with watched(browser, WRONG, java_script_enabled=False) as page:
        page.goto(with_fields.link())
        page.get_by_label("Share").fill("51.25")
        page.get_by_label("Notes").fill("One.\nTwo.")
        page.get_by_label("Not before").fill("2026-11-30")
        page.get_by_label("No", exact=True).check()
        page.get_by_label("Comment").fill("Fine.")
        page.get_by_role("button", name="Approve").click()
        summary = page.get_by_role("alert").get_by_role("link")
        expect(summary).to_have_text(
            [
                "Which region first? must be given.",
                "Share must be a number from 1 to 50 with at most 1 decimal.",
                "Not before must be a date from 2026-12-01 on.",
            ]
        )
        group = page.get_by_role("radiogroup", name="Which region first?")
        expect(group).to_have_attribute("aria-invalid", "true")
        expect(group).to_have_accessible_description("Which region first? must be given.")
        summary.first.click()
        expect(page.get_by_label("Frankfurt")).to_be_focused()
        page.keyboard.press("ArrowDown")
        summary.nth(1).click()
        share = page.get_by_label("Share")
        expect(share).to_be_focused()
        expect(share).to_have_accessible_description(re.compile("In %.*Share must be a number"))
        assert share.input_value() == "51.25"
        share.fill("2.5")
        assert page.get_by_label("Not before").input_value() == "2026-11-30"
        page.get_by_label("Not before").fill("2026-12-24")
        page.get_by_role("button", name="Approve").click()
        expect(page.get_by_role("heading", name="Thank you, you approved this")).to_be_visible()
    mine = with_fields.votes[ANNA]
    entered = {"region": "us-1", "share": "2.5", "notes": "One.\nTwo.", "start": "2026-12-24", "announce": "false"}
    assert (mine.comment, dict(mine.values)) == ("Fine.", entered)


def test_enter_in_an_input_decides_nothing_and_keeps_what_was_typed(browser: Browser, with_fields: Ours) -> None:
    with watched(browser) as page:
        page.goto(with_fields.link())
        page.get_by_label("Ticket").fill("OPS-1")
        with page.expect_navigation():
            page.get_by_label("Share").press("Enter")
        expect(page.get_by_role("alert")).to_have_count(0)
        assert page.get_by_label("Ticket").input_value() == "OPS-1"
    assert not with_fields.votes


def test_the_keyboard_goes_through_the_fields_in_their_order_to_the_buttons(
    browser: Browser, with_fields: Ours
) -> None:
    focused = "(one => one.tagName == 'BUTTON' ? one.value : one.name)(document.activeElement)"
    with watched(browser) as page:
        page.goto(with_fields.link())
        reached = []
        for _ in range(14):  # a date has a stop for each of its parts
            page.keyboard.press("Tab")
            reached.append(page.evaluate(focused))
    fields = [f"values.{one['name']}" for one in OF_EACH_TYPE]
    assert [*dict.fromkeys(reached)][: len(fields) + 3] == [*fields, "comment", "approve", "reject"]
