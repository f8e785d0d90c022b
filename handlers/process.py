"""Return to main processing, around process_task.py. It runs only after the approval."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from handlers.approvals.observability import logger
from handlers.contract.told import told
from handlers.process_task import process_task

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

TOLD = 1_000  # characters of what JSON lacks


def handler(event: dict[str, Any], _context: LambdaContext) -> Any:
    """`event` is the request with `execution` and `approval`; what is returned becomes the execution's `result`."""
    # Read before somebody else's code can change it.
    ids = {"requestId": event["requestId"], "execution": event["execution"]}
    approvals = len(event["approval"]["votes"])
    result, lacked = as_json(process_task(event))
    if lacked:
        logger.warning("process_task returned what JSON lacks", **ids, kinds=lacked)
    logger.info("mission completed", **ids, approvals=approvals)
    return result


def as_json(returned: Any) -> tuple[Any, list[str]]:
    """What JSON lacks is told as its `repr`, cut: the work was done, so the run must succeed. With its types' names."""
    lacked: set[str] = set()

    def tell(value: Any) -> str:
        lacked.add(type(value).__name__)
        return told(value, TOLD)

    try:
        result = json.loads(json.dumps(returned, default=tell, ensure_ascii=False, allow_nan=False).encode())
    except (TypeError, ValueError, RecursionError):  # a number, a key, half of a surrogate pair, a circle
        result = tell(returned)
    return result, sorted(lacked)
