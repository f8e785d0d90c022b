"""Generate task: turn whatever started the workflow into the question that people will be asked.

Yours to change: this is where a run's title and details come from.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from handlers.approvals.observability import logger
from handlers.approvals.parsing.trigger import Policies, question
from handlers.contract.question import question_digest, request_id
from handlers.contract.settings.generate_task import GenerateSettings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def request(
    trigger: Any, execution: str, stacks_own: Mapping[str, Any], policies: Policies, *, event_details: bool = True
) -> dict[str, str]:
    """What people will be asked. `stacks_own` is the default, for a trigger without a question.

    `execution` is the run's ARN: with the trigger it makes the request's id, which is the same for the same start.

    Returns {"requestId", "title", "details", "requestedBy", "policy", "requestedAt", "digest"}, all text, and
    "scheduledFor" if a schedule started the run. Raises InvalidTask. The digest comes last and covers the question:
    approvals carry it.
    """
    asked = question(trigger, stacks_own, policies, event_details=event_details)

    # Your own changes to title, details and policy go here.

    made = {
        "requestId": request_id(trigger, execution),
        **asked,
        "requestedAt": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return made | {"digest": question_digest(made)}


@cache
def settings() -> GenerateSettings:
    """Once a process. Raises SettingsError, which names the variable."""
    return GenerateSettings.read(os.environ)


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, str]:
    """`event` is {"input": what the execution was started with, "execution": its ARN, "policies", "eventPolicy"}.

    See `request`. The names of policies come from the definition that has the policies, so that the two always agree.
    """
    policies = Policies(known=event["policies"], of_events=event["eventPolicy"])
    ours = settings()
    made = request(event["input"], event["execution"], ours.default_task, policies, event_details=ours.event_details)
    logger.info("task generated", requestId=made["requestId"], execution=event["execution"])
    return made


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:  # in Lambda's init phase, which has a full CPU whatever the memory size
    settings()
