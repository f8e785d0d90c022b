"""What the operator's tool prints of the story's requests and of a stack with two faults, as a terminal shows it."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from html import escape

from rich.console import Console
from rich.text import Text

from handlers.approvals.rules.record import Approver
from handlers.contract.policy import Policy
from operate import look
from operate.doctor import Check, as_table
from pictures.pages import ENVIRONMENT, TIMEZONE
from pictures.story import ALICE, ASKED_AT, BOB, CAROL, HALF, NOW

WIDTH = 126  # columns
NOT_OURS = re.compile(r"\s*(?:<!--.*?-->|@font-face {.*?})", re.DOTALL)  # what rich adds: fonts of other hosts

PAYOUT = replace(
    HALF,
    request_id="7d0e5a61-90c2-4a3e-8f11-52b7c6d8e9f0",
    title="Pay ACME 1,500 EUR",
    requested_by="shop",
    round=2,
    deadline=ASKED_AT + 7_200,
    policy=Policy(name="payout", approvers=(CAROL,)),
    approvers={CAROL: Approver(mailed_round=2)},
)
FOUND = [
    Check(f"subscription of {ALICE}", True, "confirmed", ""),
    Check(f"subscription of {BOB}", True, "confirmed", ""),
    Check(f"subscription of {CAROL}", False, "not confirmed", "they open the link in AWS's mail"),
    Check("letters in requests-dead-letters", True, "none", ""),
    Check("letters in trigger-dead-letters", False, "1", "python -m operate letters"),
    Check("consumer ask-requests", True, "Enabled", ""),
    Check("oldest message", True, "0 s, at most 600 s", ""),
    Check("alarm-function-errors", True, "OK", ""),
    Check("trigger-schedule", True, "ENABLED", ""),
    Check("errors of ask", True, "none in the last day", ""),
    Check("policy of table/store-table-5f0c2ab", True, "as deployed", ""),
]


def document() -> str:
    console = Console(
        record=True, file=io.StringIO(), width=WIDTH, force_terminal=True, color_system="truecolor", highlight=False
    )
    for command, printed in (
        ("list", look.requests([PAYOUT, HALF], NOW)),
        (f"show {HALF.request_id[: look.ID_SHOWN]}", look.request(HALF, "RUNNING, in Request approval", TIMEZONE)),
        ("doctor", as_table(FOUND)),
    ):
        console.print(Text(f"$ python -m operate {command}", style="bold green"))
        console.print(printed)
    return NOT_OURS.sub("", console.export_svg(title=ENVIRONMENT, unique_id="operate"))


def svg(document: str, described: str) -> bytes:
    """`described` is read out to those who do not see it."""
    return document.replace("<svg ", f'<svg role="img" aria-label="{escape(described)}" ', 1).encode()
