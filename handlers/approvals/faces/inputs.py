"""The forms of the page: an input for each field of the question, the comment, and the buttons."""

import re
from collections.abc import Iterator
from decimal import Decimal

from markupsafe import Markup

from handlers.approvals.faces import pieces, wording
from handlers.approvals.faces.pieces import NOTHING, VALUES, View, lines, named
from handlers.approvals.rules.decisions import COMMENT_LIMIT
from handlers.approvals.rules.joining import to_join
from handlers.contract.form_fields import ISO_DATE, NUMBER, FormField, Kind, Option, Values, must_be
from handlers.contract.visible import clean, one_line

# For scanners that submit a form by its first button, and for Enter in an input; it is hidden from people.
FIRST = Markup(
    '<button class="look" name="{}" value="page" tabindex="-1" aria-hidden="true">Show this page again</button>'
).format(pieces.LOOK)
YES_OR_NO = (Option(value="true", label="Yes"), Option(value="false", label="No"))
# Browsers empty an input whose value is not of its type, so what was typed instead is shown as text.
SHAPES = {Kind.NUMBER: NUMBER, Kind.DATE: ISO_DATE}


def form(view: View) -> Markup:
    wrong = one_line(view.error.message) if view.error and view.error.field == "comment" else ""
    return Markup(
        """<section class="answer" aria-labelledby="answer">
<h2 id="answer">Your answer</h2>
<form method="post"{novalidate}>
{first}
<input type="hidden" name="digest" value="{digest}">
{fields}<label for="comment">Comment</label>
<p class="hint" id="hint">Optional. Everyone who was asked can read it, and it goes to the workflow.</p>
{error}
<textarea id="comment" name="comment" rows="3" maxlength="{limit}" dir="auto"
 aria-describedby="hint{described}"{invalid}>
{comment}</textarea>
<div class="buttons">
<button class="approve-button" name="decision" value="approve">{yes}Approve</button>
<button class="reject-button" name="decision" value="reject">{no}Reject</button>
</div>
<p class="hint">You answer as <bdi>{who}</bdi>. Your first answer counts and cannot be changed{but}.</p>
</form>
</section>"""
    ).format(
        # Our own words say all that is wrong, and a rejection needs no values.
        novalidate=Markup(" novalidate") if view.record.fields else "",
        first=FIRST,
        digest=view.record.digest,
        fields=_fields(view),
        error=Markup('<p class="error" id="error">{}</p>').format(wrong) if wrong else "",
        limit=COMMENT_LIMIT,
        described=" error" if wrong else "",
        invalid=Markup(' aria-invalid="true"') if wrong else "",
        comment=clean(view.typed.comment),
        yes=pieces.YES,
        no=pieces.NO,
        who=view.who,
        but=", but an approval can join somebody else's values once" if view.record.fields else "",
    )


def _fields(view: View) -> Markup:
    """Filled in with what was typed, else with the answer of most approvals, else with the fields' defaults."""
    fields, first = view.record.form, view.answers[0]
    values, whose = view.typed.values, NOTHING
    if not values and first.by:
        values = first.values
        whose = Markup('<p class="hint">Filled in as {} approved. {}</p>\n').format(named(first.by), wording.EQUAL_ONLY)
    elif not values:
        values = {field.name: field.default for field in fields}
    errors = view.error.errors if view.error else {}
    made = NOTHING
    for field in fields:
        given = values.get(field.name, "")
        shown = clean(given[: pieces.SHOWN_AGAIN]) if isinstance(given, str) else ""
        made += _field(field, shown, errors.get(f"{VALUES}{field.name}", ""))
    return whose + made if fields else NOTHING


def _field(field: FormField, value: str, wrong: str) -> Markup:
    """A label, a hint, what is wrong, and the input, which these describe."""
    name, limited = f"{VALUES}{field.name}", field.type is Kind.NUMBER or field.min or field.max
    parts = (
        Markup("<bdi>{}</bdi>").format(field.help) if field.help else "",
        "" if field.required else "Optional.",
        f"{must_be(field).capitalize()}." if limited else "",
    )
    told = {"hint": Markup(" ").join(filter(None, parts)), "error": one_line(wrong)}
    kinds = [kind for kind, words in told.items() if words]
    said = lines(Markup('<p class="{0}" id="{1}.{0}">{2}</p>').format(kind, name, told[kind]) for kind in kinds)
    described = " ".join(f"{name}.{kind}" for kind in kinds)
    about = _attributes(aria_describedby=described, aria_invalid="true" if wrong else "")
    if field.type in {Kind.BOOLEAN, Kind.CHOICE}:
        group = Markup('<fieldset role="radiogroup"{}>\n<legend><bdi>{}</bdi></legend>\n{}\n{}\n</fieldset>\n')
        return group.format(about, field.label, said, lines(_radios(field, name, value)))
    one = Markup('<div class="field">\n<label for="{}"><bdi>{}</bdi></label>\n{}\n{}\n</div>\n')
    return one.format(name, field.label, said, _input(field, name, value, about))


def _radios(field: FormField, name: str, value: str) -> Iterator[Markup]:
    one = Markup('<label class="option"><input type="radio"{}{}><bdi>{}</bdi></label>')
    for number, option in enumerate(field.options or YES_OR_NO):
        ours = _attributes(id="" if number else name, name=name, value=option.value, required=field.required)
        yield one.format(ours, _attributes(checked=value == option.value), option.label)


def _input(field: FormField, name: str, value: str, about: Markup) -> Markup:
    ours = _attributes(id=name, name=name, required=field.required) + about
    if field.type is Kind.TEXT:
        line = Markup('<input type="text"{} maxlength="{}" dir="auto" value="{}">')
        box = Markup('<textarea{} rows="3" maxlength="{}" dir="auto">\n{}</textarea>')
        return (box if field.multiline else line).format(ours, field.max_length, value)
    step = mode = ""
    if field.type is Kind.NUMBER:
        step = format(Decimal(1).scaleb(-field.decimals), "f")
        # The keypads of some phones have no minus.
        mode = ("decimal" if field.decimals else "numeric") if field.min and not field.min.startswith("-") else ""
    limits = _attributes(min=field.min, max=field.max, step=step, inputmode=mode)
    kind = field.type if not value or re.fullmatch(SHAPES[field.type], value) else Kind.TEXT
    return Markup('<input type="{}"{}{} value="{}">').format(kind.value, ours, limits, value)


def _attributes(**given: str | bool) -> Markup:
    """Those that are not empty; a true one is named alone."""
    return Markup("").join(
        Markup(" {}").format(name) if value is True else Markup(' {}="{}"').format(name.replace("_", "-"), value)
        for name, value in given.items()
        if value
    )


def hidden(values: Values) -> Markup:
    """They are sent as they are."""
    one = Markup('<input type="hidden" name="{}{}" value="{}">\n')
    return Markup("").join(one.format(VALUES, name, clean(value)) for name, value in values.items())


def joining(view: View) -> Markup:
    """For somebody who has approved: the answers of others, each with a button to join it."""
    offered = to_join(view.record, view.who) if view.record.fields and view.mine else []
    if not offered:
        return NOTHING
    one = Markup(
        """<form method="post" class="join">
{first}
<p id="join{number}">{people} approved:</p>
{rows}
<input type="hidden" name="digest" value="{digest}">
{values}<button class="plain" name="decision" value="approve" aria-describedby="join{number}">Join this answer</button>
</form>"""
    )
    forms = [
        one.format(
            first=FIRST,
            number=number,
            people=named(answer.by),
            rows=pieces.valued(view.record, answer.values) or Markup('<p class="muted">(no values)</p>'),
            digest=view.record.digest,
            values=hidden(answer.values),
        )
        for number, answer in enumerate(offered)
    ]
    rule = Markup(
        """<p>{} You may join one of these answers, once.
Yours then stays on record as withdrawn.</p>"""
    ).format(wording.EQUAL_ONLY)
    return pieces.section("join", "Join another answer", lines([rule, *forms]))
