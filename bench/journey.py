"""One approval from start to end, timed where people wait."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import httpx

from bench.stage import Stack

WARM_UP = 3  # uncounted journeys


class Step(StrEnum):
    """The waits; the values are table headings."""

    MAIL = "start → mail"
    LOOK = "GET of the link"
    ANSWER = "press → answer"
    FINISH = "press → execution finished"


@dataclass(frozen=True)
class Approved:
    """One journey; milliseconds by step, and the size of what its look has shown."""

    execution: str
    times: Mapping[Step, float]
    page_bytes: int


@dataclass
class Measured:
    """One program's milliseconds by step, and by entry module for its functions' invocations."""

    times: dict[Step, list[float]] = field(default_factory=lambda: defaultdict(list))
    durations: dict[str, list[float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Browser:
    """Opens links over one connection per host, like a browser."""

    client: httpx.Client

    @classmethod
    def open(cls) -> Browser:
        return cls(httpx.Client(timeout=60, trust_env=False, headers={"accept": "text/html"}))

    def look(self, stack: Stack, link: str) -> tuple[float, int] | None:
        """Milliseconds and bytes, or None if the program has nothing to show."""
        path = stack.program.looks
        if path is None:
            return None
        return self._timed("GET", stack.deployed.outputs["apiUrl"] + path if path else link)

    def press(self, stack: Stack, link: str) -> float:
        """Milliseconds."""
        form = {"decision": "approve", "comment": ""} if stack.program.press == "POST" else None
        return self._timed(stack.program.press, link, form)[0]

    def _timed(self, method: str, address: str, form: Mapping[str, str] | None = None) -> tuple[float, int]:
        began = time.perf_counter()
        answer = self.client.request(method, address, data=form)
        took = (time.perf_counter() - began) * 1000
        answer.raise_for_status()
        return took, len(answer.content)


def approve(stack: Stack, browser: Browser, *, cold: bool = False) -> Approved:
    """With `cold`, every step starts with cold functions."""
    times: dict[Step, float] = {}
    if cold:
        stack.chill()
    started = time.time()
    execution = stack.start()
    mail = stack.mail()
    times[Step.MAIL] = (mail.sent - started) * 1000
    page_bytes = 0
    if seen := browser.look(stack, mail.link):
        times[Step.LOOK], page_bytes = seen
    if cold:
        stack.chill()
    pressed = time.time()
    times[Step.ANSWER] = browser.press(stack, mail.link)
    times[Step.FINISH] = (stack.ended(execution) - pressed) * 1000
    stack.settle(pressed)
    return Approved(execution, times, page_bytes)


def interleaved(stacks: list[Stack], rounds: int, *, cold: bool = False) -> dict[str, Measured]:
    """Alternates between the programs, so that other load on the machine affects all of them. Returns them by name."""
    browser = Browser.open()
    if not cold:
        for stack in stacks * WARM_UP:
            approve(stack, browser)
    measured = {stack.program.name: Measured() for stack in stacks}
    began = time.time()
    for _ in range(rounds):
        for stack in stacks:
            for step, took in approve(stack, browser, cold=cold).times.items():
                measured[stack.program.name].times[step].append(took)
    for stack in stacks:
        measured[stack.program.name].durations = {
            function.entry: stack.durations(function, began) for function in stack.functions
        }
    return measured
