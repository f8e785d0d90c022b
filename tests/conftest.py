"""What holds for every test."""

from __future__ import annotations

import gc
import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

# Most of what tests hold stays: to look for garbage in it every 700 objects takes a tenth of their time.
gc.set_threshold(100_000, 50, 100)

# Every function has it, and the handlers' metrics read it when they are imported.
os.environ.setdefault("LABEL", "test")
# A hundred mails in one process are published at once, wherever a test has got to.
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "test")

# How long an example takes says more of the machine than of the program.
hypothesis.settings.register_profile("timeless", deadline=None)
hypothesis.settings.load_profile("timeless")


@pytest.fixture(scope="session", autouse=True)
def events_checked() -> Iterator[None]:
    """Every event that is made here is as docs/events/ has it."""
    from tests.support.told import all_checked  # noqa: PLC0415 - after LABEL is set

    with all_checked():
        yield


# Each of these folders shares what is slow to start, so its tests stay in one process.
TOGETHER = {"faults", "infra", "journey", "permissions", "properties"}


class ByFolder(LoadScopeScheduling):
    """Hands out whole folders where that saves a deployment, and files elsewhere, in the order of pyproject.toml.

    Not `xdist_group` marks: xdist 3.8 writes them into `Item._nodeid`, which pytest 9.2 no longer reads.
    """

    def _split_scope(self, nodeid: str) -> str:
        file, *_ = nodeid.split("::")
        _tests, folder, *_ = file.split("/")
        return folder if folder in TOGETHER else file

    def add_node_collection(self, node: WorkerController, collection: list[str]) -> None:
        """Of several tests with one id it would run the first and be silent about the others."""
        repeated = [test for test, count in Counter(collection).items() if count > 1]
        if repeated:
            raise pytest.UsageError(f"ids of more than one test: {', '.join(repeated)}")
        super().add_node_collection(node, collection)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFolder:
    return ByFolder(config, log)
