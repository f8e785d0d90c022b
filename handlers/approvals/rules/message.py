"""What the workflow asks for: one round of one request."""

from __future__ import annotations

from dataclasses import dataclass, field

from handlers.contract.policy import Policy
from handlers.contract.question import digest_of


@dataclass(frozen=True, kw_only=True)
class Message:
    """One round of one request. `deadline` is in epoch seconds; `scheduled_for` is "" unless a schedule started it.

    `late`: the last round is over and nobody is asked any more; the workflow asks for the decision, if any.
    """

    task_token: str = field(repr=False)
    execution_arn: str
    round: int
    rounds: int
    deadline: int
    request_id: str
    title: str
    details: str
    requested_by: str
    requested_at: str
    policy: Policy
    scheduled_for: str
    late: bool

    @property
    def digest(self) -> str:
        """The digest of this message's question."""
        return digest_of(self)
