"""Messages for refused values: the path, the reason, and the name that was probably meant."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

from handlers.contract.fault import Fault, RefusedError, path

__all__ = ["Fault", "RefusedError", "did_you_mean", "nearest", "path"]

CLOSE = 0.75  # how alike two names are that are taken for one, of 1; a transposed letter in a short name passes


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that was probably meant, whatever its case, hyphens or underscores; empty if none comes close."""
    folded = {_folded(one): one for one in sorted(known)}
    close = get_close_matches(_folded(name), folded, n=1, cutoff=CLOSE)
    return folded[close[0]] if close else ""


def did_you_mean(meant: str) -> str:
    """A suggestion for a refused name, or nothing."""
    return f" (did you mean {meant}?)" if meant else ""


def _folded(name: str) -> str:
    return re.sub(r"[\W_]", "", name.casefold())
