"""The page's function: what comes to it, and what it does where a service does not answer as it should."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import StringIO
from typing import Any
from urllib.parse import urlencode

import pytest

from handlers import page
from handlers.approvals.faces.answers import approval
from handlers.approvals.parsing.item import SCHEMA_VERSION
from handlers.approvals.rules.decisions import COMMENTS_LIMIT
from handlers.approvals.rules.endings import Execution
from handlers.approvals.rules.links import digest
from handlers.approvals.rules.record import Approver, Record
from handlers.contract.record import Status
from tests.support.document import parse
from tests.support.events import http
from tests.support.fakes import FakeWorkflow, MemoryStore, page_function, unavailable
from tests.support.observed import counted, logged
from tests.support.records import (
    ANNA,
    ASKED_AT,
    BEN,
    CARLA,
    OF_EACH_TYPE,
    REQUEST_ID,
    SOURCE_IP,
    asking,
    giving,
    needing,
    policy,
    record,
    vote,
)
from tests.support.services import RUNNING, FakeClock

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
SECRET = "s" * 52
LINK = f"/approvals/{REQUEST_ID}/{SECRET}"


class Table(MemoryStore):
    """Remembers which ids it was asked for. `meanwhile` is done once, between somebody's look and their write."""

    def __init__(self, *records: Record) -> None:
        super().__init__(*records)
        self.asked: list[str] = []
        self.meanwhile: Callable[[], Any] | None = None

    def get(self, request_id: str) -> Record | None:
        self.asked.append(request_id)
        return super().get(request_id)

    def replace(self, seen: Record, after: Record) -> Record | None:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile:
            meanwhile()
        return super().replace(seen, after)


class EndsMeanwhile(FakeWorkflow):
    """Runs when the page looks; when the answer comes, it is over, and the token dead."""

    def __init__(self, then: Execution | Exception) -> None:
        super().__init__(False)
        self._then = then

    def hand_over(self, token: str, record: Record) -> bool:
        self.run = self._then
        return super().hand_over(token, record)


@pytest.fixture
def store() -> Table:
    """A request open for Anna, who has the link of SECRET; one approval is enough."""
    asked = {ANNA: Approver(links=(digest(SECRET),), mailed_round=1), BEN: Approver(mailed_round=1)}
    return Table(record(approvers=asked, approvals_required=1))


@pytest.fixture
def workflow() -> FakeWorkflow:
    return FakeWorkflow()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(ASKED_AT + 600)


@pytest.fixture
def log() -> Iterator[StringIO]:
    with logged() as lines:
        yield lines


@pytest.fixture(autouse=True)
def counts() -> Iterator[Callable[[], dict[str, float]]]:
    with counted() as count:
        yield count


@pytest.fixture
def api(store, workflow, clock):
    return page_function(store, workflow, clock)


@pytest.fixture
def one_click(store, workflow, clock):
    """The same with links that approve at once."""
    return page_function(store, workflow, clock, one_click=True)


def call(api, method: str = "POST", decision: str = "approve", **headers: str):
    return api.serve(http(method, LINK, f"decision={decision}&comment=Fine", **headers))


def told(api, method: str = "POST") -> tuple[int, dict]:
    """The status, and what a program is told."""
    answer = call(api, method, accept="application/json")
    return answer["statusCode"], json.loads(answer["body"])


def test_a_dead_token_of_a_running_execution_waits_for_the_next_round(api, store, workflow):
    workflow.replies = [False]
    assert call(api)["statusCode"] == 200
    assert store.record.status is Status.APPROVED
    assert not store.record.handed_over
    assert not store.record.task_token


@pytest.mark.parametrize(
    ("end", "answered", "status"),
    [("SUCCEEDED", 200, Status.APPROVED), ("ABORTED", 409, Status.CLOSED)],
    ids=["the answer had arrived", "it was too late"],
)
def test_a_dead_token_of_an_execution_that_has_ended_meanwhile_is_judged_by_its_end(
    store, clock, end, answered, status
):
    """The execution was running when the page looked, and over when the answer was refused."""
    api = page_function(store, EndsMeanwhile(Execution(status=end)), clock)
    assert call(api)["statusCode"] == answered
    assert (store.record.status, store.record.handed_over) == (status, answered == 200)


@pytest.mark.parametrize("needed", [1, 2], ids=["a vote that decides", "one that does not"])
def test_the_same_answer_tells_that_the_execution_is_over(api, store, workflow, needed):
    store.record = needing(needed, store.record)
    workflow.run = Execution(status="ABORTED")
    status, said = told(api)
    assert (status, said["state"]) == (409, "closed")
    assert (store.record.status, store.record.task_token) == (Status.CLOSED, "")
    assert bool(store.record.votes) is (needed == 1), "one that does not decide is refused before it is written"
    assert not workflow.answers


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_reads_the_record_once_and_does_nothing_else(api, store, workflow, method):
    workflow.run = unavailable()
    assert call(api, method)["statusCode"] == 200
    assert store.calls == ["get"]
    assert not workflow.looks


def test_a_vote_keeps_who_pressed_and_the_digest_of_what_it_was_given_to(api, store, workflow):
    digest_now = store.record.digest
    api.serve(http("POST", LINK, f"decision=approve&comment=Fine&digest={digest_now}"))
    cast = store.record.votes[ANNA]
    assert (cast.source_ip, cast.user_agent, cast.comment) == ("203.0.113.7", "Browser/1.0", "Fine")
    assert cast.digest == digest_now
    _, handed = workflow.handed_over[0]
    assert approval(handed)["digest"] == digest_now


def test_logs_hold_no_secret_no_token_and_no_address(api, log):
    call(api, **{"x-forwarded-for": "198.51.100.9"})
    api.serve(http("GET", f"/approvals/{REQUEST_ID}/{'x' * 52}"))
    lines = log.getvalue()
    assert '"outcome":"approve"' in lines
    assert REQUEST_ID in lines
    for secret in (SECRET, digest(SECRET), record().task_token, "x" * 52, SOURCE_IP, "198.51.100.9", ANNA):
        assert secret not in lines


# --- whatever comes to the API


def ours(answer: dict) -> bool:
    """With our headers, whatever the status: kept by nobody, and no other page's business."""
    sent = answer["headers"]
    return sent["Cache-Control"] == "no-store" and sent["Referrer-Policy"] == "no-referrer"


STRAYS = [
    "/",
    "",
    "/favicon.ico",
    f"/approvals/{REQUEST_ID}/",
    LINK[:72],
    f"{LINK}/reject",
    f"{LINK}/approve",
    f"/wp-admin{LINK}",
]
NOWHERE = [
    *((method, path) for method in ("GET", "POST", "PUT") for path in STRAYS),
    *((method, LINK) for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "get", "post", "PROPFIND")),
]


@pytest.mark.parametrize(("method", "path"), NOWHERE)
def test_what_cannot_be_a_link_or_comes_by_another_method_is_told_so_without_a_look_into_the_table(
    api, store, path, method
):
    page, told = (api.serve(http(method, path, "decision=approve", accept=kind)) for kind in ("text/html", JSON))
    for answer, kind in ((page, "text/html; charset=utf-8"), (told, JSON)):
        assert (answer["statusCode"], ours(answer), answer["headers"]["Content-Type"]) == (404, True, kind)
    assert "copy the whole of it" in page["body"]
    assert json.loads(told["body"]) == {"state": "unknown"}
    assert not store.calls
    assert not store.record.votes


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
@pytest.mark.parametrize("path", [LINK, *STRAYS])
def test_head_is_answered_as_get_is_without_a_body(api, path, accept):
    head, get = (api.serve(http(method, path, accept=accept)) for method in ("HEAD", "GET"))
    assert head == get | {"body": ""}


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("query", ["utm_source=mail", "decision=approve&comment=x&decision=reject", "%"])
def test_what_is_added_behind_a_question_mark_does_nothing(api, store, method, query):
    before = store.record
    event = http(method, LINK, "comment=Fine") | {"rawQueryString": query}
    event["queryStringParameters"] = {"decision": "approve"}
    assert api.serve(event)["statusCode"] == (400 if method == "POST" else 200)
    assert store.record == before
    assert api.serve(http("POST", LINK, "decision=reject") | {"rawQueryString": query})["statusCode"] == 200
    assert store.record.status is Status.REJECTED


def test_a_link_of_a_request_whose_id_has_capitals_works_as_it_was_mailed(api, store):
    store.record = replace(store.record, request_id="Deploy_42")
    assert api.serve(http("GET", f"/approvals/Deploy_42/{SECRET}"))["statusCode"] == 200
    assert store.asked == ["Deploy_42"]
    assert api.serve(http("GET", f"/approvals/deploy_42/{SECRET}"))["statusCode"] == 404
    assert api.serve(http("POST", f"/approvals/Deploy_42/{SECRET}", "decision=approve"))["statusCode"] == 200
    assert store.record.votes


@pytest.mark.parametrize("secret", [SECRET, "x" * 52])
def test_one_read_is_enough_but_for_an_id_in_another_case(api, store, secret):
    api.serve(http("GET", f"/approvals/{REQUEST_ID}/{secret}"))
    assert store.asked == [REQUEST_ID]
    store.asked.clear()
    api.serve(http("GET", f"/approvals/{REQUEST_ID.upper()}/{secret}"))
    assert store.asked == [REQUEST_ID.upper(), REQUEST_ID]


def test_only_where_it_is_switched_on_and_only_a_get_of_its_link_approves_at_once(api, one_click, store):
    for function, method, path, status in [
        (api, "GET", f"{LINK}/approve", 404),
        (one_click, "HEAD", f"{LINK}/approve", 200),
        (one_click, "OPTIONS", f"{LINK}/approve", 404),
        (one_click, "GET", f"{LINK}/appro", 404),
        (one_click, "GET", LINK, 200),
    ]:
        assert function.serve(http(method, path))["statusCode"] == status
        assert not store.record.votes
    assert one_click.serve(http("GET", f"{LINK}/Approve."))["statusCode"] == 200
    assert store.record.status is Status.APPROVED


# --- what is posted

TWICE = "The {} must be given once; it came 2 times."
UNREAD, NO_DECISION = "The decision could not be read.", "The decision must be approve or reject."
NO_TYPE = "The content type must be application/x-www-form-urlencoded or application/json."
MULTIPART = b'--x\r\nContent-Disposition: form-data; name="decision"\r\n\r\napprove\r\n--x--\r\n'
REFUSED: list[tuple[str, str | bytes, str, str]] = [  # with the field that is marked as wrong
    (FORM, "decision=approve&decision=reject&comment=Fine", "answer", TWICE.format("decision")),
    (FORM, "decision=approve&%64ecision=approve&comment=Fine", "answer", TWICE.format("decision")),
    (FORM, "decision=&decision=approve", "answer", TWICE.format("decision")),
    (FORM, "comment=&decision=approve&comment=Two", "comment", TWICE.format("comment")),
    (JSON, '{"decision": "reject", "d\\u0065cision": "reject"}', "answer", TWICE.format("decision")),
    (JSON, '{"decision": null, "decision": "approve"}', "answer", TWICE.format("decision")),
    (JSON, '{"decision": "approve", "comment": "One", "comment": "Two"}', "comment", TWICE.format("comment")),
    (JSON, '{"decision": "approve", "comment": {}, "comment": []}', "comment", TWICE.format("comment")),
    (FORM, f"decision=approve&comment={'x' * 1_001}", "comment", "The comment must be at most 1,000 characters"),
    (JSON, '{"decision": "approve", "comment": 5}', "comment", "The comment must be text"),
    (JSON, '{"decision": "approve", "comment": "\\ud800"}', "comment", "The comment must be valid Unicode text."),
    (FORM, "decision=perhaps&comment=Fine", "answer", NO_DECISION),
    (FORM, "comment=Fine", "answer", NO_DECISION),
    (FORM, "\ufeffdecision=approve", "answer", NO_DECISION),
    (FORM, "comment=%ff", "", UNREAD),
    (FORM, "decision=approve".encode("utf-16"), "", UNREAD),
    (JSON, "[]", "", "The body must be an object"),
    (JSON, "{", "", UNREAD),
    (JSON, '\ufeff{"decision": "approve"}', "", UNREAD),
    (JSON, '{"decision": "approve"}'.encode("utf-16"), "", UNREAD),
    ("text/plain", "decision=approve", "", NO_TYPE),
    ("multipart/form-data; boundary=x", MULTIPART, "", NO_TYPE),
]


def posted(api, kind: str, body: str | bytes, accept: str = JSON) -> dict:
    sent = body.encode() if isinstance(body, str) else body
    event = http("POST", LINK, base64.b64encode(sent).decode(), **{"content-type": kind, "accept": accept})
    return api.serve(event | {"isBase64Encoded": True})


def marked(shown: str) -> list[str]:
    """Where the page's alert leads. Only the comment itself is marked as wrong."""
    alert = shown[shown.index('role="alert"') : shown.index("</div>\n</div>")]
    places = re.findall(r'<a href="#(.*?)"', alert)
    assert ('aria-invalid="true"' in shown) is ('aria-describedby="hint error"' in shown) is (places == ["comment"])
    return places


@pytest.mark.parametrize(("kind", "body", "place", "said"), REFUSED)
def test_what_is_no_answer_is_refused_in_words_at_its_place_and_nothing_is_recorded(
    api, store, kind, body, place, said
):
    before = store.record
    answer, page = (posted(api, kind, body, accept) for accept in (JSON, "text/html"))
    assert answer["statusCode"] == page["statusCode"] == (415 if said == NO_TYPE else 400)
    assert json.loads(answer["body"])["error"].startswith(said)
    assert marked(page["body"]) == [place] * bool(place)
    for typed in ("One", "Two", "Fine"):
        assert (typed in page["body"]) == (typed in str(body)), "what was typed is kept"
    assert store.record == before


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (FORM, "utm=1&decision=approve&utm=2&Comment=x&comment=Fine"),
        (JSON, '{"x": 1, "x": {"decision": 1, "decision": 2}, "decision": "approve", "comment": "Fine"}'),
    ],
)
def test_other_fields_may_come_as_often_as_they_like(api, store, kind, body):
    assert posted(api, kind, body)["statusCode"] == 200
    assert store.record.votes[ANNA].comment == "Fine"


def test_a_comment_for_which_there_is_no_room_is_marked_as_wrong(api, store):
    full = vote(comment="x" * COMMENTS_LIMIT)
    store.record = needing(2, store.record.with_approver(BEN, vote=full))
    answer = call(api)
    assert answer["statusCode"] == 400
    assert marked(answer["body"]) == ["comment"]


# --- values

GIVEN: dict[str, Any] = {"region": "eu-1", "share": "12.50", "notes": " One\r\nTwo ", "announce": "false", "ticket": ""}
CANONICAL: dict[str, Any] = {"region": "eu-1", "share": "12.5", "notes": "One\nTwo", "announce": "false"}
OTHERS: dict[str, Any] = {"region": "us-1", "share": "50"}
NO_NUMBER = "Share must be a number from 1 to 50 with at most 1 decimal."
TOO_EXACT = "Share must be a number from 1 to 50 with at most 1 decimal and at most 15 digits."
TOO_LONG = "Notes must be text of at most 200 characters."
NO_REGION = "Which region first? must be one of Frankfurt, Virginia."


@pytest.fixture
def asked(store):
    """The request has a field of each type, and takes two approvals."""
    approvers = store.record.approvers
    store.record = asking(*OF_EACH_TYPE, approvers=approvers, policy=policy(approvers=(ANNA, BEN, CARLA)))
    return store


def sent(**values: Any) -> str:
    """A form of the page."""
    return urlencode({f"values.{name}": value for name, value in values.items()})


def with_values(decision: str = "approve", /, **values: Any) -> str:
    """The same as JSON."""
    return json.dumps({"decision": decision, "values": values})


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (FORM, f"decision=approve&{sent(**GIVEN)}"),
        (JSON, with_values(**GIVEN | {"announce": False, "share": 12.5, "ticket": None})),
        (JSON, with_values(**GIVEN).replace('"12.50"', "1.250e1")),
    ],
)
def test_values_are_recorded_in_one_form_however_they_are_spelled(api, asked, kind, body):
    answer = json.loads(posted(api, kind, body)["body"])
    assert dict(asked.record.votes[ANNA].values) == CANONICAL
    assert answer["request"]["votes"][0]["values"] == CANONICAL | {"share": 12.5, "announce": False}


UNGIVEN = {"values.region": "Which region first? must be given.", "values.share": "Share must be given."}
BAD_VALUES: list[tuple[str, str, dict[str, str]]] = [
    (FORM, "decision=approve", UNGIVEN),
    (FORM, f"decision=approve&{sent(**OTHERS | {'share': '50.5'})}", {"values.share": NO_NUMBER}),
    (JSON, with_values(**OTHERS | {"share": {"a": 1}}), {"values.share": NO_NUMBER}),
    (JSON, with_values(**OTHERS | {"share": float("nan")}), {"values.share": NO_NUMBER}),
    (JSON, with_values(**OTHERS).replace('"50"', "0.1" + "0" * 4_000 + "1"), {"values.share": TOO_EXACT}),
    (JSON, with_values(**OTHERS | {"region": "\ud800"}), {"values.region": NO_REGION}),
    (JSON, with_values(**OTHERS, notes="\u200b" * 10_001), {"values.notes": TOO_LONG}),
    (JSON, with_values(**OTHERS, comment="x"), {"values.comment": "There is no such field."}),
    (JSON, with_values(**OTHERS, **{"\ud800<b>\u202e": 1}), {'values."<b>"': "There is no such field."}),
    (FORM, f"decision=approve&{sent(**OTHERS)}&values.=1", {"values.(no name)": "There is no such field."}),
    (FORM, f"decision=approve&{sent(**OTHERS)}&values.share=1", {"values.share": "This must be given once."}),
    (JSON, with_values(**OTHERS).replace('"region"', '"share"'), {"values.share": "This must be given once."}),
    (JSON, with_values(**dict.fromkeys("abcdefghijk", 1)), {}),
    (FORM, f"decision=approve&{sent(**dict.fromkeys('abcdefghijklmnopqrstu', '1'))}", {}),
    (JSON, '{"decision": "approve", "values": [["region", "eu-1"]]}', {}),
    (JSON, '{"decision": "approve", "values": null}', {}),
    (JSON, '{"decision": "approve", "values": {}, "values": {}}', {}),
]


@pytest.mark.parametrize(("kind", "body", "errors"), BAD_VALUES)
def test_values_that_were_not_asked_for_are_refused_by_field_in_words(api, asked, kind, body, errors):
    before = asked.record
    answer, page = (posted(api, kind, body, accept) for accept in (JSON, "text/html"))
    assert answer["statusCode"] == page["statusCode"] == 400
    told = json.loads(answer["body"])
    assert told.get("errors", {}) == errors
    assert told["error"].endswith(".")
    known = [name for name in errors if name.removeprefix("values.") in {one["name"] for one in OF_EACH_TYPE}]
    assert re.findall('<a href="#(values.*?)">', page["body"]) == known
    assert page["body"].count('aria-invalid="true"') == len(known)
    assert asked.record == before


@pytest.mark.parametrize("values", [GIVEN, {"share": "a half", "other": "x"}, {}])
@pytest.mark.parametrize("kind", [FORM, JSON])
def test_a_rejection_brings_no_values_whatever_was_typed(api, asked, kind, values):
    body = with_values("reject", **values) if kind == JSON else f"decision=reject&{sent(**values)}"
    assert posted(api, kind, body)["statusCode"] == 200
    assert asked.record.status is Status.REJECTED
    assert not asked.record.votes[ANNA].values


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        ("look=page&decision=approve", {}, 200),
        ("decision=perhaps", {}, 400),
        (f"decision=approve&comment={'x' * 1_001}", {}, 400),
        ("decision=approve&values.share=2", {}, 400),
        ("decision=approve&digest=1", {}, 409),
        ("decision=approve", {"sec-fetch-site": "cross-site"}, 403),
        ("decision=approve", {}, 503),
    ],
)
def test_every_value_that_was_typed_is_kept_when_nothing_is_recorded(api, asked, body, headers, status):
    asked.troubles = LOST_WRITE * 2 if status == 503 else []
    answer = api.serve(http("POST", LINK, f"{sent(**GIVEN)}&{body}", **headers))
    assert answer["statusCode"] == status
    assert not asked.record.votes
    form = parse(answer["body"]).one("form")
    assert form.one("textarea", name="values.notes").raw == "\n One\nTwo "
    checked = [one.attributes["value"] for one in form.all("input", checked="")]
    assert checked == ["eu-1", "false"]
    assert form.one("input", name="values.share").attributes["value"] in {"12.50", "2"}


def test_an_answer_of_somebody_else_can_be_joined_once_and_then_counts(api, asked, workflow):
    asked.record = giving(asked.record, BEN, **OTHERS)
    assert posted(api, FORM, f"decision=approve&{sent(**GIVEN)}")["statusCode"] == 200
    same = posted(api, JSON, with_values(**CANONICAL))
    assert (same["statusCode"], json.loads(same["body"])["state"]) == (200, "thanks")
    others = (with_values(**GIVEN | {"share": 2}), with_values(**GIVEN, x=1), with_values(), with_values("reject"))
    for other in others:
        refused = posted(api, JSON, other)
        assert (refused["statusCode"], json.loads(refused["body"])["state"]) == (409, "voted")
    page = parse(call(api, "GET")["body"])
    joining = {one.attributes["name"]: one.attributes["value"] for one in page.one("form").all("input")}
    look = api.serve(http("POST", LINK, urlencode(joining | {"look": "page", "decision": "approve"})))
    assert (look["statusCode"], dict(asked.record.votes[ANNA].values)) == (200, CANONICAL)
    assert api.serve(http("POST", LINK, urlencode(joining | {"decision": "approve"})))["statusCode"] == 200
    mine = asked.record.votes[ANNA]
    assert (dict(mine.values), mine.withdrawn.values) == (OTHERS, CANONICAL)
    assert asked.record.status is Status.APPROVED
    back = posted(api, JSON, with_values(**CANONICAL))
    assert (back["statusCode"], json.loads(back["body"])["state"]) == (409, "voted")
    assert len(workflow.handed_over) == 1


@pytest.mark.parametrize("name", ["decision", "comment", "digest", "values", "look"])
def test_a_field_may_be_called_like_a_part_of_the_form(api, asked, name):
    asked.record = replace(asked.record, fields=asking({"name": name, "label": "L", "type": "text"}).fields)
    assert posted(api, FORM, f"decision=approve&{sent(**{name: 'x'})}")["statusCode"] == 200
    assert asked.record.votes[ANNA].values == {name: "x"}


def test_handing_over_again_by_the_page_s_form_is_the_same_answer(api, asked, workflow):
    asked.record = giving(asked.record, BEN, **CANONICAL)
    workflow.replies = [unavailable()]
    pending = posted(api, FORM, f"decision=approve&{sent(**GIVEN)}", "text/html")
    assert pending["statusCode"] == 503
    again = parse(pending["body"]).one("form")
    fields = {one.attributes["name"]: one.attributes["value"] for one in again.all("input", "button")}
    assert api.serve(http("POST", LINK, urlencode(fields)))["statusCode"] == 200
    assert asked.record.handed_over


def test_a_one_click_link_of_a_question_with_a_required_field_decides_nothing(one_click, asked):
    answer = one_click.serve(http("GET", f"{LINK}/approve"))
    assert answer["statusCode"] == 400
    assert "This cannot be approved by opening a link: it asks for values." in answer["body"]
    assert re.findall('<a href="#(values.*?)">', answer["body"]) == [*UNGIVEN]
    assert not asked.record.votes


# --- what browsers say of themselves

FOREIGN = ["cross-site", "same-site", "Cross-Site", "", "same-origin, cross-site"]
SAID_ELSEWHERE = "open the link of the mail in a browser"


@pytest.mark.parametrize("site", FOREIGN)
@pytest.mark.parametrize("decision", ["approve", "perhaps"])
def test_a_form_that_another_site_has_sent_is_refused_and_keeps_what_was_typed(api, store, site, decision):
    before = store.record
    answer = call(api, decision=decision, **{"sec-fetch-site": site})
    assert answer["statusCode"] == 403
    assert SAID_ELSEWHERE in answer["body"]
    assert re.search(r">\s*Fine</textarea>", answer["body"])
    assert store.record == before
    told = json.loads(call(api, decision=decision, accept=JSON, **{"sec-fetch-site": site})["body"])
    assert (told["state"], told["error"]) == ("open", page.ELSEWHERE)


@pytest.mark.parametrize("body", ["", "comment=%ff", "decision=approve&decision=reject&comment=Fine"])
def test_so_is_one_that_could_not_be_read(api, store, body):
    event = http("POST", LINK, body, **{"sec-fetch-site": "cross-site", "content-type": FORM})
    assert api.serve(event)["statusCode"] == 403
    assert api.serve(event | {"headers": {"sec-fetch-site": "cross-site"}})["statusCode"] == 403
    assert not store.record.votes


@pytest.mark.parametrize("status", [Status.OPEN, Status.EXPIRED, Status.CLOSED])
def test_the_refusal_is_on_every_page_and_changes_nothing(api, store, status):
    answered = store.record.with_approver(ANNA, vote=vote())
    for before in (replace(store.record, status=status), needing(2, answered, status=status)):
        store.record = before
        answer = call(api, **{"sec-fetch-site": "cross-site"})
        assert answer["statusCode"] == 403
        assert answer["body"].count('role="alert"') == 1
        assert SAID_ELSEWHERE in answer["body"]
        assert store.record == before
    assert "Your answer has not been recorded" not in answer["body"]
    assert "What was just sent has not been recorded" in answer["body"]
    assert ("Thank you, you approved this" in answer["body"]) is (status is Status.OPEN)


@pytest.mark.parametrize("site", ["same-origin", "none", " Same-Origin ", None])
def test_our_own_page_and_programs_may_send_it(api, store, site):
    assert call(api, **({} if site is None else {"sec-fetch-site": site}))["statusCode"] == 200
    assert store.record.status is Status.APPROVED


@pytest.mark.parametrize("headers", [{"sec-fetch-site": "cross-site"}, {"sec-purpose": "prefetch"}])
def test_whoever_only_looks_may_come_from_anywhere(api, headers):
    """Every click in a web mail comes from another site."""
    assert call(api, "GET", **headers) == call(api, "GET")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "headers",
    [
        {"sec-purpose": "prefetch;prerender"},
        {"purpose": "prefetch"},
        {"x-purpose": "preview"},
        {"x-moz": "prefetch"},
        *({"sec-fetch-dest": kind} for kind in ("image", "iframe", "object", "empty", "")),
        *({"sec-fetch-mode": mode} for mode in ("no-cors", "cors", "websocket")),
        {"sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"},
        {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "sec-purpose": "prefetch"},
    ],
)
def test_a_one_click_link_that_nobody_opens_to_read_shows_the_page(one_click, store, headers, method):
    answer = one_click.serve(http(method, f"{LINK}/approve", **headers))
    assert answer == one_click.serve(http(method, LINK))
    assert answer["statusCode"] == 200
    assert not store.record.votes


@pytest.mark.parametrize("site", ["", "cross-site", "none"])
def test_a_one_click_link_that_somebody_opens_approves(one_click, store, site):
    opened = {"sec-fetch-site": site, "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    assert one_click.serve(http("GET", f"{LINK}/approve", **(opened if site else {})))["statusCode"] == 200
    assert store.record.status is Status.APPROVED


def test_the_first_button_of_the_form_decides_nothing(api, store):
    """Some scanners submit a form by its first button, with all of its fields or with that one."""
    page = call(api, "GET")["body"]
    [first, *_] = re.findall("<button ([^>]*)>", page[page.index("<form") :])
    [(name, value)] = re.findall(r'name="(\w+)" value="(\w+)"', first)
    before = store.record
    for body in (f"{name}={value}", f"{name}={value}&comment=Fine", f"decision=approve&{name}={value}&comment=Fine"):
        answer = api.serve(http("POST", LINK, body))
        assert answer["statusCode"] == 200
        assert "<form" in answer["body"]
        assert "alert" not in answer["body"]
        assert ("Fine</textarea>" in answer["body"]) == ("Fine" in body)
        assert store.record == before


def test_an_answer_to_what_the_page_no_longer_shows_is_refused_with_the_page_as_it_is(api, store, workflow):
    digest_now = store.record.digest
    form = f"decision=approve&comment=Yes.&digest={digest_now}"
    store.record = replace(store.record, details="Pay it all out.")
    answer = api.serve(http("POST", LINK, form))
    assert answer["statusCode"] == 409
    assert "not what it was" in answer["body"]
    assert "Pay it all out." in answer["body"]
    assert "Yes." in answer["body"]
    assert not store.record.votes
    assert not workflow.handed_over


# --- when a service does not answer, step by step

# The store's calls of a press that decides are a look, a write, and a note.
LOST_WRITE, LOST_NOTE = [None, unavailable()], [None, None, unavailable()]


def failed(log: StringIO) -> list[tuple[str, str]]:
    """The outcome of each error in the log, and what did not answer."""
    errors = [line for line in map(json.loads, log.getvalue().splitlines()) if line["level"] == "ERROR"]
    return [(line["outcome"], line["kind"]) for line in errors]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_look_that_the_table_does_not_answer_is_a_fault_and_pressing_again_decides(api, store, workflow, log, method):
    store.troubles = [unavailable(), unavailable()]
    assert told(api, method) == (503, {"state": "fault"})
    answer = call(api, method)
    assert answer["statusCode"] == 503
    assert "Traceback" not in answer["body"]
    assert REQUEST_ID not in answer["body"]
    assert store.calls == ["get", "get"]
    assert (store.record.status, store.record.votes, workflow.handed_over) == (Status.OPEN, {}, [])
    assert call(api)["statusCode"] == 200
    assert store.record.handed_over
    assert failed(log) == [("fault", "ReadTimeoutError")] * 2


def test_a_write_that_the_table_does_not_answer_is_a_fault_and_pressing_again_decides(
    api, store, workflow, counts, log
):
    store.troubles = LOST_WRITE * 2
    status, said = told(api)
    assert (status, said["state"], said["request"]["status"]) == (503, "fault", "OPEN")
    assert re.search(r">\s*Fine</textarea>", call(api)["body"])
    assert (store.record.votes, workflow.handed_over, counts()) == ({}, [], {})
    assert call(api)["statusCode"] == 200
    assert store.record.handed_over
    assert counts() == {"Approved": 1, "DecisionSeconds": 600}
    assert failed(log) == [("fault", "ReadTimeoutError")] * 2


def test_a_write_of_which_only_the_reply_was_lost_counts_once(api, store, workflow, clock):
    """What somebody reads who has to press again: nothing is counted twice."""
    first = vote(comment="Fine")
    clock.time = first.at + 30
    store.record = needing(2, store.record)
    store.meanwhile = lambda: store.replace(store.record, store.record.with_approver(ANNA, vote=first))
    store.troubles = list(LOST_NOTE)  # the write, which goes well, and what is heard of it
    assert told(api)[0] == 503
    assert call(api)["statusCode"] == 200
    assert store.record.votes == {ANNA: first}
    assert not workflow.handed_over


def test_an_answer_that_the_workflow_does_not_take_is_recorded_and_pressing_again_hands_it_over(
    api, store, workflow, counts, log
):
    workflow.replies = [unavailable("ClientError"), unavailable()]
    status, said = told(api)
    assert (status, said["state"], said["request"]["status"]) == (503, "pending", "APPROVED")
    assert [one["approver"] for one in said["request"]["votes"]] == [ANNA]
    assert told(api, "GET")[1]["state"] == "pending"
    assert not store.record.handed_over
    assert store.record.task_token, "pressing again needs it"
    assert "<form" in call(api)["body"]
    assert call(api)["statusCode"] == 200
    assert store.record.handed_over
    assert (len(store.record.votes), counts()) == (1, {"Approved": 1, "DecisionSeconds": 600})
    assert failed(log) == [("pending", "ClientError"), ("pending", "ReadTimeoutError")]


@pytest.mark.parametrize("noted", [True, False], ids=["the execution cannot be asked", "the table does not answer"])
def test_a_hand_over_that_cannot_be_noted_is_pending_and_pressing_again_finds_that_it_has_arrived(
    store, clock, counts, noted
):
    workflow = EndsMeanwhile(unavailable()) if noted else FakeWorkflow(True, False)  # a token that is used up, then
    store.troubles = [] if noted else list(LOST_NOTE)
    api = page_function(store, workflow, clock)
    status, said = told(api)
    assert (status, said["state"]) == (503, "pending")
    assert (store.record.status, store.record.handed_over) == (Status.APPROVED, False)
    workflow.run = Execution(status="SUCCEEDED")
    assert told(api)[1]["state"] == "thanks"
    assert store.record.handed_over
    assert (len(store.record.votes), counts()) == (1, {"Approved": 1, "DecisionSeconds": 600})


def test_an_ending_that_cannot_be_recorded_is_a_fault_and_pressing_again_is_told_of_it(api, store, workflow):
    workflow.run = Execution(status="ABORTED")
    store.troubles = list(LOST_WRITE)
    assert told(api)[0] == 503
    assert (store.record.status, store.record.votes) == (Status.OPEN, {})
    status, said = told(api)
    assert (status, said["state"]) == (409, "closed")


# --- when the record is not what it was


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_a_record_of_a_newer_release_is_a_fault_until_the_function_is_new_too(api, store, workflow, log, method):
    store.items[REQUEST_ID] |= {"schemaVersion": SCHEMA_VERSION + 1, "version": 2}
    before = json.dumps(store.items)
    shown = call(api, method)
    assert (shown["statusCode"], ours(shown)) == (503, True)
    assert record().title not in shown["body"]
    assert (json.dumps(store.items), workflow.handed_over) == (before, [])
    assert failed(log) == [("fault", "NewerVersion")]


@pytest.mark.parametrize("run", [RUNNING, Execution(status="ABORTED")])
@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_a_record_that_is_deleted_between_look_and_press_is_an_unknown_link(
    api, store, workflow, counts, decision, run
):
    workflow.run = run
    store.meanwhile = store.items.clear
    answer = call(api, decision=decision, accept=JSON)
    assert (answer["statusCode"], ours(answer), json.loads(answer["body"])) == (404, True, {"state": "unknown"})
    assert not store.items, "or it would be there again"
    assert (workflow.handed_over, counts()) == ([], {})


def test_a_press_on_the_record_that_was_seen_reads_it_once(api, store, workflow):
    call(api)
    assert store.calls == ["get", "replace", "replace"]  # the vote that decides; that it was handed over
    store.calls.clear()
    call(api)
    assert store.calls == ["get"]
    assert len(workflow.handed_over) == 1


def test_a_vote_that_decides_nothing_yet_is_one_read_and_one_write(api, store, workflow):
    store.record = needing(2, store.record)
    assert call(api)["statusCode"] == 200
    assert store.calls == ["get", "replace"]
    assert (store.record.status, store.record.votes[ANNA].decision) == (Status.OPEN, vote().decision)
    assert not workflow.handed_over


def test_only_a_press_that_somebody_was_quicker_than_reads_again(api, store):
    store.record = needing(2, store.record)
    others = store.record.with_approver(BEN, vote=vote())
    store.meanwhile = lambda: MemoryStore.replace(store, store.record, others)
    assert call(api)["statusCode"] == 200
    assert store.calls == ["get", "replace", "replace", "get", "replace", "replace"]  # the first is Ben's
    assert (set(store.record.votes), store.record.handed_over) == ({ANNA, BEN}, True)
