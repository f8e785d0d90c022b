"""The emulator, as every folder has it: one for all of its tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.emulator import Emulator


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    """Enforces IAM. A folder's conftest.py imports it, so that no folder has another one's stacks in its emulator."""
    with Emulator() as started:
        yield started
