"""What approval_api is told."""

from __future__ import annotations

from dataclasses import dataclass

from handlers.contract.environment import Environment


@dataclass(frozen=True, kw_only=True)
class PageSettings(Environment):
    """Of the function behind the link."""

    table_name: str
    timezone: str
    one_click: bool
