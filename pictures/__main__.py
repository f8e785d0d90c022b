"""`python -m pictures`: take all pictures of docs/images anew, or those that are named."""

from __future__ import annotations

import argparse
import json
import sys
import time
from fnmatch import fnmatch

from pictures.album import GROUPS
from pictures.browser import NoBrowserError
from pictures.demo import DemoFailedError
from pictures.dot import NoGraphvizError
from pictures.live import NothingToSeeError
from pictures.sources import IMAGES, RECORDED
from sandbox.deploy import DeployError
from sandbox.emulator import EmulatorFailedError
from sandbox.environments import log

FAILURES = (
    DemoFailedError,
    DeployError,
    EmulatorFailedError,
    NoBrowserError,
    NoGraphvizError,
    NothingToSeeError,
)


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m pictures", description=__doc__)
    parser.add_argument("names", nargs="*", default=["*"], help="files of docs/images, such as 'page-*' (all)")
    options = parser.parse_args(arguments)
    IMAGES.mkdir(exist_ok=True)
    began = time.monotonic()
    recorded = json.loads(RECORDED.read_text(encoding="utf-8")) if RECORDED.exists() else {}
    known = {name for group in GROUPS for name in group.names}
    recorded = {name: digest for name, digest in recorded.items() if name in known}
    try:
        for group in GROUPS:
            if not any(fnmatch(name, wanted) for name in group.names for wanted in options.names):
                continue
            digest = group.sources.digest()
            for name, picture in group.draw():
                (IMAGES / name).write_bytes(picture)
                recorded[name] = digest
                log(f"{time.monotonic() - began:4.0f} s  {name} ({len(picture) / 1024:.0f} KiB)")
    except FAILURES as error:
        log(f"pictures: {error}")
        return 1
    RECORDED.write_text(json.dumps(recorded, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
