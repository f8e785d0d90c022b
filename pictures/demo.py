"""The demo in a terminal: what `python -m sandbox demo` prints, as SVG."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.text import Text

from handlers.approvals.faces import when
from sandbox.config import setting, stack_config
from sandbox.deploy import PROJECT

NAME, COMMAND = "demo.svg", "make demo"
COLUMNS = 116  # of the terminal: the words of the mail fit, its link does not, as in most
STARTED = int(datetime(2026, 11, 26, 9, 0, tzinfo=UTC).timestamp())  # when every demo seems to run
# What differs from one run to the next. Seconds since the start are as they were measured.
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
DIGEST = re.compile(r"\b[0-9a-f]{64}\b")
SAMPLES = {
    re.compile(r"(?<=/execute-api/)[0-9a-f]+"): "a1b2c3d4",
    re.compile(r"(?<=/)[a-z2-7]{40,}"): "mfrggzdfmztwq2lknnwg23tpobyxe43uov3ho6dzpiqgc3tegq5a",
    re.compile(r"(?<=workflow-machine-)[0-9a-f]+"): "0a1b2c3",
    re.compile(r"(?<=127\.0\.0\.1:)\d+"): "54321",
}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
LOCAL = re.compile(r"[A-Z][a-z]{2} \d\d? [A-Z][a-z]{2} \d{4}, \d\d:\d\d [A-Z+\d:-]+")
# Fonts come with the reader's machine: a picture in a README may load nothing. Each line is told its width.
WEB_FONT = re.compile(r"@font-face \{.*?\}", re.DOTALL)
FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"


class DemoFailedError(RuntimeError):
    """The demo did not end well, so there is nothing to show."""


def picture() -> bytes:
    """Raises DemoFailedError."""
    return svg(steady(printed(), setting(stack_config(PROJECT, "dev", {}), "timezone", PROJECT))).encode()


def printed() -> str:
    """The demo's words with the codes of their colours, as a terminal gets them."""
    plain = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    ran = subprocess.run(
        [sys.executable, "-m", "sandbox", "demo"],
        cwd=PROJECT,
        env=plain | {"FORCE_COLOR": "1", "TERM": "xterm-256color"},
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        raise DemoFailedError(f"the demo failed:\n{ran.stdout}{ran.stderr}")
    return ran.stdout


def steady(text: str, timezone: str) -> str:
    """The same for every run: identifiers in the order in which they appear, times as if it had begun at STARTED.

    `timezone` is that of the mail.
    """
    text = renamed(text, UUID, lambda number: f"{number:x}a2b3c4d-5e6f-4a7b-8c9d-0e1f2a3b4c5d")
    text = renamed(text, DIGEST, lambda number: f"{number:x}b3f9d2c" * 8)
    for pattern, sample in SAMPLES.items():
        text = pattern.sub(sample, text)
    began = min(map(epoch, MOMENT.findall(text)), default=STARTED)
    text = MOMENT.sub(lambda found: when.iso(epoch(found[0]) - began + STARTED), text)
    minute = began - began % 60  # people are told no seconds
    return LOCAL.sub(
        lambda found: when.local(local_epoch(found[0], timezone) - minute + STARTED, timezone),
        text,
    )


def renamed(text: str, pattern: re.Pattern[str], sample: Callable[[int], str]) -> str:
    """Each identifier is another one afterwards, and the same wherever it stands."""
    found = list(dict.fromkeys(pattern.findall(text)))
    return pattern.sub(lambda match: sample(found.index(match[0]) + 1), text)


def epoch(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp())


def local_epoch(written: str, timezone: str) -> int:
    naive = datetime.strptime(written.rpartition(" ")[0], "%a %d %b %Y, %H:%M")  # noqa: DTZ007 - its zone follows
    return int(naive.replace(tzinfo=ZoneInfo(timezone)).timestamp())


def svg(text: str) -> str:
    """Broken where a terminal of so many COLUMNS breaks it: anywhere."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, highlight=False)
    console.print(Text.from_ansi(f"$ {COMMAND}"), style="bold")
    for line in text.splitlines():
        whole = Text.from_ansi(line)
        for row in whole.divide(range(COLUMNS, len(whole), COLUMNS)):
            console.print(row, no_wrap=True)
    drawn = console.export_svg(title=COMMAND, unique_id="demo")
    return WEB_FONT.sub("", drawn).replace("Fira Code, monospace", FONT)
