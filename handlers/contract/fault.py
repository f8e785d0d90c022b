"""What is wrong with a value that somebody wrote: its path, the rule, and the value."""

import json
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

NOTHING: Any = object()  # in place of a value that would say no more than the path does


class Fault(NamedTuple):
    """One invalid value. `where` is its path of keys and indexes; `says` completes "<path> ...".

    `got` is that value alone, whatever holds it; NOTHING where there is none to show.
    """

    where: tuple[str | int, ...]
    says: str
    got: Any = NOTHING

    def below(self, *above: str | int) -> "Fault":
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
    return printable(fault.got) if whole else _text(fault.got)


def _text(value: Any) -> str:
    try:
        return printable(json.dumps(value, ensure_ascii=False, default=repr))
    except (TypeError, ValueError, RecursionError):  # keys, circles, depth: from code, not from a file
        return f"{type(value).__name__} that is not JSON"


def printable(text: str) -> str:
    """JSON can write half of a surrogate pair, which no terminal takes."""
    return text.encode("utf-8", "backslashreplace").decode()
