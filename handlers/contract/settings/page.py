"""Settings of page."""

from __future__ import annotations

from dataclasses import dataclass

from handlers.contract.environment import Environment


@dataclass(frozen=True, kw_only=True)
class PageSettings(Environment):
    """Settings of the function behind the link."""

    table_name: str
    timezone: str
    one_click: bool
