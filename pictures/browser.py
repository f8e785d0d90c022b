"""A real browser: Debian's chromium (or another one on the PATH), driven by Playwright."""

from __future__ import annotations

import shutil
from typing import Any, Literal

from playwright.sync_api import sync_playwright

Scheme = Literal["light", "dark"]
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
# Options of a Playwright context. A picture is at least as high as its window.
WINDOW: dict[str, Any] = {"reduced_motion": "reduce", "locale": "en-GB", "timezone_id": "UTC"}
DEVICES: dict[str, dict[str, Any]] = {
    "phone": {"viewport": {"width": 390, "height": 600}, "device_scale_factor": 1.5},
    "desktop": {"viewport": {"width": 1024, "height": 480}},
    "mail": {"viewport": {"width": 800, "height": 480}},
}


def chromium() -> str | None:
    """The path of the browser, if there is one."""
    return next(filter(None, map(shutil.which, CHROMIUMS)), None)


def photograph(html: str, device: dict[str, Any], scheme: Scheme) -> bytes:
    """The whole of a page as PNG. Ends the program where there is no browser."""
    executable = chromium()
    if not executable:
        raise SystemExit(
            f"no browser: none of {', '.join(CHROMIUMS)} is on the PATH (Debian: apt-get install chromium)"
        )
    with sync_playwright() as playwright:
        # In a container, chromium as root has no sandbox of its own.
        launched = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        page = launched.new_context(**WINDOW | device, color_scheme=scheme).new_page()
        page.set_content(html)
        picture = page.screenshot(full_page=True, animations="disabled", caret="hide")
        launched.close()
        return picture
