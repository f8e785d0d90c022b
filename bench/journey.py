"""One approval from start to end, timed at the places where people wait."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import httpx

from bench.stage import Stack

WARM_UP = 3  # journeys that are not counted


class Step(StrEnum):
    """What is waited for; the values head the tables."""

    MAIL = "start → mail"
    LOOK = "GET of the link"
    ANSWER = "press → answer"
    FINISH = "press → execution finished"


Times = dict[Step, float]
Measured = dict[str, dict[Step, list[float]]]  # by program


@dataclass(frozen=True)
class Browser:
    """What opens links, over one connection a host, as a browser has it."""

    client: httpx.Client

    @classmethod
    def open(cls) -> Browser:
        return cls(httpx.Client(timeout=60, trust_env=False, headers={"accept": "text/html"}))

    def look(self, stack: Stack, link: str) -> float | None:
        """Milliseconds, or None if the program has nothing to show."""
        path = stack.program.looks
        if path is None:
            return None
        address = stack.deployed.outputs["apiUrl"] + path if path else link
        return self._timed(lambda: self.client.get(address))

    def press(self, stack: Stack, link: str) -> float:
        if stack.program.press == "POST":
            return self._timed(lambda: self.client.post(link, data={"decision": "approve", "comment": ""}))
        return self._timed(lambda: self.client.get(link))

    def _timed(self, request: Callable[[], httpx.Response]) -> float:
        began = time.perf_counter()
        answer = request()
        took = (time.perf_counter() - began) * 1000
        answer.raise_for_status()
        return took


def approve(stack: Stack, browser: Browser, *, cold: bool = False) -> Times:
    """Milliseconds by step. With `cold`, no step finds a process of its functions."""
    times: Times = {}
    if cold:
        stack.chill()
    started = time.time()
    execution = stack.start()
    (mail,) = stack.mail()
    times[Step.MAIL] = (mail.sent - started) * 1000
    if (look := browser.look(stack, mail.link)) is not None:
        times[Step.LOOK] = look
    if cold:
        stack.chill()
    pressed = time.time()
    times[Step.ANSWER] = browser.press(stack, mail.link)
    times[Step.FINISH] = (stack.ended(execution) - pressed) * 1000
    stack.settle(pressed)
    return times


def interleaved(stacks: Sequence[Stack], rounds: int, *, cold: bool = False) -> Measured:
    """Each program in turn, so that whatever else the machine does hits all of them."""
    browser = Browser.open()
    measured: Measured = {stack.program.name: defaultdict(list) for stack in stacks}
    for number in range(-WARM_UP if not cold else -1, rounds):
        for stack in stacks:
            times = approve(stack, browser, cold=cold)
            if number >= 0:
                for step, took in times.items():
                    measured[stack.program.name][step].append(took)
    return measured
