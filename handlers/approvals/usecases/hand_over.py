"""What a run is told, and whether it still waits."""

from functools import partial

from handlers.approvals.observability import count, logger
from handlers.approvals.rules.decisions import handed_over, token_spent
from handlers.approvals.rules.endings import Execution, abandoned, ended
from handlers.approvals.rules.record import DECIDED, Record
from handlers.approvals.usecases.ports import UnavailableError, Workflow
from handlers.approvals.usecases.records import Records
from handlers.contract.metrics import Metric
from handlers.contract.workflow import WorkflowError


def hand_over(records: Records, workflow: Workflow, record: Record, token: str = "") -> Record:
    """Hand a decided record's answer over and record that. `token` is a newer round's, if the caller has one.

    Returns the updated record: handed over; or left for the next round to hand over (its token is spent, the execution
    is running); or closed, because the execution ended without the answer. Idempotent. Raises UnavailableError; the
    next round, or the next press, continues from there.
    """
    if record.status not in DECIDED or (record.handed_over and not record.task_token):
        return record
    for one in dict.fromkeys(filter(None, [token, record.task_token])):
        taken = workflow.hand_over(one, record)
        record, _ = records.change(record, handed_over if taken else partial(token_spent, token=one))
        if taken:
            logger.info("handed over", outcome=record.status.value)
            return record
    execution = workflow.execution(record.execution_arn)
    if not execution.running:
        record, _ = records.change(record, partial(ended, execution=execution))
    return record


def fail(workflow: Workflow, token: str, error: WorkflowError, cause: str) -> bool:
    """End the run that waits with this token; False if it waits no more. Raises UnavailableError."""
    taken = workflow.fail(token, error, cause)
    logger.warning("the run is failed", outcome=error.value if taken else "stale")
    return taken


def fail_unmailed(records: Records, workflow: Workflow, record: Record, token: str, round_: int, cause: str) -> Record:
    """End a run whose approvers no mail reaches; its record is closed last, once Step Functions has accepted that.

    Until then, people can answer. Where this token ends nothing, the record stays open for another attempt. Raises
    UnavailableError.
    """
    if fail(workflow, token, WorkflowError.NOTIFICATION_FAILED, cause):
        count(Metric.NOT_DELIVERED)
        record, _ = records.change(record, partial(abandoned, round_=round_, cause=cause))
    return record


def as_known(workflow: Workflow, execution_arn: str) -> Execution:
    """The execution as Step Functions has it. If that is unavailable, assume it is running and trust the record."""
    try:
        return workflow.execution(execution_arn)
    except UnavailableError as error:
        logger.warning("the execution's status is unavailable", kind=error.kind)
        return Execution(status="UNKNOWN", running=True)
