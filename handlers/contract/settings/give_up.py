"""Settings of give_up."""

from __future__ import annotations

from dataclasses import dataclass

from handlers.contract.environment import Environment


@dataclass(frozen=True, kw_only=True)
class GiveUpSettings(Environment):
    """Settings of the function that reads the dead-letter queue."""

    table_name: str
