"""The functions behind the API and the queues, put together with the services in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from handlers.approvals.adapters.channel import Letterhead, Pace
from handlers.approvals.adapters.ses import Mailer
from handlers.approvals.adapters.sns import ApproverTopic
from handlers.approvals.observability import logger, metrics
from handlers.approvals.rules.links import digest
from handlers.approvals.rules.record import Approver, Record
from handlers.approvals.usecases.ports import Mail
from handlers.give_up import serve as give_up
from handlers.page import HttpApi
from tests.support.fakes import (
    APPROVAL_URL,
    FakeWorkflow,
    MemoryStore,
    answering,
    asking,
    giving_up,
    page_settings,
    request_function,
)
from tests.support.mails import SENDER
from tests.support.records import ANNA, ASKED_AT, BEN, record
from tests.support.services import FakeClock, FakeSes, FakeSns, FakeSqs

SECRET = "s" * 52


@dataclass(frozen=True, kw_only=True)
class Page(HttpApi):
    """The page's function, and what it talks to."""

    store: MemoryStore
    workflow: FakeWorkflow

    def serve(self, event: dict[str, Any]) -> dict[str, Any]:
        with one_call():
            return super().serve(event)


def page_of(kept: Record, *, one_click: bool = False) -> Page:
    """With this record."""
    store, workflow = MemoryStore(kept), FakeWorkflow()
    settings = page_settings(one_click=one_click)
    return Page(page=answering(store, workflow), settings=settings, store=store, workflow=workflow)


def asked(*, one_click: bool = False) -> Page:
    """With a request that nobody has answered, and that Anna has the link of."""
    approvers = {ANNA: Approver(links=(digest(SECRET),), mailed_round=1), BEN: Approver(mailed_round=1)}
    return page_of(record(approvers=approvers, approvals_required=1), one_click=one_click)


class Consumer:
    """The function behind the request queue, and what it talks to."""

    def __init__(self, timezone: str = "UTC", *, by_ses: bool = False) -> None:
        self.store, self.workflow, self.topic, self.queue = MemoryStore(), FakeWorkflow(), FakeSns(), FakeSqs()
        self.ses, clock, topic = FakeSes(), FakeClock(), cast("Any", self.topic)
        letterhead = Letterhead(environment="test", timezone=timezone, approval_url=APPROVAL_URL)
        mail: Mail = ApproverTopic(topic, "approvers", letterhead, Pace(0, clock))
        if by_ses:
            mail = Mailer(cast("Any", self.ses), SENDER, letterhead, Pace(0, clock))
        self._function = request_function(asking(self.store, self.workflow, mail, clock), self.queue)

    def deliver(self, *bodies: Any) -> list[str]:
        """One batch; which of its messages come back, counted from "0"."""
        self.queue.delays.clear()
        failed = delivered(self.queue, partial(self._function.serve, worker_ends=ASKED_AT + 20), *bodies)
        assert len(self.queue.delays) == len(failed)
        return failed


class DeadLetterConsumer:
    """The function behind the dead-letter queue, and what it talks to."""

    def __init__(self) -> None:
        self.store, self.workflow, self.queue = MemoryStore(), FakeWorkflow(), FakeSqs()
        self._use_case = giving_up(self.store, self.workflow)

    def deliver(self, *bodies: Any) -> list[str]:
        """One batch; which of its messages come back, counted from "0"."""
        return delivered(self.queue, partial(give_up, self._use_case), *bodies)


def delivered(queue: FakeSqs, serve: Any, *bodies: Any) -> list[str]:
    with one_call():
        answer = queue.deliver(serve, *bodies)
    assert answer.keys() == {"batchItemFailures"}
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


@contextmanager
def one_call() -> Iterator[None]:
    """What the handlers' decorators do after each call: without it, one call would log and count for those before."""
    try:
        yield
    finally:
        logger.clear_state()
        metrics.clear_metrics()
