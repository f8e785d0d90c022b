"""The functions behind the API and the queues, put together with services that refuse what the real ones refuse."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from handlers.approval_api import ApprovalApi
from handlers.approvals.adapters.batch import serve_each
from handlers.approvals.adapters.queue import RequestQueue
from handlers.approvals.adapters.sns import ApproverTopic, Letterhead, Pace
from handlers.approvals.adapters.step_functions import StepFunctions
from handlers.approvals.observability import logger, metrics
from handlers.approvals.rules.links import digest
from handlers.approvals.rules.record import Approver, Record
from handlers.give_up_request import serve as give_up
from handlers.request_approval import Requests
from tests.fuzz.services import LONGEST_VISIBILITY_SECONDS, Machine, Queue, Table, Topic
from tests.support.events import sqs
from tests.support.fakes import APPROVAL_URL, FakeClock, answering, asking, giving_up, page_settings
from tests.support.records import ANNA, ASKED_AT, BEN, record

SECRET = "s" * 52


@dataclass(frozen=True, kw_only=True)
class Page(ApprovalApi):
    """The page's function, and what it talks to."""

    store: Table
    machine: Machine

    def serve(self, event: dict[str, Any]) -> dict[str, Any]:
        with one_call():
            return super().serve(event)


def page_of(kept: Record, *, one_click: bool = False) -> Page:
    """With this record."""
    store, machine = Table(kept), Machine()
    settings = page_settings(one_click=one_click)
    return Page(
        answer=answering(store, StepFunctions(client(machine))), settings=settings, store=store, machine=machine
    )


def asked(*, one_click: bool = False) -> Page:
    """With a request that nobody has answered, and that Anna has the link of."""
    approvers = {ANNA: Approver(links=(digest(SECRET),), mailed_round=1), BEN: Approver(mailed_round=1)}
    return page_of(record(approvers=approvers, approvals_required=1), one_click=one_click)


class Consumer:
    """The function behind the request queue, and what it talks to."""

    def __init__(self, timezone: str = "UTC") -> None:
        self.store, self.machine, self.topic, self.queue = Table(), Machine(), Topic(), Queue()
        clock = FakeClock()
        letterhead = Letterhead(environment="test", timezone=timezone, approval_url=APPROVAL_URL)
        mail = ApproverTopic(client(self.topic), "approvers", letterhead, Pace(0, clock))
        ask = asking(self.store, StepFunctions(client(self.machine)), mail, clock)
        self._requests = Requests(ask=ask, queue=RequestQueue(client(self.queue), "requests"))

    def deliver(self, *bodies: Any) -> list[str]:
        """One batch; which of its messages come back, counted from "0"."""
        failed = delivered(partial(self._requests.serve, worker_ends=ASKED_AT + 20), *bodies)
        assert len(self.queue.delays) == len(failed)
        assert all(0 <= seconds <= LONGEST_VISIBILITY_SECONDS for seconds in self.queue.delays)
        self.queue.delays.clear()
        return failed


class DeadLetterConsumer:
    """The function behind the dead-letter queue, and what it talks to."""

    def __init__(self) -> None:
        self.store, self.machine = Table(), Machine()
        self._use_case = giving_up(self.store, StepFunctions(client(self.machine)))

    def deliver(self, *bodies: Any) -> list[str]:
        """One batch; which of its messages come back, counted from "0"."""
        return delivered(partial(give_up, self._use_case), *bodies)


def client(stand_in: Topic | Queue | Machine) -> Any:
    """As one of boto3's, whose types have every operation that there is."""
    return stand_in


def delivered(serve: Any, *bodies: Any) -> list[str]:
    with one_call():
        answer = serve_each(sqs(*bodies), serve)
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
