"""Names with values, as they come from outside: of two values for one name, each reader would take another."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any


class RepeatedError(ValueError):
    """A name came `times` times: the first such one of `names`."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self.names = tuple(counts)
        self.name, self.times = next(iter(counts.items()))
        super().__init__(f"{self.name} must be given once; it came {self.times} times")


def once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """The pairs as a dictionary, which by itself would keep one value and lose the other. Raises RepeatedError."""
    kept = list(pairs)
    if repeated := {name: times for name, times in Counter(name for name, _ in kept).items() if times > 1}:
        raise RepeatedError(repeated)
    return dict(kept)


def parse(text: str) -> Any:
    """JSON, in which no object has a key twice. Raises RepeatedError, other ValueErrors, and RecursionError."""
    return json.loads(text, object_pairs_hook=once)
