"""`python -m bench`."""

from __future__ import annotations

import sys
import time

from bench.figures import Figure
from bench.journey import Step, interleaved
from bench.stage import FLOOR, OURS, RIVAL, deployed, emulator


def main() -> int:
    began = time.monotonic()
    with emulator() as running:
        stacks = [deployed(running, program) for program in (OURS, RIVAL, FLOOR)]
        print("deployed", time.monotonic() - began)
        for cold, n in ((False, 5), (True, 2)):
            measured = interleaved(stacks, n, cold=cold)
            for step in Step:
                print(cold, step, {name: Figure.of(by[step]) for name, by in measured.items() if step in by})
            print(time.monotonic() - began)
    return 0


if __name__ == "__main__":
    sys.exit(main())
