"""One emulator for the tests that look at it from inside the process."""

from __future__ import annotations

import pytest

from sandbox.cloud import Cloud
from tests.support.emulator import emulator

__all__ = ["emulator"]


@pytest.fixture(scope="session")
def cloud(emulator) -> Cloud:
    return Cloud(endpoint=emulator.endpoint, region="eu-central-1")
