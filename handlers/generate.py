"""Generate task, around generate_task.py: what it is given, and the request that is made of what it returns."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from handlers.approvals.observability import logger
from handlers.approvals.parsing.returned import asked
from handlers.approvals.parsing.trigger import InvalidTask, Policies, question, scheduled_for
from handlers.contract.question import Field, question_digest, request_id
from handlers.contract.settings import GenerateSettings
from handlers.generate_task import generate_task

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def request(
    trigger: Any,
    execution: str,
    stacks_own: Mapping[str, Any],
    policies: Policies,
    *,
    event_details: bool = True,
    generate_task: Callable[[dict[str, Any]], Any] = generate_task,
) -> dict[str, Any]:
    """What people will be asked. `stacks_own` is the default, for a trigger without a question.

    `execution` is the run's ARN: with the trigger it makes the request's id, which is the same for the same start.

    Returns {"requestId", "title", "details", "requestedBy", "policy", "requestedAt", "digest"}, all text,
    "scheduledFor" if a schedule started the run, "fields" and "links" if there are any, and what else `generate_task`
    returned. Raises InvalidTask. The digest comes last and covers the question: approvals carry it.
    """
    # Before anybody else's code can change the trigger.
    made, scheduled = {Field.REQUEST_ID.value: request_id(trigger, execution)}, scheduled_for(trigger)
    read, problem = None, None
    try:
        read = question(trigger, stacks_own, policies, event_details=event_details)
    except InvalidTask as refused:
        problem = str(refused)
    returned = generate_task(
        {
            "input": trigger,
            "execution": execution,
            "policies": list(policies.known),
            "question": read,
            "problem": problem,
        }
    )
    if returned is None:
        raise InvalidTask(problem or "generate_task returned None, so there is nothing to ask")
    made |= asked(returned, policies.known)
    if scheduled:
        made[Field.SCHEDULED_FOR.value] = scheduled
    made[Field.REQUESTED_AT.value] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return made | {Field.DIGEST.value: question_digest(made)}


@cache
def settings() -> GenerateSettings:
    """Once a process. Raises SettingsError, which names the variable."""
    return GenerateSettings.read(os.environ)


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """`event` is {"input": what the execution was started with, "execution": its ARN, "policies": how many people each
    has, "eventPolicy", "task": the stack's own question as JSON text}.

    See `request`. What the definition has comes from there, so that the two always agree.
    """
    policies = Policies(known=event["policies"], of_events=event["eventPolicy"])
    own, event_details = json.loads(event["task"]), settings().event_details
    made = request(event["input"], event["execution"], own, policies, event_details=event_details)
    logger.info("task generated", requestId=made["requestId"], execution=event["execution"])
    return made


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:  # in Lambda's init phase, which has a full CPU whatever the memory size
    settings()
