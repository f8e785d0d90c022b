"""The mail that asks: a subject and a plain-text body, made from a record with untrusted text.

SNS accepts a subject of fewer than 100 printable ASCII characters and a message of up to 256 KiB:
https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from handlers.approvals.faces import rows, when, wording
from handlers.approvals.faces.ascii_form import ascii_form
from handlers.approvals.faces.letter import (
    QUOTE_WIDTH,
    Fact,
    Heading,
    Link,
    Part,
    Quote,
    Rows,
    columns,
    wrapped,
)
from handlers.approvals.rules.joining import WayOut, ways_out
from handlers.approvals.rules.quorum import Tally
from handlers.approvals.rules.record import Record
from handlers.approvals.rules.rounds import Kind
from handlers.contract.form_fields import FormField, QuestionLink, Values, links_of, must_be
from handlers.contract.question import CUT_SHORT
from handlers.contract.record import Status
from handlers.contract.visible import clean, literal, one_line, shortened

SUBJECT_LIMIT = 99
NO_ID = re.compile(r"[^A-Za-z0-9_-]")
ENVIRONMENT_LIMIT = 30
DETAILS_LIMIT = 10_000  # characters
DETAILS_LINES = 200
COMMENT_SHOWN = 500
VALUES_SHOWN = 20_000  # characters of all answers together
WAYS_SHOWN = 10
PEOPLE_LIMIT = 50
# A row begins with a name and a colon, with a dash (a list item), or with this mark: a text that needs its own lines,
# or that could pass for a row or for our own words.
TEXT_MARK = "> "
GOING_ON_MARK = ">> "  # before the rest of a line that was too long
# The colon and its look-alikes.
COLONS = ":\u02d0\u02f8\u05c3\u2236\ua789\ufe13\ufe55\uff1a"
LIKE_A_ROW = re.compile(rf">|-(?:\s|$)|.*(?::(?:\s|$)|[{COLONS[1:]}])")
PLAIN_NAME = re.compile(rf"\w(?:[^\W{COLONS}]|[ ./@-])*")
HEADLINES = {
    Kind.REQUEST: "Approval needed",
    Kind.REMINDER: "Reminder",
    Kind.ESCALATION: "Escalation",
    Kind.BY_HAND: "Reminder",
}
# A number that goes on in the text, after what is kept of it.
NUMBER = re.compile(r"[\d.,/^_: +-]*\d[.,/^_:-]*$")
GOES_ON = re.compile(r" ?[.,/^_:-]*\d")


def whole_subject(record: Record, headline: str, environment: str, timezone: str) -> str:
    """Where a subject may be long, and in any script."""
    where = f"[{one_line(environment)}] " if environment else ""
    return f"{where}{headline}: {wording.title(record)}{_scheduled(record, timezone)}"


def _scheduled(record: Record, timezone: str) -> str:
    """A scheduled request's time, or mail programs would thread every day's requests together."""
    scheduled = when.utc(record.scheduled_for)
    return f" ({when.local_iso(scheduled, timezone, weekday=False)})" if scheduled else ""


def subject_about(record: Record, headline: str, environment: str, timezone: str) -> str:
    """For example "[dev] Approval needed: Deploy 1.4 to production", for SNS."""
    end = _scheduled(record, timezone)
    request = f"request {NO_ID.sub('', record.request_id)[:8]}"
    return subject_line(environment, headline, one_line(record.title), otherwise=request, end=end)


def subject_line(environment: str, headline: str, what: str, *, otherwise: str, end: str = "") -> str:
    """ASCII, cut to SNS's limit; headline and end are never cut.

    `what` is a stranger's: a subject says nothing that it does not say, but `otherwise`, which is short.
    """
    where = ascii_form(environment)[:ENVIRONMENT_LIMIT].rstrip()
    start = f"{f'[{where}] ' if where else ''}{headline}: "
    said = _cut(ascii_form(what), SUBJECT_LIMIT - len(start) - len(end))
    return (start + (said or otherwise) + end).rstrip()


def _cut(text: str, limit: int) -> str:
    """Shortened, but not within a number, whose beginning is another number; "" if there is nothing else."""
    if len(text) <= limit:
        return text
    kept = shortened(text, limit).removesuffix("...")
    if NUMBER.search(kept) and GOES_ON.match(text[len(kept) :]):
        kept = NUMBER.sub("", kept)
    return f"{kept}..." if kept else ""


def parts(
    record: Record,
    who: str,
    kind: Kind,
    link: str,
    environment: str,
    timezone: str,
    one_click_link: str = "",
) -> Iterator[Part]:
    """What this person is asked, by whom, until when, and the link to answer with.

    A mail that had to cut the question has no one-click link: nobody may approve a question they have not fully seen.
    Nor has one of a question that needs values, or to which somebody gave some: without, an approval would not count.
    """
    details, cut = _details(record)
    cut = cut or record.details.startswith(CUT_SHORT)
    cut = cut or one_line(record.title) != one_line(record.title, len(record.title))
    needs_values = any(one.required for one in record.form) or any(one.values for one in record.votes.values())
    ways = ways_out(record)
    joins = any(who in way.people for way in ways)
    yield _opening(record, kind, environment, timezone, joins=joins)
    yield from _facts(record, who, kind, timezone)
    yield from details
    yield from _block("Links, as given by whoever asked:", map(_link, links_of(record.links)))
    asked_for = "If you approve, you will be asked for, in the words of whoever asked:"
    yield from _block(asked_for, map(_field, record.form))
    yield from votes(record, timezone)
    yield from _deadlock(ways, who)
    yield from _how_to_answer(who, link, "" if cut or needs_values else one_click_link, joins=joins)
    yield f"Request {one_line(record.request_id)}\n"


def _opening(record: Record, kind: Kind, environment: str, timezone: str, *, joins: bool) -> str:
    workflow = f"A workflow in {one_line(environment)}" if environment else "A workflow"
    if kind is Kind.REQUEST:
        return f"{workflow} has stopped and waits for your answer."
    asked_at = when.local_iso(record.requested_at, timezone)
    if kind is not Kind.ESCALATION:
        count = f"This is reminder {record.round - 1} of {record.rounds - 1}"
        if kind is Kind.BY_HAND:
            count = "Whoever operates it sends this reminder"
        waits = "has your answer, but others approved other values" if joins else "still waits for your answer"
        return f"{workflow} {waits}. {count}; it was first asked at {asked_at}."
    before = _listed(who for who in record.approvers if who not in record.policy.escalate_to)
    return (
        f"{workflow} still waits for an answer, and now you are asked as well: it was first asked at {asked_at}, "
        f"{before} {'have' if ' and ' in before else 'has'} not settled it, and it expires "
        f"at {when.local(record.deadline, timezone)}."
    )


def _facts(record: Record, who: str, kind: Kind, timezone: str) -> Iterator[Part]:
    counted = record.tally
    yield from listing(
        {
            "What": wording.title(record),
            "Scheduled for": when.local_iso(record.scheduled_for, timezone),
            "Asked by": wording.requester(record),
            "Asked at": when.local_iso(record.requested_at, timezone),
            "Answer until": when.local(record.deadline, timezone),
            "Policy": wording.policy(record),
            "Approvals needed": wording.quorum(record, counted),
        }
    )
    if counted.groups:
        yield from _about_groups(record, who, kind, counted)


def listing(facts: Mapping[str, str], mark: str = "") -> Iterator[Fact]:
    """A paragraph for each that is known."""
    return (Fact(name, fact, mark) for name, fact in facts.items() if fact)


def _about_groups(record: Record, who: str, kind: Kind, counted: Tally) -> Iterator[Part]:
    if kind is not Kind.REQUEST and (missing := wording.still_needed(counted)):
        yield Fact("Still needed", missing)
    if wording.stands_in(record, who):
        yield "You can stand in for any group: your approval counts in each of them."
    elif mine := wording.groups_of(record, who):
        yield Fact("Your approval counts for", mine)


def _details(record: Record) -> tuple[list[Part], bool]:
    """The details as the mail shows them, and whether the page shows more."""
    tree = rows.read(record.details)
    if tree is None:
        shown, cut = _excerpt(record.details, DETAILS_LIMIT, DETAILS_LINES)
        quoted: Part = Quote(shown)
        if not shown:
            return [], cut
    else:
        lines = _rows(tree, QUOTE_WIDTH)
        quoted, cut = Rows(tuple(lines[:DETAILS_LINES])), len(lines) > DETAILS_LINES
    end = "(shortened here; the page behind the link has all of it)" if cut else "(end of the details)"
    in_rows = "" if tree is None else ", in rows"
    return [Heading(f"Details, as written by whoever asked{in_rows}:"), quoted, end], cut


def _rows(tree: rows.Tree, width: int) -> list[str]:
    """The lines of a tree, at most `width` columns wide unless they hold a long URL."""
    if isinstance(tree, dict):
        return [line for name, value in tree.items() for line in _pair(name, value, width)]
    if isinstance(tree, list):
        return [line for one in tree for line in _item(one, width)]
    if isinstance(tree, rows.Word):
        return [tree]
    lines = [wrapped(line, width - len(GOING_ON_MARK)) for line in tree.split("\n")]
    return [f"{GOING_ON_MARK if more else TEXT_MARK}{row}" for line in lines for more, row in enumerate(line)]


def _pair(name: str, value: rows.Tree, width: int) -> list[str]:
    bare = isinstance(name, rows.Word) or name.startswith('"') or PLAIN_NAME.fullmatch(name)
    label = f"{name if bare else literal(name)}:"
    if isinstance(value, str):
        line = f"{label} {value}"
        if _one_row(value, line, width):
            return [line]
    return [*_heading(label, width), *(f"  {line}" for line in _rows(value, width - 2))]


def _heading(label: str, width: int) -> list[str]:
    first, *more = wrapped(label, width - len(TEXT_MARK))
    return [first, *(f"{TEXT_MARK}{row}" for row in more)]


def _item(value: rows.Tree, width: int) -> list[str]:
    if isinstance(value, str):
        line = f"- {value}"
        if isinstance(value, rows.Word) or (_one_row(value, line, width) and not LIKE_A_ROW.match(value)):
            return [line]
    first, *more = _rows(value, width - 2)
    return [f"- {first}", *(f"  {line}" for line in more)]


def _one_row(value: str, line: str, width: int) -> bool:
    return "\n" not in value and columns(line) <= width


def _block(heading: str, rows_of_each: Iterable[list[str]]) -> Iterator[Part]:
    if lines := tuple(line for some in rows_of_each for line in some):
        yield Heading(heading)
        yield Rows(lines)


def _link(link: QuestionLink) -> list[str]:
    return [*_heading(f"{_label(link.label)} ({link.host}):", QUOTE_WIDTH), f"  {link.url}"]


def _field(field: FormField) -> list[str]:
    asked = _pair(
        _label(field.label), f"{must_be(field)} ({'required' if field.required else 'optional'})", QUOTE_WIDTH
    )
    return [*asked, *(f"  {line}" for line in _rows(field.help, QUOTE_WIDTH - 2) if field.help)]


def _label(text: str) -> str:
    return text if PLAIN_NAME.fullmatch(text) else literal(text)


def votes(record: Record, timezone: str, *, comments: bool = True) -> Iterator[Part]:
    """Who has answered so far, and how. Equal values are written once; without `comments`, no values either."""
    cast, over = record.votes, record.status is not Status.OPEN
    if not cast:
        yield "Nobody has answered." if over else "Nobody has answered yet."
        return
    answers, room = record.answers, VALUES_SHOWN
    first = {who: answer.by[0] for answer in answers for who in answer.by if comments and answer.values}
    yield Heading("Answers:" if over else "Answers so far:")
    for who, vote in list(cast.items())[:PEOPLE_LIMIT]:
        said, values = f"- {one_line(who)} {wording.verb(vote)}, {when.local(vote.at, timezone)}", list[str]()
        if first.get(who, who) != who:
            said += f", with the values of {one_line(first[who])}"
        elif who in first:
            values = _values(record.form, vote.values)
            room -= sum(map(len, values))
            said += ", with" if room >= 0 else ", with values that are too long for a mail"
        yield said
        if values and room >= 0:
            yield Rows(tuple(values))
        comment, _ = _excerpt(vote.comment if comments else "", COMMENT_SHOWN, DETAILS_LINES)
        if comment:
            if who in first:
                yield "and the comment"
            yield Quote(comment)
    if len(cast) > PEOPLE_LIMIT:
        yield f"- and {len(cast) - PEOPLE_LIMIT} more"
    if len(answers) > 1:
        yield wording.EQUAL_ONLY


def _values(form: Iterable[FormField], values: Values) -> list[str]:
    shown = ((field, wording.value(field, values[field.name])) for field in form if field.name in values)
    return [line for field, value in shown for line in _pair(_label(field.label), value, QUOTE_WIDTH)]


def _deadlock(ways: Iterable[WayOut], who: str) -> list[str]:
    """Who would have to join which answer; the reader first."""
    said = [f"- The answer of {_in_short(way.answer.by)} can be joined by {_in_short(way.people, who)}" for way in ways]
    return [wording.DEADLOCK, *wording.first(said, WAYS_SHOWN, "more answers")] if said else []


def _in_short(people: Iterable[str], reader: str = "") -> str:
    first = sorted(people, key=lambda one: one != reader)
    return wording.listed(
        wording.first(["you" if one == reader else one_line(one) for one in first], wording.NAMED, "others")
    )


def _how_to_answer(who: str, link: str, one_click_link: str, *, joins: bool) -> Iterator[Part]:
    act, buttons = ("join an answer", "Join this answer") if joins else ("answer", "Approve or Reject")
    yield Heading(f"To {act}, open this link:")
    yield Link(link, "Open the request")
    yield f"It shows the request on a page. Nothing is decided until you press {buttons} there."
    if one_click_link:
        yield "Or approve at once, without the page. Opening this link is your approval:"
        yield Link(one_click_link)
    links = "These links are" if one_click_link else "The link is"
    yield (
        f"{links} personal: whoever opens {'them' if one_click_link else 'it'} answers as {one_line(who)}. "
        "Please do not forward this mail."
    )


def _excerpt(text: str, characters: int, lines: int) -> tuple[str, bool]:
    """The beginning of a text, and whether it was cut."""
    cleaned = clean(text).strip("\n").rstrip()
    start = "\n".join(cleaned[:characters].split("\n")[:lines]).rstrip()
    return start, len(start) < len(cleaned)


def _listed(people: Iterable[str]) -> str:
    return wording.listed(wording.first([one_line(who) for who in people], PEOPLE_LIMIT, "more"))
