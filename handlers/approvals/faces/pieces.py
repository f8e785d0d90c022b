"""The building blocks of the pages. Anything that is not Markup is escaped when formatted into one."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup

from handlers.approvals.faces import rows, when, wording
from handlers.approvals.rules.decisions import COMMENT_LIMIT
from handlers.approvals.rules.joining import WayOut
from handlers.approvals.rules.quorum import Count, Tally
from handlers.approvals.rules.record import Answer, Decision, Record, Vote, Withdrawn
from handlers.contract.form_fields import Values, links_of
from handlers.contract.record import Status
from handlers.contract.visible import clean, one_line

# The name of the form's first button. It decides nothing: some mail scanners submit a form with its first button.
LOOK = "look"
VALUES = "values."  # before the name of a field: the form's own names are never those of a question
SHOWN_AGAIN = 10 * COMMENT_LIMIT  # characters of a text that is too long: escaped, megabytes would come back as more
LONG_CHARACTERS, LONG_LINES = 1_500, 24  # longer details get a scroll bar
LONG_VOTES = 10  # so does a longer list of votes
NOTHING = Markup("")

# Drawn once, however many people have answered.
SYMBOL = Markup('<symbol id="{}" viewBox="0 0 24 24">{}</symbol>')
SYMBOLS = Markup("<div hidden><svg>{}</svg></div>").format(
    Markup("").join(
        SYMBOL.format(name, Markup(shape))  # noqa: S704 - our own, below
        for name, shape in {
            "yes": '<path d="M5 12.5l4.5 4.5L19 7.5"/>',
            "no": '<path d="M6.5 6.5l11 11M17.5 6.5l-11 11"/>',
            "wait": '<circle cx="12" cy="12" r="8.5"/><path d="M12 7v5l3.5 2"/>',
            "mind": '<path d="M12 5v9M12 18.5v.5"/>',
        }.items()
    )
)
ICON = Markup('<svg class="icon" aria-hidden="true"><use href="#{}"/></svg>')
YES, NO, WAIT, MIND = map(ICON.format, ("yes", "no", "wait", "mind"))


class FormError(NamedTuple):
    """What was wrong with the form, and in which field; "" means the form as a whole.

    `errors` are those of the values, by the names that the form has for them.
    """

    message: str
    field: str = ""
    errors: Mapping[str, str] = {}


class Typed(NamedTuple):
    """What somebody had typed, valid or not."""

    comment: str = ""
    values: Mapping[str, Any] = {}


class View(NamedTuple):
    """A record as shown to one approver. `typed` is what they had typed, `now` is in epoch seconds."""

    record: Record
    answers: Sequence[Answer]  # the record's, which hashes all of the question
    ways: Sequence[WayOut]
    who: str
    environment: str
    timezone: str
    error: FormError | None
    typed: Typed
    now: int

    @property
    def tally(self) -> Tally:
        return self.answers[0].tally

    @property
    def mine(self) -> Vote | None:
        asked = self.record.approvers.get(self.who)
        return asked.vote if asked else None

    @property
    def given(self) -> Vote:
        """This person's answer. Raises LookupError if there is none."""
        if not self.mine:
            raise LookupError("no answer of this person")
        return self.mine

    @property
    def can_answer(self) -> bool:
        return self.record.status is Status.OPEN and not self.mine

    def time(self, moment: int) -> Markup:
        shown = when.local(moment, self.timezone)
        return Markup('<time datetime="{}">{}</time>').format(when.iso(moment), shown)

    def local(self, text: str) -> str:
        return when.local_iso(text, self.timezone)


def lines(pieces: Iterable[Markup]) -> Markup:
    return Markup("\n").join(filter(None, pieces))


def header(environment: str, heading: str, after: Markup = NOTHING) -> Markup:
    kind = "badge badge-production" if environment.lower().startswith("prod") else "badge"
    badge = Markup('<span class="{}">{}</span>').format(kind, one_line(environment)) if environment else NOTHING
    return Markup(
        """<header>
<p class="kicker">{}<span>Approval request</span></p>
<h1 dir="auto">{}</h1>
{}</header>"""
    ).format(badge, heading, after)


def notice(tone: str, icon: Markup, heading: str, *paragraphs: Markup) -> Markup:
    return Markup(
        """<section class="notice {}" aria-labelledby="notice">
{}
<div>
<h2 id="notice">{}</h2>
{}
</div>
</section>"""
    ).format(tone, icon, heading, lines(paragraphs))


def section(name: str, heading: str, content: Markup) -> Markup:
    whole = Markup('<section aria-labelledby="{0}">\n<h2 id="{0}">{1}</h2>\n{2}\n</section>')
    return whole.format(name, heading, content)


def alert(heading: str, *paragraphs: Markup) -> Markup:
    return Markup(
        """<div class="notice bad" role="alert">
{}
<div>
<p><strong>{}</strong></p>
{}
</div>
</div>"""
    ).format(MIND, heading, lines(paragraphs))


def refused(view: View) -> Markup:
    """What was wrong with the post. Only people who can answer have a form to link to."""
    if not view.error:
        return NOTHING
    # Not to a button: pressing Enter after following this link would decide.
    place = {"comment": "#comment", "decision": "#answer"}.get(view.error.field) if view.can_answer else None
    words = one_line(view.error.message)
    said = Markup('<p><a href="{}">{}</a></p>').format(place, words) if place else Markup("<p>{}</p>").format(words)
    what = "Your answer" if view.can_answer else "What was just sent"
    return alert(f"{what} has not been recorded", said, _wrong(view, view.error.errors))


def _wrong(view: View, errors: Mapping[str, str]) -> Markup:
    """By field, in the order of the form; then what is no field of it."""
    places = [f"{VALUES}{field.name}" for field in view.record.form if view.can_answer]
    ours, other = Markup('<li><a href="#{}">{}</a></li>'), Markup("<li><bdi>{}</bdi>: {}</li>")
    told = [ours.format(name, one_line(errors[name])) for name in places if name in errors]
    unknown = [name for name in errors if name not in places]
    told += [other.format(name.removeprefix(VALUES), one_line(errors[name])) for name in unknown]
    return Markup("<ul>\n{}\n</ul>").format(lines(told)) if told else NOTHING


def people(view: View, decision: Decision) -> Markup:
    """Who has said so; of those who approve, whose answer the policy takes."""
    if decision is Decision.APPROVE:
        return named(view.answers[0].by)
    return named(name for name, vote in view.record.votes.items() if vote.decision is decision)


def named(people: Iterable[str]) -> Markup:
    names = wording.first([Markup("<bdi>{}</bdi>").format(name) for name in people], wording.NAMED, "others")
    return Markup(" and ").join(filter(None, (Markup(", ").join(names[:-1]), *names[-1:])))


OVER = {
    Status.APPROVED: Markup("<p>The request was approved at {}, and the workflow goes on.</p>"),
    Status.REJECTED: Markup("<p>The request was rejected at {}, and the workflow stops there.</p>"),
    Status.EXPIRED: Markup("<p>Not enough people had answered when the time ran out at {}.</p>"),
    Status.CLOSED: Markup("<p>The workflow has ended in the meantime. Answers stay on record, but have no effect.</p>"),
}


def standing(view: View) -> Markup:
    """The request's status, for somebody who has answered."""
    record = view.record
    if record.status in OVER:
        moment = record.deadline if record.status is Status.EXPIRED else record.decided_at
        return OVER[record.status].format(view.time(moment))
    if any(count.missing for count in view.tally.groups.values()):
        needed = f"Still needed before the workflow can go on: {wording.still_needed(view.tally)}."
    else:
        missing = view.tally.approvals.missing
        needed = f"{missing} more approval{' is' if missing == 1 else 's are'} needed before the workflow can go on."
    todo = "The others have been asked; you need not do anything more."
    if view.ways:
        joins = any(view.who in way.people for way in view.ways)
        todo = f"Others have approved other values; {'you' if joins else 'some of them'} can still join, see below."
    return Markup("<p>{} {}</p>").format(needed, todo)


def facts(view: View) -> Markup:
    record = view.record
    left = ""
    if view.record.status is Status.OPEN and 0 < view.now < record.deadline:
        left = Markup(' <span class="muted">({} left)</span>').format(when.duration(record.deadline - view.now))
    known = {
        "Scheduled for": view.local(record.scheduled_for),
        "Asked by": Markup("<bdi>{}</bdi>").format(wording.requester(record)),
        "Asked at": view.local(record.requested_at),
        "Answer until": view.time(record.deadline) + left,
        "Policy": wording.policy(record),
        "Approvals": _approvals(view),
        "Mails": _undelivered(view),
        "You are": _you(view) if view.who else "",
    }
    shown = [Markup("<div><dt>{}</dt><dd>{}</dd></div>").format(name, fact) for name, fact in known.items() if fact]
    return Markup('<dl class="facts">\n{}\n</dl>').format(lines(shown))


def _undelivered(view: View) -> Markup:
    """Which of the others may not know that they are asked."""
    record, fates = view.record, dict[str, list[str]]()
    for who in record.unanswered:
        known = record.approvers[who].undelivered
        if known and who != view.who and record.status is Status.OPEN:
            fates.setdefault(wording.fate(known.kind), []).append(who)
    return Markup("<br>").join(Markup("the mail to {} {}").format(named(who), fate) for fate, who in fates.items())


def _approvals(view: View) -> Markup:
    asked = Markup('<span class="muted">({} asked; {} it)</span>').format(
        wording.people_asked(view.record), wording.against(view.tally)
    )
    total = view.tally.approvals
    if not view.tally.groups:
        return Markup("{} of {} needed {}").format(total.given, total.required, asked)
    shown = [_group(view, name, count) for name, count in view.tally.groups.items()]
    if wording.total_matters(view.tally):
        shown.append(_progress(Markup("Different people"), total))
    return Markup('<ul class="groups">\n{}\n</ul>\n{}{}').format(lines(shown), asked, _contacts(view))


def _group(view: View, name: str, count: Count) -> Markup:
    label = Markup("<b>{}</b>").format(wording.name(name))
    if not count.missing:
        return _progress(label, count)
    said = _no_answer(view, view.record.policy.groups[name].approvers) or "everybody in it has answered"
    return _progress(label, count, Markup(' <span class="muted">({})</span>').format(said))


def _progress(label: Markup, count: Count, after: Markup = NOTHING) -> Markup:
    met, icon = (NOTHING, WAIT) if count.missing else (MET, YES)
    return Markup("<li{}>{}<span>{}: {}{}</span></li>").format(met, icon, label, wording.progress(count), after)


def _contacts(view: View) -> Markup:
    """Which others can stand in for a group that is short and have not answered."""
    said = _no_answer(view, [who for who in view.record.policy.escalate_to if who != view.who])
    if not said or not any(count.missing for count in view.tally.groups.values()):
        return NOTHING
    return Markup('\n<span class="muted">({}, who can stand in for any group)</span>').format(said)


def _no_answer(view: View, people: Iterable[str]) -> Markup:
    """From whom, of those who have been asked, the reader first; nothing if all have answered."""
    asked = view.record.approvers
    waiting = [who for who in people if who in asked and not asked[who].vote]
    yet = " yet" if view.record.status is Status.OPEN else ""
    return Markup("no answer{} from {}").format(yet, _reader_first(view, waiting)) if waiting else NOTHING


def _reader_first(view: View, people: Iterable[str]) -> Markup:
    return named("you" if who == view.who else who for who in sorted(people, key=lambda who: who != view.who))


def _you(view: View) -> Markup:
    role = ""
    if wording.stands_in(view.record, view.who):
        role = ", who can stand in for any group"
    elif groups := wording.groups_of(view.record, view.who):
        role = f", in {groups}"
    return Markup("<bdi>{}</bdi>{}").format(view.who, role)


def links(view: View) -> Markup:
    """What to read first. The host is in plain sight, since a label may say anything."""
    one = Markup(
        '<li><a href="{}" rel="noopener noreferrer" referrerpolicy="no-referrer"><bdi>{}</bdi></a> '
        '<span class="muted">{}</span></li>'
    )
    found = [one.format(link.url, link.label, link.host) for link in links_of(view.record.links)]
    shown = Markup('<ul class="links">\n{}\n</ul>\n<p class="hint">These links are the asker\'s.</p>')
    return section("links", "Read first", shown.format(lines(found))) if found else NOTHING


def taken(view: View) -> Markup:
    """The values that the workflow gets."""
    shown = valued(view.record, view.answers[0].values)
    return section("taken", "What was approved", shown) if shown and view.record.status is Status.APPROVED else NOTHING


def valued(record: Record, values: Values) -> Markup:
    """As rows, by the labels of their fields; nothing if there are none."""
    row = Markup('<div><dt><bdi>{}</bdi></dt><dd dir="auto">{}</dd></div>')
    given = [field for field in record.form if field.name in values]
    shown = [row.format(field.label, clean(wording.value(field, values[field.name]))) for field in given]
    whole = Markup('<div class="text"><dl class="rows">{}</dl></div>')
    return whole.format(Markup("").join(shown)) if shown else NOTHING


def details(view: View) -> Markup:
    text = clean(view.record.details).strip("\n")
    if not text.strip():
        return NOTHING
    tree = rows.read(view.record.details)
    shown = Markup("{}").format(text) if tree is None else _rows(tree)
    height = text.count("\n") if tree is None else sum(map(shown.count, ROWS))
    long = len(text) > LONG_CHARACTERS or height > LONG_LINES
    box = Markup('<div class="text{}" dir="auto"{}>{}</div>').format(
        " long" if long else "", SCROLLED.format("details") if long else "", shown
    )
    return section("details", "Details", box)


MET = Markup(' class="met"')
SCROLLED = Markup(' tabindex="0" role="group" aria-labelledby="{}"')  # by the keyboard, too
ROWS = ("<dt>", "<li>")  # one for each row; in a text, they are escaped


def _rows(tree: rows.Tree) -> Markup:
    """The box takes its text direction from the names, or from a list's first text; each value has its own."""
    if isinstance(tree, dict):
        pairs = Markup("").join(_pair(name, value) for name, value in tree.items())
        return Markup('<dl class="rows">{}</dl>').format(pairs)
    if isinstance(tree, list):
        items = Markup("").join(Markup("<li>{}</li>").format(_rows(one)) for one in tree)
        return Markup('<ul class="rows">{}</ul>').format(items)
    return _text(tree)


def _pair(name: str, value: rows.Tree) -> Markup:
    if isinstance(value, str):
        row = Markup('<div><dt>{}</dt><dd dir="auto">{}</dd></div>')
    else:
        row = Markup('<div class="nest"><dt>{}</dt><dd>{}</dd></div>')
    return row.format(_text(name), _rows(value))


def _text(text: str) -> Markup:
    return Markup("<i>{}</i>").format(text) if isinstance(text, rows.Word) else Markup("{}").format(text)


def votes(view: View) -> Markup:
    cast = view.record.votes
    if not cast:
        return NOTHING
    long = len(cast) > LONG_VOTES
    return Markup(
        """<section aria-labelledby="answers">
<h2 id="answers">Answers{}</h2>
{}<div{}>
<ul class="votes">
{}
</ul>
</div>
</section>"""
    ).format(
        " so far" if view.record.status is Status.OPEN else "",
        _apart(view),
        Markup(' class="long"{}').format(SCROLLED.format("answers")) if long else "",
        lines(_vote(view, name, vote) for name, vote in cast.items()),
    )


def _apart(view: View) -> Markup:
    """Where approvals have different values: which of them count, and who would have to join which."""
    if len(view.answers) == 1:
        return NOTHING
    rule = Markup("<p>{} Counted above is the answer of {}.</p>")
    told = rule.format(wording.EQUAL_ONLY, named(view.answers[0].by))
    way = Markup("<li>The answer of {} can be joined by {}.</li>")
    ways = [way.format(named(one.answer.by), _reader_first(view, one.people)) for one in view.ways]
    if ways:
        told += Markup("\n<p>{}</p>\n<ul>\n{}\n</ul>").format(wording.DEADLOCK, lines(ways))
    return Markup('<div class="apart">\n{}\n</div>\n').format(told)


def _vote(view: View, name: str, vote: Vote) -> Markup:
    return Markup(
        """<li class="{}">
{}
<div>
<p><bdi class="name">{}</bdi>{} {} <span class="muted">{}</span></p>
{}
</div>
</li>"""
    ).format(
        vote.decision.value,
        YES if vote.decision is Decision.APPROVE else NO,
        name,
        " (you)" if name == view.who else "",
        wording.verb(vote),
        view.time(vote.at),
        lines([_brought(view, vote), _withdrawn(view, vote.withdrawn)]),
    )


def _brought(view: View, one: Vote | Withdrawn) -> Markup:
    words = clean(one.comment).strip()
    quote = Markup('<blockquote class="text" dir="auto">{}</blockquote>').format(words) if words else NOTHING
    return lines([valued(view.record, one.values), quote])


def _withdrawn(view: View, one: Withdrawn | None) -> Markup:
    earlier = Markup('<div class="withdrawn">\n<p>Withdrawn: approved {}</p>\n{}\n</div>')
    return earlier.format(view.time(one.at), _brought(view, one)) if one else NOTHING
