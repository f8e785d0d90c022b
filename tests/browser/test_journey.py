"""The mailed link of a waiting execution, opened and answered in a browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import DEVICES, watched
from tests.support.stacks import ALICE, BOB, CAROL, Stack, running


@pytest.fixture(scope="module")
def stack(browser: Browser) -> Iterator[Stack]:
    """Two of three have to approve. Asks for a browser first: without one, there is nothing to deploy for."""
    asked = {
        "approvers": [ALICE, BOB, CAROL],
        "approvalsRequired": 2,
        "timezone": "Europe/Berlin",
        "mailsPerSecond": 10,
    }
    with running("dev", asked) as sandbox:
        yield Stack(sandbox)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with watched(browser, **DEVICES["phone"]) as watched_page:
        yield watched_page


def test_two_approve_in_the_browser_and_the_workflow_goes_on(stack: Stack, page: Page) -> None:
    run = stack.start(details="<b>41</b> changes\nsince 1.3")
    page.goto(run.link(ALICE))
    expect(page.get_by_role("heading", level=1)).to_have_text(run.title)
    expect(page.get_by_text("<b>41</b> changes")).to_be_visible()
    expect(page.get_by_text(f"You answer as {ALICE}")).to_be_visible()
    page.get_by_label("Comment").fill("Tests are green.\nGo ahead — ¡vamos! 🚀")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("heading", name="Thank you, you approved this")).to_be_visible()
    expect(page.get_by_text("1 more approval is needed")).to_be_visible()
    expect(page.get_by_role("button")).to_have_count(0)
    assert run.status == "RUNNING"

    page.goto(run.link(BOB))
    expect(page.get_by_role("blockquote")).to_have_text("Tests are green.\nGo ahead — ¡vamos! 🚀")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("That settles it: the request is approved")).to_be_visible()
    votes = run.succeeded()["approval"]["votes"]
    assert [(vote["approver"], vote["comment"]) for vote in votes] == [
        (ALICE, "Tests are green.\nGo ahead — ¡vamos! 🚀"),
        (BOB, ""),
    ]

    page.goto(run.link(CAROL))
    expect(page.get_by_role("heading", name="Already approved")).to_be_visible()
    expect(page.get_by_text(f"approved by {ALICE} and {BOB}")).to_be_visible()


def test_a_double_click_counts_once(stack: Stack, browser: Browser) -> None:
    run = stack.start()
    # The second press makes the browser give up on the first one's answer, if that has not come by then.
    with watched(browser, frozenset({"POST failed: net::ERR_ABORTED"}), **DEVICES["desktop"]) as page:
        page.goto(run.link(ALICE))
        page.get_by_role("button", name="Approve").dblclick()
        expect(page.get_by_role("heading", name="Thank you, you approved this")).to_be_visible()
        expect(page.get_by_role("listitem")).to_have_count(1)
    assert run.status == "RUNNING"
