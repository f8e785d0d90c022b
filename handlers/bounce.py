"""Bounce: what becomes of a mail that did not arrive."""

import os
from functools import cache
from typing import Any

from handlers.approvals.adapters.assembly import approval_records, approval_workflow
from handlers.approvals.adapters.aws import PATIENT, client
from handlers.approvals.adapters.channel import Letterhead
from handlers.approvals.adapters.sns import OperatorTopic
from handlers.approvals.observability import logger, metrics, observe
from handlers.approvals.parsing.notice import read_notice
from handlers.approvals.usecases.bounce import Bounce
from handlers.contract.settings import BounceSettings


def serve(use_case: Bounce, event: dict[str, Any]) -> None:
    """Handle an event of SES about one mail: `read_notice` says what is read of it.

    Raises MalformedNoticeError and UnavailableError. Lambda then retries twice, and keeps the event for an operator:
    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
    """
    try:
        notice = read_notice(event)
        logger.append_keys(requestId=notice.request_id)
        use_case.serve(notice)
    except Exception as error:
        logger.exception("not noted, will be tried again", kind=type(error).__name__)
        raise


@cache
def bounce() -> Bounce:
    """Once a process. Raises SettingsError, which names the variable."""
    settings = BounceSettings.read(os.environ)
    observe(settings.label)
    letterhead = Letterhead(environment=settings.label, timezone=settings.timezone)
    operator = OperatorTopic(client("sns", PATIENT), settings.operator_topic_arn, letterhead)
    workflow = approval_workflow(always=False)
    return Bounce(records=approval_records(settings.table_name), workflow=workflow, operator=operator)


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _context: object) -> None:
    """See serve."""
    serve(bounce(), event)


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:  # in Lambda's init phase, which has a full CPU whatever the memory size
    bounce()
