"""Settings of generate."""

from __future__ import annotations

from dataclasses import dataclass

from handlers.contract.environment import Environment


@dataclass(frozen=True, kw_only=True)
class GenerateSettings(Environment):
    """`task` is the stack's `task`: {"title", "details"}, and "policy" if it has one of its own.

    `event_details`: an event that brings no question shows its detail.
    """

    task: dict[str, str]
    event_details: bool
