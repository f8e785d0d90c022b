"""Bounce: note whom a mail did not reach, tell the operator, and end a run that cannot be approved without them."""

from dataclasses import dataclass
from functools import partial

from handlers.approvals.observability import logger
from handlers.approvals.rules import delivery
from handlers.approvals.rules.delivery import Notice
from handlers.approvals.usecases.hand_over import fail_unmailed
from handlers.approvals.usecases.ports import Operator, Workflow
from handlers.approvals.usecases.records import Records


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
        # Without a token that Step Functions accepts, the next round's message ends the run.
        if record.task_token and (cause := delivery.out_of_reach(record)):
            record = fail_unmailed(self.records, self.workflow, record, record.task_token, record.round, cause)
        known = record.approvers[who].undelivered if who in record.approvers else None
        if not (known and known.told):
            self.operator.tell_undelivered(record, who, notice)
            # Recorded after sending: better twice than never.
            self.records.change(record, partial(delivery.operator_knows, who=who))
