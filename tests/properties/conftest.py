"""The functions under test in steps, and one emulator for what has to be real."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.emulator import Emulator
from tests.properties import workers


@pytest.fixture
def functions() -> Iterator[workers.Functions]:
    with workers.functions() as loaded:
        yield loaded


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    with Emulator() as started:
        yield started
