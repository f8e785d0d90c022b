"""What several entry modules build from their settings."""

from typing import Any

from botocore.config import Config

from handlers.approvals.adapters.aws import PATIENT, OnDemand, client
from handlers.approvals.adapters.channel import Letterhead, Pace
from handlers.approvals.adapters.clock import SystemClock
from handlers.approvals.adapters.dynamodb import ApprovalTable
from handlers.approvals.adapters.sns import ApproverTopic
from handlers.approvals.adapters.step_functions import StepFunctions
from handlers.approvals.usecases.ports import Mail
from handlers.approvals.usecases.records import Records
from handlers.contract.settings import MailSettings


def approval_records(table_name: str, execution_index: str = "") -> Records:
    """`execution_index` is only needed to look a record up by its execution."""
    table = ApprovalTable(client("dynamodb"), table_name, execution_index)
    return Records(store=table, clock=SystemClock())


def approval_workflow(*, always: bool) -> StepFunctions:
    """`always`: every call of this function uses it, so create the client at once."""
    step_functions: Any = client("stepfunctions") if always else OnDemand("stepfunctions")
    return StepFunctions(step_functions)


def approver_mail(settings: MailSettings, pace: Pace, config: Config = PATIENT) -> Mail:
    """The stack's channel to approvers."""
    letterhead = Letterhead(
        environment=settings.label,
        timezone=settings.timezone,
        approval_url=settings.approval_url,
        one_click=settings.one_click,
    )
    if not settings.mail_from:
        return ApproverTopic(client("sns", config), settings.topic_arn, letterhead, pace)
    from handlers.approvals.adapters.ses import Mailer, Sender  # noqa: PLC0415 - SNS sends without it

    sender = Sender(
        address=settings.mail_from,
        name=settings.mail_from_name,
        reply_to=settings.reply_to,
        configuration_set=settings.configuration_set,
        own_domains=frozenset(settings.own_domains.split()),
    )
    return Mailer(client("sesv2", config), sender, letterhead, pace)
