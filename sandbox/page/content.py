"""What the page says, as HTML. Whatever comes from outside is text: MarkupSafe escapes it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from urllib.parse import quote, urlencode

from markupsafe import Markup, escape

from handlers.approvals.faces import wording
from handlers.approvals.rules.record import Decision, Record
from sandbox.inbox import Message
from sandbox.page.stack import Event, LogLine, Run

LINK = re.compile(r"https?://[^\s<>\"']+")
NOTHING = Markup("")
LONGEST = 2000  # characters of what nobody has checked
STATUSES = {
    "RUNNING": ("now", "Running"),
    "SUCCEEDED": ("good", "Succeeded"),
    "FAILED": ("bad", "Failed"),
    "ABORTED": ("bad", "Stopped"),
    "TIMED_OUT": ("bad", "Timed out"),
}
IN_VAIN = "Nothing was done: the run does not wait for anybody."
# Lines that say nothing more, Lambda's and metrics, and what its logger adds to every line of it.
PLATFORM = ("INIT_START", "START ", "END ", '{"_aws"')
EVERYWHERE = ("timestamp", "location", "service", "xray_trace_id", "cold_start")


def inbox(messages: Sequence[Message], zone: tzinfo = UTC) -> Markup:
    """Newest first: what a person waits for is on top."""
    head = Markup("<header><h2>Inbox</h2></header>")
    if not messages:
        return head + Markup('<p class="empty">No mail yet. Start a request, and the approvers are written to.</p>')
    mails = NOTHING.join(
        Markup(
            '<li class="mail"><details><summary id="mail-{}"><span class="subject">{}</span>'
            '<span class="meta"><span>{}</span>{}</span></summary><div class="body">{}</div></details></li>'
        ).format(
            number,
            message.subject or "(no subject)",
            message.to,
            clock(datetime.fromisoformat(message.receivedAt), zone),
            linked(message.body.strip()),
        )
        for number, message in reversed(list(enumerate(messages, start=1)))
    )
    return head + Markup('<ol class="mails scroll">{}</ol>').format(mails)


def linked(text: str) -> Markup:
    """With every address a link, in a tab of its own."""
    parts, end = [], 0
    for match in LINK.finditer(text):
        link = Markup('<a href="{0}" target="_blank" rel="noreferrer noopener">{0}</a>').format(match.group())
        parts += [escape(text[end : match.start()]), link]
        end = match.end()
    return NOTHING.join([*parts, escape(text[end:])])


def requests(runs: Sequence[Run], chosen: Run | None, zone: tzinfo = UTC) -> Markup:
    head = Markup("<header><h2>Requests</h2></header>")
    if not runs:
        return head + Markup('<p class="empty">None yet.</p>')
    return head + table(
        "Requests",
        ("Title", "Status", "Votes", "Round", "Deadline"),
        NOTHING.join(
            Markup(
                '<tr{}><th scope="row"><a id="run-{}" href="{}"{} data-show>{}</a></th>'
                "<td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>"
            ).format(
                Markup(' class="chosen"') if run is chosen else NOTHING,
                run.name,
                address(run.name),
                Markup(' aria-current="true"') if run is chosen else NOTHING,
                run.title,
                badge(run),
                votes_in_short(run.record) if run.record else "–",
                f"{run.record.round} of {run.record.rounds}" if run.record else "–",
                clock(datetime.fromtimestamp(run.record.deadline, UTC), zone) if run.record else "–",
            )
            for run in runs
        ),
    )


def address(run: str) -> str:
    """Of the page with this run chosen; it is the newest otherwise."""
    return "/?" + urlencode({"run": run})


def table(name: str, columns: Sequence[str], rows: Markup) -> Markup:
    """One that scrolls, also by keys."""
    heads = NOTHING.join(Markup('<th scope="col">{}</th>').format(column) for column in columns)
    return Markup(
        '<div class="scroll" tabindex="0" role="group" aria-label="{}"><table><thead><tr>{}</tr></thead>'
        "<tbody>{}</tbody></table></div>"
    ).format(name, heads, rows)


def badge(run: Run) -> Markup:
    tone, word = STATUSES.get(run.status, ("", run.status))
    words = f"{word}: {run.error}" if run.error and run.status == "FAILED" else word
    return Markup('<span class="badge {}">{}</span>').format(tone, words)


def votes_in_short(record: Record) -> str:
    """For example "1 of 2 approved, 1 rejected"."""
    counted = record.tally
    words = f"{counted.approvals.given} of {counted.approvals.required} approved"
    return f"{words}, {counted.rejections.given} rejected" if counted.rejections.given else words


def clock(at: datetime, zone: tzinfo) -> Markup:
    """The time of day in the stack's zone, as in its mails; the date as well on another day."""
    local = at.astimezone(zone)
    shown = f"{local:%H:%M:%S}" if local.date() == datetime.now(zone).date() else f"{local:%-d %b %H:%M}"
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(), shown)


def run(chosen: Run | None, zone: tzinfo = UTC, by_hand: Sequence[Event] = ()) -> Markup:
    """What is known of the chosen run, and its button. `by_hand`: the rounds that a person has ended."""
    if not chosen:
        return Markup('<header><h2>Workflow</h2></header><p class="empty">No run yet.</p>')
    record, running = chosen.record, chosen.status == "RUNNING"
    asked_by = (record and record.requested_by) or chosen.asked("requestedBy") or "–"
    policy = wording.policy(record) if record else ""
    return Markup(
        '<header><h2>{}</h2>{}</header><p class="meta">Asked by {} at {}{} · <code>{}</code></p>{}{}{}{}'
    ).format(
        chosen.title,
        badge(chosen),
        in_short(asked_by),
        clock(chosen.started, zone),
        f" under policy {policy}" if policy else "",
        chosen.name,
        outcome(chosen),
        ended_by_hand(by_hand),
        answers(record, running=running) if record else NOTHING,
        Markup('<form method="post" action="/runs/{}/end-round"><button>End this round now</button></form>').format(
            quote(chosen.name, safe="")
        )
        if running
        else NOTHING,
    )


def in_short(words: str) -> str:
    return words if len(words) <= LONGEST else f"{words[:LONGEST]}… ({len(words) - LONGEST} more characters)"


def outcome(chosen: Run) -> Markup:
    """What a run has come to: what `process_task` returned, or why it failed."""
    if chosen.status == "SUCCEEDED":
        return Markup('<div class="outcome good"><h3>process_task returned</h3><pre>{}</pre></div>').format(
            in_short(returned(chosen.output))
        )
    if chosen.status == "FAILED" and chosen.cause:
        return Markup('<div class="outcome bad"><h3>Why it failed</h3><p>{}</p></div>').format(in_short(chosen.cause))
    return NOTHING


def returned(output: str) -> str:
    """`result` in an execution's output, line by line; the whole of it, where there is none."""
    try:
        told = json.loads(output)
        shown = told["result"] if isinstance(told, dict) and "result" in told else told
        return json.dumps(shown, ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return output


def ended_by_hand(rounds: Sequence[Event]) -> Markup:
    """The program says how long it meant to wait, and cannot know of the button."""
    if not rounds:
        return NOTHING
    times = " and ".join(f"after {event.seconds:.0f} s" for event in rounds)
    words = f"Ended by hand here, {times}: what is said of the time to answer is how it was configured."
    return Markup('<p class="meta" id="by-hand">{}</p>').format(words)


def answers(record: Record, *, running: bool) -> Markup:
    """Who has said what, what is still needed, and who has not answered."""
    votes = NOTHING.join(
        Markup('<li class="{}"><b>{}</b> {}{}</li>').format(
            "good" if vote.decision is Decision.APPROVE else "bad",
            who,
            "approved" if vote.decision is Decision.APPROVE else "rejected",
            f": {vote.comment}" if vote.comment else "",
        )
        for who, vote in record.votes.items()
    )
    silent = ", ".join(who for who in record.approvers if who not in record.votes)
    told = [f"{'Waiting for' if running else 'Not heard from'} {silent}"] if silent else []
    if running and (needed := wording.still_needed(record.tally)):
        told.insert(0, f"Still needed: {needed}")
    return Markup("{}{}").format(
        Markup('<ul class="votes">{}</ul>').format(votes) if votes else NOTHING,
        NOTHING.join(Markup('<p class="meta">{}</p>').format(line) for line in told),
    )


def history(events: Sequence[Event]) -> Markup:
    head = Markup("<header><h2>History</h2></header>")
    if not events:
        return head + Markup('<p class="empty">What the run does is listed here.</p>')
    return head + table(
        "History",
        ("After", "Event", "State"),
        NOTHING.join(
            Markup('<tr{}><td class="seconds">{:.1f} s</td><td>{}{}</td><td>{}</td></tr>').format(
                Markup(' class="entered"') if event.entered else NOTHING,
                event.seconds,
                event.kind,
                Markup('<span class="error">{}</span>').format(in_short(f"{event.error}: {event.cause}".rstrip(": ")))
                if event.error
                else NOTHING,
                event.state,
            )
            for event in events
        ),
    )


def log(lines: Sequence[LogLine], zone: tzinfo = UTC) -> Markup:
    """What all functions have logged since the run began."""
    head = Markup("<header><h2>Logs</h2></header>")
    rows = NOTHING.join(
        Markup("<li>{} <em>{}</em> {}</li>").format(clock(line.at, zone), line.function, in_short(logged(line.text)))
        for line in lines
        if not line.text.startswith(PLATFORM)
    )
    if not rows:
        return head + Markup('<p class="empty">Nothing logged since the run began.</p>')
    return head + Markup('<ol class="scroll lines" tabindex="0" aria-label="Log lines">{}</ol>').format(rows)


def logged(text: str) -> str:
    """A line of the program's logger is JSON: the level and the message first. Lambda's own lines are not."""
    try:
        told = json.loads(text)
        if not isinstance(told, dict) or "message" not in told:
            return text
        more = {key: value for key, value in told.items() if key not in EVERYWHERE and not key.startswith("function_")}
        start = f"{more.pop('level', '')} {more.pop('message')}"
        return f"{start} {json.dumps(more, ensure_ascii=False)}" if more else start
    except (ValueError, RecursionError):
        return text


def start_form(policies: Sequence[str], *, is_open: bool) -> Markup:
    """The first policy is chosen; where there is only one, there is nothing to choose."""
    options = NOTHING.join(Markup("<option>{}</option>").format(name) for name in policies)
    choice = Markup('<label for="policy">Policy</label><select id="policy" name="policy">{}</select>').format(options)
    return Markup(
        '<details id="start"{}><summary>Start a request</summary><form method="post" action="/requests">'
        '<label for="title">What shall be approved?</label>'
        '<input id="title" name="title" required maxlength="200">'
        '<label for="details">Details</label><textarea id="details" name="details" rows="3"></textarea>'
        '<label for="requestedBy">Requested by</label>'
        '<input id="requestedBy" name="requestedBy" type="email" value="dana@example.com">{}'
        '<label for="fields">Fields, as JSON</label><textarea id="fields" name="fields" rows="2"></textarea>'
        '<label for="links">Links, as JSON</label><textarea id="links" name="links" rows="2"></textarea>'
        '<button class="approve">Start the workflow</button></form></details>'
    ).format(Markup(" open") if is_open else NOTHING, choice if len(policies) > 1 else NOTHING)


def page(stack: str, policies: Sequence[str], regions: Mapping[str, Markup], zone: tzinfo = UTC) -> Markup:
    """The whole page; `regions` are what changes, by the id of their element."""
    return document(
        f"signoff sandbox: {stack}",
        Markup(
            '<header class="top"><h1>signoff <span>sandbox</span></h1><p>Stack <b>{}</b></p>'
            "<p>Times in <b>{}</b></p>"
            '<p id="live" role="status"></p><a href="/messages">Mail as JSON</a></header>'
            '<div id="said" role="status"></div>'
            '<main><div class="side"><section class="card">{}</section>'
            '<section class="card" id="inbox">{}</section></div>'
            '<div class="wide"><section class="card" id="requests">{}</section>'
            '<section class="card"><div id="run">{}</div><div id="graph" tabindex="0" role="group" '
            'aria-label="States">{}</div></section>'
            '<div class="pair"><section class="card" id="history">{}</section>'
            '<section class="card" id="log">{}</section></div></div></main>'
        ).format(
            stack,
            zone,
            start_form(policies, is_open="data-show" not in regions["requests"]),  # until there is one
            *(regions[name] for name in ("inbox", "requests", "run", "graph", "history", "log")),
        ),
        live=True,
    )


def problem(words: str) -> Markup:
    return document(
        "signoff sandbox",
        Markup(
            '<header class="top"><h1>signoff <span>sandbox</span></h1></header>'
            '<main class="problem"><p>{}</p><p><a href="/">Back to the page</a></p></main>'
        ).format(words),
        live=False,
    )


def document(title: str, content: Markup, *, live: bool) -> Markup:
    return Markup(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        '<title>{}</title><link rel="stylesheet" href="/style.css">{}</head><body>{}</body></html>'
    ).format(title, Markup('<script src="/script.js" defer></script>') if live else NOTHING, content)
