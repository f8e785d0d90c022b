"""What the functions log and count, for a test that reads it: Powertools has one logger and one sink a process."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO

from handlers.approvals.observability import logger, metrics


@contextmanager
def logged() -> Iterator[StringIO]:
    """What is logged inside, a line of JSON each. It begins without the keys that others have appended."""
    handler = logger.registered_handler
    assert isinstance(handler, logging.StreamHandler)
    lines = StringIO()
    logger.clear_state()
    before = handler.setStream(lines)
    try:
        yield lines
    finally:
        handler.setStream(before)
        logger.clear_state()


@contextmanager
def counted() -> Iterator[Callable[[], dict[str, float]]]:
    """Asks for what has been counted inside: the sum of each metric by its name."""
    metrics.clear_metrics()
    try:
        yield lambda: {name: sum(metric["Value"]) for name, metric in metrics.provider.metric_set.items()}
    finally:
        metrics.clear_metrics()
