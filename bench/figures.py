"""Statistics of a series of measurements."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Figure:
    """Median and 95th percentile of measurements, in their unit."""

    median: float
    p95: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Figure:
        """Nearest-rank percentile: a measured value. Raises StatisticsError for no values."""
        return cls(median(values), sorted(values)[math.ceil(0.95 * len(values)) - 1])


@dataclass(frozen=True, kw_only=True)
class Goal:
    """`ours` may be at most `factor` times `other`: the rival's, or the floor's."""

    what: str
    ours: float
    other: float
    factor: float

    @property
    def ratio(self) -> float:
        return self.ours / self.other

    @property
    def met(self) -> bool:
        return self.ratio <= self.factor
