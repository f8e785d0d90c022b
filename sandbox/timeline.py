"""What the demo prints: one line for each thing that happens, with the seconds since the start."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from sandbox.inbox import Message

INDENT = " " * 11


class Timeline:
    """Prints to standard output; without colours where that is not a terminal.

    Lines are never wrapped here: a link that is broken over two lines cannot be clicked.
    """

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True)
        self._bar = "| " if self._console.options.ascii_only else "│ "
        self._start = time.monotonic()

    def step(self, words: str, style: str = "") -> None:
        seconds = time.monotonic() - self._start
        self._console.print(Text.assemble((f"{seconds:7.1f} s  ", "dim"), (words, style)))

    def detail(self, words: str, style: str = "dim") -> None:
        for line in words.splitlines():
            self._console.print(Text.assemble(INDENT, (line, style)))

    def mail(self, message: Message) -> None:
        self.step(f"Mail for {message.to}", "bold")
        head = (f"From: {message.from_}", f"To: {message.to}", f"Subject: {message.subject}", "")
        for line in (*head, *message.body.rstrip().splitlines()):
            self._console.print(Text.assemble(INDENT, (self._bar, "cyan"), line))

    def blank(self) -> None:
        self._console.print()
