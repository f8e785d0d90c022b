"""One run of the whole bench, and what came of it."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from bench import costs
from bench.counts import Counted, count
from bench.figures import Figure, Goal
from bench.journey import Measured, Step, interleaved
from bench.stage import FLOOR, OURS, RIVAL, Stack, deployed
from sandbox import environments
from sandbox.archive import zipped
from sandbox.emulator import Emulator

# At most this many times the rival's time, by (cold, step).
GOALS = {
    (False, Step.MAIL): 1.1,
    (False, Step.ANSWER): 1.5,
    (False, Step.FINISH): 1.5,
    (True, Step.FINISH): 1.25,
}


@dataclass(frozen=True, kw_only=True)
class Results:
    """`machine` is a sentence. By program name: journeys, counts, dollars, archive bytes by function."""

    machine: str
    warm: Mapping[str, Measured]
    cold: Mapping[str, Measured]
    counted: Mapping[str, Counted]
    per_thousand: Mapping[str, Sequence[costs.Line]]
    per_month: Mapping[str, Sequence[costs.Line]]
    archives: Mapping[str, Mapping[str, int]]

    def figure(self, program: str, step: Step, *, cold: bool) -> Figure | None:
        """None for a step that the program does not have."""
        times = (self.cold if cold else self.warm)[program].times.get(step)
        return Figure.of(times) if times else None

    def goals(self) -> list[Goal]:
        found = []
        for (cold, step), factor in GOALS.items():
            ours, rival = (self.figure(program.name, step, cold=cold) for program in (OURS, RIVAL))
            if ours and rival:
                what = f"{step}, {'cold' if cold else 'warm'}"
                found.append(Goal(what=what, ours=ours.median, other=rival.median, factor=factor))
        return found


def run(warm_rounds: int, cold_rounds: int, say: Callable[[str], None]) -> Results:
    told = machine()
    with Emulator() as running:
        stacks = [deployed(running, program) for program in (OURS, RIVAL, FLOOR)]
        say("timing approvals, warm")
        warm = interleaved(stacks, warm_rounds)
        say("timing approvals, cold")
        cold = interleaved(stacks, cold_rounds, cold=True)
        say("counting")
        compared = {stack.program.name: stack for stack in stacks[:2]}
        counted = {name: count(stack, running) for name, stack in compared.items()}
    return Results(
        machine=told,
        warm=warm,
        cold=cold,
        counted=counted,
        per_thousand={
            name: costs.per_thousand(counted[name], billed(cold[name]), stack.deployed.made)
            for name, stack in compared.items()
        },
        per_month={name: costs.per_month(counted[name], stack.deployed.made) for name, stack in compared.items()},
        archives={stack.program.name: archive_bytes(stack) for stack in stacks},
    )


def billed(measured: Measured) -> dict[str, float]:
    """Milliseconds of one invocation, by entry module; a function that was never called has none."""
    return {entry: mean(durations) for entry, durations in measured.durations.items() if durations}


def archive_bytes(stack: Stack) -> dict[str, int]:
    return {function.entry: len(zipped(function.given["code"])) for function in stack.functions}


def machine() -> str:
    """The kind of machine, and its load."""
    version = subprocess.run(  # noqa: S603
        [environments.functions(Path(sys.prefix)).python, "--version"], capture_output=True, text=True, check=True
    ).stdout.strip()
    pinned = next(line for line in environments.EMULATOR.read_text().splitlines() if line.startswith("ministack=="))
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count()
    return (
        f"{cores} cores, {platform.machine()}, {platform.system()}, load {os.getloadavg()[0]:.1f} at the beginning; "
        f"functions on {version}, emulator {pinned.split(' ')[0]}; {time.strftime('%d %B %Y')}."
    )
