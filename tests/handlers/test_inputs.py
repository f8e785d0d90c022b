"""What the page has more for a question with fields or links."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from handlers.approvals.faces import page
from handlers.approvals.faces.page import State
from handlers.approvals.faces.pieces import FormError, Typed
from handlers.approvals.rules.decisions import decide
from handlers.approvals.rules.record import Approver, Record, Withdrawn
from handlers.contract.record import Status
from tests.support.document import Element, parse
from tests.support.records import ANNA, ASKED_AT, BEN, CARLA, LINKS, OF_EACH_TYPE, asking, giving, policy

DORA = "dora@example.com"
FULL: dict[str, Any] = {"region": "eu-1", "share": "2.5", "ticket": "OPS-1", "notes": "One\nTwo", "start": "2026-12-24"}
PEOPLE = (ANNA, BEN, CARLA, DORA)
UNANSWERED = asking(
    *OF_EACH_TYPE,
    approvers={who: Approver(mailed_round=1) for who in PEOPLE},
    policy=policy(approvers=PEOPLE),
)
ANSWERED = giving(UNANSWERED, ANNA, **FULL | {"announce": "false"})
AGREED = {"region": "us-1", "share": "7"}
APPROVED_BY_TWO = giving(giving(ANSWERED, BEN, at=ASKED_AT + 700, **AGREED), DORA, at=ASKED_AT + 800, **AGREED)


def show(state: State, sample: Record, who: str = CARLA, **more: Any) -> Element:
    return parse(page.html(state, record=sample, who=who, environment="dev", now=ASKED_AT + 1_800, **more))


def entered(form: Element) -> dict[str, str]:
    """What a browser would send of the values, unless somebody changes it."""
    found = {}
    for one in form.all("input", "textarea"):
        name = one.attributes.get("name", "")
        chosen = one.attributes.get("type") != "radio" or "checked" in one.attributes
        if name.startswith("values.") and chosen:
            found[name] = one.raw.removeprefix("\n") if one.tag == "textarea" else one.attributes.get("value", "")
    return found


def named(values: dict[str, str]) -> dict[str, str]:
    return {f"values.{name}": value for name, value in values.items()}


def test_each_field_is_a_native_input_with_its_hint_and_its_limits_before_the_comment() -> None:
    form = show(State.OPEN, UNANSWERED).one("form")
    assert form.attributes == {"method": "post", "novalidate": ""}, "our own words say what is wrong"
    ticket, notes, comment = (one.attributes for one in form.all(maxlength="20") + form.all("textarea"))
    assert (ticket["type"], notes["maxlength"], comment["name"]) == ("text", "200", "comment")
    [share], [start] = (form.all("input", type=kind) for kind in ("number", "date"))
    limits = {"min": "1", "max": "50", "step": "0.1", "inputmode": "decimal", "required": "", "value": "12.5"}
    assert share.attributes.items() >= limits.items()
    assert start.attributes.items() >= {"min": "2026-12-01", "value": ""}.items()
    assert not {"max", "required"} & start.attributes.keys()
    choices = {group.one("legend").text: group for group in form.all("fieldset", role="radiogroup")}
    options = {
        name: [(label.text, label.one("input", type="radio").attributes["value"]) for label in group.all("label")]
        for name, group in choices.items()
    }
    assert options == {
        "Which region first?": [("Frankfurt", "eu-1"), ("Virginia", "us-1")],
        "Announce it?": [("Yes", "true"), ("No", "false")],
    }
    assert [radio.attributes.get("required") for radio in form.all("input", type="radio")] == ["", "", None, None]
    described = [choices["Announce it?"].attributes, share.attributes, ticket, notes, start.attributes]
    hints = [form.one("p", id=one["aria-describedby"]).text for one in described]
    numbers, dates = "In %. A number from 1 to 50 with at most 1 decimal.", "Optional. A date from 2026-12-01 on."
    assert hints == ["Optional.", numbers, "Optional.", "Optional.", dates]


def test_a_number_that_may_be_negative_gets_no_keypad_which_may_lack_the_minus() -> None:
    form = show(State.OPEN, asking({"name": "n", "label": "N", "type": "number", "max": 5})).one("form")
    assert "inputmode" not in form.one("input", type="number").attributes


HALF = {"region": "us-1", "ticket": ""}


@pytest.mark.parametrize(
    ("sample", "typed", "filled", "whose"),
    [
        (UNANSWERED, {}, {"share": "12.5", "ticket": "", "notes": "", "start": ""}, ""),
        (ANSWERED, {}, FULL | {"announce": "false"}, f"Filled in as {ANNA} approved."),
        (
            APPROVED_BY_TWO,
            {},
            AGREED | {"ticket": "", "notes": "", "start": ""},
            f"Filled in as {BEN} and {DORA} approved.",
        ),
        (ANSWERED, HALF, HALF | {"share": "", "notes": "", "start": ""}, ""),
    ],
    ids=["the defaults", "the answer so far", "the one with most approvals", "what was typed"],
)
def test_the_form_is_filled_in(sample: Record, typed: dict[str, str], filled: dict[str, str], whose: str) -> None:
    form = show(State.OPEN, sample, typed=Typed(values=typed)).one("form")
    assert entered(form) == named(filled)
    assert ("Filled in" in form.text) is bool(whose)
    assert whose in form.text


# --- what is wrong

ERRORS = named(
    {
        "region": "Which region first? must be given.",
        "share": "Share must be a number from 1 to 50 with at most 1 decimal.",
        "notes": "Notes must be text of at most 200 characters; this has 250.",
        "start": "Not before must be a date from 2026-12-01 on.",
        '"<b>"': "There is no such field.",
    }
)
WRONG = FormError(message="Some values are missing or wrong.", errors=dict(reversed(ERRORS.items())))
TYPED = {"share": "a half", "notes": "\n<b> & " * 30, "start": "tomorrow", "ticket": "OPS-1", '"<b>"': "x"}


def test_the_summary_has_the_errors_in_the_order_of_the_form_and_then_what_is_no_field() -> None:
    summary = show(State.OPEN, UNANSWERED, error=WRONG).one("div", role="alert").one("ul")
    *known, unknown = [item.text for item in summary.all("li")]
    assert known == [*ERRORS.values()][:-1]
    assert unknown == '"<b>": There is no such field.'


def test_whatever_was_typed_is_kept_even_what_a_browser_would_drop() -> None:
    form = show(State.OPEN, UNANSWERED, error=WRONG, typed=Typed("Fine.", TYPED)).one("form")
    assert entered(form) == named({name: text for name, text in TYPED.items() if not name.startswith('"')})
    shown_as_text = [one.attributes["name"] for one in form.all("input", type="text")]
    assert shown_as_text == ["values.share", "values.ticket", "values.start"]
    kept = show(State.OPEN, UNANSWERED, typed=Typed(values={"share": "900", "start": "2020-01-01"})).one("form")
    assert [kept.one("input", type=kind).attributes["value"] for kind in ("number", "date")] == ["900", "2020-01-01"]


# --- answers with values

APART = giving(giving(UNANSWERED, ANNA, **FULL), BEN, at=ASKED_AT + 700, comment="More.", region="us-1", share="50")
STUCK = replace(APART, policy=replace(APART.policy, approvers=(ANNA, BEN)))
BENS = APART.votes[BEN]
OF_ANNA = replace(APART.votes[ANNA], comment="Right.", at=ASKED_AT + 800)
JOINED = APART.with_approver(
    BEN, vote=replace(OF_ANNA, withdrawn=Withdrawn(at=BENS.at, comment=BENS.comment, values=BENS.values))
)


def rows(element: Element) -> dict[str, str]:
    return {row.one("dt").raw: row.one("dd").raw for row in element.one("dl", **{"class": "rows"}).all("div")}


SHOWN = {"Which region first?": "Frankfurt", "Share": "2.5", "Ticket": "OPS-1", "Notes": "One\nTwo"}
SHOWN |= {"Not before": "2026-12-24"}


def test_votes_show_their_values_by_labels_and_a_withdrawn_answer_as_withdrawn() -> None:
    anna, ben = show(State.OPEN, JOINED).one("ul", **{"class": "votes"}).all("li")
    assert rows(anna) == SHOWN
    withdrawn = ben.one("div", **{"class": "withdrawn"})
    assert withdrawn.one("p").text == "Withdrawn: approved Fri 27 Nov 2026, 13:41 UTC"
    assert rows(withdrawn) == {"Which region first?": "Virginia", "Share": "50"}
    assert [quote.text for quote in ben.all("blockquote")] == ["Right.", "More."]


def test_whoever_may_join_has_a_form_for_each_other_answer_whose_first_button_decides_nothing() -> None:
    document = show(State.THANKS, APART, ANNA)
    form = document.one("form")
    assert rows(form) == {"Which region first?": "Virginia", "Share": "50"}
    first, join = form.all("button")
    assert (first.attributes["name"], first.attributes["tabindex"]) == ("look", "-1")
    assert (join.text, join.attributes["name"], join.attributes["value"]) == ("Join this answer", "decision", "approve")
    assert form.one("p", id=join.attributes["aria-describedby"]).text == f"{BEN} approved:"
    for who, sample in [(CARLA, APART), (ANNA, replace(APART, status=Status.EXPIRED)), (ANNA, ANSWERED)]:
        assert "Join this answer" not in show(State.EXPIRED, sample, who).text


def test_the_page_says_which_answer_counts_and_who_would_have_to_join_which() -> None:
    alone = "Nobody who has yet to answer can settle it any more."
    text = show(State.THANKS, STUCK, BEN).one("body").text
    assert f"Counted above is the answer of {ANNA}." in text
    assert alone in text
    assert f"The answer of {ANNA} can be joined by you." in text
    assert f"The answer of {BEN} can be joined by {ANNA}." in text
    assert "you can still join, see below" in text
    open_yet = show(State.OPEN, APART).one("body").text
    assert f"Counted above is the answer of {ANNA}." in open_yet
    assert alone not in open_yet
    assert "Counted above" not in show(State.OPEN, ANSWERED).one("body").text


def test_a_decided_page_shows_the_values_that_were_taken_and_names_only_whose_they_are() -> None:
    third = giving(APART, DORA, at=ASKED_AT + 800, region="us-1", share="50")
    document = show(State.DECIDED, decide(third, Status.APPROVED, ASKED_AT + 800))
    taken = document.one("section", **{"aria-labelledby": "taken"})
    assert rows(taken) == {"Which region first?": "Virginia", "Share": "50"}
    notice = document.one("section", **{"aria-labelledby": "notice"}).text
    assert f"approved by {BEN} and {DORA} at" in notice
    assert ANNA not in notice
    assert not show(State.OPEN, third).all("section", **{"aria-labelledby": "taken"})


def test_whose_answer_counts_is_told_to_somebody_who_had_answered() -> None:
    joined = ANSWERED.with_approver(ANNA, vote=replace(ANSWERED.votes[ANNA], withdrawn=Withdrawn(at=ASKED_AT)))
    assert "The answer that you joined counts." in show(State.VOTED, joined, ANNA).text
    assert "Your first answer counts." in show(State.VOTED, ANSWERED, ANNA).text


# --- links


def test_links_are_the_asker_s_with_their_host_in_plain_sight_and_open_without_a_referrer() -> None:
    section = show(State.OPEN, asking(links=LINKS)).one("section", **{"aria-labelledby": "links"})
    link = section.one("a")
    assert section.one("li").text == "The pipeline ci.example.com"
    assert link.attributes == {
        "href": LINKS[0]["url"],
        "rel": "noopener noreferrer",
        "referrerpolicy": "no-referrer",
    }
    assert "the asker's" in section.text
    assert show(State.UNKNOWN, asking(links=LINKS)).all("a") == []
