"""What holds for every test."""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parent
# Each of these folders shares what is slow to start, so its tests stay in one process; the others are spread.
TOGETHER = {"browser", "faults", "infra", "journey", "permissions", "properties"}


@pytest.hookimpl(tryfirst=True)  # before xdist looks for the mark
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        folder, *_ = item.path.relative_to(TESTS).parts
        if folder in TOGETHER:
            item.add_marker(pytest.mark.xdist_group(folder))
