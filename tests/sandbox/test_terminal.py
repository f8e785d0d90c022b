"""What is printed where the terminal is not UTF-8, or nobody reads."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from sandbox.environments import PROJECT

PRINT = r"""
from sandbox.environments import log, substitute
from sandbox.inbox import Message
from sandbox.timeline import Timeline
substitute()
log("\u2026 10 s")
Timeline().mail(Message(to="a@example.com", subject="\u00dcber", body="5 \u20ac", receivedAt="2026-01-01T00:00:00Z"))
"""
UNREAD = """
import sys
from sandbox.__main__ import result
sys.stdin.read()
result("ready")
result("not reached")
"""


def started(program: str, **variables: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=PROJECT, env={"PATH": os.environ["PATH"], **variables},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("variables", "shown"),
    [
        ({"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}, [b"| Subject: ?ber", b"| 5 ?"]),
        ({"PYTHONIOENCODING": "latin-1"}, [b"| Subject: \xdcber", b"| 5 ?"]),
        ({"PYTHONUTF8": "1"}, ["│ Subject: Über".encode(), "│ 5 €".encode()]),
    ],
)
def test_what_a_terminal_cannot_show_has_a_substitute(variables, shown):
    said, errors = started(PRINT, **variables).communicate(timeout=60)
    lines = [line.strip() for line in said.splitlines()]
    assert [lines[3], lines[5]] == shown
    assert errors.strip() in {b"? 10 s", "… 10 s".encode()}


def test_output_that_nobody_reads_ends_the_program_without_a_word():
    process = started(UNREAD)
    assert process.stdout
    process.stdout.close()
    process.stdout = None
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (1, b"")
