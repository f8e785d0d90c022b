"""The one place that knows which versions of messages and records are read (ADR 30)."""

from typing import Any

from handlers.approvals.usecases.ports import NewerVersionError


def check(what: str, version: Any, ours: int) -> None:
    """Raises NewerVersionError for content from a newer release, which can arrive before its reader is deployed, and
    ValueError for any other version but `ours`.
    """
    if version == ours:
        return
    words = f"{what} has schemaVersion {version}, this release reads {ours}"
    if isinstance(version, int) and version > ours:
        raise NewerVersionError(words)
    raise ValueError(words)
