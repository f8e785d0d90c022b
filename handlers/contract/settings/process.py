"""Settings of process."""

from __future__ import annotations

from dataclasses import dataclass

from handlers.contract.environment import Environment


@dataclass(frozen=True, kw_only=True)
class ProcessSettings(Environment):
    """Yours to extend: add a field here, and its value in infra/workflow.py."""
