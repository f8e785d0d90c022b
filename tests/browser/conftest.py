"""A real browser: Debian's chromium (or another one on the PATH), driven by Playwright."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from pictures.browser import CHROMIUMS, chromium

# Options of a Playwright context.
DEVICES: dict[str, dict[str, Any]] = {
    "phone": {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "has_touch": True},
    "small-phone": {"viewport": {"width": 320, "height": 640}, "device_scale_factor": 2, "has_touch": True},
    "desktop": {"viewport": {"width": 1280, "height": 800}},
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Ends with its file: Playwright's event loop runs in the main thread, where others start theirs."""
    executable = chromium()
    if not executable:
        reason = f"no chromium: none of {', '.join(CHROMIUMS)} is on the PATH, so nothing was looked at in a browser"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    with sync_playwright() as playwright:
        # In a container, chromium as root has no sandbox of its own.
        launched = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield launched
        launched.close()


@contextmanager
def watched(browser: Browser, allowed: frozenset[str] = frozenset(), **options: Any) -> Iterator[Page]:
    """A tab in which nothing may go wrong unseen: no console message, no script error, no failed request.

    Args:
        allowed: complaints that may come, and need not.
    """
    complaints: list[str] = []
    with browser.new_context(reduced_motion="reduce", **options) as context:
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("requestfailed", lambda request: complaints.append(f"{request.method} failed: {request.failure}"))
        yield page
    assert not set(complaints) - allowed
