"""Change a record under optimistic locking: apply a rule, write conditionally, and read again if somebody was first."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from handlers.approvals.rules.record import Record
from handlers.approvals.rules.refusal import Reason, Refusal
from handlers.approvals.usecases.ports import Clock, ContendedError, Store

# People who press at once take turns; each turn is one read and one write of a few milliseconds.
PATIENCE_SECONDS = 10.0
SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.01, 0.25


@dataclass(frozen=True, kw_only=True)
class Records:
    """The store, with retries for concurrent writers."""

    store: Store
    clock: Clock

    def of_execution(self, execution_arn: str) -> list[Record]:
        """The index may still name a record that was deleted and made again by another run. Raises UnavailableError."""
        found = map(self.store.get, self.store.requests_of(execution_arn))
        return [record for record in found if record and record.execution_arn == execution_arn]

    def change(self, seen: Record, rule: Callable[[Record], Record | Refusal]) -> tuple[Record, Refusal | None]:
        """The resulting record, and the refusal if the rule refused.

        Reads only if somebody else has written since `seen`, and writes only if the rule changes something. A record of
        another run is not the one that was seen. Raises UnavailableError.
        """

        def unless_gone(record: Record | None) -> Record | Refusal:
            ours = record and record.execution_arn == seen.execution_arn
            return rule(record) if record and ours else Refusal(reason=Reason.GONE)

        latest, refusal = self._change(seen.request_id, seen, unless_gone)
        return (seen if not latest or (refusal and refusal.reason is Reason.GONE) else latest), refusal

    def open(
        self, request_id: str, rule: Callable[[Record | None], Record | Refusal]
    ) -> tuple[Record | None, Refusal | None]:
        """The same for a record that may not exist yet: the rule then gets None, and its result is created."""
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
