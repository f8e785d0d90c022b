"""`python -m bench`: measure, write docs/performance.md, and say which goals are met."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from bench import page
from bench.run import run
from sandbox.deploy import PROJECT


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure against the plain pattern.")
    parser.add_argument("--quick", action="store_true", help="a few of everything, to see whether the bench works")
    parser.add_argument("--into", type=Path, default=PROJECT / "docs", help="the folder to write to (docs)")
    options = parser.parse_args(arguments)
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - began:4.0f} s  {line}", file=sys.stderr, flush=True)

    results = run(3, 1, say) if options.quick else run(40, 12, say)
    options.into.mkdir(parents=True, exist_ok=True)
    (options.into / "performance.md").write_text(page.filled(results), encoding="utf-8")
    say(f"{options.into / 'performance.md'} is written")
    for goal in results.goals():
        verdict = "met   " if goal.met else "missed"
        print(f"{verdict}  {goal.ratio:5.2f} x, at most {goal.factor:4.2f} x  {goal.what}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
