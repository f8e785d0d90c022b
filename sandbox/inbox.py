"""The mail that a stack has sent."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import TextIO

LOOK_SECONDS = 0.02


@dataclass(frozen=True, kw_only=True)
class Message:
    """One e-mail as its recipient would see it; receivedAt is ISO 8601 in UTC."""

    to: str
    subject: str
    body: str
    receivedAt: str  # noqa: N815 - the name in the JSON


class Inbox:
    """What has come from these topics, by their ARNs, out of the file in which the emulator keeps all mail.

    One of them may be for a chat.
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
                if topic == self._chat_topic:
                    self._chat.append(Message(**mail))
                elif topic in self._topics and mail["to"]:
                    self._messages.append(Message(**mail))

    def wait(self, known: int, seconds: float) -> list[Message]:
        """The messages after the first `known`, once there is one; none when `seconds` have passed."""
        deadline = time.monotonic() + seconds
        while not (new := self.messages()[known:]) and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)
        return new
