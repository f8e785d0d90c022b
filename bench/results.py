"""The results of one run of the bench."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.costs import Line
from bench.counts import Counted
from bench.crowds import Crowd
from bench.figures import Figure, Goal
from bench.imports import Starts
from bench.journey import Measured, Step
from bench.stage import OURS, RIVAL

# At most this many times the rival's time, by (cold, step).
GOALS = {
    (False, Step.MAIL): 1.1,
    (False, Step.ANSWER): 1.5,
    (False, Step.FINISH): 1.5,
    (True, Step.FINISH): 1.25,
}
# Import and first answer, at most this many times the floor: if something is rendered, if only a line is logged, and
# otherwise.
RENDERED, LOGGED, CALLED = 1.2, 1.0, 1.1
RENDERING = ("page", "ask")


@dataclass(frozen=True, kw_only=True)
class Audience:
    """Seconds until the last of `size` people has the mail: at the pace that SNS allows, and without a pause."""

    size: int
    paced: float
    unpaced: Figure
    rival: Figure


@dataclass(frozen=True, kw_only=True)
class Results:
    """`machine` is a sentence. By program name: journeys, counts, dollars, archive bytes by function."""

    machine: str
    warm: Mapping[str, Measured]
    cold: Mapping[str, Measured]
    counted: Mapping[str, Counted]
    per_thousand: Mapping[str, Sequence[Line]]
    per_month: Mapping[str, Sequence[Line]]
    archives: Mapping[str, Mapping[str, int]]
    crowds: Sequence[tuple[Crowd, Crowd]]
    audiences: Sequence[Audience]
    starts: Mapping[str, Starts]

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


def start_goal(entry: str, starts: Starts) -> Goal:
    """Of a function's import and first answer, against its floor."""
    factor = RENDERED if entry in RENDERING else CALLED if starts.services else LOGGED
    return Goal(what=entry, ours=starts.compiled.whole.median, other=starts.floor.whole.median, factor=factor)
