"""For tests that run the functions thousands of times."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from handlers.approvals.observability import logger, metrics


@pytest.fixture(scope="module", autouse=True)
def quiet() -> Iterator[None]:
    """Nobody reads what is logged. A folder's conftest.py imports it."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)
    logger.clear_state()
    metrics.clear_metrics()
