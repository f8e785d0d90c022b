"""How hard is tried, and the functions as tests of a single call want them."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.fuzz.functions import Page, asked

# The same examples every time, so that a build is red for what was changed. A failing one is shown as it was found: to
# shrink a text of 256 KiB takes minutes.
settings.register_profile(
    "fuzz",
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """The functions log each failure with its stack; thousands of those only slow the tests down."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def api() -> Page:
    return asked()
