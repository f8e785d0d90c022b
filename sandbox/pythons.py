"""Refuses a Python that the program was not tried on, with advice.

`make` runs this first, with whatever Python there is, so nothing here may need one newer than 3.6.
"""

import os
import sys

OLDEST, NEWEST = (3, 11), (3, 13)  # what .ci/run tries; pyproject.toml and the README say the same


def main() -> int:
    """Returns the exit code."""
    oldest, newest, this = (".".join(map(str, version[:2])) for version in (OLDEST, NEWEST, sys.version_info))
    if os.name == "nt":
        sys.stderr.write("The sandbox needs Linux or macOS. On Windows, run make in WSL: wsl --install\n")
        return 1
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        sys.stderr.write(
            f"Python {oldest} to {newest} is needed, and {sys.executable} is {this}.\n"
            f"Name one of these versions: make <target> PYTHON=python{newest}\n"
            f"There is none? Your system's packages have one, or: uv python install {newest}\n"
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
