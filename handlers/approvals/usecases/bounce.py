"""Bounce: note whom a mail did not reach, tell the operator, and end a run that cannot be approved without them."""

from dataclasses import dataclass
from functools import partial

from handlers.approvals.observability import count, logger
from handlers.approvals.rules import delivery
from handlers.approvals.rules.delivery import Notice
from handlers.approvals.rules.endings import abandoned
from handlers.approvals.rules.record import Record
from handlers.approvals.usecases.hand_over import fail
from handlers.approvals.usecases.ports import Operator, Workflow
from handlers.approvals.usecases.records import Records
from handlers.contract.metrics import Metric
from handlers.contract.workflow import WorkflowError


@dataclass(frozen=True, kw_only=True)
class Bounce:
    """Serves SES's events. Idempotent, but that an operator may be told twice, and is of a mail to a requester."""

    records: Records
    workflow: Workflow
    operator: Operator

    def serve(self, notice: Notice) -> None:
        """Raises UnavailableError."""
        record = self.records.store.get(notice.request_id)
        who = delivery.whose(record, notice.person) if record else ""
        if not record or not who:
            logger.info("no record knows this mail", outcome="gone")
            return
        record, _ = self.records.change(record, partial(delivery.noted, who=who, notice=notice))
        logger.warning("a mail did not arrive", outcome=notice.kind.value, permanent=notice.permanent)
        if cause := delivery.out_of_reach(record):
            record = self._end(record, cause)
        known = record.approvers[who].undelivered if who in record.approvers else None
        if not (known and known.told):
            self.operator.tell_undelivered(record, who, notice)
            # Recorded after sending: better twice than never.
            self.records.change(record, partial(delivery.operator_knows, who=who))

    def _end(self, record: Record, cause: str) -> Record:
        """The record is closed last: people can answer until Step Functions has accepted the failure. Without a token
        that it accepts, the next round's message ends the run."""
        token = record.task_token
        if token and fail(self.workflow, token, WorkflowError.NOTIFICATION_FAILED, cause):
            count(Metric.NOT_DELIVERED)
            record, _ = self.records.change(record, partial(abandoned, round_=record.round, cause=cause))
        return record
