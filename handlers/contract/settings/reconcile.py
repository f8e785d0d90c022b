"""Settings of reconcile."""

from __future__ import annotations

from dataclasses import dataclass

from handlers.contract.environment import Environment


@dataclass(frozen=True, kw_only=True)
class ReconcileSettings(Environment):
    """Settings of the function that handles endings. `execution_index` finds a record by its execution."""

    table_name: str
    execution_index: str
    operator_topic_arn: str
    timezone: str
