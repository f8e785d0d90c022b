"""Return to main processing: the work that was waiting for the approval. Yours to change."""

from typing import Any


def process_task(approved: dict[str, Any]) -> Any:
    """`approved` is the request with `execution` (an ARN) and `approval`: {"requestId", "outcome", "decidedAt",
    "policy", "approvals", "approvalsRequired", "missing", "groups", "values", "votes", "digest",
    "policyDigest"}. `values` are what people entered into the question's fields.

    A run may call this twice, so make your work idempotent by `requestId`. What it returns, anything that JSON can
    hold, becomes `result` in the execution's output.
    """
    votes = approved["approval"]["votes"]

    # Your work goes here.

    return {
        "requestId": approved["requestId"],
        "status": "completed",
        "approvedBy": [vote["approver"] for vote in votes],
    }
