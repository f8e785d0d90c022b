"""The mail that a stack has sent."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, TextIO

LOOK_SECONDS = 0.02
BY_SNS = "AWS Notifications <no-reply@sns.amazonaws.com>"


@dataclass(frozen=True, kw_only=True)
class Message:
    """One e-mail as its recipient would see it; receivedAt is ISO 8601 in UTC.

    Of SES's, `headers` are those that the program sets, and `tags` ({name: [value]}) what SES would give back.
    """

    to: str
    subject: str
    body: str
    receivedAt: str  # noqa: N815 - the name in the JSON
    from_: str = BY_SNS
    html: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def as_json(self) -> dict[str, Any]:
        return {name.rstrip("_"): value for name, value in asdict(self).items()}


class Inbox:
    """What has come from these topics, by their ARNs, and configuration sets, out of the file with all mail.

    One of the topics may be for a chat.
    """

    def __init__(self, mail: TextIO, topics: Collection[str], chat: str = "") -> None:
        self._mail = mail
        self._topics = topics
        self._chat_topic = chat
        self._messages: list[Message] = []
        self._chat: list[Message] = []
        self._begun = ""
        self._reading = threading.Lock()

    def messages(self) -> list[Message]:
        """The mail that has arrived, oldest first."""
        self._read()
        return list(self._messages)

    def chat(self) -> list[Message]:
        """What a chat was told, oldest first."""
        self._read()
        return list(self._chat)

    def _read(self) -> None:
        with self._reading:
            *lines, self._begun = (self._begun + self._mail.read()).split("\n")
            for mail in map(json.loads, lines):
                topic = mail.pop("topic")
                message = Message(from_=mail.pop("from", BY_SNS), **mail)
                if topic == self._chat_topic:
                    self._chat.append(message)
                elif topic in self._topics and message.to:
                    self._messages.append(message)

    def wait(self, known: int, seconds: float) -> list[Message]:
        """The messages after the first `known`, once there is one; none when `seconds` have passed."""
        deadline = time.monotonic() + seconds
        while not (new := self.messages()[known:]) and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)
        return new
