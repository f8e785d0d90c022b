"""Amazon SNS: mail to the approvers and to the operator, and what a chat reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from handlers.approvals.adapters.aws import calls
from handlers.approvals.adapters.channel import Channel, Letterhead, Pace
from handlers.approvals.faces import chat, mail, operator_mail, undelivered_mail
from handlers.approvals.faces.letter import Part, as_text
from handlers.approvals.rules.delivery import Notice
from handlers.approvals.rules.endings import Execution
from handlers.approvals.rules.record import Record
from handlers.approvals.rules.transitions import Transition

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient


class ApproverTopic(Channel):
    """Each subscription filters for its own address in the attribute `approver`."""

    def __init__(self, client: SNSClient, topic_arn: str, letterhead: Letterhead, pace: Pace) -> None:
        super().__init__(letterhead, pace)
        self._client = client
        self._topic_arn = topic_arn

    def _send(self, record: Record, who: str, headline: str, parts: Iterable[Part]) -> None:
        message = as_text(parts)
        self._pace.wait()
        with calls():
            self._client.publish(
                TopicArn=self._topic_arn,
                Subject=mail.subject_about(record, headline, self._letterhead.environment, self._letterhead.timezone),
                Message=message,
                MessageAttributes={"approver": {"DataType": "String", "StringValue": who}},
            )


class OperatorTopic:
    """The port `Operator`."""

    def __init__(self, client: SNSClient, topic_arn: str, letterhead: Letterhead) -> None:
        self._client = client
        self._topic_arn = topic_arn
        self._letterhead = letterhead

    def tell(self, execution_arn: str, execution: Execution, records: Sequence[Record]) -> None:
        environment, timezone = self._letterhead.environment, self._letterhead.timezone
        subject = operator_mail.subject(execution, records, environment, timezone)
        self._send(subject, operator_mail.body(execution_arn, execution, records, environment, timezone))

    def tell_undelivered(self, record: Record, who: str, notice: Notice) -> None:
        environment, timezone = self._letterhead.environment, self._letterhead.timezone
        subject = undelivered_mail.subject(record, notice, environment, timezone)
        self._send(subject, undelivered_mail.body(record, who, notice, environment))

    def _send(self, subject: str, body: str) -> None:
        with calls():
            self._client.publish(TopicArn=self._topic_arn, Subject=subject, Message=body)


class ChatTopic:
    """The port `Chat`."""

    def __init__(self, client: SNSClient, topic_arn: str, letterhead: Letterhead) -> None:
        self._client = client
        self._topic_arn = topic_arn
        self._letterhead = letterhead

    def tell(self, record: Record, transition: Transition) -> None:
        message = chat.message(record, transition, self._letterhead.environment, self._letterhead.timezone)
        with calls():
            self._client.publish(TopicArn=self._topic_arn, Message=message)
