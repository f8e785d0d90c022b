"""Generate task: turn whatever started the workflow into the question that people will be asked.

Yours to change: this is where a run's title and details come from.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from handlers.approvals.observability import logger

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# Long enough for a change log, short enough for a mail that is read on a phone.
LIMITS = {"title": 200, "details": 10_000, "requestedBy": 254}  # characters


class InvalidTask(Exception):  # noqa: N818 - the state machine catches this name
    """The trigger's input makes no task; the workflow ends with this message as its cause."""


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, str]:
    """`event` is {"input": what the execution was started with, "execution": its ARN}.

    Returns {"requestId", "title", "details", "requestedBy", "requestedAt"}, all text; raises InvalidTask.
    """
    asked = task(event["input"])
    request = {
        "requestId": str(uuid4()),
        **asked,
        "requestedAt": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    logger.info("task generated", requestId=request["requestId"], execution=event["execution"])
    return request


def task(trigger: Any) -> dict[str, str]:
    """What to ask, from an EventBridge event, a schedule's input, or the input given to StartExecution.

    Title and details are looked for in an event's `detail`, in a `task` object, or in the input itself. Without a
    title, an event is called by its type and source, and anything else asks what the stack's `task` config says.
    """
    if not isinstance(trigger, dict):
        raise InvalidTask(f"the input must be a JSON object, got {type(trigger).__name__}")
    default = json.loads(os.environ["DEFAULT_TASK"])
    asked = trigger.get("task", trigger)
    if "detail-type" in trigger:
        kind, source = trigger["detail-type"], trigger.get("source", "an event")
        if not isinstance(kind, str) or not isinstance(source, str):
            raise InvalidTask(
                f"detail-type and source must be text, got {type(kind).__name__} and {type(source).__name__}"
            )
        # The stack's own question is not about this event; and the title is made here, so it is kept short here.
        default = {"title": f"{kind} from {source}"[: LIMITS["title"]]}
        asked = trigger.get("detail", {})
    if not isinstance(asked, dict):
        raise InvalidTask(f"the task must be a JSON object, got {type(asked).__name__}")
    return {
        "title": _text(asked, "title", default.get("title", "")) or _missing("title"),
        "details": _text(asked, "details", default.get("details", "")),
        "requestedBy": _text(asked, "requestedBy", ""),
    }


def _text(asked: dict[str, Any], name: str, default: str) -> str:
    value = asked.get(name, default)
    if isinstance(value, dict | list):
        value = _written_out(name, value)
    if not isinstance(value, str):
        raise InvalidTask(f"{name} must be text, got {type(value).__name__}")
    if len(value) > LIMITS[name]:
        raise InvalidTask(f"{name} must be at most {LIMITS[name]} characters, got {len(value)}")
    try:
        value.encode()
    except UnicodeEncodeError as error:  # JSON can write half of a surrogate pair, but no service takes it
        raise InvalidTask(f"{name} must be valid Unicode text, got a lone surrogate") from error
    return value.strip()


def _written_out(name: str, value: Any) -> str:
    try:
        compact = json.dumps(value, ensure_ascii=False, allow_nan=False)
        # What is too long already is refused as it is: deep and wide, it would grow by thousands of times.
        return compact if len(compact) > LIMITS[name] else json.dumps(value, indent=2, ensure_ascii=False)
    except RecursionError as error:
        raise InvalidTask(f"{name} must not be nested that deeply") from error
    except ValueError as error:
        raise InvalidTask(
            f"{name} must be text or JSON, got {type(value).__name__} with a number that JSON lacks"
        ) from error


def _missing(name: str) -> str:
    raise InvalidTask(f"{name} must not be empty: give it in the input, or set it in the stack's `task` config")
