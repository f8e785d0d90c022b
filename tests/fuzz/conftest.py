"""How hard is tried, and a function that is told nothing by AWS."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings

from handlers.approvals.links import digest
from handlers.approvals.record import Approver
from tests.fuzz.services import Machine, Queue, Table, Topic
from tests.support.events import load
from tests.support.records import ANNA, ASKED_AT, BEN, record

SECRET = "s" * 52

# The same examples every time, so that a build is red for what was changed. A failing one is shown as it was found: to
# shrink a text of 256 KiB takes minutes. Fixtures are reset by each example.
settings.register_profile(
    "fuzz",
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """The functions log each failure with its stack; thousands of those only slow the tests down."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def clock(time_machine):
    time_machine.move_to(ASKED_AT, tick=False)


@pytest.fixture
def api(monkeypatch, clock):
    """The page's function with a request that Anna has the link of; `asked(api)` brings it back to the beginning."""
    module = load(monkeypatch, "approval_api")
    asked(module)
    return module


@pytest.fixture
def consumer(monkeypatch, clock):
    module = load(monkeypatch, "request_approval")
    module.STORE, module.CALLBACK, module.SNS, module.SQS = Table(), Machine(), Topic(), Queue()
    return module


@pytest.fixture
def undertaker(monkeypatch):
    module = load(monkeypatch, "give_up_request")
    module.STORE, module.CALLBACK = Table(), Machine()
    return module


def asked(api) -> None:
    approvers = {ANNA: Approver(links=(digest(SECRET),), mailed_round=1), BEN: Approver(mailed_round=1)}
    api.STORE = Table(record(approvers=approvers, approvals_required=1))
    api.CALLBACK = Machine()
