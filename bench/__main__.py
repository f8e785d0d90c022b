"""`python -m bench`: measure, write docs/performance.md and its plot, and say which goals are met."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from bench import page, tables
from bench.results import Results, start_goal
from bench.run import FULL, QUICK, run
from sandbox.deploy import PROJECT


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure against the plain pattern.")
    parser.add_argument("--quick", action="store_true", help="a few of everything, to see whether the bench works")
    parser.add_argument("--into", type=Path, default=PROJECT / "docs", help="the folder to write to (docs)")
    options = parser.parse_args(arguments)
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - began:4.0f} s  {line}", file=sys.stderr, flush=True)

    results = run(QUICK if options.quick else FULL, say)
    options.into.mkdir(parents=True, exist_ok=True)
    (options.into / "performance.md").write_text(page.filled(results), encoding="utf-8")
    (options.into / "performance.svg").write_text(tables.plot(results), encoding="utf-8")
    say(f"{options.into / 'performance.md'} is written")
    for line in verdicts(results):
        print(line)
    return 0


def verdicts(results: Results) -> list[str]:
    goals = [*results.goals(), *(start_goal(entry, starts) for entry, starts in results.starts.items())]
    return [
        f"{'met   ' if goal.met else 'missed'}  {goal.ratio:5.2f} x, at most {goal.factor:4.2f} x  {goal.what}"
        for goal in goals
    ]


if __name__ == "__main__":
    sys.exit(main())
