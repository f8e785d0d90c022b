"""`python -m pictures`: take all pictures of docs/images anew, or those that are named."""

from __future__ import annotations

import argparse
import json
import sys
from fnmatch import fnmatch

from pictures.album import ALBUM, IMAGES, RECORDED
from pictures.browser import NoBrowserError
from pictures.dot import NoGraphvizError
from sandbox.environments import log


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m pictures", description=__doc__)
    parser.add_argument("names", nargs="*", default=["*"], help="files of docs/images, such as 'page-*' (all)")
    options = parser.parse_args(arguments)
    recorded = json.loads(RECORDED.read_text(encoding="utf-8")) if RECORDED.exists() else {}
    recorded = {picture.name: recorded.get(picture.name) for picture in ALBUM}
    try:
        for picture in ALBUM:
            if any(fnmatch(picture.name, wanted) for wanted in options.names):
                (IMAGES / picture.name).write_bytes(picture.draw(picture.drawn()))
                recorded[picture.name] = picture.digest()
                log(picture.name)
    except (NoBrowserError, NoGraphvizError) as error:
        log(f"pictures: {error}")
        return 1
    RECORDED.write_text(json.dumps(recorded, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
