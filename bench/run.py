"""One run of the whole bench."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import mean
from typing import Any

from bench import costs, imports
from bench.counts import Counted, count
from bench.crowds import audience, crowd
from bench.figures import Figure
from bench.imports import lambda_python
from bench.journey import Measured, interleaved
from bench.results import Audience, Results
from bench.stage import FLOOR, FUNCTION, OURS, RIVAL, Stack, deployed, emulator
from sandbox.archive import zipped
from sandbox.environments import EMULATOR

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How often each thing is measured, and how many at once."""

    warm: int
    cold: int
    starts: int
    crowds: tuple[int, ...]
    audiences: tuple[int, ...]
    audience_runs: int


FULL = Scale(warm=40, cold=12, starts=9, crowds=(10, 100, 1000), audiences=(1, 10, 50), audience_runs=3)
QUICK = Scale(warm=3, cold=1, starts=2, crowds=(10,), audiences=(1, 10), audience_runs=1)


def run(scale: Scale, say: Say) -> Results:
    told = machine()
    counted: dict[str, Counted] = {}
    with emulator() as running:
        stacks = [deployed(running, program) for program in (OURS, RIVAL, FLOOR)]
        say("timing approvals, warm")
        warm = interleaved(stacks, scale.warm)
        say("timing approvals, cold")
        cold = interleaved(stacks, scale.cold, cold=True)
        say("counting")
        for stack in stacks[:2]:
            counted[stack.program.name] = count(stack, running)
    crowds = []
    for size in scale.crowds:
        say(f"opening {size:,} at once")
        crowds.append((crowd(OURS, size), crowd(RIVAL, size)))
    audiences = []
    for size in scale.audiences:
        say(f"asking {size}")
        audiences.append(measure_audience(size, scale.audience_runs))
    say("starting functions")
    return Results(
        machine=told,
        warm=warm,
        cold=cold,
        counted=counted,
        per_thousand={
            stack.program.name: costs.per_thousand(
                counted[stack.program.name], billed(cold[stack.program.name]), stack.deployed.made
            )
            for stack in stacks[:2]
        },
        per_month={
            stack.program.name: costs.per_month(counted[stack.program.name], stack.deployed.made)
            for stack in stacks[:2]
        },
        archives={stack.program.name: archive_bytes(stack) for stack in stacks[:2]},
        crowds=crowds,
        audiences=audiences,
        starts=imports.measure(scale.starts),
    )


def measure_audience(size: int, runs: int) -> Audience:
    (paced,) = audience(OURS, size, paced=True, times=1)
    return Audience(
        size=size,
        paced=paced,
        unpaced=Figure.of(audience(OURS, size, paced=False, times=runs)),
        rival=Figure.of(audience(RIVAL, size, paced=False, times=runs)),
    )


def billed(measured: Measured) -> dict[str, float]:
    """Milliseconds of one invocation, by entry module; a function that was never called has none."""
    return {entry: mean(durations) for entry, durations in measured.durations.items() if durations}


def archive_bytes(stack: Stack) -> dict[str, int]:
    made: list[tuple[str, str, Any]] = stack.deployed.made
    return {costs.entry(given): len(zipped(given["code"])) for type_, _, given in made if type_ == FUNCTION}


def machine() -> str:
    """The kind of machine, and its load."""
    version = subprocess.run(  # noqa: S603
        [lambda_python(), "--version"], capture_output=True, text=True, check=True
    ).stdout.strip()
    pinned = next(line for line in EMULATOR.read_text().splitlines() if line.startswith("ministack=="))
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count()
    return (
        f"{cores} cores, {platform.machine()}, {platform.system()}, load {os.getloadavg()[0]:.1f} at the beginning; "
        f"functions on {version}, emulator {pinned.split(' ')[0]}; {time.strftime('%d %B %Y')}."
    )
