"""What give_up_request is told."""

from __future__ import annotations

from dataclasses import dataclass

from handlers.contract.environment import Environment


@dataclass(frozen=True, kw_only=True)
class GiveUpSettings(Environment):
    """Of the function that reads the dead letters."""

    table_name: str
