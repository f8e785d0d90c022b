"""Wait for a condition with a deadline, never for luck."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal, TypeVar

Found = TypeVar("Found")


SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.05, 0.25  # a look is often a call, and what is waited for needs time


def until(look: Callable[[], Found | Literal[False] | None], what: str, seconds: float = 60) -> Found:
    """What `look` returns as soon as that is true; fails with what was seen last."""
    give_up, pause = time.monotonic() + seconds, SHORTEST_PAUSE_SECONDS
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > give_up:
            raise AssertionError(f"after {seconds} s still no {what}; last seen: {seen!r}")
        time.sleep(pause)
        pause = min(1.25 * pause, LONGEST_PAUSE_SECONDS)
