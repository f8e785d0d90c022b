"""How fast the request queue's consumer mails, and how long it needs for that."""

from __future__ import annotations

from dataclasses import dataclass

from infra.shared.queues import visibility_seconds

# The lowest maximum concurrency of an event source mapping, so this many workers share the pace.
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
WORKERS = 2
MAIL_SECONDS = 1.0  # what one mail costs beside its pause, generously: two writes and a publish
LARGEST_BATCH = 10
BATCH_SECONDS = 60  # what a batch of requests should fit into


@dataclass(frozen=True, kw_only=True)
class MailPace:
    """Keeps all workers together within `mails_per_second`, with at most `people` asked per request."""

    people: int
    mails_per_second: int

    @property
    def pause_seconds(self) -> float:
        """The pause between two mails of one worker."""
        return WORKERS / self.mails_per_second

    @property
    def request_seconds(self) -> float:
        """How long one worker may need for one request's mails."""
        # In this order, whole seconds come out whole: a limit is named by them.
        return self.people * WORKERS / self.mails_per_second + self.people * MAIL_SECONDS

    @property
    def batch_size(self) -> int:
        """How many requests a worker takes at a time."""
        return max(1, min(LARGEST_BATCH, int(BATCH_SECONDS / self.request_seconds)))

    @property
    def timeout_seconds(self) -> int:
        """The worker's time-out: its batch of mails and room for a slow start."""
        return int(self.batch_size * self.request_seconds) + 15

    @property
    def late_seconds(self) -> int:
        """How long the workflow waits for a late decision: long enough for one redelivery."""
        return visibility_seconds(self.timeout_seconds) + self.timeout_seconds + 60
