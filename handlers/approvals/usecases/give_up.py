"""Give up: fail an execution whose approvers could not be asked, loudly."""

from dataclasses import dataclass
from functools import partial

from handlers.approvals.observability import count, logger
from handlers.approvals.rules.endings import abandoned, duplicate
from handlers.approvals.rules.message import Message
from handlers.approvals.rules.record import DECIDED
from handlers.approvals.usecases.hand_over import fail, hand_over
from handlers.approvals.usecases.ports import Workflow
from handlers.approvals.usecases.records import Records
from handlers.contract.metrics import Metric
from handlers.contract.workflow import WorkflowError


@dataclass(frozen=True, kw_only=True)
class GiveUp:
    """Serves the dead-letter queue."""

    records: Records
    workflow: Workflow

    def serve(self, message: Message) -> None:
        """Fail the execution that waits for this message, unless a decision or a later round has overtaken it.

        The record is closed last: people can answer until Step Functions has accepted the failure. A record of another
        run is left alone. Raises UnavailableError.
        """
        record = self.records.store.get(message.request_id)
        if record and message.execution_arn != record.execution_arn:
            fail(self.workflow, message.task_token, WorkflowError.DUPLICATE, duplicate(record))
            return
        if record and record.status in DECIDED:
            hand_over(self.records, self.workflow, record, message.task_token)
            return
        if record and record.round > message.round:
            logger.info("a later round has been asked since", outcome="stale")
            return
        cause = f"The approvers of request {message.request_id} could not be asked in round {message.round}"
        if record and record.refused:
            cause += f": {record.refused}"
        failed = fail(self.workflow, message.task_token, WorkflowError.NOTIFICATION_FAILED, cause)
        count(Metric.NOT_DELIVERED)
        if record and failed:
            self.records.change(record, partial(abandoned, round_=message.round, cause=cause))
