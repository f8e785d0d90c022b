"""Commands that do something: ask, wait, remind, cancel."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from enum import IntEnum
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from handlers.approvals.parsing.trigger import InvalidTask, Policies, question
from handlers.contract.policy import DEFAULT_POLICY
from handlers.contract.question import request_id
from handlers.contract.record import Status
from handlers.contract.visible import one_line, quoted
from handlers.contract.workflow import Ending, WorkflowError
from operate import look
from operate.outputs import OperateError
from operate.stack import Stack

HTTP_SECONDS = 30
SHORTEST_PAUSE, LONGEST_PAUSE = 0.2, 5.0  # seconds between two looks
Seen = TypeVar("Seen")


class Exit(IntEnum):
    """Exit codes; those above USAGE are of `start --wait` alone."""

    OK = 0  # or approved
    ERROR = 1
    USAGE = 2
    REJECTED = 3
    STILL_OPEN = 4
    EXPIRED = 5
    ENDED_OTHERWISE = 6
    INTERRUPTED = 130


ENDED = {
    Exit.OK: "It was approved, and the run has succeeded.",
    Exit.REJECTED: "It was rejected.",
    Exit.STILL_OPEN: "The wait is over, and the request goes on.",
    Exit.EXPIRED: "It was not decided in time.",
    Exit.ENDED_OTHERWISE: "The run ended without a decision, or failed after it.",
}


def start(stack: Stack, task: dict[str, Any]) -> dict[str, str]:
    """{"requestId", "executionArn"}; the task is as in an execution's input. Raises OperateError."""
    try:  # now, and not in a run that fails; which policies there are, the run knows
        question({"task": task}, {}, Policies({task.get("policy", DEFAULT_POLICY): 1}))
    except InvalidTask as error:
        raise OperateError(str(error)) from error
    machine, given = stack.target["stateMachineArn"], json.dumps({"task": task})
    arn = stack.client("stepfunctions").start_execution(stateMachineArn=machine, input=given)["executionArn"]
    return {"requestId": request_id({}, arn), "executionArn": arn}


def fields(text: str) -> Any:
    """JSON, or that of a file whose name is after an @. Raises OperateError."""
    try:
        return json.loads(Path(text[1:]).read_text(encoding="utf-8") if text.startswith("@") else text)
    except (OSError, ValueError, RecursionError) as error:
        raise OperateError(f"--fields must be JSON, or @ and the name of a file with it: {error}") from error


def link(text: str) -> dict[str, str]:
    """Raises OperateError."""
    label, _, url = text.partition("=")
    if not label or not url:
        raise OperateError(f"--link must be LABEL=URL, got {text}")
    return {"label": label, "url": url}


def cancel(stack: Stack, request: str, why: str) -> dict[str, Any]:
    """{"executionArn"}, also of one that has not asked yet. Raises OperateError if it does not run."""
    whose = {"executionArn": request}
    if not request.startswith("arn:"):
        whose = {"requestId": stack.reader.find(request).request_id}
    return through_door(stack, {"order": "cancel", "why": why} | whose)


def through_door(stack: Stack, order: dict[str, Any]) -> dict[str, Any]:
    """What `POST /operate` of the stack's API answers. Raises OperateError with its words."""
    session: Any = boto3.Session()
    credentials = session.get_credentials()
    if not credentials:
        raise OperateError("there are no AWS credentials")
    request = AWSRequest("POST", f"{stack.target['approvalApiUrl']}/operate", data=json.dumps(order))
    request.headers["Content-Type"] = "application/json"
    region = stack.target["operateArn"].split(":")[3]
    SigV4Auth(credentials.get_frozen_credentials(), "execute-api", region).add_auth(request)
    status, text = send(request)
    try:
        told = dict(json.loads(text))
    except (TypeError, ValueError):
        told = {}
    if status == HTTPStatus.OK and told:
        return told
    if status == HTTPStatus.FORBIDDEN:
        raise OperateError(f"you are not allowed to: it takes execute-api:Invoke on {stack.target['operateArn']}")
    raise OperateError(str(told.get("error") or text or f"HTTP {status}"))


def send(request: AWSRequest) -> tuple[int, str]:
    """Status and text of the answer. It goes by the same proxy as the calls of AWS."""
    proxies = get_environ_proxies(str(request.url))
    answer = URLLib3Session(proxies=proxies, timeout=HTTP_SECONDS).send(request.prepare())
    return answer.status_code, answer.text


def wait(stack: Stack, arn: str, seconds: float) -> tuple[Exit, dict[str, Any]]:
    """Until it has ended: what the exit code says, and {"outcome", "votes", "values"}."""
    execution = until(lambda: stack.reader.ended(arn), seconds)
    code = _code(execution)
    if code is Exit.ENDED_OTHERWISE:
        error, cause = one_line(execution.get("error", "")), quoted(execution.get("cause", ""), 1_000)
        stack.say(f"{execution['status']} {error} {cause}")
    record = stack.reader.by_id(request_id({}, arn))
    told = look.as_outcome(record) if record else {"outcome": Status.OPEN.value, "votes": [], "values": {}}
    if told["outcome"] == Status.OPEN and execution:
        told["outcome"] = Status.CLOSED.value  # which the record learns in a moment
    return code, told


def until(look: Callable[[], Seen], seconds: float) -> Seen:
    """What `look` returns as soon as that is true, or when the time is over."""
    give_up, pause = time.monotonic() + seconds, SHORTEST_PAUSE
    while not (seen := look()) and (left := give_up - time.monotonic()) > 0:
        time.sleep(min(pause, left))
        pause = min(1.5 * pause, LONGEST_PAUSE)
    return seen


def _code(execution: dict[str, Any]) -> Exit:
    match execution.get("status"), execution.get("error"):
        case None, _:
            return Exit.STILL_OPEN
        case Ending.SUCCEEDED, _:
            return Exit.OK
        case Ending.FAILED, WorkflowError.REJECTED:
            return Exit.REJECTED
        case Ending.FAILED, WorkflowError.EXPIRED:
            return Exit.EXPIRED
    return Exit.ENDED_OTHERWISE
