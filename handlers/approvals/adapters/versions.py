"""The one place where what the release before wrote becomes what this release reads (design decision 11)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from handlers.approvals.usecases.ports import NewerVersionError

Content = Mapping[str, Any]
Lift = Callable[[Content], Content]


def lifted(what: str, content: Content, version: int, newest: int, lift: Lift) -> Content:
    """`content` as of version `newest`; `lift` takes it there from the version before.

    Raises NewerVersionError for one of a newer release, which a deployment brings before the function that reads it,
    and ValueError for one that is too old.
    """
    if version == newest:
        return content
    if version == newest - 1:
        return lift(content)
    words = f"{what} has schemaVersion {version}, this release reads {newest - 1} and {newest}"
    if version > newest:
        raise NewerVersionError(words)
    raise ValueError(words)
