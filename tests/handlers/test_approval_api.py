"""The page's function: what comes to it, and what it does where a service does not answer as it should."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import StringIO
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from handlers import page
from handlers.approvals.adapters.step_functions import StepFunctions
from handlers.approvals.faces.answers import approval
from handlers.approvals.parsing.item import SCHEMA_VERSION
from handlers.approvals.rules.decisions import CLOCK_SKEW_SECONDS, COMMENTS_LIMIT, handed_over
from handlers.approvals.rules.endings import Execution
from handlers.approvals.rules.links import digest
from handlers.approvals.rules.record import Approver, Record
from handlers.approvals.usecases.records import PATIENCE_SECONDS
from handlers.contract.record import Status
from tests.support.events import http
from tests.support.fakes import FakeWorkflow, MemoryStore, page_function, unavailable
from tests.support.observed import counted, logged
from tests.support.records import ANNA, ASKED_AT, BEN, DEADLINE, REQUEST_ID, SOURCE_IP, approved, needing, record, vote
from tests.support.services import FakeClock

SECRET = "s" * 52
LINK = f"/approvals/{REQUEST_ID}/{SECRET}"
THROTTLED = ClientError({"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, "SendTaskSuccess")
TIMED_OUT = ReadTimeoutError(endpoint_url="https://states")


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


def refusing(error: Exception) -> StepFunctions:
    """The real adapter, with a client of which every call ends like this."""
    client = boto3.client(
        "stepfunctions", region_name="eu-central-1", aws_access_key_id="test", aws_secret_access_key="test"
    )

    def refuse(**_call: Any) -> None:
        raise error

    client.meta.events.register("before-call.stepfunctions", refuse)
    return StepFunctions(client)


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


@pytest.mark.parametrize("fault", [THROTTLED, TIMED_OUT])
def test_a_vote_that_cannot_be_handed_over_is_kept_and_says_press_again(store, clock, fault):
    answer = call(page_function(store, refusing(fault), clock))
    assert answer["statusCode"] == 503
    assert "<form" in answer["body"]
    assert store.record.status is Status.APPROVED
    assert not store.record.handed_over
    assert store.record.task_token, "pressing again needs it"


@pytest.mark.parametrize("status", [Status.EXPIRED, Status.CLOSED])
def test_who_has_answered_a_request_that_came_to_nothing_is_not_thanked(api, store, status):
    answered = store.record.with_approver(ANNA, vote=vote())
    store.record = needing(2, answered, status=status, task_token="")
    looked = call(api, "GET", accept="application/json")
    assert json.loads(looked["body"])["state"] == status.lower()


def test_what_was_wrong_with_an_answer_is_said_in_words(api):
    answer = call(api, decision="perhaps", accept="application/json")
    assert answer["statusCode"] == 400
    assert json.loads(answer["body"])["error"] == "The decision must be approve or reject."


@pytest.mark.parametrize("time", ["", "2026-11-25T09:00:00Z"])
def test_a_program_is_told_for_which_time_a_schedule_has_asked(api, store, time):
    store.record = replace(store.record, scheduled_for=time)
    looked = call(api, "GET", accept="application/json")
    assert json.loads(looked["body"])["request"]["scheduledFor"] == time


def test_half_of_a_surrogate_pair_is_refused_and_nothing_is_recorded(api, store):
    """JSON can write it, and no service takes it."""
    body = '{"decision": "approve", "comment": "\\ud800"}'
    event = http("POST", LINK, body, accept="application/json")
    event["headers"]["content-type"] = "application/json"
    answer = api.serve(event)
    assert answer["statusCode"] == 400
    assert json.loads(answer["body"])["error"] == "The comment must be valid Unicode text."
    assert not store.record.votes


def test_the_function_itself_knows_no_link_that_approves_at_once_unless_that_is_switched_on(api, store, one_click):
    at_once = http("GET", f"{LINK}/approve")
    assert api.serve(at_once)["statusCode"] == 404
    assert not store.calls
    assert one_click.serve(at_once)["statusCode"] == 200
    assert store.record.status is Status.APPROVED


@pytest.mark.parametrize("fault", [THROTTLED, TIMED_OUT])
def test_pressing_again_hands_it_over(api, store, clock, fault):
    call(page_function(store, refusing(fault), clock))
    again = call(api)
    assert again["statusCode"] == 200
    assert store.record.handed_over
    assert len(store.record.votes) == 1


def test_a_dead_token_of_a_running_execution_waits_for_the_next_round(api, store, workflow):
    workflow.replies = [False]
    assert call(api)["statusCode"] == 200
    assert store.record.status is Status.APPROVED
    assert not store.record.handed_over
    assert not store.record.task_token


def test_an_answer_whose_reply_was_lost_is_found_to_have_arrived(store, clock):
    """The execution was running when the page looked, and over when the retried answer was refused."""
    api = page_function(store, EndsMeanwhile(Execution(status="SUCCEEDED")), clock)
    assert call(api)["statusCode"] == 200
    assert store.record.handed_over


def test_an_execution_that_ends_between_vote_and_answer_closes_the_request(store, clock):
    api = page_function(store, EndsMeanwhile(Execution(status="ABORTED")), clock)
    assert call(api)["statusCode"] == 409
    assert store.record.status is Status.CLOSED


def test_a_vote_that_does_not_decide_is_refused_before_it_is_written_if_the_execution_is_over(api, store, workflow):
    store.record = needing(2, store.record)
    workflow.run = Execution(status="ABORTED")
    assert told(api)[1]["state"] == "closed"
    assert store.record.status is Status.CLOSED
    assert not store.record.votes
    assert not workflow.handed_over


def test_a_vote_that_decides_is_told_in_the_same_answer_that_the_execution_is_over(api, store, workflow):
    workflow.run = Execution(status="ABORTED")
    status, said = told(api)
    assert (status, said["state"]) == (409, "closed")
    assert store.record.status is Status.CLOSED
    assert not store.record.task_token


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_reads_the_record_once_and_does_nothing_else(api, store, workflow, method):
    workflow.run = unavailable()
    assert call(api, method)["statusCode"] == 200
    assert store.calls == ["get"]
    assert not workflow.looks


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_table_that_does_not_answer_is_a_fault_page_and_no_stack_trace(api, store, method):
    store.troubles = [unavailable()]
    answer = call(api, method)
    assert answer["statusCode"] == 503
    assert "Traceback" not in answer["body"]
    assert REQUEST_ID not in answer["body"]


def test_what_was_typed_is_kept_when_the_table_does_not_take_the_vote(api, store):
    store.troubles = [None, unavailable()]
    answer = call(api)
    assert answer["statusCode"] == 503
    assert re.search(r">\s*Fine</textarea>", answer["body"])


def test_a_reload_after_the_decision_shows_the_same_thanks(api):
    pressed = call(api)
    assert call(api, "GET")["body"] == pressed["body"]
    assert call(api)["body"] == pressed["body"]


def test_a_vote_keeps_who_really_pressed(api, store):
    call(api)
    cast = store.record.votes[ANNA]
    assert (cast.source_ip, cast.user_agent, cast.comment) == ("203.0.113.7", "Browser/1.0", "Fine")


def test_an_answer_already_handed_over_is_not_given_again(api, store, workflow):
    store.record = handed_over(approved().with_approver(ANNA, links=(digest(SECRET),)))
    call(api)
    assert not workflow.handed_over


def test_a_request_past_its_deadline_that_nobody_closed_takes_no_vote(api, store, clock):
    clock.time = DEADLINE + CLOCK_SKEW_SECONDS + 1
    assert call(api)["statusCode"] == 409
    assert not store.record.votes


def test_nothing_of_the_record_is_told_to_a_wrong_secret(api, store):
    answer = api.serve(http("GET", f"/approvals/{REQUEST_ID}/{'x' * 52}"))
    assert answer["statusCode"] == 404
    assert store.record.title not in answer["body"]


def test_logs_hold_no_secret_no_token_and_no_address(api, log):
    call(api, **{"x-forwarded-for": "198.51.100.9"})
    api.serve(http("GET", f"/approvals/{REQUEST_ID}/{'x' * 52}"))
    lines = log.getvalue()
    assert '"outcome":"approve"' in lines
    assert REQUEST_ID in lines
    for secret in (SECRET, digest(SECRET), record().task_token, "x" * 52, SOURCE_IP, "198.51.100.9", ANNA):
        assert secret not in lines


def test_a_decision_is_counted_once(api, counts):
    call(api)
    call(api)
    assert counts() == {"Approved": 1}


def test_votes_are_not_lost_by_a_quorum_still_open(api, store, workflow):
    store.record = needing(2, store.record)
    assert call(api)["statusCode"] == 200
    assert store.record.status is Status.OPEN
    assert store.record.votes[ANNA].decision == vote().decision
    assert not workflow.handed_over


# --- whatever comes to the API


def ours(answer: dict) -> bool:
    """With our headers, whatever the status: kept by nobody, and no other page's business."""
    sent = answer["headers"]
    return sent["Cache-Control"] == "no-store" and sent["Referrer-Policy"] == "no-referrer"


STRAYS = [
    "/",
    "",
    "/favicon.ico",
    "/robots.txt",
    "/approvals",
    "/approvals/",
    f"/approvals/{REQUEST_ID}",
    f"/approvals/{REQUEST_ID}/",
    LINK[:72],
    LINK[:80],
    f"{LINK}/reject",
    f"{LINK}/approve",
    f"/wp-admin{LINK}",
]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
@pytest.mark.parametrize("path", STRAYS)
def test_what_cannot_be_a_link_gets_the_page_that_says_so_without_a_look_into_the_table(api, store, path, method):
    answer = api.serve(http(method, path, "decision=approve"))
    assert (answer["statusCode"], ours(answer)) == (404, True)
    assert answer["headers"]["Content-Type"] == "text/html; charset=utf-8"
    assert "copy the whole of it" in answer["body"]
    assert not store.calls
    assert not store.record.votes


@pytest.mark.parametrize("path", STRAYS)
def test_a_program_is_told_so_in_json(api, path):
    answer = api.serve(http("GET", path, accept="application/json"))
    assert (answer["statusCode"], ours(answer)) == (404, True)
    assert answer["headers"]["Content-Type"] == "application/json"
    assert json.loads(answer["body"]) == {"state": "unknown"}


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "get", "post", "PROPFIND"])
def test_another_method_has_no_effect_and_is_told_nothing(api, store, method):
    answer = call(api, method)
    assert (answer["statusCode"], ours(answer)) == (404, True)
    assert record().title not in answer["body"]
    assert not store.calls
    assert not store.record.votes


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
@pytest.mark.parametrize("path", [LINK, *STRAYS])
def test_head_is_answered_as_get_is_without_a_body(api, path, accept):
    head, get = (api.serve(http(method, path, accept=accept)) for method in ("HEAD", "GET"))
    assert head == get | {"body": ""}


@pytest.mark.parametrize(
    "path", [f"{LINK}/", f"{LINK}//", f"//approvals//{REQUEST_ID}//{SECRET}.", f"{LINK}%20", LINK + ">"]
)
def test_a_whole_link_works_whatever_the_mail_program_did_to_it(api, store, path):
    shown = api.serve(http("GET", path))
    assert shown["body"] == call(api, "GET")["body"]
    assert shown["statusCode"] == 200
    assert api.serve(http("POST", path, "decision=approve"))["statusCode"] == 200
    assert store.record.status is Status.APPROVED


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize(
    "query", ["utm_source=mail", "decision=approve", "decision=approve&comment=x&decision=reject", "%"]
)
def test_what_is_added_behind_a_question_mark_does_nothing(api, store, method, query):
    before = store.record
    event = http(method, LINK) | {"rawQueryString": query, "queryStringParameters": {"decision": "approve"}}
    assert api.serve(event)["statusCode"] == (404 if method == "OPTIONS" else 200)
    assert store.record == before


def test_a_decision_in_the_query_is_none(api, store):
    event = http("POST", LINK, "comment=Fine") | {"rawQueryString": "decision=approve"}
    assert api.serve(event)["statusCode"] == 400
    event = http("POST", LINK, "decision=reject") | {"rawQueryString": "decision=approve&utm_source=mail"}
    assert api.serve(event)["statusCode"] == 200
    assert store.record.status is Status.REJECTED


@pytest.mark.parametrize("fold", [str.upper, str.lower, str.title])
def test_a_link_in_another_case_works(api, store, fold):
    assert api.serve(http("GET", fold(LINK)))["statusCode"] == 200
    assert api.serve(http("POST", fold(LINK), "decision=approve"))["statusCode"] == 200
    assert store.record.status is Status.APPROVED


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


def test_with_one_click_only_a_get_of_its_link_approves_at_once(one_click, store):
    for method, path, status in [
        ("HEAD", f"{LINK}/approve", 200),
        ("OPTIONS", f"{LINK}/approve", 404),
        ("GET", f"{LINK}/appro", 404),
        ("GET", f"{LINK}/", 200),
        ("GET", LINK, 200),
    ]:
        assert one_click.serve(http(method, path))["statusCode"] == status
        assert not store.record.votes
    assert one_click.serve(http("GET", f"{LINK}/Approve."))["statusCode"] == 200
    assert store.record.status is Status.APPROVED


# --- what is posted

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
TWICE = [
    (FORM, "decision=approve&decision=reject", "decision"),
    (FORM, "decision=approve&decision=approve", "decision"),
    (FORM, "decision=approve&%64ecision=reject&comment=Fine", "decision"),
    (FORM, "decision=&decision=approve", "decision"),
    (FORM, "decision=approve&comment=One&comment=Two", "comment"),
    (FORM, "comment=&decision=approve&comment=Two", "comment"),
    (JSON, '{"decision": "approve", "decision": "reject"}', "decision"),
    (JSON, '{"decision": "reject", "decision": "reject"}', "decision"),
    (JSON, '{"decision": "approve", "d\\u0065cision": "reject"}', "decision"),
    (JSON, '{"decision": null, "decision": "approve"}', "decision"),
    (JSON, '{"decision": "approve", "comment": "One", "comment": "Two"}', "comment"),
    (JSON, '{"decision": "approve", "comment": {}, "comment": []}', "comment"),
]


def posted(api, kind: str, body: str, accept: str = JSON) -> dict:
    return api.serve(http("POST", LINK, body, **{"content-type": kind, "accept": accept}))


@pytest.mark.parametrize(("kind", "body", "field"), TWICE)
def test_a_field_that_comes_twice_is_ambiguous_and_nothing_is_recorded(api, store, kind, body, field):
    before = store.record
    answer = posted(api, kind, body)
    assert answer["statusCode"] == 400
    assert json.loads(answer["body"])["error"] == f"The {field} must be given once; it came 2 times."
    assert store.record == before


@pytest.mark.parametrize(("kind", "body", "field"), TWICE)
def test_what_was_typed_is_kept_when_a_field_comes_twice(api, kind, body, field):
    shown = posted(api, kind, body, "text/html")["body"]
    for typed in ("One", "Two", "Fine"):
        assert (typed in shown) == (typed in body)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (FORM, "utm=1&decision=approve&utm=2&Comment=x&comment=Fine"),
        (JSON, '{"x": 1, "x": 2, "decision": "approve", "comment": "Fine"}'),
        (JSON, '{"x": {"decision": 1, "decision": 2}, "decision": "approve", "comment": "Fine"}'),
    ],
)
def test_other_fields_may_come_as_often_as_they_like(api, store, kind, body):
    assert posted(api, kind, body)["statusCode"] == 200
    assert store.record.votes[ANNA].comment == "Fine"


@pytest.mark.parametrize(
    ("kind", "body", "status", "said"),
    [
        (JSON, '\ufeff{"decision": "approve"}'.encode(), 400, "The decision could not be read."),
        (JSON, '{"decision": "approve"}'.encode("utf-16"), 400, "The decision could not be read."),
        (FORM, "\ufeffdecision=approve".encode(), 400, "The decision must be approve or reject."),
        (FORM, "decision=approve".encode("utf-16"), 400, "The decision could not be read."),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="decision"\r\n\r\napprove\r\n--x--\r\n',
            415,
            "The content type must be application/x-www-form-urlencoded or application/json.",
        ),
    ],
)
def test_what_is_written_in_another_way_is_refused_in_words(api, store, kind, body, status, said):
    event = http("POST", LINK, **{"content-type": kind, "accept": JSON})
    event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    answer = api.serve(event)
    assert answer["statusCode"] == status
    assert json.loads(answer["body"])["error"] == said
    assert not store.record.votes


@pytest.mark.parametrize(
    ("kind", "body", "place"),
    [
        (FORM, f"decision=approve&comment={'x' * 1_001}", "#comment"),
        (FORM, "decision=approve&comment=One&comment=Two", "#comment"),
        (JSON, '{"decision": "approve", "comment": 5}', "#comment"),
        (JSON, '{"decision": "approve", "comment": "\\ud800"}', "#comment"),
        (FORM, "decision=perhaps&comment=Fine", "#answer"),
        (FORM, "comment=Fine", "#answer"),
        (FORM, "decision=approve&decision=reject&comment=Fine", "#answer"),
        (FORM, "comment=%ff", ""),
        (JSON, "[]", ""),
        (JSON, "{", ""),
        ("text/plain", "decision=approve", ""),
    ],
)
def test_the_comment_is_marked_as_wrong_only_where_it_is(api, kind, body, place):
    shown = posted(api, kind, body, "text/html")["body"]
    alert = shown[shown.index('role="alert"') : shown.index("</div>\n</div>")]
    assert re.findall(r'<a href="(.*?)"', alert) == ([place] if place else [])
    assert ('aria-invalid="true"' in shown) == (place == "#comment")
    assert ('aria-describedby="hint error"' in shown) == (place == "#comment")


def test_a_comment_for_which_there_is_no_room_is_marked_as_wrong(api, store):
    full = vote(comment="x" * COMMENTS_LIMIT)
    store.record = needing(2, store.record.with_approver(BEN, vote=full))
    answer = call(api)
    assert answer["statusCode"] == 400
    assert 'aria-invalid="true"' in answer["body"]


# --- what browsers say of themselves

FOREIGN = ["cross-site", "same-site", "Cross-Site", "", "same-origin, cross-site", "something new"]


@pytest.mark.parametrize("site", FOREIGN)
@pytest.mark.parametrize("decision", ["approve", "reject", "perhaps"])
def test_a_form_that_another_site_has_sent_is_refused_and_keeps_what_was_typed(api, store, site, decision):
    before = store.record
    answer = call(api, decision=decision, **{"sec-fetch-site": site})
    assert answer["statusCode"] == 403
    assert "open the link of the mail in a browser" in answer["body"]
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
    store.record = replace(store.record, status=status)
    before = store.record
    answer = call(api, **{"sec-fetch-site": "cross-site"})
    assert answer["statusCode"] == 403
    assert answer["body"].count('role="alert"') == 1
    assert "open the link of the mail in a browser" in answer["body"]
    assert store.record == before


def test_who_has_answered_is_told_so_beside_the_refusal(api):
    call(api)
    answer = call(api, **{"sec-fetch-site": "cross-site"})
    assert answer["statusCode"] == 403
    assert "Thank you, you approved this" in answer["body"]
    assert "Your answer has not been recorded" not in answer["body"]
    assert "What was just sent has not been recorded" in answer["body"]


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
        {"sec-purpose": "prefetch"},
        {"sec-purpose": "prefetch;prerender"},
        {"sec-purpose": "prefetch;anonymous-client-ip"},
        {"purpose": "prefetch"},
        {"x-purpose": "preview"},
        {"x-moz": "prefetch"},
        *(
            {"sec-fetch-dest": kind}
            for kind in ("image", "iframe", "frame", "embed", "object", "script", "style", "empty")
        ),
        {"sec-fetch-dest": ""},
        *({"sec-fetch-mode": mode} for mode in ("no-cors", "cors", "same-origin", "websocket")),
        {"sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"},
        {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "sec-purpose": "prefetch;prerender"},
    ],
)
def test_a_one_click_link_that_nobody_opens_to_read_shows_the_page(one_click, store, headers, method):
    answer = one_click.serve(http(method, f"{LINK}/approve", **headers))
    assert answer == one_click.serve(http(method, LINK))
    assert answer["statusCode"] == 200
    assert not store.record.votes


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"},
        {"sec-fetch-site": "none", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "sec-fetch-user": "?1"},
    ],
)
def test_a_one_click_link_that_somebody_opens_approves(one_click, store, headers):
    assert one_click.serve(http("GET", f"{LINK}/approve", **headers))["statusCode"] == 200
    assert store.record.status is Status.APPROVED


def test_the_first_button_of_the_form_decides_nothing(api, store):
    """Some scanners submit a form by its first button, with all of its fields or with that one."""
    page = call(api, "GET")["body"]
    form = page[page.index("<form") : page.index("</form>")]
    first, *others = re.findall(r"<button ([^>]*)>", form)
    [(name, value)] = re.findall(r'name="(\w+)" value="(\w+)"', first)
    assert 'aria-hidden="true"' in first
    assert 'tabindex="-1"' in first
    assert ["decision" in other for other in others] == [True, True]
    assert not re.search(r"<input(?! type=\"hidden\")", form), "or it might be the first"
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


def test_a_vote_keeps_the_digest_of_what_it_was_given_to(api, store, workflow):
    digest_now = store.record.digest
    api.serve(http("POST", LINK, f"decision=approve&digest={digest_now}"))
    assert store.record.votes[ANNA].digest == digest_now
    _, handed = workflow.handed_over[0]
    assert approval(handed)["digest"] == digest_now


# --- when a service does not answer, step by step

LOOK, WRITE, NOTE = (
    [None] * calls + [unavailable()] for calls in range(3)
)  # the store's calls of a press that decides


def test_a_look_that_the_table_does_not_answer_is_a_fault_and_pressing_again_decides(api, store, workflow):
    store.troubles = list(LOOK)
    assert told(api) == (503, {"state": "fault"})
    assert store.calls == ["get"]
    assert (store.record.status, store.record.votes, workflow.handed_over) == (Status.OPEN, {}, [])
    assert call(api)["statusCode"] == 200
    assert store.record.handed_over


def test_a_write_that_the_table_does_not_answer_is_a_fault_and_pressing_again_decides(api, store, workflow, counts):
    store.troubles = list(WRITE)
    status, said = told(api)
    assert (status, said["state"], said["request"]["status"]) == (503, "fault", "OPEN")
    assert (store.record.votes, workflow.handed_over, counts()) == ({}, [], {})
    assert call(api)["statusCode"] == 200
    assert store.record.handed_over
    assert counts() == {"Approved": 1}


def test_a_write_of_which_only_the_reply_was_lost_counts_once(api, store, workflow, clock):
    """What somebody reads who has to press again: nothing is counted twice."""
    first = vote(comment="Fine")
    clock.time = first.at + 30
    store.record = needing(2, store.record)
    store.meanwhile = lambda: store.replace(store.record, store.record.with_approver(ANNA, vote=first))
    store.troubles = list(NOTE)  # the write, which goes well, and what is heard of it
    assert told(api)[0] == 503
    assert call(api)["statusCode"] == 200
    assert store.record.votes == {ANNA: first}
    assert not workflow.handed_over


def test_an_answer_that_the_workflow_does_not_take_is_pending_and_shown_as_recorded(api, store, workflow, counts):
    workflow.replies = [unavailable()]
    status, said = told(api)
    assert (status, said["state"], said["request"]["status"]) == (503, "pending", "APPROVED")
    assert [one["approver"] for one in said["request"]["votes"]] == [ANNA]
    assert told(api, "GET")[1]["state"] == "pending"
    assert counts() == {"Approved": 1}


def test_a_hand_over_that_cannot_be_noted_is_pending_and_pressing_again_finds_that_it_has_arrived(
    api, store, workflow, counts
):
    store.troubles = list(NOTE)
    workflow.replies = [True, False]  # the token is used up
    status, said = told(api)
    assert (status, said["state"]) == (503, "pending")
    assert (store.record.status, store.record.handed_over) == (Status.APPROVED, False)
    workflow.run = Execution(status="SUCCEEDED")
    assert told(api)[1]["state"] == "thanks"
    assert store.record.handed_over
    assert (len(store.record.votes), counts()) == (1, {"Approved": 1})


def test_an_execution_that_cannot_be_asked_after_a_dead_token_leaves_the_answer_pending(store, clock):
    workflow = EndsMeanwhile(unavailable())
    api = page_function(store, workflow, clock)
    status, said = told(api)
    assert (status, said["state"]) == (503, "pending")
    assert (store.record.status, store.record.handed_over) == (Status.APPROVED, False)
    workflow.run = Execution(status="SUCCEEDED")
    assert told(api)[1]["state"] == "thanks"
    assert store.record.handed_over


def test_an_ending_that_cannot_be_recorded_is_a_fault_and_pressing_again_is_told_of_it(api, store, workflow):
    workflow.run = Execution(status="ABORTED")
    store.troubles = list(WRITE)
    assert told(api)[0] == 503
    assert (store.record.status, store.record.votes) == (Status.OPEN, {})
    status, said = told(api)
    assert (status, said["state"]) == (409, "closed")


@pytest.mark.parametrize(
    ("troubles", "replies", "outcome", "kind"),
    [
        (LOOK, [], "fault", "ReadTimeoutError"),
        (WRITE, [], "fault", "ReadTimeoutError"),
        (NOTE, [], "pending", "ReadTimeoutError"),
        ([], [unavailable("ClientError")], "pending", "ClientError"),
    ],
)
def test_the_log_says_what_did_not_answer_and_with_what_outcome(
    api, store, workflow, log, troubles, replies, outcome, kind
):
    store.troubles, workflow.replies = list(troubles), list(replies)
    call(api)
    errors = [line for line in map(json.loads, log.getvalue().splitlines()) if line["level"] == "ERROR"]
    assert [(line["outcome"], line["kind"]) for line in errors] == [(outcome, kind)]


def test_somebody_for_whom_others_leave_no_turn_is_told_to_press_again_and_keeps_what_was_typed(clock):
    class Crowded(Table):
        def replace(self, seen: Record, after: Record) -> Record | None:
            self.record = replace(seen, version=seen.version + 1)
            return super().replace(seen, after)

    asked = {ANNA: Approver(links=(digest(SECRET),), mailed_round=1)}
    store = Crowded(record(approvers=asked))
    answer = call(page_function(store, clock=clock))
    assert answer["statusCode"] == 503
    assert re.search(r">\s*Fine</textarea>", answer["body"])
    assert store.record
    assert not store.record.votes
    assert PATIENCE_SECONDS < sum(clock.slept) < PATIENCE_SECONDS + 1


# --- when the record is not what it was


def newer(store: Table) -> None:
    """A newer release has written it."""
    (item,) = store.items.values()
    item["schemaVersion"] = SCHEMA_VERSION + 1
    item["version"] += 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_record_of_a_newer_release_is_a_fault_until_the_function_is_new_too(api, store, workflow, log, method):
    newer(store)
    before = json.dumps(store.items)
    assert told(api, method) == (503, {"state": "fault"})
    shown = call(api, method)
    assert (shown["statusCode"], ours(shown)) == (503, True)
    assert record().title not in shown["body"]
    assert (json.dumps(store.items), workflow.handed_over) == (before, [])
    assert '"kind":"NewerVersion"' in log.getvalue()


def test_a_record_that_a_newer_release_writes_between_look_and_press_is_left_alone(api, store, workflow):
    store.meanwhile = lambda: newer(store)
    answer = call(api)
    assert answer["statusCode"] == 503
    assert re.search(r">\s*Fine</textarea>", answer["body"])
    (item,) = store.items.values()
    assert (item["schemaVersion"], item["status"], item.get("votes")) == (SCHEMA_VERSION + 1, "OPEN", None)
    assert not workflow.handed_over


@pytest.mark.parametrize("run", [Execution(status="RUNNING", running=True), Execution(status="ABORTED")])
@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_a_record_that_is_deleted_between_look_and_press_is_an_unknown_link(
    api, store, workflow, counts, decision, run
):
    workflow.run = run
    store.meanwhile = store.items.clear
    answer = call(api, decision=decision)
    assert (answer["statusCode"], ours(answer)) == (404, True)
    assert record().title not in answer["body"]
    assert not store.items, "or it would be there again"
    assert (workflow.handed_over, counts()) == ([], {})


def test_a_program_is_told_no_more_of_a_deleted_record_than_of_one_that_never_was(api, store):
    store.meanwhile = store.items.clear
    assert told(api) == (404, {"state": "unknown"})


def test_a_press_on_the_record_that_was_seen_reads_it_once(api, store):
    call(api)
    assert store.calls == ["get", "replace", "replace"]  # the vote that decides; that it was handed over
    store.calls.clear()
    call(api)
    assert store.calls == ["get"]


def test_a_vote_that_decides_nothing_yet_is_one_read_and_one_write(api, store):
    store.record = needing(2, store.record)
    call(api)
    assert store.calls == ["get", "replace"]


def test_only_a_press_that_somebody_was_quicker_than_reads_again(api, store):
    store.record = needing(2, store.record)
    others = store.record.with_approver(BEN, vote=vote())
    store.meanwhile = lambda: MemoryStore.replace(store, store.record, others)
    assert call(api)["statusCode"] == 200
    assert store.calls == ["get", "replace", "replace", "get", "replace", "replace"]  # the first is Ben's
    assert (set(store.record.votes), store.record.handed_over) == ({ANNA, BEN}, True)
