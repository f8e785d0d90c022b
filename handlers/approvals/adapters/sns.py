"""Mail via Amazon SNS, to the approvers and to the operator."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from handlers.approvals.adapters.aws import calls
from handlers.approvals.faces import chat, decision_mail, left_out, mail, operator_mail, undelivered_mail
from handlers.approvals.faces.letter import Part, as_text
from handlers.approvals.rules import links
from handlers.approvals.rules.delivery import Notice
from handlers.approvals.rules.endings import Execution
from handlers.approvals.rules.record import Record
from handlers.approvals.rules.rounds import Kind
from handlers.approvals.rules.transitions import Transition
from handlers.approvals.usecases.ports import Clock

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient


@dataclass(frozen=True, kw_only=True)
class Letterhead:
    """What all mails of a stack share: its name, its time zone, and the base address of links."""

    environment: str
    timezone: str
    approval_url: str = ""
    one_click: bool = False


class Pace:
    """At most one mail per `seconds`, across all calls that this worker serves."""

    def __init__(self, seconds: float, clock: Clock) -> None:
        self._seconds = seconds
        self._clock = clock
        self._next = 0.0

    def wait(self) -> None:
        # Never longer than one pause: the time of day may be set back.
        self._clock.sleep(max(0.0, min(self._seconds, self._next - self._clock.now())))
        self._next = self._clock.now() + self._seconds


class Channel(ABC):
    """The port `Mail`, but for how a mail is sent."""

    headlines: Mapping[Kind, str] = mail.HEADLINES

    def __init__(self, letterhead: Letterhead, pace: Pace) -> None:
        self._letterhead = letterhead
        self._pace = pace

    def ask(self, record: Record, who: str, kind: Kind, secret: str) -> None:
        head = self._letterhead
        link = links.url(head.approval_url, record.request_id, secret)
        one_click_link = f"{link}/approve" if head.one_click else ""
        parts = mail.parts(record, who, kind, link, head.environment, head.timezone, one_click_link)
        self._send(record, who, self.headlines[kind], parts)

    def leave_out(self, record: Record, who: str) -> None:
        head = self._letterhead
        self._send(record, who, left_out.HEADLINE, left_out.parts(record, head.environment, head.timezone))

    def announce(self, record: Record, who: str) -> bool:
        return self._tell(record, who)

    def _tell(self, record: Record, who: str, *, comments: bool = True) -> bool:
        head = self._letterhead
        parts = decision_mail.parts(record, head.environment, head.timezone, comments=comments)
        self._send(record, who, decision_mail.headline(record), parts)
        return True

    @abstractmethod
    def _send(self, record: Record, who: str, headline: str, parts: Iterable[Part]) -> None: ...


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
