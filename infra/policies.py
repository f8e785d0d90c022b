"""Approval policies as the stack's configuration names them, and how long each is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from handlers.contract.policy import Policy


@dataclass(frozen=True, kw_only=True)
class Terms:
    """A policy, and for how long people are asked: `rounds` are the first and one for each reminder."""

    policy: Policy
    deadline_seconds: int
    rounds: int

    @property
    def round_seconds(self) -> int:
        """How long one round waits. Rounded up, so that the rounds never end before the deadline people were told."""
        return -(-self.deadline_seconds // self.rounds)
