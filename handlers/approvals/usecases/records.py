"""Changing a record: apply a rule to what was seen, write it on condition, and look again if somebody was quicker."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from handlers.approvals.rules.record import Record
from handlers.approvals.rules.refusal import Reason, Refusal
from handlers.approvals.usecases.ports import Clock, ContendedError, Store

# Many people pressing at once take turns; each turn is one read and one write of some milliseconds.
PATIENCE_SECONDS = 10.0
SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.01, 0.25


@dataclass(frozen=True, kw_only=True)
class Records:
    """The store, with the patience that concurrent writers need."""

    store: Store
    clock: Clock

    def change(self, seen: Record, rule: Callable[[Record], Record | Refusal]) -> tuple[Record, Refusal | None]:
        """The record as it then is, and why the rule left it so, if it did.

        Nothing is read unless somebody else has written since `seen` was, and nothing is written unless the rule
        changes something. Raises UnavailableError.
        """
        latest, refusal = self._change(seen.request_id, seen, lambda record: rule(record) if record else _gone())
        return latest or seen, refusal

    def open(
        self, request_id: str, rule: Callable[[Record | None], Record | Refusal]
    ) -> tuple[Record | None, Refusal | None]:
        """The same for a record that may not be there yet: the rule is given None, and what it returns is created."""
        return self._change(request_id, self.store.get(request_id), rule)

    def _change(
        self, request_id: str, seen: Record | None, rule: Callable[[Record | None], Record | Refusal]
    ) -> tuple[Record | None, Refusal | None]:
        give_up = self.clock.now() + PATIENCE_SECONDS
        pause = SHORTEST_PAUSE_SECONDS
        while True:
            after = rule(seen)
            if isinstance(after, Refusal):
                return seen, after
            if after == seen:
                return seen, None
            written = self.store.replace(seen, after) if seen else self.store.create(after)
            if written:
                return written, None
            if self.clock.now() > give_up:
                raise ContendedError(request_id)
            self.clock.sleep(random.uniform(0, pause))  # noqa: S311 - spreads writers, hides nothing
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            seen = self.store.get(request_id)


def _gone() -> Refusal:
    return Refusal(reason=Reason.GONE)
