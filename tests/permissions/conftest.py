"""One emulator that enforces IAM, the program in it, and the program's graph as Pulumi would send it to AWS."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.cloud import Cloud
from tests.support.emulator import emulator
from tests.support.harness import MAILED, Graph
from tests.support.harness import deploy as record
from tests.support.stacks import ALICE, QUICK, Stack, running

__all__ = ["emulator"]


@pytest.fixture(scope="session")
def iam(emulator):
    """Simulates policies. It needs no stack."""
    return Cloud(endpoint=emulator.endpoint, region="eu-central-1").client("iam")


@pytest.fixture(scope="session")
def graph() -> Graph:
    """The program with every option on, and mail by SES."""
    return record(config=MAILED)


@pytest.fixture(scope="session")
def stack(emulator) -> Iterator[Stack]:
    """One approver, one round, two deliveries: the quickest ways through every line that calls AWS."""
    with running(
        "dev", QUICK | {"approvers": [ALICE], "deliveryAttempts": 2, "chatNotifications": True}, emulator=emulator
    ) as sandbox:
        yield Stack(sandbox)


@pytest.fixture(scope="session")
def mailed(emulator) -> Iterator[Stack]:
    """The same with mail by SES."""
    config = QUICK | {"approvers": [ALICE], "deliveryAttempts": 2, "mailFrom": "approvals@example.com"}
    with running("dev", config, emulator=emulator) as sandbox:
        yield Stack(sandbox)
