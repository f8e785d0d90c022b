"""How far an event about an ending can be taken at its word."""

from collections.abc import Sequence
from dataclasses import dataclass

from handlers.approvals.rules.endings import Execution, ended, is_owed
from handlers.approvals.rules.record import Record
from handlers.contract.workflow import Ending

FRESH_SECONDS = 60
SKEW_SECONDS = 5  # between the clocks of Step Functions, EventBridge and Lambda
# Their events have been seen without error and cause, and a failure means nothing without its error.
NAMED = frozenset({Ending.FAILED, Ending.ABORTED})
STATES_ERRORS = "States."  # prefix of Step Functions' own, of which only the cause says in which state


@dataclass(frozen=True, kw_only=True)
class News:
    """An event: how the execution had ended when it was sent, at `sent_at` in epoch seconds, 0 if that is unknown."""

    execution: Execution
    sent_at: float = 0


def is_enough(news: News, records: Sequence[Record], now: float) -> bool:
    """Whether the event says all that these records and the operator need, so that nobody has to ask Step Functions.

    DescribeExecution has a quota of ten a second in most regions, which runs that end together exceed:
    https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
    """
    execution, owed = news.execution, is_owed(news.execution, records)
    if not execution.over or (execution.status in NAMED and not execution.error):
        return False
    if execution.error.startswith(STATES_ERRORS) and not execution.cause:
        return False
    if owed and not records and not execution.started_with:  # left out above 248 KB; the operator reads its beginning
        return False
    dates = news.sent_at, execution.stopped_at
    if not execution.stopped_at or max(dates) > now + SKEW_SECONDS:
        return False
    if now - min(dates) < FRESH_SECONDS:
        return True
    # It may have been redriven since. To tell the operator is a change, too, of each record.
    return not (owed and records) and all(ended(record, execution) == record for record in records)
