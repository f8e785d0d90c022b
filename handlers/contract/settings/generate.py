"""Settings of generate."""

from __future__ import annotations

from dataclasses import dataclass

from handlers.contract.environment import Environment


@dataclass(frozen=True, kw_only=True)
class GenerateSettings(Environment):
    """`event_details`: an event that brings no question shows its detail."""

    event_details: bool
