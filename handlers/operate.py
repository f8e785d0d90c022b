"""Operate: the door of the operator's tool, `POST /operate`, whose caller AWS has authenticated."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from handlers.approvals.adapters.assembly import approval_records, approval_workflow, approver_mail
from handlers.approvals.adapters.aws import CONFIG
from handlers.approvals.adapters.channel import Pace
from handlers.approvals.observability import logger, metrics, observe
from handlers.approvals.parsing.fields import Fields
from handlers.approvals.usecases.operate import NotDoneError, Operate
from handlers.approvals.usecases.ports import UnavailableError
from handlers.contract.question import REQUEST_ID, REQUEST_ID_RULE
from handlers.contract.settings import OperateSettings
from handlers.contract.visible import blank
from handlers.contract.workflow import execution_arn

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

WHY_LIMIT = 500  # characters
ARN_LIMIT = 256  # https://docs.aws.amazon.com/step-functions/latest/apireference/API_StopExecution.html
MOST_NAMED = 100  # as many people as a stack has
SPARE_SECONDS = 13  # kept free at the end of the function's time, for a mail that is tried three times
HEADERS = {"Content-Type": "application/json", "Cache-Control": "no-store"}


@dataclass(frozen=True, kw_only=True)
class Door:
    """Serves orders: {"order": "remind", "requestId", "to": []}, {"order": "cancel", "requestId" or "executionArn",
    "why"}."""

    operate: Operate
    state_machine_arn: str

    def serve(self, event: dict[str, Any], ends: float) -> dict[str, Any]:
        """200 with what was done, 400 for no order, 409 for one that cannot be done, 503 if AWS did not answer.

        All but the first have {"error": words}. `ends` (epoch seconds): when this function's time does.
        """
        by = str(event["requestContext"]["authorizer"]["iam"]["userArn"])  # as AWS says; the route lets in nobody else
        try:
            do = self._read(Fields.of(event.get("body") or ""), by, ends - SPARE_SECONDS)
        except ValueError as error:
            return _response(400, {"error": str(error)})
        try:
            return _response(200, do())
        except NotDoneError as error:
            logger.info("not done", outcome="refused", by=by)
            return _response(409, {"error": str(error)})
        except UnavailableError as error:
            logger.error("an AWS call failed", outcome="fault", kind=error.kind, by=by)
            return _response(503, {"error": f"AWS did not answer ({error.kind}): try again"})

    def _read(self, order: Fields, by: str, give_up: float) -> Callable[[], dict[str, Any]]:
        """What to do. Raises ValueError, which names the field."""
        match order.values.get("order"):
            case "remind":
                to = order.texts("to") if "to" in order.values else ()
                if len(to) > MOST_NAMED:
                    raise ValueError(f"to must be at most {MOST_NAMED} addresses, got {len(to):,}")
                return partial(self.operate.remind, _request_id(order), to, by, give_up)
            case "cancel":
                why = order.text("why")
                if blank(why) or len(why) > WHY_LIMIT:
                    raise ValueError(f"why must have 1 to {WHY_LIMIT} characters that can be seen, got {len(why):,}")
                if "requestId" in order.values:
                    return partial(self.operate.cancel, _request_id(order), "", why, by)
                return partial(self.operate.cancel, "", self._execution_arn(order), why, by)
        raise ValueError("order must be remind or cancel")

    def _execution_arn(self, order: Fields) -> str:
        arn, ours = order.text("executionArn"), execution_arn(self.state_machine_arn, "")
        if not arn.startswith(ours) or not arn.isprintable() or len(arn) > ARN_LIMIT:
            raise ValueError(f"executionArn must begin with {ours} and have at most {ARN_LIMIT} characters")
        return arn


def _request_id(order: Fields) -> str:
    request_id = order.text("requestId")
    if not REQUEST_ID.fullmatch(request_id):
        raise ValueError(REQUEST_ID_RULE)
    return request_id


def _response(status: int, told: dict[str, Any]) -> dict[str, Any]:
    return {"statusCode": status, "headers": HEADERS, "body": json.dumps(told), "isBase64Encoded": False}


@cache
def door() -> Door:
    """Once a process. Raises SettingsError, which names the variable."""
    settings = OperateSettings.read(os.environ)
    observe(settings.label)
    records = approval_records(settings.table_name, settings.execution_index)
    mail = approver_mail(settings, Pace(settings.mail_pause_seconds, records.clock), CONFIG)
    operate = Operate(records=records, workflow=approval_workflow(always=False), mail=mail, clock=records.clock)
    return Door(operate=operate, state_machine_arn=settings.state_machine_arn)


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """See Door.serve."""
    served = door()
    return served.serve(event, served.operate.clock.now() + context.get_remaining_time_in_millis() / 1000)


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:  # in Lambda's init phase, which has a full CPU whatever the memory size
    door()
