"""The sandbox's page in a browser: what a person starts, reads and presses, and that the page follows by itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, FrameLocator, Locator, Page, expect

from sandbox import Sandbox
from tests.browser.conftest import DEVICES, tab, watched
from tests.support.stacks import running

ALICE, BOB, SENDER = "alice@example.com", "bob@example.com", "approvals@example.com"
# How Chromium calls it that the page has stopped to look for what was shown before.
LOOKING_ENDED = frozenset({"GET failed: net::ERR_ABORTED"})
SECONDS = 30 * 1000  # milliseconds, for what functions have to do first
# Half an hour for each round: only a button ends one within a test.
ASKED = {
    "approvers": [ALICE, BOB],
    "approvalsRequired": 1,
    "deadlineSeconds": 3600,
    "reminders": 1,
    "mailsPerSecond": 10,
    "chatNotifications": True,
    "policies": {"payout": {"approvers": [BOB]}},  # so that the form has something to choose
}


@pytest.fixture(scope="module")
def sandbox(browser: Browser) -> Iterator[Sandbox]:
    """Asks for a browser first: without one, there is nothing to deploy for."""
    with running("dev", ASKED) as started:
        yield started


@pytest.fixture
def page(browser: Browser, sandbox: Sandbox) -> Iterator[Page]:
    with watched(browser, LOOKING_ENDED, **DEVICES["desktop"]) as opened:
        opened.goto(sandbox.inbox_url)
        yield opened


@pytest.fixture(scope="module")
def by_ses(sandbox: Sandbox) -> Iterator[Sandbox]:
    """A stack that mails from an address of its own."""
    with running("dev", ASKED | {"mailFrom": SENDER, "approvers": [ALICE]}, emulator=sandbox.emulator) as started:
        yield started


def start(page: Page, title: str = "") -> str:
    """By the form; the title."""
    title = title or f"Run {uuid4().hex[:12]}"
    if not page.get_by_label("What shall be approved?").is_visible():
        page.locator("#start summary").click()
    page.get_by_label("What shall be approved?").fill(title)
    page.get_by_label("Details").fill("As discussed.")
    page.get_by_role("button", name="Start the workflow").click()
    expect(page.locator("#run").get_by_role("heading", name=title)).to_be_visible()
    return title


def approve(page: Page, title: str, who: str) -> None:
    """By the link in their mail, which opens a tab of its own."""
    mails(page, title).filter(has_text=who).click()
    with page.context.expect_page() as opened:
        page.locator("#inbox .mail").filter(has_text=title).filter(has_text=who).get_by_role("link").click()
    approval = opened.value
    approval.get_by_role("button", name="Approve").click()
    expect(approval.get_by_role("heading", name="Thank you, you approved this")).to_be_visible()
    approval.close()


def row(page: Page, title: str) -> Locator:
    return page.locator("#requests").get_by_role("row").filter(has_text=title)


def mails(page: Page, title: str) -> Locator:
    return page.locator("#inbox summary").filter(has_text=title)


def state(page: Page, name: str) -> Locator:
    return page.locator(f'.state[data-state="{name}"]')


def picture(page: Page, tmp_path: Path, name: str) -> None:
    page.screenshot(path=Path(os.environ.get("SCREENSHOTS", tmp_path)) / f"sandbox-{name}.png", full_page=True)


def test_a_request_is_started_mailed_opened_pressed_and_followed_to_its_end_without_a_reload(page: Page) -> None:
    page.evaluate("window.kept = true")  # until the page is loaded anew
    title = start(page)
    expect(mails(page, title)).to_have_count(2, timeout=SECONDS)
    expect(state(page, "Request approval")).to_contain_class("now")
    expect(row(page, title)).to_contain_text("0 of 1 approved")
    approve(page, title, ALICE)

    expect(state(page, "Return to main processing")).to_contain_class("good", timeout=SECONDS)
    expect(state(page, "Request approval")).to_contain_class("past")
    expect(page.locator("#run")).to_contain_text(f"{ALICE} approved")
    expect(page.locator("#history")).to_contain_text("ExecutionSucceeded")
    expect(page.locator("#run").get_by_role("button")).to_have_count(0)
    expect(page.locator("#run .outcome.good")).to_contain_text('"status": "completed"')
    expect(page.locator("#log")).to_contain_text("process")
    expect(mails(page, title).filter(has_text=f"Approved: {title}")).to_contain_text(BOB, timeout=SECONDS)
    for name in ("Requested", "Voted", "Decided"):
        expect(page.locator("#events")).to_contain_text(f"Approval {name}", timeout=SECONDS)
    expect(page.locator("#chat")).to_contain_text(title)
    assert page.evaluate("window.kept")


def test_a_mail_is_opened_and_a_round_ended_by_keys_alone_and_the_reminder_arrives(page: Page) -> None:
    expect(page.get_by_text("Times in Europe/Berlin")).to_be_visible()
    title = start(page)
    expect(mails(page, title)).to_have_count(2, timeout=SECONDS)
    mails(page, title).first.press("Enter")
    expect(page.locator("#inbox .body:visible")).to_contain_text(title)
    expect(mails(page, title).first).to_be_focused()
    page.get_by_role("button", name="End this round now").press("Enter")
    expect(mails(page, title).filter(has_text="Reminder")).to_have_count(2, timeout=SECONDS)
    expect(page.locator("#inbox .body:visible")).to_have_count(1)  # what was open still is
    expect(row(page, title)).to_contain_text("2 of 2")
    expect(state(page, "Request approval")).to_contain_text("×2")
    expect(page.locator("#by-hand")).to_contain_text("Ended by hand here, after")
    page.get_by_role("button", name="End this round now").click()
    expect(state(page, "Expired")).to_contain_class("bad", timeout=SECONDS)


def test_what_is_typed_focused_or_scrolled_to_stays_while_the_page_follows(page: Page, sandbox: Sandbox) -> None:
    first = start(page)
    expect(mails(page, first)).to_have_count(2, timeout=SECONDS)
    mails(page, first).first.focus()
    page.get_by_label("What shall be approved?").evaluate("field => { field.value = 'half a sent' }")
    second = f"Run {uuid4().hex[:12]}"
    sandbox.stack.start({"title": second})
    expect(mails(page, second)).to_have_count(2, timeout=SECONDS)
    expect(mails(page, first).first).to_be_focused()
    expect(page.get_by_label("What shall be approved?")).to_have_value("half a sent")
    expect(page.locator("#run").get_by_role("heading", name=first)).to_be_visible()  # it was chosen


@pytest.mark.parametrize(("scheme", "device"), [("light", "phone"), ("dark", "desktop")])
def test_it_is_accessible_and_fits_a_laptop_and_a_phone(
    browser: Browser, sandbox: Sandbox, tmp_path: Path, scheme: str, device: str
) -> None:
    with watched(browser, LOOKING_ENDED, color_scheme=scheme, bypass_csp=True, **DEVICES[device]) as page:
        page.goto(sandbox.inbox_url)
        start(page)
        page.locator("#inbox summary").last.click()
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        found = Axe().run(page)
        assert not found.response["violations"], found.generate_report()
        assert width(page) <= DEVICES[device]["viewport"]["width"]
        page.evaluate("window.scrollTo(0, 0)")
        below = "document.documentElement.scrollHeight - document.querySelector('main').getBoundingClientRect().bottom"
        assert page.evaluate(below) < 64, "an empty space below"
        picture(page, tmp_path, f"{scheme}-{device}")


def width(page: Page) -> int:
    return page.evaluate("document.documentElement.scrollWidth")


def test_the_graph_scrolls_to_the_active_state_on_a_phone(browser: Browser, sandbox: Sandbox) -> None:
    with watched(browser, LOOKING_ENDED, **DEVICES["phone"]) as page:
        page.goto(sandbox.inbox_url)
        title = start(page)
        expect(mails(page, title)).to_have_count(2, timeout=SECONDS)
        expect(state(page, "Request approval")).to_contain_class("now")
        assert shown_beside(page, "Request approval")
        approve(page, title, ALICE)
        expect(state(page, "Return to main processing")).to_contain_class("good", timeout=SECONDS)
        assert shown_beside(page, "Return to main processing")
        assert not shown_beside(page, "Generate task")
        page.locator("#graph").evaluate("graph => { graph.scrollLeft = graph.scrollWidth }")
        other = f"Run {uuid4().hex[:12]}"
        sandbox.stack.start({"title": other})
        expect(mails(page, other)).to_have_count(2, timeout=SECONDS)
        assert shown_beside(page, "Duplicate")  # whoever has scrolled is left alone


def shown_beside(page: Page, name: str) -> bool:
    """The state's box is in the part of the graph that can be seen."""
    box, frame = state(page, name).locator("path").bounding_box(), page.locator("#graph").bounding_box()
    assert box
    assert frame
    return frame["x"] - 1 <= box["x"] and box["x"] + box["width"] <= frame["x"] + frame["width"] + 1


def test_a_long_title_without_a_blank_widens_nothing_and_an_open_mail_is_seen_to_its_end(
    browser: Browser, sandbox: Sandbox
) -> None:
    title = uuid4().hex[:12] + "W" * 188
    phone = DEVICES["phone"]
    with watched(browser, LOOKING_ENDED, **phone) as page:
        page.goto(sandbox.inbox_url)
        start(page, title)
        expect(mails(page, title[:40])).to_have_count(2, timeout=SECONDS)
        assert width(page) <= phone["viewport"]["width"]
        mails(page, title[:40]).last.click()
        body = page.locator("#inbox .body:visible")
        expect(body).to_contain_text(title)
        assert width(page) <= phone["viewport"]["width"]
        assert page.locator("#inbox .mails").evaluate("list => list.scrollHeight - list.clientHeight") <= 1
        for edge in (body.get_by_role("link").bounding_box(), body.bounding_box()):
            assert edge
            assert edge["x"] + edge["width"] <= phone["viewport"]["width"]


HOSTILE = """</title><script>top.ran = 1</script><img src="/style.css" onerror="top.ran = 1">
<style>@import "/style.css"</style><link rel="stylesheet" href="/style.css"><svg onload="top.ran = 1"></svg>
<iframe src="/messages"></iframe><meta http-equiv="refresh" content="0; url=/messages">
<form action="/requests" method="post"><button>Go</button></form>"""


def framed(page: Page, number: int) -> FrameLocator:
    """The mail with this number, opened."""
    page.locator(f"#mail-{number}").click()
    return page.frame_locator(f'iframe[src="/messages/{number}"]')


def test_the_button_of_an_html_mail_leads_to_the_request_and_the_text_and_headers_are_beside_it(
    browser: Browser, by_ses: Sandbox
) -> None:
    with watched(browser, LOOKING_ENDED, **DEVICES["phone"]) as page:
        page.goto(by_ses.inbox_url)
        frames: list[str] = []
        page.on("request", lambda request: frames.append(request.url) if "/messages/" in request.url else None)
        title = start(page, f"<img src=/style.css onerror=top.ran=1> {uuid4().hex}")
        expect(mails(page, title)).to_have_count(1, timeout=SECONDS)
        mail = framed(page, len(by_ses.messages()))
        expect(mail.get_by_text(title)).to_be_visible()
        for part, said in (("Text", f"What: {title}"), ("Headers", f"From: {SENDER}")):
            page.locator("#inbox .part:visible summary").filter(has_text=part).click()
            expect(page.locator("#inbox .body:visible").filter(has_text=said)).to_be_visible()
        page.get_by_role("button", name="End this round now").click()
        expect(mails(page, title)).to_have_count(2, timeout=SECONDS)
        assert len(frames) == 1  # what is read is not loaded again
        with page.context.expect_page() as opened:
            mail.get_by_role("link", name="Open the request").click()
        opened.value.get_by_role("button", name="Approve").click()
        expect(opened.value.get_by_role("heading", name="Thank you, you approved this")).to_be_visible()
        opened.value.close()
        expect(state(page, "Return to main processing")).to_contain_class("good", timeout=SECONDS)


def test_hostile_html_in_a_mail_runs_nothing_and_loads_nothing(browser: Browser, by_ses: Sandbox) -> None:
    """As it would be, if something were not escaped."""
    (mails_of,) = by_ses.deployed.of("aws:sesv2/configurationSet:ConfigurationSet")
    html = f"<!doctype html><html><head><title>{HOSTILE}</head><body>{HOSTILE}<p>Read me</p></body></html>"
    body = {"Text": {"Data": "Read me"}, "Html": {"Data": html}}
    by_ses.client("sesv2").send_email(
        FromEmailAddress=SENDER,
        Destination={"ToAddresses": [ALICE]},
        Content={"Simple": {"Subject": {"Data": HOSTILE}, "Body": body}},
        ConfigurationSetName=mails_of["configurationSetName"],
    )
    with tab(browser, **DEVICES["desktop"]) as one:
        page = one.page
        page.goto(by_ses.inbox_url)
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        number, loaded = len(by_ses.messages()), []
        page.on("response", lambda answer: loaded.append(answer.url) if answer.frame != page.main_frame else None)
        mail = framed(page, number)
        expect(mail.get_by_text("Read me")).to_be_visible()
        mail.get_by_role("button", name="Go").first.click()
        assert page.evaluate("window.ran") is None
        assert loaded == [f"{by_ses.inbox_url}/messages/{number}"]
        blocked = "".join(one.complaints)
        assert "Blocked script execution" in blocked
        assert "Blocked form submission" in blocked
