"""Settings of ask."""

from __future__ import annotations

from dataclasses import dataclass

from handlers.contract.environment import Environment


@dataclass(frozen=True, kw_only=True)
class AskSettings(Environment):
    """Settings of the function that asks. `approval_url` is the base of every link."""

    table_name: str
    queue_url: str
    topic_arn: str
    approval_url: str
    timezone: str
    one_click: bool
    mail_pause_seconds: float
