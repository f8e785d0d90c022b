"""docs/performance.md: a template filled in with a run's tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from bench import prices, tables
from bench.run import Results
from bench.stage import BENCH

TEMPLATE = BENCH / "performance.md"
PLACE = re.compile(r"\{\{ (\w+) \}\}")
TABLES: Mapping[str, Callable[[Results], str]] = {
    made.__name__: made
    for made in (
        tables.goals,
        tables.warm,
        tables.cold,
        tables.calls,
        tables.sums,
        tables.functions,
        tables.per_thousand,
        tables.per_month,
    )
}


def filled(results: Results) -> str:
    """Raises KeyError for a placeholder without content."""
    made = {name: make(results) for name, make in TABLES.items()}
    made |= {"machine": results.machine, "region": prices.REGION, "price_date": prices.DATE}
    return PLACE.sub(lambda place: made[place[1]], template())


def template() -> str:
    return TEMPLATE.read_text(encoding="utf-8")


def is_written_by(template_text: str, published: str) -> bool:
    """Whether a page is this template with any content in its placeholders."""
    words = PLACE.split(template_text)[::2]
    return bool(re.fullmatch("(?s:.+?)".join(map(re.escape, words)), published))
