"""The mail to the operator: which run ended without a proper decision, why, and where to look.

Subject and message have the limits of `mail`. All texts are untrusted: causes come from AWS, the user's own functions
and anyone with a task token; titles and inputs from anyone who starts a run. Each becomes one line, cleaned, cut and
in quotation marks, so that none can pass for our own words; an input is JSON, which has its own quotation marks.
"""

import json
import re
from collections.abc import Iterator, Sequence

from handlers.approvals.faces import mail, when, wording
from handlers.approvals.faces.letter import Part, as_text
from handlers.approvals.rules.endings import Execution
from handlers.approvals.rules.record import Record
from handlers.contract.visible import one_line, quoted
from handlers.contract.workflow import Ending, WorkflowError

ENDED = {Ending.FAILED: "failed", Ending.TIMED_OUT: "timed out", Ending.ABORTED: "was stopped"}
UNVOTED = "went on without a vote"
CAUSE_LIMIT = 1_000  # characters: enough for a message, not for a stack trace
INPUT_LIMIT = 400
NAME = re.compile(r"[\w.]{1,256}", re.ASCII)  # an error's name; anything else is quoted as text
# By partition. The console addresses of others (isolated regions) are not public.
# https://docs.aws.amazon.com/general/latest/gr/aws-arns-and-namespaces.html
CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}


def subject(execution: Execution, records: Sequence[Record], environment: str, timezone: str) -> str:
    """For example "[dev] Approval workflow failed: Release 1.4 to production"."""
    headline = f"Approval workflow {_ended(execution, records)}"
    if records:
        return mail.subject_about(records[0], headline, environment, timezone)
    otherwise = "the error is in this mail" if execution.error else "nobody had been asked"
    return mail.subject_line(environment, headline, _error(execution), otherwise=otherwise)


def body(execution_arn: str, execution: Execution, records: Sequence[Record], environment: str, timezone: str) -> str:
    """What was asked, how it ended and why, who had answered, and where to look."""
    parts = [
        f"A run of the approval workflow in {one_line(environment)} {_ended(execution, records)}.",
        *(_unvoted(execution, record) for record in records if record.answered_without_vote),
        *(
            f"It did not take the answer to request {one_line(record.request_id)}, which counts as AnswerMismatch. "
            "Find out who may write to the queue and the table: docs/security.md."
            for record in records
            if record.answer_mismatched
        ),
        *(fact for record in records for fact in _asked(record, timezone)),
        *_ending(execution, timezone),
        *(part for record in records for part in mail.votes(record, timezone)),
        *([] if records else [f"- Started with: {one_line(execution.started_with, INPUT_LIMIT)}"]),
        "Where to look:",
        console(execution_arn) or execution_arn,
        "What each ending means, and what to do, is in docs/operations.md.",
    ]
    return as_text(parts) + "\n"


def why(cause: str) -> str:
    """A readable cause: a function's exception arrives as JSON, {"errorMessage", "errorType", "stackTrace"}.

    Truncated JSON, or a cause that never was JSON (a function ran out of time or memory), is returned unchanged.
    """
    try:
        told = json.loads(cause)
    except (ValueError, RecursionError):
        return cause
    if not isinstance(told, dict) or not isinstance(told.get("errorMessage"), str):
        return cause
    kind = told.get("errorType")
    return f"{kind}: {told['errorMessage']}" if isinstance(kind, str) and kind else told["errorMessage"]


def console(execution_arn: str) -> str:
    """The execution's page in its partition's AWS console; "" if that console's address is unknown."""
    _arn, partition, _service, region, *_ = execution_arn.split(":")
    if partition not in CONSOLES:
        return ""
    return f"https://{region}.{CONSOLES[partition]}/states/home?region={region}#/v2/executions/details/{execution_arn}"


def _ended(execution: Execution, records: Sequence[Record]) -> str:
    if execution.error != WorkflowError.DUPLICATE and any(record.answered_without_vote for record in records):
        return UNVOTED
    return ENDED[Ending(execution.status)]


def _unvoted(execution: Execution, record: Record) -> str:
    request = f"request {one_line(record.request_id)}"
    said = f"Somebody answered with the task token of {request}, and nobody had voted for that."
    if execution.error == WorkflowError.DUPLICATE:
        said = (
            f"The run ended as a duplicate although it has {request} of its own: somebody has put a message with its "
            "task token into a queue, or has answered with it."
        )
    return f"{said} Find out who may read task tokens: docs/security.md."


def _asked(record: Record, timezone: str) -> Iterator[Part]:
    facts = {
        "What": quoted(record.title) or wording.UNTITLED,
        "Asked by": quoted(record.requested_by) or wording.NOBODY,
        "Scheduled for": when.local_iso(record.scheduled_for, timezone),
        "Policy": wording.policy(record),
        "Request": f"{one_line(record.request_id)}, {record.status.value}",
    }
    return mail.listing(facts, "- ")


def _ending(execution: Execution, timezone: str) -> Iterator[Part]:
    facts = {
        "Ended": " ".join(filter(None, (execution.status, _error(execution)))),
        "At": when.local(int(execution.stopped_at), timezone) if execution.stopped_at else "",
        "Why": quoted(why(execution.cause), CAUSE_LIMIT),
    }
    return mail.listing(facts, "- ")


def _error(execution: Execution) -> str:
    return execution.error if NAME.fullmatch(execution.error) else quoted(execution.error)
