"""Name-value pairs from outside must have unique names: of two values for one name, readers would pick differently."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any


class RepeatedError(ValueError):
    """`name`, the first of the repeated `names`, was given `times` times."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self.names = tuple(counts)
        self.name, self.times = next(iter(counts.items()))
        super().__init__(f"{self.name} must be given once; it came {self.times} times")


def once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """The pairs as a dictionary. A plain `dict` would silently drop repeated names. Raises RepeatedError."""
    kept = list(pairs)
    if repeated := {name: times for name, times in Counter(name for name, _ in kept).items() if times > 1}:
        raise RepeatedError(repeated)
    return dict(kept)


def parse(text: str) -> Any:
    """Parse JSON whose objects have no duplicate keys. Raises RepeatedError, other ValueErrors and RecursionError."""
    return json.loads(text, object_pairs_hook=once)
