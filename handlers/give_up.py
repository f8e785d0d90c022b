"""Give up request: a message in the dead-letter queue fails the execution that waits for it, loudly."""

import os
from collections.abc import Mapping
from functools import cache
from typing import Any

from handlers.approvals.adapters.assembly import approval_records, approval_workflow
from handlers.approvals.adapters.queue import serve_each
from handlers.approvals.observability import logger, metrics, observe
from handlers.approvals.parsing.message import MalformedMessageError, read_message
from handlers.approvals.rules.message import Announcement, Message
from handlers.approvals.usecases.give_up import GiveUp
from handlers.contract.settings import GiveUpSettings


class NotForARunError(Exception):
    """No run waits for this letter: docs/operations.md says how an operator has it served."""


def serve(use_case: GiveUp, delivered: Mapping[str, Any]) -> None:
    """Serve one record of the batch. Any exception keeps it in the queue."""
    try:
        message = _message(delivered["body"])
        logger.append_keys(requestId=message.request_id, execution=message.execution_arn, round=message.round)
        use_case.serve(message)
    except NotForARunError:
        logger.error("nobody was told how a request ended; the letter stays in the queue", outcome="kept")
        raise
    except MalformedMessageError as error:
        logger.error("a dead letter that cannot be read stays in the queue", outcome="kept", why=str(error))
        raise
    except Exception as error:
        logger.exception("the workflow could not be told, will be tried again", kind=type(error).__name__)
        raise


def _message(body: str) -> Message:
    message = read_message(body)
    if isinstance(message, Announcement):
        raise NotForARunError
    return message


@cache
def give_up() -> GiveUp:
    """Once a process. Raises SettingsError, which names the variable."""
    settings = GiveUpSettings.read(os.environ)
    observe(settings.label)
    return GiveUp(records=approval_records(settings.table_name), workflow=approval_workflow(always=True))


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Serve a batch from the dead-letter queue. Unreadable messages stay there for an operator."""
    return serve_each(event, lambda delivered: serve(give_up(), delivered))


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:  # in Lambda's init phase, which has a full CPU whatever the memory size
    give_up()
