"""Names with values, as they come from outside: of two values for one name, each reader would take another."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any


class RepeatedError(ValueError):
    """A name came `times` times."""

    def __init__(self, name: str, times: int) -> None:
        super().__init__(f"{name} must be given once; it came {times} times")
        self.name = name
        self.times = times


def once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """The pairs as a dictionary, which by itself would keep one value and lose the other. Raises RepeatedError."""
    kept = list(pairs)
    for name, times in Counter(name for name, _ in kept).items():
        if times > 1:
            raise RepeatedError(name, times)
    return dict(kept)


def parse(text: str) -> Any:
    """JSON, in which no object has a key twice. Raises RepeatedError, other ValueErrors, and RecursionError."""
    return json.loads(text, object_pairs_hook=once)
