"""Lambda workers that stop before each AWS call until they are told how it goes: races on purpose, not by luck."""

from __future__ import annotations

import importlib
import importlib.util
import itertools
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from handlers.approvals import observability, store
from tests.support.events import ENVIRONMENT

HANDLERS = Path(store.__file__).parents[1]
WORKER_SECONDS = 20  # a function's time-out, as tests.support.events.Context says it


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


class Violated(BaseException):
    """A promise was broken inside a call; no handler may take it for a fault of AWS."""


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
        self.finished = True
        self._theirs.release()


class Stepwise:
    """A client whose calls wait for their turn when a worker makes them."""

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
            if fate is Fate.REPEATED:
                perform(**arguments)
            answer = perform(**arguments)
            if fate is Fate.LOST:
                raise ReadTimeoutError(endpoint_url="https://aws.example.com")
            if fate is Fate.KILLED_AFTER:
                raise Killed
            return answer

        return call


class Clock:
    """The `time` module of all functions. Waiting costs nothing: others go on when the test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def module(self) -> Any:
        return SimpleNamespace(time=lambda: self.now, monotonic=lambda: self.now, sleep=lambda _seconds: None)


class Functions:
    """Copies of the handler modules, one a worker, as concurrent calls of a Lambda function have one each."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.loaded: list[str] = []
        self._idle: dict[str, list[ModuleType]] = {}
        self._numbers = itertools.count()

    @contextmanager
    def borrowed(self, name: str) -> Iterator[ModuleType]:
        idle = self._idle.setdefault(name, [])
        module = idle.pop() if idle else self._load(name)
        try:
            yield module
        finally:
            idle.append(module)

    def _load(self, name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(f"{name}_{next(self._numbers)}", HANDLERS / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module  # dataclasses look themselves up there
        self.loaded.append(spec.name)
        spec.loader.exec_module(module)
        if hasattr(module, "time"):
            module.time = self.clock.module()
        return module


@contextmanager
def functions() -> Iterator[Functions]:
    """The functions in a test's environment, silent, and with a clock of the test's."""
    clock = Clock()
    with pytest.MonkeyPatch.context() as patched:
        for key, value in (
            ENVIRONMENT | {"POWERTOOLS_SERVICE_NAME": str(uuid4()), "POWERTOOLS_METRICS_DISABLED": "true"}
        ).items():
            patched.setenv(key, value)
        patched.setattr(store, "time", clock.module())
        importlib.reload(observability)  # it reads the environment when it is imported
        observability.logger.setLevel("CRITICAL")
        made = Functions(clock)
        yield made
        for name in made.loaded:
            del sys.modules[name]
