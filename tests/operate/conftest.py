"""One emulator that enforces IAM, for the operator's tool; a stack in it, and people who have one of its policies."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.emulator import emulator
from tests.support.operating import Operator
from tests.support.stacks import ALICE, BOB, BOSS, CAROL, QUICK, Stack, running

__all__ = ["emulator"]

PAYOUT = {
    "groups": {"finance": {"approvers": [ALICE, BOB]}, "legal": {"approvers": [CAROL]}},
    "escalateTo": [BOSS],
    "approvalsRequired": 2,
    "reminders": 1,
}


@pytest.fixture(scope="session")
def stack(emulator) -> Iterator[Stack]:
    config = QUICK | {"approvers": [ALICE, BOB], "escalateTo": [], "policies": {"payout": PAYOUT}}
    with running("dev", config, emulator=emulator) as sandbox:
        yield Stack(sandbox)


@pytest.fixture(scope="session")
def reader(stack) -> Operator:
    return Operator(stack, "reader", stack.sandbox.outputs["readerPolicy"])


@pytest.fixture(scope="session")
def operator(stack) -> Operator:
    """Alice, who is asked as well."""
    return Operator(stack, ALICE, stack.sandbox.outputs["operatorPolicy"])
