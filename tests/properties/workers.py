"""Lambda workers that stop before each AWS call until they are told how it goes: races on purpose, not by luck."""

from __future__ import annotations

import threading
from collections.abc import Callable
from enum import Enum
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from handlers.approvals.observability import metrics
from tests.support.services import Violated

WORKER_SECONDS = 20  # a function's time-out


class Fate(Enum):
    """How an AWS call goes."""

    FINE = "fine"
    REFUSED = "throttled, and the SDK has given up"
    REPEATED = "done, but its reply was lost, so the SDK does it again"
    LOST = "done, but no reply ever came"
    KILLED_BEFORE = "the worker ends before it"
    KILLED_AFTER = "done, then the worker ends"


class Killed(BaseException):
    """Ends a worker in the middle of its work; no handler may catch it."""


_running = threading.local()


class Worker:
    """One call of a function. It runs only while `go` waits for it, from one AWS call to the next."""

    def __init__(self, name: str, work: Callable[[], Any], ends: float) -> None:
        self.name, self.ends = name, ends
        self.finished = self.troubled = False
        self.answer: Any = None
        self.pressed: tuple[str, Any] | None = None  # who, and what, if this is somebody at the page
        self.round = 0  # whose mails it sends, if it sends any
        self.late = False  # it has begun when the execution was over
        self.told_of = ""  # the execution whose end it hears of
        self.began = 0  # the record's version when it did
        self.lost: set[str] = set()  # whom no mail reached by then
        self.again: Callable[[], Worker] | None = None  # what Lambda calls if it does not succeed
        self.error: BaseException | None = None
        self._work = work
        self._fate = Fate.FINE
        self._mine, self._theirs = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()
        self.go()  # up to its first call

    def go(self, fate: Fate = Fate.FINE) -> None:
        if self.finished:
            return
        self._fate = fate
        self.troubled |= fate is not Fate.FINE
        self._mine.release()
        self._theirs.acquire()
        if isinstance(self.error, Violated):
            raise AssertionError(str(self.error)) from self.error  # noqa: TRY004 - what pytest and hypothesis report
        if self.error:
            raise self.error

    def pause(self) -> Fate:
        self._theirs.release()
        self._mine.acquire()
        return self._fate

    def _run(self) -> None:
        self._mine.acquire()
        _running.worker = self
        try:
            self.answer = self._work()
        except Killed:
            pass
        except BaseException as error:  # noqa: BLE001 - raised again where the test is
            self.error = error
        metrics.clear_metrics()  # as Lambda's wrapper does, which has published them
        self.finished = True
        self._theirs.release()


def stepwise(client: Any) -> Any:
    """A client whose calls wait for their turn when a worker makes them."""
    return _Stepwise(client)


class _Stepwise:
    def __init__(self, client: Any) -> None:
        self._client = client
        self.exceptions = client.exceptions

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        perform = getattr(self._client, operation)

        def call(**arguments: Any) -> Any:
            fate = _running.worker.pause()
            if fate is Fate.KILLED_BEFORE:
                raise Killed
            if fate is Fate.REFUSED:
                raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, operation)
            try:
                if fate is Fate.REPEATED:
                    perform(**arguments)
                answer = perform(**arguments)
            except (ClientError, BotoCoreError):
                raise
            except Exception as error:
                raise Violated(f"{operation}: {error!r}") from error
            if fate is Fate.LOST:
                raise ReadTimeoutError(endpoint_url="https://aws.example.com")
            if fate is Fate.KILLED_AFTER:
                raise Killed
            return answer

        return call
