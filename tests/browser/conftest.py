"""A real browser: Debian's chromium (or another one on the PATH), driven by Playwright."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from pictures.browser import CHROMIUMS, chromium

# Options of a Playwright context.
DEVICES: dict[str, dict[str, Any]] = {
    "phone": {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "has_touch": True},
    "small-phone": {"viewport": {"width": 320, "height": 640}, "device_scale_factor": 2, "has_touch": True},
    "desktop": {"viewport": {"width": 1280, "height": 800}},
    "desktop-at-200-percent": {"viewport": {"width": 640, "height": 400}, "device_scale_factor": 2},
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


@dataclass(frozen=True)
class Tab:
    """A page, and what has gone wrong in it: console messages, script errors, failed requests."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        complain = self.complaints.append
        self.page.on("console", lambda message: complain(message.text))
        self.page.on("pageerror", lambda error: complain(str(error)))
        self.page.on("requestfailed", lambda request: complain(f"{request.method} failed: {request.failure}"))

    @contextmanager
    def watched(self, allowed: frozenset[str] = frozenset()) -> Iterator[Page]:
        """Nothing may go wrong unseen.

        Args:
            allowed: complaints that may come, and need not.
        """
        try:
            yield self.page
            assert not set(self.complaints) - allowed
        finally:
            self.complaints.clear()


@contextmanager
def tab(browser: Browser, **options: Any) -> Iterator[Tab]:
    with browser.new_context(reduced_motion="reduce", **options) as context:
        yield Tab(context.new_page())


@contextmanager
def watched(browser: Browser, allowed: frozenset[str] = frozenset(), **options: Any) -> Iterator[Page]:
    """A tab of its own in which nothing may go wrong unseen, but for what is `allowed`."""
    with tab(browser, **options) as one, one.watched(allowed) as page:
        yield page
