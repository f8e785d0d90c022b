"""A real browser: Debian's chromium (or another one on the PATH), driven by Playwright."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
COLOURS = 32  # of a picture: flat pages with the edges of their letters need no more


class NoBrowserError(RuntimeError):
    """There is no chromium to take pictures with."""


@dataclass(frozen=True, kw_only=True)
class Device:
    """A window in CSS pixels, and how many pixels of the screen each of them has."""

    width: int
    height: int
    scale: float = 1


DEVICES = {"phone": Device(width=390, height=600, scale=1.5), "desktop": Device(width=1024, height=480)}


def chromium() -> str | None:
    """The path of the browser, if there is one."""
    return next(filter(None, map(shutil.which, CHROMIUMS)), None)


@contextmanager
def browser() -> Iterator[Browser]:
    """Raises NoBrowserError."""
    executable = chromium()
    if not executable:
        raise NoBrowserError(f"no browser: none of {', '.join(CHROMIUMS)} is on the PATH")
    with sync_playwright() as playwright:
        # In a container, chromium as root has no sandbox of its own.
        launched = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield launched
        launched.close()


def photograph(browser: Browser, device: Device, scheme: Scheme, show: Callable[[Page], None]) -> bytes:
    """The whole of the page that `show` has brought up, as PNG; at least as high as the window."""
    window = ViewportSize(width=device.width, height=device.height)
    with browser.new_context(
        viewport=window,
        device_scale_factor=device.scale,
        color_scheme=scheme,
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="UTC",
    ) as context:
        page = context.new_page()
        show(page)
        return small(page.screenshot(full_page=True, animations="disabled", caret="hide"))


def small(png: bytes) -> bytes:
    """The same picture with a palette, which takes half of the bytes."""
    with Image.open(io.BytesIO(png)) as picture:
        flat = picture.convert("RGB").quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    out = io.BytesIO()
    flat.save(out, "PNG", optimize=True)
    return out.getvalue()
