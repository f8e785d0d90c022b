"""Handing people's decision over to the workflow, and asking whether it still waits for one."""

from __future__ import annotations

from functools import partial

from handlers.approvals.observability import logger
from handlers.approvals.rules.decisions import handed_over, token_spent
from handlers.approvals.rules.endings import Execution, ended
from handlers.approvals.rules.record import DECIDED, Record
from handlers.approvals.usecases.ports import UnavailableError, Workflow
from handlers.approvals.usecases.records import Records


def hand_over(records: Records, workflow: Workflow, record: Record, token: str = "") -> Record:
    """Hand a decided record's answer over and note that; `token` is a newer round's, if the caller has one.

    Returns the record as it then is: handed over; or still to be handed over by the next round (its token is spent,
    the execution runs); or closed, because the execution ended without the answer. Running it twice has one effect.
    Raises UnavailableError; the next round, or whoever presses again, goes on from there.
    """
    if record.status not in DECIDED or (record.handed_over and not record.task_token):
        return record
    for one in dict.fromkeys(filter(None, [token, record.task_token])):
        taken = workflow.hand_over(one, record)
        record, _ = records.change(record, handed_over if taken else partial(token_spent, token=one))
        if taken:
            return record
    execution = workflow.execution(record.execution_arn)
    if not execution.running:
        record, _ = records.change(record, partial(ended, execution=execution))
    return record


def as_known(workflow: Workflow, execution_arn: str) -> Execution:
    """The workflow knows who still waits. If it cannot be asked just now, the record's own word has to do."""
    try:
        return workflow.execution(execution_arn)
    except UnavailableError as error:
        logger.warning("the execution's status is unavailable", kind=error.kind)
        return Execution(status="UNKNOWN", running=True)
