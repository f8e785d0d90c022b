"""Reconcile: update the record of an execution that has ended, and tell the operator of trouble.

Nothing else notices a run that is stopped from outside, or a function that dies after delivering its answer.
"""

from dataclasses import dataclass
from functools import partial

from handlers.approvals.observability import count, logger
from handlers.approvals.rules.endings import Execution, ended, is_owed, operator_told
from handlers.approvals.rules.news import News, is_enough
from handlers.approvals.rules.record import Record
from handlers.approvals.usecases.ports import Clock, Operator, Workflow
from handlers.approvals.usecases.records import Records
from handlers.contract.metrics import Metric
from handlers.contract.record import Status

# DescribeExecution is eventually consistent: https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
PATIENCE_SECONDS = 10.0
PAUSE_SECONDS = 1.0


class StillRunningError(Exception):
    """Step Functions still reports the execution as running after repeated checks."""


@dataclass(frozen=True, kw_only=True)
class Reconcile:
    """Serves the events about ended executions."""

    records: Records
    workflow: Workflow
    operator: Operator
    clock: Clock

    def serve(self, execution_arn: str, news: News) -> None:
        """The record usually has the ending already, and nothing is written. Idempotent.

        Raises StillRunningError and UnavailableError.
        """
        execution, seen = news.execution, self.records.of_execution(execution_arn)
        if not is_enough(news, seen, self.clock.now()):
            execution = self._when_over(execution_arn, news.execution.redrives)
        if execution.running:
            logger.info("redriven since, so its next end counts", outcome="redriven")
            return
        records = []
        for one in seen:
            record, _ = self.records.change(one, partial(ended, execution=execution))
            outcome = record.status.value
            if record.status is Status.EXPIRED:
                count(Metric.EXPIRED)
            logger.info("execution is over", requestId=record.request_id, outcome=outcome, ended=execution.status)
            records.append(record)
        if is_owed(execution, records):
            self._tell(execution_arn, execution, records)

    def _when_over(self, execution_arn: str, redrives: int) -> Execution:
        """The execution once it is over, or running again after a redrive. Raises StillRunningError."""
        give_up = self.clock.now() + PATIENCE_SECONDS
        while True:
            execution = self.workflow.execution(execution_arn)
            if not execution.running or execution.redrives > redrives:
                return execution
            if self.clock.now() > give_up:
                raise StillRunningError(execution.status)
            self.clock.sleep(PAUSE_SECONDS)

    def _tell(self, execution_arn: str, execution: Execution, records: list[Record]) -> None:
        """Recorded after sending: a mail that is not recorded is sent again. Better twice than never."""
        self.operator.tell(execution_arn, execution, records)
        logger.info("the operator is told", outcome=execution.error or execution.status)
        for record in records:
            if record.answered_without_vote:
                count(Metric.ANSWERED_WITHOUT_VOTE)
            self.records.change(record, partial(operator_told, stopped_at=execution.stopped_at))
