"""JSON from the configuration, parsed strictly: a repeated key is an error."""

from __future__ import annotations

import json
import re
from typing import Any

from handlers.contract.once import RepeatedError, once
from infra.config.refusal import Fault, RefusedError


def read(text: str, instead: str = "") -> Any:
    """Raises ValueError for invalid JSON or a repeated key; `instead` says what to write."""
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except RefusedError:
        raise
    except (ValueError, RecursionError):
        if re.search(r",\s*[\]}]", text):
            instead = ", without a comma before a closing bracket"
        elif "'" in text and '"' not in text:
            instead = ", with double quotes around texts"
        raise ValueError(f"must be JSON{instead}") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    try:
        return once(pairs)
    except RepeatedError as error:
        twice = ", ".join(map(json.dumps, error.names))
        raise RefusedError([Fault((), f"must not give a key twice in one object, got {twice} again")]) from None


def _no_constant(name: str) -> Any:
    raise RefusedError([Fault((), f"must be JSON, which has no {name}")])


def compact(value: Any) -> str:
    """As few characters as JSON takes, where each counts against a quota."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def read_object(value: Any, words: str) -> dict[str, Any]:
    """An object, or its JSON; an empty text means none. Raises ValueError, with these words for anything else."""
    found = (read(value) if value else {}) if isinstance(value, str) else value
    if not isinstance(found, dict):
        raise ValueError(words)  # noqa: TRY004 - what pydantic reports
    return found
