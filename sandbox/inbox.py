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
    """What has come from these topics, by their ARNs, out of the file in which the emulator keeps all mail."""

    def __init__(self, mail: TextIO, topics: Collection[str]) -> None:
        self._mail = mail
        self._topics = topics
        self._messages: list[Message] = []
        self._begun = ""
        self._reading = threading.Lock()

    def messages(self) -> list[Message]:
        """What has arrived, oldest first."""
        with self._reading:
            *lines, self._begun = (self._begun + self._mail.read()).split("\n")
            for mail in map(json.loads, lines):
                if mail.pop("topic") in self._topics:
                    self._messages.append(Message(**mail))
            return list(self._messages)

    def wait(self, known: int, seconds: float) -> list[Message]:
        """The messages after the first `known`, once there is one; none when `seconds` have passed."""
        deadline = time.monotonic() + seconds
        while not (new := self.messages()[known:]) and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)
        return new
