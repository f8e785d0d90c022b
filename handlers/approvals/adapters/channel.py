"""What the channels to the approvers have in common: which mails there are, from whom, and how fast."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from handlers.approvals.faces import decision_mail, left_out, mail
from handlers.approvals.faces.letter import Part
from handlers.approvals.rules import links
from handlers.approvals.rules.record import Record
from handlers.approvals.rules.rounds import Kind
from handlers.approvals.usecases.ports import Clock


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
