"""The functions under test in steps, and one emulator for what has to be real."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.properties import workers
from tests.support.emulator import emulator

__all__ = ["emulator"]


@pytest.fixture
def functions() -> Iterator[workers.Functions]:
    with workers.functions() as loaded:
        yield loaded
