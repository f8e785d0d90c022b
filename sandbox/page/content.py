"""What the page says, as HTML. Whatever comes from outside is text: MarkupSafe escapes it."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from typing import Any
from urllib.parse import quote, urlencode

from markupsafe import Markup, escape

from handlers.approvals.rules.record import Decision, Record
from handlers.contract.policy import DEFAULT_POLICY
from sandbox.inbox import Message
from sandbox.page.stack import Event, Function, LogLine, Run

LINK = re.compile(r"https?://[^\s<>\"']+")
NOTHING = Markup("")
DIGITS = 6  # of a mail's number
LONGEST = 2000  # characters of what nobody has checked
STATUSES = {
    "RUNNING": ("now", "Running"),
    "SUCCEEDED": ("good", "Succeeded"),
    "FAILED": ("bad", "Failed"),
    "ABORTED": ("bad", "Stopped"),
    "TIMED_OUT": ("bad", "Timed out"),
}
# What is done with a run by its buttons: the path's end, the button, and what is said when it is done.
ORDERS = {
    "end-round": ("End this round now", "The round has timed out. If there is another, reminders are on their way."),
    "redeliver": ("Redeliver the message", "The message was sent again. Nobody is mailed twice for the same round."),
    "stop": ("Stop the run", "The run was stopped. Its links now lead to a page that says so."),
}
PLATFORM = ("INIT_START", "START ", "END ")  # Lambda's lines that say nothing of the program
EVERYWHERE = {  # what the logger adds to every line, and the page shows otherwise or not at all
    "timestamp",
    "location",
    "service",
    "xray_trace_id",
    "function_name",
    "function_arn",
    "function_memory_size",
    "function_request_id",
    "cold_start",
}
IN_VAIN = "Nothing was done: the run does not wait for anybody."
STARTED = "The run was started."


@dataclass(frozen=True, kw_only=True)
class View:
    """What a person looks at; it is all in the page's address.

    run   the name of an execution; the newest if empty
    mail  the number of the open mail, from 1; none if 0
    log   a function's name; all of them if empty
    done  what a button has just done: one of ORDERS, or "start"
    """

    run: str = ""
    mail: int = 0
    log: str = ""
    done: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> View:
        number = query.get("mail", "")
        return cls(
            run=query.get("run", ""),
            mail=int(number) if number.isascii() and number.isdigit() and len(number) <= DIGITS else 0,
            log=query.get("log", ""),
            done=query.get("done", ""),
        )

    def address(self, **changes: Any) -> str:
        """This view with something else in it. What was done is said once."""
        asked = replace(self, **({"done": ""} | changes))
        chosen = {"run": asked.run, "mail": asked.mail, "log": asked.log, "done": asked.done}
        return "/?" + urlencode({name: value for name, value in chosen.items() if value})


def inbox(messages: Sequence[Message], read: Collection[int], view: View, zone: tzinfo = UTC) -> Markup:
    """Newest first: what a person waits for is on top. A number that is not in `read` is unread."""
    numbered = list(enumerate(messages, start=1))
    unread = sum(number not in read for number, _ in numbered)
    count = Markup('<span class="count" id="unread">{} unread</span>').format(unread) if unread else NOTHING
    empty = Markup('<p class="empty">No mail yet. Start a request, and the approvers are written to.</p>')
    mails = NOTHING.join(mail(number, message, number in read, view, zone) for number, message in reversed(numbered))
    return Markup("<header><h2>Inbox</h2>{}</header>{}").format(
        count, Markup('<ol class="mails scroll">{}</ol>').format(mails) if numbered else empty
    )


def mail(number: int, message: Message, read: bool, view: View, zone: tzinfo) -> Markup:  # noqa: FBT001
    is_open = number == view.mail
    mark = NOTHING if read else Markup('<span class="dot"></span><span class="hidden">Unread. </span>')
    toggle = view.address(mail=0 if is_open else number)
    return Markup(
        '<li class="mail{}"><div class="head"><a id="mail-{}" href="{}" aria-expanded="{}" data-show>'
        '<span class="subject">{}{}</span><span class="meta"><span>{}</span>{}</span></a>{}</div>{}</li>'
    ).format(
        "" if read else " unread",
        number,
        toggle,
        "true" if is_open else "false",
        mark,
        message.subject or "(no subject)",
        message.to,
        clock(datetime.fromisoformat(message.receivedAt), zone),
        opener(number, message, toggle, is_open=is_open),
        mail_body(message) if is_open else NOTHING,
    )


def opener(number: int, message: Message, toggle: str, *, is_open: bool) -> Markup:
    """Opens the mail; of an open one, its link, if it has any."""
    link = LINK.search(message.body)
    if is_open and link:
        way, words = Markup('href="{}" target="_blank" rel="noreferrer noopener"').format(link.group()), "Open link"
    else:
        way, words = Markup('href="{}" data-show').format(toggle), "Close" if is_open else "Open"
    return Markup('<a class="button{}" id="open-{}" aria-labelledby="open-{} mail-{}" {}>{}</a>').format(
        " approve" if is_open and link else "", number, number, number, way, words
    )


def mail_body(message: Message) -> Markup:
    """The one place that knows how a mail's content is shown."""
    return Markup('<div class="body">{}</div>').format(linked(message.body.strip()))


def linked(text: str) -> Markup:
    """With every address a link, in a tab of its own."""
    parts, end = [], 0
    for match in LINK.finditer(text):
        link = Markup('<a href="{0}" target="_blank" rel="noreferrer noopener">{0}</a>').format(match.group())
        parts += [escape(text[end : match.start()]), link]
        end = match.end()
    return NOTHING.join([*parts, escape(text[end:])])


def requests(runs: Sequence[Run], chosen: Run | None, view: View, zone: tzinfo = UTC) -> Markup:
    head = Markup("<header><h2>Requests</h2></header>")
    if not runs:
        return head + Markup('<p class="empty">None yet.</p>')
    rows = NOTHING.join(
        Markup(
            '<tr{}><th scope="row"><a id="run-{}" href="{}"{} data-show>{}</a>{}</th><td>{}</td>'
            '<td class="tally">{}</td><td>{}</td><td>{}</td></tr>'
        ).format(
            Markup(' class="chosen"') if run is chosen else NOTHING,
            run.name,
            view.address(run=run.name),
            Markup(' aria-current="true"') if run is chosen else NOTHING,
            run.title,
            Markup(' <span class="meta">{}</span>').format(run.policy) if names_policy(run) else NOTHING,
            badge(run),
            votes_in_short(run.record) if run.record else "–",
            f"{run.record.round} of {run.record.rounds}" if run.record else "–",
            clock(datetime.fromtimestamp(run.record.deadline, UTC), zone) if run.record else "–",
        )
        for run in runs
    )
    return head + Markup(
        '<div class="scroll" tabindex="0" role="group" aria-label="Requests"><table><thead><tr>'
        '<th scope="col">Title</th><th scope="col">Status</th><th scope="col">Votes</th><th scope="col">Round</th>'
        '<th scope="col">Deadline</th></tr></thead><tbody>{}</tbody></table></div>'
    ).format(rows)


def badge(run: Run) -> Markup:
    tone, word = STATUSES.get(run.status, ("", run.status))
    words = f"{word}: {run.error}" if run.error and run.status == "FAILED" else word
    return Markup('<span class="badge {}">{}</span>').format(tone, words)


def names_policy(run: Run) -> bool:
    return run.policy not in ("", DEFAULT_POLICY)


def votes_in_short(record: Record) -> str:
    """For example "1 of 2 approved", or with groups "finance 1 of 1, legal 0 of 1; 1 of 2 people"."""
    counted = record.tally
    given, required = counted.approvals
    words = unbroken(f"{given} of {required} approved")
    if counted.groups:
        # A group needs no more than it asks for: a further approval counts in the total only.
        words = ", ".join(
            unbroken(f"{name} {min(group)} of {group.required}") for name, group in counted.groups.items()
        )
        if required > 1:
            words += "; " + unbroken(f"{given} of {required} people")
    rejections = counted.rejections.given
    return f"{words}, " + unbroken(f"{rejections} rejected") if rejections else words


def unbroken(words: str) -> str:
    """On one line."""
    return words.replace(" ", "\u00a0")


def member(who: str, record: Record) -> str:
    """With their groups, such as "ben@example.com (finance, legal)". Without any, escalation contacts are in each."""
    groups = record.policy.groups
    own = [name for name, group in groups.items() if who in group.approvers]
    return f"{who} ({', '.join(own) or 'every group'})" if groups else who


def clock(at: datetime, zone: tzinfo) -> Markup:
    """The time of day in the stack's zone, as in its mails; the date as well on another day."""
    local = at.astimezone(zone)
    shown = f"{local:%H:%M:%S}" if local.date() == datetime.now(zone).date() else f"{local:%-d %b %H:%M}"
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(), shown)


def run(chosen: Run | None, view: View, zone: tzinfo = UTC, by_hand: Sequence[Event] = ()) -> Markup:
    """What is known of the chosen run, and its buttons. `by_hand`: the rounds that a person has ended."""
    if not chosen:
        return Markup('<header><h2>Workflow</h2></header><p class="empty">No run yet.</p>')
    record, running = chosen.record, chosen.status == "RUNNING"
    asked_by = (record and record.requested_by) or chosen.asked("requestedBy") or "–"
    return Markup(
        '<header><h2>{}</h2>{}</header><p class="meta">Asked by {} at {}{} · <code>{}</code></p>{}{}{}{}'
    ).format(
        chosen.title,
        badge(chosen),
        in_short(asked_by),
        clock(chosen.started, zone),
        f" under policy {in_short(chosen.policy)}" if names_policy(chosen) else "",
        chosen.name,
        outcome(chosen),
        ended_by_hand(by_hand),
        answers(record, running=running) if record else NOTHING,
        buttons(chosen, view) if running else NOTHING,
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
        return Markup('<div class="outcome bad"><h3>Why it failed</h3><p class="cause">{}</p></div>').format(
            in_short(chosen.cause)
        )
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
    words = "A round was" if len(rounds) == 1 else f"{len(rounds)} rounds were"
    return Markup(
        '<p class="meta" id="by-hand">{} ended by hand here, {}: what is said of the time to answer is how it was '
        "configured.</p>"
    ).format(words, " and ".join(f"after {event.seconds:.0f} s" for event in rounds))


def answers(record: Record, *, running: bool) -> Markup:
    """Who has said what, what that makes in each group, and who has not answered."""
    votes = NOTHING.join(
        Markup('<li class="{}"><b>{}</b> {}{}</li>').format(
            "good" if vote.decision is Decision.APPROVE else "bad",
            member(who, record),
            "approved" if vote.decision is Decision.APPROVE else "rejected",
            f": {vote.comment}" if vote.comment else "",
        )
        for who, vote in record.votes.items()
    )
    silent = ", ".join(member(who, record) for who in record.approvers if who not in record.votes)
    return Markup("{}{}{}").format(
        Markup('<ul class="votes">{}</ul>').format(votes) if votes else NOTHING,
        Markup('<p class="meta">Approvals: {}</p>').format(votes_in_short(record)) if record.policy.groups else NOTHING,
        Markup('<p class="meta">{} {}</p>').format("Waiting for" if running else "Not heard from", silent)
        if silent
        else NOTHING,
    )


def buttons(chosen: Run, view: View) -> Markup:
    return Markup('<div class="buttons">{}</div>').format(
        NOTHING.join(
            Markup('<form method="post" action="/runs/{0}/{1}{2}"><button id="{1}"{3}>{4}</button></form>').format(
                quote(chosen.name, safe=""),
                order,
                view.address(run="").removeprefix("/").removesuffix("?"),
                Markup(' class="reject"') if order == "stop" else NOTHING,
                words,
            )
            for order, (words, _) in ORDERS.items()
        )
    )


def history(events: Sequence[Event]) -> Markup:
    head = Markup("<header><h2>History</h2></header>")
    if not events:
        return head + Markup('<p class="empty">What the run does is listed here.</p>')
    rows = NOTHING.join(
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
    )
    return head + Markup(
        '<div class="scroll" tabindex="0" role="group" aria-label="History" data-follow><table><thead><tr>'
        '<th scope="col">After</th><th scope="col">Event</th><th scope="col">State</th></tr></thead>'
        "<tbody>{}</tbody></table></div>"
    ).format(rows)


def log(functions: Sequence[Function], lines: Sequence[LogLine], view: View, zone: tzinfo = UTC) -> Markup:
    known = {function.name for function in functions}
    shown = view.log if view.log in known else ""
    tabs = NOTHING.join(
        Markup('<a id="log-{}" href="{}"{} data-show>{}</a>').format(
            name,
            view.address(log=name),
            Markup(' aria-current="true"') if name == shown else NOTHING,
            name.replace("_", " ") or "all",
        )
        for name in ("", *(function.name for function in functions))
    )
    rows = NOTHING.join(log_line(line, zone, tagged=not shown) for line in lines if not line.text.startswith(PLATFORM))
    body = (
        Markup('<ol class="scroll lines" tabindex="0" aria-label="Log lines" data-follow>{}</ol>').format(rows)
        if rows
        else Markup('<p class="empty">Nothing logged since the run began.</p>')
    )
    return Markup('<header><h2>Logs</h2></header><nav class="tabs" aria-label="Functions">{}</nav>{}').format(
        tabs, body
    )


def log_line(line: LogLine, zone: tzinfo, *, tagged: bool) -> Markup:
    """A line of the program's logger is JSON; Lambda's own lines are not."""
    at = clock(line.at, zone)
    start = Markup("{} <em>{}</em>").format(at, line.function) if tagged else at
    try:
        told = json.loads(line.text)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        return Markup('<li class="platform">{} {}</li>').format(start, in_short(line.text))
    if isinstance(metrics := told.get("_aws"), dict):
        names = [metric["Name"] for each in metrics["CloudWatchMetrics"] for metric in each["Metrics"]]
        counted = ", ".join(f"{name} {one_value(told.get(name))}" for name in names)
        return Markup('<li class="platform">{} metric {}</li>').format(start, counted)
    level, message = told.pop("level", ""), told.pop("message", "")
    more = {key: value for key, value in told.items() if key not in EVERYWHERE}
    pairs = NOTHING.join(
        Markup(" <span><i>{}</i> {}</span>").format(key, one_value(value)) for key, value in more.items()
    )
    return Markup('<li class="{}">{} <b>{}</b> {}{}</li>').format(
        str(level).lower(), start, "" if level == "INFO" else level, one_value(message), pairs
    )


def one_value(value: Any) -> str:
    """In short: of an ARN, the name."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, str):
        return in_short(value.rpartition(":")[2] if value.startswith("arn:") else value)
    try:
        return in_short(json.dumps(value, ensure_ascii=False))
    except RecursionError:
        return "nested too deep to be shown"


def said(view: View) -> Markup:
    """What has just been done, for a while."""
    words = STARTED if view.done == "start" else ORDERS[view.done][1] if view.done in ORDERS else ""
    return Markup("<p>{}</p>").format(words) if words else NOTHING


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
            '<noscript><p class="note">Reload this page to see what is new.</p></noscript>'
            '<div id="said" role="status">{}</div>'
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
            regions["said"],
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
