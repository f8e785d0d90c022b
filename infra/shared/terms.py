"""What a policy's requests go by, once the configuration has been read and checked."""

from __future__ import annotations

from collections.abc import Mapping
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
        """How long each round but the last waits."""
        return self.deadline_seconds // self.rounds

    @property
    def last_round_seconds(self) -> int:
        """How long the last round waits: for all of the rest, so that it ends at the deadline people were told."""
        return self.deadline_seconds - (self.rounds - 1) * self.round_seconds


def everybody(terms: Mapping[str, Terms]) -> tuple[str, ...]:
    """Everybody who may get an approval mail, each once."""
    return tuple(dict.fromkeys(who for one in terms.values() for who in one.policy.everybody))
