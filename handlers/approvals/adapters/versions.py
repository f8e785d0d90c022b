"""The one place that upgrades what the previous release wrote to what this one reads (design decision 11)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from handlers.approvals.usecases.ports import NewerVersionError

Content = Mapping[str, Any]
Lift = Callable[[Content], Content]


def lifted(what: str, content: Content, version: int, newest: int, lift: Lift) -> Content:
    """`content` upgraded to version `newest`; `lift` upgrades it from the previous version.

    Raises NewerVersionError for content from a newer release, which can arrive before its reader is deployed, and
    ValueError for content that is too old.
    """
    if version == newest:
        return content
    if version == newest - 1:
        return lift(content)
    words = f"{what} has schemaVersion {version}, this release reads {newest - 1} and {newest}"
    if version > newest:
        raise NewerVersionError(words)
    raise ValueError(words)
