"""A real browser: Debian's chromium (or another one on the PATH), driven by Playwright."""

from __future__ import annotations

import io
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

Colour = tuple[int, int, int]
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
# Colours of a picture: those of its areas, and some for the edges of letters and what else is rare.
OFTEN, MIXED = 32, 32


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
        raise NoBrowserError(
            f"no browser: none of {', '.join(CHROMIUMS)} is on the PATH (Debian: apt-get install chromium)"
        )
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
    """The same picture with a palette, which takes half of the bytes. The colours of its areas are exactly the same.

    Pillow chooses and applies palettes by approximation, which turns a white page grey. So it only mixes what the edges
    of letters and other small things are shown in.
    """
    with Image.open(io.BytesIO(png)) as whole:
        picture = whole.convert("RGBA")
    pixels = memoryview(picture.tobytes()).cast("I")
    counted = Counter(pixels)
    often = [colour(pixel) for pixel, _ in counted.most_common(OFTEN)]
    mixed = picture.convert("RGB").quantize(MIXED, method=Image.Quantize.MAXCOVERAGE).getpalette() or []
    palette = list(dict.fromkeys([*often, *zip(mixed[::3], mixed[1::3], mixed[2::3], strict=True)]))
    nearest = {pixel: min(range(len(palette)), key=distance(palette, colour(pixel))) for pixel in counted}
    flat = Image.frombytes("P", picture.size, bytes(map(nearest.__getitem__, pixels)))
    flat.putpalette([channel for entry in palette for channel in entry])
    out = io.BytesIO()
    flat.save(out, "PNG", optimize=True)
    return out.getvalue()


def colour(pixel: int) -> Colour:
    red, green, blue, _ = pixel.to_bytes(4, sys.byteorder)
    return red, green, blue


def distance(palette: list[Colour], wanted: Colour) -> Callable[[int], int]:
    """How far an entry of the palette is from a colour."""
    return lambda entry: sum((ours - theirs) ** 2 for ours, theirs in zip(palette[entry], wanted, strict=True))
