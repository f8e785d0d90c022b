"""Return to main processing: what was waiting for the approval.

Yours to change: put your own work where the comment says so. It runs only after the approval.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from handlers.approvals.observability import logger

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """`event` is the task with `execution` (an ARN) and `approval`: {"requestId", "outcome", "decidedAt", "policy",
    "approvals", "approvalsRequired", "missing", "groups", "votes", "digest", "policyDigest"}.

    The state machine retries a call whose outcome is unknown, so make your work idempotent by `requestId`.
    The return value becomes `result` in the execution's output.
    """
    votes = event["approval"]["votes"]

    # Your work goes here.

    logger.info("mission completed", requestId=event["requestId"], execution=event["execution"], approvals=len(votes))
    return {"requestId": event["requestId"], "status": "completed", "approvedBy": [vote["approver"] for vote in votes]}
