"""The pages behind an approval link: complete HTML documents without scripts, and their HTTP headers."""

import base64
import hashlib
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Final

from markupsafe import Markup

from handlers.approvals.faces import inputs, pieces, wording
from handlers.approvals.faces.pieces import MIND, NO, NOTHING, WAIT, YES, FormError, Typed, View, notice
from handlers.approvals.rules.decisions import barred
from handlers.approvals.rules.joining import ways_out
from handlers.approvals.rules.record import DECIDED, Decision, Record
from handlers.contract.record import Status
from handlers.contract.visible import clean, one_line, quoted


class State(StrEnum):
    """What the page has to say."""

    OPEN = "open"  # asks; with an error, asks again
    THANKS = "thanks"  # this answer has just been counted
    VOTED = "voted"  # this person had answered before
    DECIDED = "decided"  # others have decided
    EXPIRED = "expired"
    CLOSED = "closed"  # the workflow has ended without an answer
    PENDING = "pending"  # decided and recorded, but the workflow does not have it yet
    UNKNOWN = "unknown"  # not a valid link, or no longer one: reveals nothing
    FAULT = "fault"  # something is wrong on our side


def standing(record: Record, who: str, now: float) -> State:
    """How a request stands for one of the people asked; `now` is in epoch seconds."""
    if record.approvers[who].vote and record.status not in {Status.CLOSED, Status.EXPIRED}:
        return State.PENDING if record.status in DECIDED and not record.handed_over else State.THANKS
    reason = barred(record, now)
    return State(reason.value) if reason else State.OPEN


STYLE = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
STYLE_WITH_FIELDS = STYLE + (Path(__file__).parent / "fields.css").read_text(encoding="utf-8")


def _source(style: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'"


HEADERS: Final = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Language": "en",
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            f"style-src {_source(STYLE)} {_source(STYLE_WITH_FIELDS)}",
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


FAVICON = Markup(
    "%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E"
    "%3Crect width='32' height='32' rx='8' fill='%23146c43'/%3E%3Cpath d='M8 16.5l5.5 5.5L24 11' fill='none' "
    "stroke='%23fff' stroke-width='4' stroke-linecap='round' stroke-linejoin='round'/%3E%3C/svg%3E"
)
FRAME = Markup(
    """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:image/svg+xml,{favicon}">
<style>{style}</style>
</head>
<body>
{symbols}
<main>
{main}
</main>
{footer}
</body>
</html>
"""
)


def html(
    state: State,
    *,
    record: Record | None = None,
    who: str = "",
    environment: str = "",
    timezone: str = "UTC",
    error: FormError | None = None,
    typed: Typed | None = None,
    now: int = 0,
) -> str:
    """One page. Only UNKNOWN and FAULT work without a record.

    `typed` is what the person had typed; `now` (epoch seconds) lets the page show the time left.
    """
    if state is State.UNKNOWN or not record:
        return _framed(*(_unknown() if state is State.UNKNOWN else _fault_alone(environment)))
    view = View(record, record.answers, ways_out(record), who, environment, timezone, error, typed or Typed(), now)
    heading, note = SAYS[state](view)
    title = wording.title(record)
    asks = state is State.OPEN or (state is State.FAULT and view.can_answer)
    main = pieces.lines(
        [
            pieces.header(environment, title, ANSWER_LINK if state is State.OPEN else NOTHING),
            pieces.refused(view),
            note,
            pieces.taken(view),
            pieces.facts(view),
            pieces.links(view),
            pieces.details(view),
            pieces.votes(view),
            inputs.form(view) if asks else inputs.joining(view),
        ]
    )
    footer = Markup("<footer><p>Request <code>{}</code></p><p>Digest <code>{}</code></p></footer>")
    footer = footer.format(one_line(record.request_id), record.digest)
    return _framed(f"{heading}: {title}", main, footer, STYLE_WITH_FIELDS if record.fields or record.links else STYLE)


def _framed(title: str, main: Markup, footer: Markup = NOTHING, style: str = STYLE) -> str:
    ours = Markup(style)  # noqa: S704 - our own files; escaped, they would not be a style sheet
    return str(FRAME.format(title=title, favicon=FAVICON, style=ours, symbols=pieces.SYMBOLS, main=main, footer=footer))


ANSWER_LINK = Markup('<a class="jump" href="#answer">Go to your answer</a>\n')


def _unknown() -> tuple[str, Markup]:
    heading = "This link is not valid"
    main = Markup(
        """{}
<p>It may be incomplete, or too old. Links are personal, and every mail has its own.</p>
<p>Please look for the newest mail about the request and open the link in it.
If a mail program has broken the link into two lines, copy the whole of it.</p>"""
    )
    return heading, main.format(pieces.header("", heading))


# What each state shows: the start of the document's title, and a notice.


def _open(view: View) -> tuple[str, Markup]:
    return f"{'Error: ' if view.error else ''}Approval needed", NOTHING


def _thanks(view: View) -> tuple[str, Markup]:
    record, mine = view.record, view.given
    verb = wording.verb(mine)
    missing = view.tally.rejections.missing
    if record.decided_at == mine.at and record.status.value.lower() == verb:
        told = SETTLED[mine.decision]
    elif mine.decision is Decision.REJECT and record.status is Status.OPEN:
        told = Markup(
            "<p>It takes {} more rejection{} to stop the request. "
            "The others have been asked; you need not do anything more.</p>"
        ).format(missing, "" if missing == 1 else "s")
    else:
        told = pieces.standing(view)
    heading = f"Thank you, you {verb}"
    return heading, notice(*_tone(mine.decision), f"{heading} this", told, Markup("<p>You can close this page.</p>"))


SETTLED = {
    Decision.APPROVE: Markup("<p>That settles it: the request is approved, and the workflow goes on.</p>"),
    Decision.REJECT: Markup(
        "<p>That settles it: the request is rejected. "
        "The workflow stops here and is told who rejected it, with the comment.</p>"
    ),
}


def _tone(decision: Decision) -> tuple[str, Markup]:
    return ("good", YES) if decision is Decision.APPROVE else ("neutral", NO)


def _voted(view: View) -> tuple[str, Markup]:
    heading, mine = "You have already answered", view.given
    counts = "The answer that you joined counts." if mine.withdrawn else "Your first answer counts."
    said = Markup("<p>You {} this at {}. {}</p>").format(wording.verb(mine), view.time(mine.at), counts)
    icon = YES if mine.decision is Decision.APPROVE else NO
    return heading, notice("neutral", icon, heading, said, pieces.standing(view))


def _decided(view: View) -> tuple[str, Markup]:
    decision = Decision.APPROVE if view.record.status is Status.APPROVED else Decision.REJECT
    verb = "approved" if decision is Decision.APPROVE else "rejected"
    said = Markup("<p>The request was {} by {} at {}. Your answer is not needed any more.</p>").format(
        verb, pieces.people(view, decision), view.time(view.record.decided_at)
    )
    return f"Already {verb}", notice(*_tone(decision), f"Already {verb}", said)


def _expired(view: View) -> tuple[str, Markup]:
    record = view.record
    kept = "; the answers given until then stay on record, but have no effect" if record.votes else ""
    said = Markup(
        "<p>This request could be answered until {}. The workflow has stopped without an approval{}.</p>"
    ).format(view.time(record.deadline), kept)
    again = Markup("<p>If it is still wanted, it has to be asked again.</p>")
    return "Expired", notice("warn", WAIT, "The time to answer is over", said, again)


def _closed(view: View) -> tuple[str, Markup]:
    title, heading, ended = "Closed", "The workflow has already ended", view.record.ended
    if view.record.answered_without_vote:
        why = "It took an answer that nobody gave on this page. Whoever operates it has been told."
    elif view.record.answer_mismatched:
        why = (
            "It had asked another question than this page shows, so it did not take the answer. "
            "Whoever operates it has been told."
        )
    elif ended and ended.cancelled:
        title, heading = "Cancelled", "This request has been cancelled"
        why = f"Whoever operates it has stopped it: {quoted(ended.words, len(ended.words))}"
    else:
        why = "It ended before a decision on this request could reach it, for example because somebody stopped it."
    kept = "Answers given until then stay on record, but have no effect."
    if view.mine:
        kept = "Your answer is on record, as are all others, but has no effect."
    said = map(Markup("<p>{}</p>").format, (why, kept))
    return title, notice("warn", MIND, heading, *said)


def _pending(view: View) -> tuple[str, Markup]:
    mine = view.mine
    safe = f"Your answer is safe: you {wording.verb(mine)} this." if mine else "The request has been decided."
    said = Markup(
        "<p>{} The workflow could not be reached just now and will get the decision shortly, "
        "without anybody's help.</p>"
    ).format(safe)
    again = NOTHING
    if mine:
        again = Markup(
            """<p>You may also press again now. That does no harm: your answer is counted once.</p>
<form method="post">
<input type="hidden" name="digest" value="{}">
<input type="hidden" name="comment" value="{}">
{}<button class="plain" name="decision" value="{}">Hand over again</button>
</form>"""
        ).format(view.record.digest, clean(mine.comment), inputs.hidden(mine.values), mine.decision.value)
    heading = "Recorded, but the workflow does not have it yet"
    return "Recorded, not handed over yet", notice("warn", WAIT, heading, said, again)


WRONG = "Something went wrong"
PRESS_AGAIN = Markup(
    "<p>We cannot tell whether your answer was recorded. Please press again below: nothing is counted twice.</p>"
)
TRY_AGAIN = Markup(
    """<p>We could not do what you asked just now. Please wait a moment and try again: nothing is counted twice.</p>
<p><a class="button plain" href="">Try again</a></p>"""
)


def _fault(view: View) -> tuple[str, Markup]:
    return WRONG, pieces.alert(OUR_FAULT, PRESS_AGAIN if view.can_answer else TRY_AGAIN)


def _fault_alone(environment: str) -> tuple[str, Markup]:
    return WRONG, pieces.lines([pieces.header(environment, WRONG), pieces.alert(OUR_FAULT, TRY_AGAIN)])


OUR_FAULT = "This is our fault, not yours"
SAYS: Final[dict[State, Callable[[View], tuple[str, Markup]]]] = {
    State.OPEN: _open,
    State.THANKS: _thanks,
    State.VOTED: _voted,
    State.DECIDED: _decided,
    State.EXPIRED: _expired,
    State.CLOSED: _closed,
    State.PENDING: _pending,
    State.FAULT: _fault,
}
