"""Messages for refused values: the path, the reason, and the name that was probably meant."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, NamedTuple

CLOSE = 0.75  # how alike two names are that are taken for one, of 1; a transposed letter in a short name passes
NOTHING: Any = object()  # in place of a value that would say no more than the path does


class Fault(NamedTuple):
    """One invalid value. `where` is its path of keys and indexes; `says` completes "<path> ...".

    `got` is that value alone, whatever holds it; NOTHING where there is none to show.
    """

    where: tuple[str | int, ...]
    says: str
    got: Any = NOTHING

    def below(self, *above: str | int) -> Fault:
        return self._replace(where=(*above, *self.where))

    def __str__(self) -> str:
        return f"{path(self.where)} {self.says}" + ("" if self.got is NOTHING else f", got {shown(self)}")


class RefusedError(ValueError):
    """A value with at least one fault; the paths are relative to it."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(map(str, self.faults)))


def path(where: Iterable[str | int]) -> str:
    """`approvers[17]`, `eventPattern.detail.state[0]`, and quotes where a key would not be told from a path."""
    written = "".join(
        f"[{one}]" if isinstance(one, int) else f".{one}" if re.fullmatch(r"[\w$-]+", one) else f"[{_text(one)}]"
        for one in where
    )
    return written.removeprefix(".")


def shown(fault: Fault) -> str:
    """A key's own text as it was set; nested values as JSON, so that quotes tell text from numbers."""
    whole = len(fault.where) == 1 and isinstance(fault.got, str)
    return _printable(fault.got) if whole else _text(fault.got)


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


def _text(value: Any) -> str:
    return _printable(json.dumps(value, ensure_ascii=False, default=str))


def _printable(text: str) -> str:
    """JSON can write half of a surrogate pair, which no terminal takes."""
    return text.encode("utf-8", "backslashreplace").decode()
