"""One emulator for the tests that look at it from inside the process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.cloud import Cloud
from sandbox.emulator import Emulator


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    with Emulator() as started:
        yield started


@pytest.fixture(scope="session")
def cloud(emulator) -> Cloud:
    return Cloud(endpoint=emulator.endpoint, region="eu-central-1")
