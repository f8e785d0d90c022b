from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from handlers.approvals.faces import page
from handlers.approvals.faces.page import State
from handlers.approvals.faces.pieces import FormError, Typed
from handlers.approvals.rules.decisions import decide
from handlers.approvals.rules.record import Approver, Decision, Record, Undelivered
from handlers.contract.policy import Group
from handlers.contract.record import Status
from sandbox.demo import TASK
from tests.support.document import Element, parse
from tests.support.records import (
    ANNA,
    ASKED_AT,
    BEN,
    BOSS,
    CARLA,
    DIGEST,
    EXECUTION_ARN,
    REQUEST_ID,
    SOURCE_IP,
    TASK_TOKEN,
    USER_AGENT,
    approved,
    cancelled,
    escalated,
    grouped,
    policy,
    record,
    rejected,
    vote,
    voted,
)


def show(state: State, sample: Record | None, who: str = CARLA, **more: str | int | FormError | Typed) -> Element:
    shown: dict[str, Any] = {"environment": "dev", "timezone": "Europe/Berlin", "now": ASKED_AT + 1_800} | more
    return parse(page.html(state, record=sample, who=who, **shown))


def visible(document: Element) -> str:
    return document.one("body").text


def facts(document: Element) -> dict[str, str]:
    return {row.one("dt").text: row.one("dd").text for row in document.one("dl").all("div")}


ONE_VOTE = voted({ANNA: vote(comment="Looks good.")})
SETTLED, VOTED_AT = "That settles it", "You approved this at Fri 27 Nov 2026, 14:40 CET"
AGAINST = voted({BEN: vote(Decision.REJECT, "Not on a Friday.")}, rejections_required=2)
PAYOUT = grouped({ANNA: vote(comment="Within the budget.")})


def in_state(status: Status) -> Record:
    """Where Anna has approved before."""
    return replace(ONE_VOTE, status=status)


MORE, EXPIRY = "1 more approval is needed", "Sat 28 Nov 2026, 14:30 CET"
GOES_ON, IS_REJECTED = "the request is approved, and the workflow goes on", "the request is rejected"
BOTH, SHORTLY = f"{ANNA} and {BEN}", "will get the decision shortly"
I_APPROVED, DECIDED_AT = "Thank you, you approved this", "at Fri 27 Nov 2026, 14:50 CET"

# Each page, who looks at it, and what it tells how it stands.
EVERY_PAGE: dict[str, tuple[State, Record | None, str, list[str]]] = {
    "open": (State.OPEN, record(), CARLA, []),
    "open, one has answered": (State.OPEN, ONE_VOTE, CARLA, []),
    "thanks, still open": (State.THANKS, ONE_VOTE, ANNA, [I_APPROVED, MORE]),
    "thanks, approved": (State.THANKS, approved(), BEN, [I_APPROVED, GOES_ON, SETTLED]),
    "thanks, others settled it": (State.THANKS, approved(), ANNA, [I_APPROVED, f"was approved {DECIDED_AT}"]),
    "thanks, rejected": (State.THANKS, rejected(), BEN, ["Thank you, you rejected this", IS_REJECTED, SETTLED]),
    "thanks, others rejected it": (State.THANKS, rejected(), ANNA, [I_APPROVED, f"was rejected {DECIDED_AT}"]),
    "thanks, one rejection of two": (State.THANKS, AGAINST, BEN, ["you rejected this", "1 more rejection to stop"]),
    "voted, still open": (State.VOTED, ONE_VOTE, ANNA, [VOTED_AT, "first answer counts", MORE]),
    "voted, approved": (State.VOTED, approved(), ANNA, ["first answer counts", f"was approved {DECIDED_AT}"]),
    "voted, rejected": (State.VOTED, rejected(), ANNA, ["You approved this", f"was rejected {DECIDED_AT}"]),
    "voted, expired": (State.VOTED, in_state(Status.EXPIRED), ANNA, ["You approved", f"the time ran out at {EXPIRY}"]),
    "voted, closed": (State.VOTED, in_state(Status.CLOSED), ANNA, ["You approved this", "have no effect"]),
    "decided, approved": (State.DECIDED, approved(), CARLA, [f"approved by {BOTH} {DECIDED_AT}", "not needed"]),
    "decided, rejected": (State.DECIDED, rejected(), CARLA, [f"rejected by {BEN} {DECIDED_AT}"]),
    "expired": (State.EXPIRED, record(status=Status.EXPIRED), CARLA, [f"until {EXPIRY}", "asked again"]),
    "closed": (State.CLOSED, record(status=Status.CLOSED), CARLA, ["already ended", "no effect"]),
    "closed, had answered": (State.CLOSED, in_state(Status.CLOSED), ANNA, ["Your answer is on record", "no effect"]),
    "cancelled": (State.CLOSED, cancelled(), CARLA, ["has been cancelled", 'stopped it: "The wrong: release."']),
    "groups, open": (State.OPEN, PAYOUT, BEN, []),
    "groups, escalated": (State.OPEN, escalated(PAYOUT), BOSS, []),
    "pending": (State.PENDING, approved(), BEN, ["you approved this", SHORTLY, "counted once"]),
    "pending, another's link": (State.PENDING, approved(), CARLA, ["has been decided", SHORTLY]),
    "unknown": (State.UNKNOWN, None, "", []),
    "fault": (State.FAULT, None, "", []),
    "fault, may answer": (State.FAULT, record(), CARLA, []),
    "fault, has answered": (State.FAULT, ONE_VOTE, ANNA, []),
}


@pytest.fixture(params=EVERY_PAGE)
def document(request: pytest.FixtureRequest) -> Element:
    state, sample, who, _ = EVERY_PAGE[request.param]
    return show(state, sample, who)


# --- every page


def test_every_state_has_a_page() -> None:
    assert {state for state, *_ in EVERY_PAGE.values()} == set(State)


def test_a_page_says_its_language_its_title_and_to_search_engines_nothing(document: Element) -> None:
    assert document.one("html").attributes["lang"] == "en"
    assert document.one("title").text
    assert document.one("meta", name="robots").attributes["content"] == "noindex, nofollow"
    assert "width=device-width" in document.one("meta", name="viewport").attributes["content"]


def test_a_page_needs_nothing_but_itself(document: Element) -> None:
    assert not document.all("script", "img", "iframe", "object", "base")
    assert [link.attributes["href"].partition(",")[0] for link in document.all("link")] == ["data:image/svg+xml"]
    assert {link.attributes["href"] for link in document.all("a")} <= {"", "#comment", "#answer"}
    for form in document.all("form"):
        assert form.attributes == {"method": "post"}


@pytest.mark.parametrize("name", EVERY_PAGE)
def test_nothing_secret_is_on_a_page(name: str) -> None:
    state, sample, who, _ = EVERY_PAGE[name]
    shown = page.html(state, record=sample, who=who, environment="dev")
    for secret in (DIGEST, TASK_TOKEN, EXECUTION_ARN, "arn:aws", SOURCE_IP, USER_AGENT):
        assert secret not in shown


@pytest.mark.parametrize("name", [name for name, (_, sample, *_) in EVERY_PAGE.items() if sample])
def test_a_page_about_a_request_names_it_and_its_environment(name: str) -> None:
    state, sample, who, _ = EVERY_PAGE[name]
    assert sample
    document = show(state, sample, who)
    assert document.one("h1").text == sample.title
    assert document.one("title").text.endswith(f": {sample.title}")
    assert document.one("span", **{"class": "badge"}).text == "dev"
    assert REQUEST_ID in document.one("footer").text


@pytest.mark.parametrize("name", EVERY_PAGE)
def test_only_an_open_request_can_be_answered(name: str) -> None:
    state, sample, who, _ = EVERY_PAGE[name]
    offered = {button.attributes["value"] for button in show(state, sample, who).all("button", name="decision")}
    if state is State.OPEN or name == "fault, may answer":
        assert offered == {"approve", "reject"}
    else:
        assert offered == ({"approve"} if name == "pending" else set())


# --- the headers


def test_the_style_s_hash_is_the_one_that_the_policy_lets_through(document: Element) -> None:
    style = document.one("style").raw
    assert ".option" not in style, "what only fields need"
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in page.HEADERS["Content-Security-Policy"]


def test_the_headers_keep_the_page_out_of_frames_caches_referrers_and_search_engines() -> None:
    policy = page.HEADERS["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"} <= set(policy)
    assert "script-src" not in page.HEADERS["Content-Security-Policy"]
    assert page.HEADERS["Cache-Control"] == "no-store"
    assert page.HEADERS["Referrer-Policy"] == "no-referrer"
    assert page.HEADERS["X-Content-Type-Options"] == "nosniff"
    assert page.HEADERS["X-Robots-Tag"] == "noindex, nofollow"
    assert page.HEADERS["Content-Type"] == "text/html; charset=utf-8"


# --- asking


def test_the_page_shows_what_a_decision_needs() -> None:
    document = show(State.OPEN, ONE_VOTE)
    assert facts(document) == {
        "Asked by": "release-bot@example.com",
        "Asked at": "Fri 27 Nov 2026, 14:30 CET",
        "Answer until": "Sat 28 Nov 2026, 14:30 CET (23 hours 30 minutes left)",
        "Approvals": "1 of 2 needed (3 people asked; one rejection stops it)",
        "You are": CARLA,
    }
    assert document.one("div", **{"class": "text"}).raw == "Adds the new checkout.\nRoll back with 1.3."


@pytest.mark.parametrize(
    ("changes", "fact", "told"),
    [
        ({"scheduled_for": "2026-11-25T08:00:00Z"}, "Scheduled for", "Wed 25 Nov 2026, 09:00 CET"),
        ({"requested_by": ""}, "Asked by", "(nobody is named)"),
        ({"policy": policy(name="payout")}, "Policy", "payout"),
    ],
)
def test_what_only_some_requests_have_is_a_fact_of_theirs(changes: dict[str, Any], fact: str, told: str) -> None:
    assert facts(show(State.OPEN, record(**changes)))[fact] == told


BACK = Undelivered("Bounce", '550 <img src=x> "no" https://evil.example.com/', permanent=True)
LATE = Undelivered("DeliveryDelay", "", permanent=False)


@pytest.mark.parametrize(
    ("fates", "told"),
    [
        ({ANNA: BACK, BEN: BACK}, f"the mail to {ANNA} and {BEN} came back"),
        ({ANNA: BACK, BEN: LATE}, f"the mail to {ANNA} came backthe mail to {BEN} is delayed"),
        ({ANNA: BACK._replace(kind="<b>New</b>")}, f"the mail to {ANNA} did not arrive"),
        ({CARLA: BACK}, None),  # who reads this
    ],
)
def test_the_others_learn_whose_mail_did_not_arrive_in_our_words(fates: dict[str, Undelivered], told: str) -> None:
    sample = record()
    for who, fate in fates.items():
        sample = sample.with_approver(who, undelivered=fate)
    assert facts(show(State.OPEN, sample)).get("Mails") == told
    assert "evil" not in show(State.OPEN, sample).raw


def test_nobody_is_told_of_the_mails_of_whoever_has_answered_or_of_what_is_over() -> None:
    for state, sample in ((State.OPEN, ONE_VOTE), (State.CLOSED, record(status=Status.CLOSED))):
        assert "Mails" not in facts(show(state, sample.with_approver(ANNA, undelivered=BACK)))


PEOPLE = [f"firstname.lastname{number:02}@example.com" for number in range(50)]
FIFTY = record(
    approvers={who: Approver(vote=vote(comment="Looks good to me.", at=ASKED_AT + 60)) for who in PEOPLE},
    approvals_required=50,
)


@pytest.mark.parametrize(
    ("short", "long", "label"),
    [
        (record(), record(details="line\n" * 100), "details"),
        (record(details=json.dumps([0] * 24)), record(details=json.dumps([0] * 25)), "details"),
        (ONE_VOTE, FIFTY, "answers"),
    ],
    ids=["a long text", "many rows", "many answers"],
)
def test_what_is_long_is_in_a_region_that_the_keyboard_can_scroll(short: Record, long: Record, label: str) -> None:
    region = show(State.OPEN, long).one("div", role="group")
    assert (region.attributes["tabindex"], region.attributes["aria-labelledby"]) == ("0", label)
    assert not show(State.OPEN, short).all("div", role="group")


def test_votes_so_far_are_listed_with_name_decision_time_and_comment() -> None:
    votes = voted({ANNA: vote(comment="Looks\ngood."), BEN: vote(Decision.REJECT, at=ASKED_AT)}, rejections_required=2)
    entries = show(State.OPEN, votes).one("ul").all("li")
    assert [entry.one("p").text for entry in entries] == [
        f"{BEN} rejected Fri 27 Nov 2026, 14:30 CET",
        f"{ANNA} approved Fri 27 Nov 2026, 14:40 CET",
    ]
    assert entries[1].one("blockquote").raw == "Looks\ngood."
    assert not entries[0].all("blockquote")


def test_the_form_posts_a_decision_and_a_comment_to_the_page_s_own_address() -> None:
    form = show(State.OPEN, record()).one("form")
    field_ = form.one("textarea")
    assert field_.attributes["name"] == "comment"
    assert field_.attributes["maxlength"] == "1000"
    assert form.one("label").attributes["for"] == field_.attributes["id"]
    assert form.one("p", id=field_.attributes["aria-describedby"]).text.startswith("Optional.")
    assert "aria-invalid" not in field_.attributes
    buttons = {button.attributes["value"]: button for button in form.all("button", name="decision")}
    assert {value: button.text for value, button in buttons.items()} == {"approve": "Approve", "reject": "Reject"}
    assert buttons["approve"].attributes["class"] != buttons["reject"].attributes["class"]


def test_an_error_of_the_comment_is_announced_tied_to_the_field_and_keeps_what_was_typed() -> None:
    typed = "\n  first line\nsecond & <b>last</b>"
    wrong = FormError(message="The comment is too long.", field="comment")
    document = show(State.OPEN, record(), error=wrong, typed=Typed(typed))
    announced = document.one("div", role="alert").one("a")
    assert (announced.text, announced.attributes["href"]) == ("The comment is too long.", "#comment")
    field_ = document.one("textarea")
    assert field_.attributes["aria-invalid"] == "true"
    assert "error" in field_.attributes["aria-describedby"].split()
    assert document.one("p", id="error").text == "The comment is too long."
    assert field_.raw == f"\n{typed}"  # a browser drops the first line break of a textarea
    assert document.one("title").text.startswith("Error: ")


@pytest.mark.parametrize("spell", [json.dumps, partial(json.dumps, indent=2)])
def test_details_that_are_json_are_rows_of_names_and_values(spell: Callable[[Any], str]) -> None:
    details = spell({"amount": 5, "steps": ["a", {"b": "c"}], "owner": None, "url": "https://example.com/x?a=1&b=2"})
    box = show(State.OPEN, record(details=details)).one("div", **{"class": "text"})
    assert [name.text for name in box.all("dt")] == ["amount", "steps", "b", "owner", "url"]
    assert [item.text for item in box.one("ul").all("li")] == ["a", "bc"]
    assert box.one("i").text == "(none)"
    assert box.all("dd")[-1].raw == "https://example.com/x?a=1&b=2"
    assert not box.all("a")


# --- policies and groups


def groups(document: Element) -> list[str]:
    return [group.text for group in document.one("ul", **{"class": "groups"}).all("li")]


AGAINST_LEGAL = grouped({CARLA: vote(Decision.REJECT), BEN: vote(Decision.REJECT)}, rejections_required=3)
ALL_OF_FIFTY = grouped(groups={"all": Group(approvers=tuple(PEOPLE), approvals_required=50)}, approvals_required=50)
TWO_OF_FINANCE = {"finance": Group(approvers=(ANNA, BEN)), "legal": Group(approvers=(CARLA,))}
MET, TOTAL = "finance: 1 of 1, complete", "Different people: 1 of 2"
COMPLETE = [MET, "legal: 1 of 1, complete", TOTAL]
WAITING = [MET, f"legal: 0 of 1 (no answer yet from you and {CARLA})", TOTAL]
MORE_THAN_NEEDED = [
    "finance: 2 approvals, complete",
    "legal: 0 of 1 (no answer yet from you)",
    "Different people: 2 of 2, complete",
]
SOME_OF_FIFTY = [f"all: 0 of 50 (no answer yet from you, {PEOPLE[0]}, {PEOPLE[1]} and 47 others)"]


@pytest.mark.parametrize(
    ("state", "sample", "who", "told"),
    [
        (State.OPEN, grouped({BEN: vote()}), CARLA, COMPLETE),
        (State.VOTED, escalated(grouped()).with_approver(BOSS, vote=vote()), BOSS, COMPLETE),
        (State.OPEN, PAYOUT, BEN, WAITING),
        (State.OPEN, grouped({ANNA: vote(), BEN: vote()}, TWO_OF_FINANCE), CARLA, MORE_THAN_NEEDED),
        (State.OPEN, ALL_OF_FIFTY, PEOPLE[40], SOME_OF_FIFTY),
    ],
    ids=[
        "one person in two groups completes both and not the total",
        "so does an escalation contact",
        "who has not answered is named, the reader first",
        "more than a group needs are counted",
        "of a large group a few are named, and a total that it contains is not told",
    ],
)
def test_each_group_says_how_many_of_how_many_and_who_of_it_has_not_answered(
    state: State, sample: Record, who: str, told: list[str]
) -> None:
    document = show(state, sample, who)
    assert groups(document) == told
    items = document.one("ul", **{"class": "groups"}).all("li")
    assert [item.attributes.get("class") == "met" for item in items] == ["complete" in line for line in told]


OTHERS_LEFT = {who: approver for who, approver in PAYOUT.approvers.items() if who != BEN}


@pytest.mark.parametrize(
    ("sample", "told"),
    [
        (AGAINST_LEGAL, "(everybody in it has answered)"),
        (replace(PAYOUT, status=Status.EXPIRED), f"(no answer from {CARLA} and {BEN})"),
        (replace(PAYOUT, requested_by=BEN.upper(), approvers=OTHERS_LEFT), f"(no answer yet from {CARLA})"),
    ],
    ids=["those who have answered", "anybody after the end", "a requester who may not decide"],
)
def test_some_are_not_waited_for_in_a_group(sample: Record, told: str) -> None:
    state = State.EXPIRED if sample.status is Status.EXPIRED else State.OPEN
    assert groups(show(state, sample, ANNA))[1] == f"legal: 0 of 1 {told}"


MANY = {f"group{number}": Group(approvers=(ANNA, BEN)) for number in range(20)}


@pytest.mark.parametrize(
    ("sample", "who", "told"),
    [
        (escalated(PAYOUT), ANNA, f"{ANNA}, in finance"),
        (escalated(PAYOUT), BEN, f"{BEN}, in finance and legal"),
        (escalated(PAYOUT), BOSS, f"{BOSS}, who can stand in for any group"),
        (grouped(groups=MANY), ANNA, f"{ANNA}, in group0, group1, group2 and 17 others"),
    ],
)
def test_the_reader_s_own_groups_are_told(sample: Record, who: str, told: str) -> None:
    assert facts(show(State.OPEN, sample, who))["You are"] == told


def test_the_others_learn_of_an_escalation_contact_who_can_still_stand_in() -> None:
    said = f"(no answer yet from {BOSS}, who can stand in for any group)"
    assert said in facts(show(State.OPEN, escalated(PAYOUT), BEN))["Approvals"]
    assert "stand in" not in facts(show(State.OPEN, escalated(PAYOUT), BOSS))["Approvals"]
    assert "stand in" not in visible(show(State.OPEN, PAYOUT, BEN)), "not asked yet"
    complete = escalated(grouped({BEN: vote()}))
    assert "stand in" not in facts(show(State.OPEN, complete, ANNA))["Approvals"]


@pytest.mark.parametrize(
    ("sample", "needed"),
    [
        (PAYOUT, "Still needed before the workflow can go on: 1 approval from legal."),
        (grouped({ANNA: vote()}, approvals_required=3), "can go on: 2 approvals, at least 1 from legal."),
        (
            grouped({ANNA: vote()}, {"all": Group(approvers=(ANNA, BEN))}),
            "1 more approval is needed before the workflow can go on.",
        ),
        (voted({ANNA: vote()}, approvals_required=3), "2 more approvals are needed"),
    ],
)
def test_whoever_has_approved_reads_what_is_still_missing(sample: Record, needed: str) -> None:
    for state in (State.THANKS, State.VOTED):
        assert needed in notice(show(state, sample, ANNA))


def test_a_name_that_no_configuration_allows_is_quoted_text() -> None:
    hostile = '<b>x</b>": 9 of 9\u202e\n'
    sample = grouped(groups={hostile: Group(approvers=(ANNA, BEN)), "\u200b": Group(approvers=(BEN,))}, name=hostile)
    document = show(State.OPEN, sample, ANNA)
    assert facts(document)["Policy"] == '"<b>x</b>\': 9 of 9"'
    assert [line.split(" (")[0] for line in groups(document)] == [
        '"<b>x</b>\': 9 of 9": 0 of 1',
        "(no name): 0 of 1",
        "Different people: 0 of 2",
    ]
    assert facts(document)["You are"] == f'{ANNA}, in "<b>x</b>\': 9 of 9"'


# --- size

DEMO = record(title=TASK["title"], details=TASK["details"], requested_by=TASK["requestedBy"])
MOST = {f"{number:02}{'-' * 38}": Group(approvers=tuple(PEOPLE)) for number in range(20)}


@pytest.mark.parametrize(
    ("state", "sample", "most"),
    [
        (State.OPEN, DEMO, 15_000),
        (State.OPEN, FIFTY, 30_000),
        (State.DECIDED, decide(FIFTY, Status.APPROVED, ASKED_AT + 60), 30_000),
        (State.OPEN, grouped(groups=MOST), 25_000),
    ],
    ids=["like the demo's", "fifty people have answered", "fifty people have decided", "the most groups there can be"],
)
def test_no_page_is_a_burden(state: State, sample: Record, most: int) -> None:
    shown = page.html(state, record=sample, who=PEOPLE[7], environment="prod", timezone="Europe/Berlin", now=ASKED_AT)
    assert len(shown.encode()) < most


def test_of_many_who_decided_a_few_are_named_and_the_others_counted() -> None:
    text = notice(show(State.DECIDED, decide(FIFTY, Status.APPROVED, ASKED_AT + 60), PEOPLE[7]))
    assert f"approved by {PEOPLE[0]}, {PEOPLE[1]}, {PEOPLE[2]} and 47 others at" in text


# --- after an answer


def notice(document: Element) -> str:
    return document.one("section", **{"aria-labelledby": "notice"}).text


@pytest.mark.parametrize("name", [name for name, (*_, told) in EVERY_PAGE.items() if told])
def test_a_page_tells_how_it_stands(name: str) -> None:
    state, sample, who, told = EVERY_PAGE[name]
    text = notice(show(state, sample, who))
    assert [sentence for sentence in told if sentence not in text] == []
    assert (SETTLED in text) is (SETTLED in told), "only the answer that settled it is told so"


def test_pressing_again_posts_the_same_decision_and_comment() -> None:
    form = show(State.PENDING, rejected(), BEN).one("form")
    assert form.one("button").attributes["name"] == "decision"
    assert form.one("button").attributes["value"] == "reject"
    assert form.one("input", type="hidden", name="comment").attributes["value"] == "Not on a Friday."


def test_an_unknown_link_learns_nothing_even_if_a_record_is_given() -> None:
    text = visible(show(State.UNKNOWN, approved(), ANNA))
    assert "not valid" in text
    assert "newest mail" in text
    for known in (approved().title, ANNA, BEN, REQUEST_ID, "dev", "example.com"):
        assert known not in text


def test_a_fault_keeps_what_was_typed_if_it_can() -> None:
    document = show(State.FAULT, record(), typed=Typed("Looks good."))
    assert document.one("textarea").text == "Looks good."
    assert "nothing is counted twice" in document.one("div", role="alert").text


def test_a_fault_without_a_record_offers_to_try_again() -> None:
    document = show(State.FAULT, None)
    assert document.one("h1").text == "Something went wrong"
    assert document.one("a").attributes["href"] == ""


# --- texts of strangers


@pytest.mark.parametrize("hidden", ["\u202e", "\u200b", "\x00", "\U000e0041"])
def test_what_hides_or_turns_text_is_taken_out(hidden: str) -> None:
    text = f"De{hidden}ploy"
    sample = voted({BEN: vote(comment=text)}, title=text, details=text, requested_by=text)
    shown = page.html(State.OPEN, record=sample, who=CARLA, typed=Typed(text))
    assert hidden not in shown
    assert parse(shown).one("h1").text == "Deploy"
    assert show(State.OPEN, record(title=hidden)).one("h1").text == "(without a title)"
    assert not show(State.OPEN, record(details=hidden)).all("div", **{"class": "text"})


def test_texts_of_strangers_choose_their_direction_by_themselves() -> None:
    document = show(State.OPEN, ONE_VOTE)
    for element in (document.one("h1"), document.one("div", **{"class": "text"}), document.one("blockquote")):
        assert element.attributes["dir"] == "auto"
    assert "release-bot@example.com" in [name.text for name in document.all("bdi")]
