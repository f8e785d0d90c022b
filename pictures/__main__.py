"""`python -m pictures`: take all pictures of docs/images anew, or those that are named."""

from __future__ import annotations

import argparse
import json
from fnmatch import fnmatch

from pictures.album import ALBUM, IMAGES, RECORDED
from sandbox.environments import log


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m pictures", description=__doc__)
    parser.add_argument("names", nargs="*", default=["*"], help="files of docs/images, such as 'page-*' (all)")
    names = parser.parse_args().names
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))
    recorded = {picture.name: recorded.get(picture.name) for picture in ALBUM}
    for picture in ALBUM:
        if any(fnmatch(picture.name, wanted) for wanted in names):
            (IMAGES / picture.name).write_bytes(picture.draw(picture.drawn()))
            recorded[picture.name] = picture.digest()
            log(picture.name)
    RECORDED.write_text(json.dumps(recorded, indent=2, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
