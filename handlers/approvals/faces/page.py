"""The pages behind an approval link: complete HTML documents without any script, and the headers they go out with."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, FileSystemLoader, ModuleLoader, StrictUndefined
from markupsafe import Markup

from handlers.approvals.faces import when, wording
from handlers.approvals.rules.decisions import COMMENT_LIMIT
from handlers.approvals.rules.record import Decision
from handlers.contract import templates
from handlers.contract.visible import clean, one_line

if TYPE_CHECKING:
    from handlers.approvals.rules.record import Record

# The name of the form's first button, for those who submit a form by that: some mail scanners do. It decides nothing.
LOOK = "look"
ROOT = Path(__file__).parents[3]
TEMPLATES, COMPILED = ROOT / templates.SOURCES, ROOT / templates.COMPILED


class State(StrEnum):
    """What the page has to say; each has a template of its name."""

    OPEN = "open"  # asks; with an error, asks again
    THANKS = "thanks"  # this answer has just been counted
    VOTED = "voted"  # this person had answered before
    DECIDED = "decided"  # others have decided
    EXPIRED = "expired"
    CLOSED = "closed"  # the workflow has ended without an answer
    PENDING = "pending"  # decided and recorded, but the workflow does not have it yet
    UNKNOWN = "unknown"  # not a link of ours, or not any more: nothing may be told
    FAULT = "fault"  # something is wrong on our side


@dataclass(frozen=True, kw_only=True)
class FormError:
    """What was wrong with the form, and in which of its fields: "" for the form as a whole."""

    message: str
    field: str = ""


STYLE = (TEMPLATES / "style.css").read_text(encoding="utf-8")
STYLE_HASH: Final = f"sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}"

HEADERS: Final = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Language": "en",
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            f"style-src '{STYLE_HASH}'",
            "img-src data:",  # the icon; without one, browsers ask the API for /favicon.ico
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        )
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}


def html(
    state: State,
    *,
    record: Record | None = None,
    who: str = "",
    environment: str = "",
    timezone: str = "UTC",
    error: FormError | None = None,
    comment: str = "",
    now: int = 0,
) -> str:
    """One page. Only UNKNOWN and FAULT go without a record.

    `comment` is what had been typed, `now` (epoch seconds) lets the page say how long is left.
    """
    template = _environment.get_template(f"{state.value}.html")
    if state is State.UNKNOWN:
        record = None
    return template.render(
        record=record,
        title=wording.title(record) if record else "",
        who=who,
        mine=record.approvers[who].vote if record and who in record.approvers else None,
        approvals=_count(record, Decision.APPROVE),
        rejections=_count(record, Decision.REJECT),
        environment=environment,
        timezone=timezone,
        error=error,
        comment=comment,
        left=when.duration(record.deadline - now) if record and 0 < now < record.deadline else "",
    )


def _count(record: Record | None, decision: Decision) -> int:
    return sum(vote.decision is decision for vote in record.votes.values()) if record else 0


_environment = Environment(  # noqa: S701 - the options escape
    # Compiling them would take a cold start's first page as long again as importing Jinja2.
    loader=ModuleLoader(COMPILED) if COMPILED.is_dir() else FileSystemLoader(TEMPLATES),
    undefined=StrictUndefined,
    auto_reload=False,
    **templates.OPTIONS,
)
_environment.globals.update(
    style=Markup(STYLE),  # noqa: S704 - our own file; escaped, it would not be a style sheet
    comment_limit=COMMENT_LIMIT,
    look=LOOK,
    local=when.local,
    local_iso=when.local_iso,
    iso=when.iso,
    requester=wording.requester,
    people_asked=wording.people_asked,
    against=wording.against,
    verb_of=wording.verb,
    clean=clean,
    one_line=one_line,
)
