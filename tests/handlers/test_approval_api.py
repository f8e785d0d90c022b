"""The page's function: what comes to it, and what it does where Step Functions does not answer as it should."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from handlers.approvals.callback import Execution
from handlers.approvals.decisions import handed_over
from handlers.approvals.links import digest
from handlers.approvals.record import Approver
from handlers.contract.record import Status
from tests.support.events import Context, MemoryStore, Workflow, http, load
from tests.support.records import ANNA, BEN, REQUEST_ID, approved, record, vote

SECRET = "s" * 52
LINK = f"/approvals/{REQUEST_ID}/{SECRET}"
THROTTLED = ClientError({"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, "SendTaskSuccess")
TIMED_OUT = ReadTimeoutError(endpoint_url="https://states")


@pytest.fixture
def api(monkeypatch, time_machine):
    """The function with a request open for Anna, who has the link of SECRET; one approval is enough."""
    time_machine.move_to("2026-11-27T13:40:00Z")
    module = load(monkeypatch, "approval_api")
    asked = {ANNA: Approver(links=(digest(SECRET),), mailed_round=1), BEN: Approver(mailed_round=1)}
    module.STORE = MemoryStore(record(approvers=asked, approvals_required=1))
    module.CALLBACK = Workflow()
    return module


def call(api, method: str = "POST", decision: str = "approve", **headers: str):
    return api.handler(http(method, LINK, f"decision={decision}&comment=Fine", **headers), Context())


@pytest.mark.parametrize("fault", [THROTTLED, TIMED_OUT])
def test_a_vote_that_cannot_be_handed_over_is_kept_and_says_press_again(api, fault):
    api.CALLBACK = Workflow(fault)
    answer = call(api)
    assert answer["statusCode"] == 503
    assert "<form" in answer["body"]
    assert api.STORE.record.status is Status.APPROVED
    assert not api.STORE.record.handed_over
    assert api.STORE.record.task_token, "pressing again needs it"


@pytest.mark.parametrize("status", [Status.EXPIRED, Status.CLOSED])
def test_who_has_answered_a_request_that_came_to_nothing_is_not_thanked(api, status):
    answered = api.STORE.record.with_approver(ANNA, vote=vote())
    api.STORE.record = replace(answered, approvals_required=2, status=status, task_token="")
    looked = call(api, "GET", accept="application/json")
    assert json.loads(looked["body"])["state"] == status.lower()


def test_what_was_wrong_with_an_answer_is_said_in_words(api):
    answer = call(api, decision="perhaps", accept="application/json")
    assert answer["statusCode"] == 400
    assert json.loads(answer["body"])["error"] == "The decision must be approve or reject."


@pytest.mark.parametrize("time", ["", "2026-11-25T09:00:00Z"])
def test_a_program_is_told_for_which_time_a_schedule_has_asked(api, time):
    api.STORE.record = replace(api.STORE.record, scheduled_for=time)
    looked = call(api, "GET", accept="application/json")
    assert json.loads(looked["body"])["request"]["scheduledFor"] == time


def test_half_of_a_surrogate_pair_is_refused_and_nothing_is_recorded(api):
    """JSON can write it, and no service takes it."""
    body = '{"decision": "approve", "comment": "\\ud800"}'
    event = http("POST", LINK, body, accept="application/json")
    event["headers"]["content-type"] = "application/json"
    answer = api.handler(event, Context())
    assert answer["statusCode"] == 400
    assert json.loads(answer["body"])["error"] == "The comment must be valid Unicode text."
    assert not api.STORE.record.votes


def test_the_function_itself_knows_no_link_that_approves_at_once_unless_that_is_switched_on(api, monkeypatch):
    at_once = http("GET", f"{LINK}/approve")
    assert api.handler(at_once, Context())["statusCode"] == 404
    store = api.STORE
    assert not store.record.votes
    load(monkeypatch, "approval_api", ONE_CLICK="true")  # the same module once more
    api.STORE, api.CALLBACK = store, Workflow()
    assert api.handler(at_once, Context())["statusCode"] == 200
    assert store.record.status is Status.APPROVED


@pytest.mark.parametrize("fault", [THROTTLED, TIMED_OUT])
def test_pressing_again_hands_it_over(api, fault):
    api.CALLBACK = Workflow(fault)
    call(api)
    again = call(api)
    assert again["statusCode"] == 200
    assert api.STORE.record.handed_over
    assert len(api.STORE.record.votes) == 1


def test_a_dead_token_of_a_running_execution_waits_for_the_next_round(api):
    api.CALLBACK = Workflow(False)
    assert call(api)["statusCode"] == 200
    assert api.STORE.record.status is Status.APPROVED
    assert not api.STORE.record.handed_over
    assert not api.STORE.record.task_token


def test_an_answer_whose_reply_was_lost_is_found_to_have_arrived(api):
    """The execution was running when the page looked, and over when the retried answer was refused."""
    workflow = Workflow(False)
    looks = iter([Execution(status="RUNNING"), Execution(status="SUCCEEDED")])
    workflow.execution = lambda _arn: next(looks)
    api.CALLBACK = workflow
    assert call(api)["statusCode"] == 200
    assert api.STORE.record.handed_over


def test_an_execution_that_ends_between_vote_and_answer_closes_the_request(api):
    workflow = Workflow(False)
    looks = iter([Execution(status="RUNNING"), Execution(status="ABORTED")])
    workflow.execution = lambda _arn: next(looks)
    api.CALLBACK = workflow
    assert call(api)["statusCode"] == 409
    assert api.STORE.record.status is Status.CLOSED


def test_a_vote_on_an_ended_execution_is_refused_before_it_is_written(api):
    api.CALLBACK = Workflow(execution=Execution(status="ABORTED"))
    assert call(api)["statusCode"] == 409
    assert api.STORE.record.status is Status.CLOSED
    assert not api.STORE.record.votes
    assert not api.CALLBACK.answers


def test_a_page_is_shown_although_step_functions_cannot_be_asked(api):
    api.CALLBACK = Workflow(execution=THROTTLED)
    assert call(api, "GET")["statusCode"] == 200


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_writes_nothing_even_when_the_execution_has_ended(api, method):
    before = api.STORE.record
    api.CALLBACK = Workflow(execution=Execution(status="ABORTED"))
    assert call(api, method)["statusCode"] == 200
    assert api.STORE.record is before


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_table_that_does_not_answer_is_a_fault_page_and_no_stack_trace(api, method):
    def fail(*_args, **_kwargs):
        raise THROTTLED

    api.STORE.get = fail
    answer = call(api, method)
    assert answer["statusCode"] == 503
    assert "Traceback" not in answer["body"]
    assert REQUEST_ID not in answer["body"]


def test_what_was_typed_is_kept_when_the_table_does_not_take_the_vote(api):
    def fail(*_args, **_kwargs):
        raise THROTTLED

    api.STORE.change = fail
    answer = call(api)
    assert answer["statusCode"] == 503
    assert re.search(r">\s*Fine</textarea>", answer["body"])


def test_a_reload_after_the_decision_shows_the_same_thanks(api):
    pressed = call(api)
    assert call(api, "GET")["body"] == pressed["body"]
    assert call(api)["body"] == pressed["body"]


def test_a_vote_keeps_who_really_pressed(api):
    call(api)
    cast = api.STORE.record.votes[ANNA]
    assert (cast.source_ip, cast.user_agent, cast.comment) == ("203.0.113.7", "Browser/1.0", "Fine")


def test_an_answer_already_handed_over_is_not_given_again(api):
    api.STORE.record = handed_over(replace(approved(), approvers=api.STORE.record.approvers))
    call(api)
    assert not api.CALLBACK.answers


def test_a_request_past_its_deadline_that_nobody_closed_takes_no_vote(api, time_machine):
    time_machine.move_to("2026-11-28T13:31:01Z")
    assert call(api)["statusCode"] == 409
    assert not api.STORE.record.votes


def test_nothing_of_the_record_is_told_to_a_wrong_secret(api):
    answer = api.handler(http("GET", f"/approvals/{REQUEST_ID}/{'x' * 52}"), Context())
    assert answer["statusCode"] == 404
    assert api.STORE.record.title not in answer["body"]


def test_logs_hold_no_secret_no_token_and_no_address(api, capsys):
    call(api, **{"x-forwarded-for": "198.51.100.9"})
    api.handler(http("GET", f"/approvals/{REQUEST_ID}/{'x' * 52}"), Context())
    logged = capsys.readouterr().out
    assert '"outcome":"approve"' in logged
    assert REQUEST_ID in logged
    for secret in (SECRET, digest(SECRET), record().task_token, "x" * 52):
        assert secret not in logged


def test_a_decision_is_counted_once(api, capsys):
    call(api)
    call(api)
    assert capsys.readouterr().out.count('"Approved":[1.0]') == 1


def test_votes_are_not_lost_by_a_quorum_still_open(api):
    api.STORE.record = replace(api.STORE.record, approvals_required=2)
    assert call(api)["statusCode"] == 200
    assert api.STORE.record.status is Status.OPEN
    assert api.STORE.record.votes[ANNA].decision == vote().decision
    assert not api.CALLBACK.answers


# --- whatever comes to the API


class Reads:
    """Counts what the page asks the table for."""

    def __init__(self, api) -> None:
        self.asked: list[str] = []
        get = api.STORE.get
        api.STORE.get = lambda request_id: self.asked.append(request_id) or get(request_id)


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
def test_what_cannot_be_a_link_gets_the_page_that_says_so_without_a_look_into_the_table(api, path, method):
    reads = Reads(api)
    answer = api.handler(http(method, path, "decision=approve"), Context())
    assert (answer["statusCode"], ours(answer)) == (404, True)
    assert answer["headers"]["Content-Type"] == "text/html; charset=utf-8"
    assert "copy the whole of it" in answer["body"]
    assert not reads.asked
    assert not api.STORE.record.votes


@pytest.mark.parametrize("path", STRAYS)
def test_a_program_is_told_so_in_json(api, path):
    answer = api.handler(http("GET", path, accept="application/json"), Context())
    assert (answer["statusCode"], ours(answer)) == (404, True)
    assert answer["headers"]["Content-Type"] == "application/json"
    assert json.loads(answer["body"]) == {"state": "unknown"}


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "get", "post", "PROPFIND"])
def test_another_method_has_no_effect_and_is_told_nothing(api, method):
    reads = Reads(api)
    answer = call(api, method)
    assert (answer["statusCode"], ours(answer)) == (404, True)
    assert record().title not in answer["body"]
    assert not reads.asked
    assert not api.STORE.record.votes


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
@pytest.mark.parametrize("path", [LINK, *STRAYS])
def test_head_is_answered_as_get_is_without_a_body(api, path, accept):
    head, get = (api.handler(http(method, path, accept=accept), Context()) for method in ("HEAD", "GET"))
    assert head == get | {"body": ""}


@pytest.mark.parametrize(
    "path", [f"{LINK}/", f"{LINK}//", f"//approvals//{REQUEST_ID}//{SECRET}.", f"{LINK}%20", LINK + ">"]
)
def test_a_whole_link_works_whatever_the_mail_program_did_to_it(api, path):
    shown = api.handler(http("GET", path), Context())
    assert shown["body"] == call(api, "GET")["body"]
    assert shown["statusCode"] == 200
    assert api.handler(http("POST", path, "decision=approve"), Context())["statusCode"] == 200
    assert api.STORE.record.status is Status.APPROVED


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize(
    "query", ["utm_source=mail", "decision=approve", "decision=approve&comment=x&decision=reject", "%"]
)
def test_what_is_added_behind_a_question_mark_does_nothing(api, method, query):
    before = api.STORE.record
    event = http(method, LINK) | {"rawQueryString": query, "queryStringParameters": {"decision": "approve"}}
    assert api.handler(event, Context())["statusCode"] == (404 if method == "OPTIONS" else 200)
    assert api.STORE.record is before


def test_a_decision_in_the_query_is_none(api):
    event = http("POST", LINK, "comment=Fine") | {"rawQueryString": "decision=approve"}
    assert api.handler(event, Context())["statusCode"] == 400
    event = http("POST", LINK, "decision=reject") | {"rawQueryString": "decision=approve&utm_source=mail"}
    assert api.handler(event, Context())["statusCode"] == 200
    assert api.STORE.record.status is Status.REJECTED


@pytest.mark.parametrize("fold", [str.upper, str.lower, str.title])
def test_a_link_in_another_case_works(api, fold):
    assert api.handler(http("GET", fold(LINK)), Context())["statusCode"] == 200
    assert api.handler(http("POST", fold(LINK), "decision=approve"), Context())["statusCode"] == 200
    assert api.STORE.record.status is Status.APPROVED


EARLIER = "o1SGZb9X8mPq2rYtUvWxAbCdEfGhIjKlMnOpQrStU-_"


def test_a_link_that_was_mailed_before_works_until_its_request_ends(api):
    """Case-sensitive, with punctuation at its end, and of a request whose id has capitals."""
    asked = {ANNA: Approver(links=(digest(EARLIER), digest(SECRET)), mailed_round=1)}
    api.STORE.record = replace(api.STORE.record, request_id="Deploy_42", approvers=asked)
    reads = Reads(api)
    assert api.handler(http("GET", f"/approvals/Deploy_42/{EARLIER}"), Context())["statusCode"] == 200
    assert reads.asked == ["Deploy_42"]
    assert api.handler(http("GET", f"/approvals/Deploy_42/{EARLIER.lower()}"), Context())["statusCode"] == 404
    assert (
        api.handler(http("POST", f"/approvals/Deploy_42/{EARLIER}", "decision=approve"), Context())["statusCode"] == 200
    )
    assert api.STORE.record.status is Status.APPROVED


@pytest.mark.parametrize("secret", [SECRET, "x" * 52, "x" * 43])
def test_one_read_is_enough_but_for_an_id_in_another_case(api, secret):
    reads = Reads(api)
    api.handler(http("GET", f"/approvals/{REQUEST_ID}/{secret}"), Context())
    assert reads.asked == [REQUEST_ID]
    reads.asked.clear()
    api.handler(http("GET", f"/approvals/{REQUEST_ID.upper()}/{secret}"), Context())
    assert reads.asked == [REQUEST_ID.upper(), REQUEST_ID]


def test_with_one_click_only_a_get_of_its_link_approves_at_once(api, monkeypatch):
    store = api.STORE
    load(monkeypatch, "approval_api", ONE_CLICK="true")
    for method, path, status in [
        ("HEAD", f"{LINK}/approve", 200),
        ("OPTIONS", f"{LINK}/approve", 404),
        ("GET", f"{LINK}/appro", 404),
        ("GET", f"{LINK}/", 200),
        ("GET", LINK, 200),
    ]:
        api.STORE, api.CALLBACK = store, Workflow()
        assert api.handler(http(method, path), Context())["statusCode"] == status
        assert not store.record.votes
    assert api.handler(http("GET", f"{LINK}/Approve."), Context())["statusCode"] == 200
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
    return api.handler(http("POST", LINK, body, **{"content-type": kind, "accept": accept}), Context())


@pytest.mark.parametrize(("kind", "body", "field"), TWICE)
def test_a_field_that_comes_twice_is_ambiguous_and_nothing_is_recorded(api, kind, body, field):
    before = api.STORE.record
    answer = posted(api, kind, body)
    assert answer["statusCode"] == 400
    assert json.loads(answer["body"])["error"] == f"The {field} must be given once; it came 2 times."
    assert api.STORE.record is before


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
def test_other_fields_may_come_as_often_as_they_like(api, kind, body):
    assert posted(api, kind, body)["statusCode"] == 200
    assert api.STORE.record.votes[ANNA].comment == "Fine"


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
def test_what_is_written_in_another_way_is_refused_in_words(api, kind, body, status, said):
    event = http("POST", LINK, **{"content-type": kind, "accept": JSON})
    event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    answer = api.handler(event, Context())
    assert answer["statusCode"] == status
    assert json.loads(answer["body"])["error"] == said
    assert not api.STORE.record.votes


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
    assert re.findall(r'href="(.*?)"', alert) == ([place] if place else [])
    assert ('aria-invalid="true"' in shown) == (place == "#comment")
    assert ('aria-describedby="hint error"' in shown) == (place == "#comment")


def test_a_comment_for_which_there_is_no_room_is_marked_as_wrong(api):
    full = vote(comment="x" * api.decisions.COMMENTS_LIMIT)
    api.STORE.record = replace(api.STORE.record.with_approver(BEN, vote=full), approvals_required=2)
    answer = call(api)
    assert answer["statusCode"] == 400
    assert 'aria-invalid="true"' in answer["body"]


# --- what browsers say of themselves

ELSEWHERE = ["cross-site", "same-site", "Cross-Site", "", "same-origin, cross-site", "something new"]


@pytest.mark.parametrize("site", ELSEWHERE)
@pytest.mark.parametrize("decision", ["approve", "reject", "perhaps"])
def test_a_form_that_another_site_has_sent_is_refused_and_keeps_what_was_typed(api, site, decision):
    before = api.STORE.record
    answer = call(api, decision=decision, **{"sec-fetch-site": site})
    assert answer["statusCode"] == 403
    assert "open the link of the mail in a browser" in answer["body"]
    assert re.search(r">\s*Fine</textarea>", answer["body"])
    assert api.STORE.record is before
    told = json.loads(call(api, decision=decision, accept=JSON, **{"sec-fetch-site": site})["body"])
    assert (told["state"], told["error"]) == ("open", api.ELSEWHERE)


@pytest.mark.parametrize("body", ["", "comment=%ff", "decision=approve&decision=reject&comment=Fine"])
def test_so_is_one_that_could_not_be_read(api, body):
    event = http("POST", LINK, body, **{"sec-fetch-site": "cross-site", "content-type": FORM})
    assert api.handler(event, Context())["statusCode"] == 403
    assert api.handler(event | {"headers": {"sec-fetch-site": "cross-site"}}, Context())["statusCode"] == 403
    assert not api.STORE.record.votes


@pytest.mark.parametrize("status", [Status.OPEN, Status.EXPIRED, Status.CLOSED])
def test_the_refusal_is_on_every_page_and_changes_nothing(api, status):
    api.STORE.record = replace(api.STORE.record, status=status)
    before = api.STORE.record
    answer = call(api, **{"sec-fetch-site": "cross-site"})
    assert answer["statusCode"] == 403
    assert answer["body"].count('role="alert"') == 1
    assert "open the link of the mail in a browser" in answer["body"]
    assert api.STORE.record is before


def test_who_has_answered_is_told_so_beside_the_refusal(api):
    call(api)
    answer = call(api, **{"sec-fetch-site": "cross-site"})
    assert answer["statusCode"] == 403
    assert "Thank you, you approved this" in answer["body"]
    assert "Your answer has not been recorded" not in answer["body"]
    assert "What was just sent has not been recorded" in answer["body"]


@pytest.mark.parametrize("site", ["same-origin", "none", " Same-Origin ", None])
def test_our_own_page_and_programs_may_send_it(api, site):
    assert call(api, **({} if site is None else {"sec-fetch-site": site}))["statusCode"] == 200
    assert api.STORE.record.status is Status.APPROVED


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
def test_a_one_click_link_that_nobody_opens_to_read_shows_the_page(api, monkeypatch, headers, method):
    store = api.STORE
    load(monkeypatch, "approval_api", ONE_CLICK="true")
    api.STORE, api.CALLBACK = store, Workflow()
    answer = api.handler(http(method, f"{LINK}/approve", **headers), Context())
    assert answer == api.handler(http(method, LINK), Context())
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
def test_a_one_click_link_that_somebody_opens_approves(api, monkeypatch, headers):
    store = api.STORE
    load(monkeypatch, "approval_api", ONE_CLICK="true")
    api.STORE, api.CALLBACK = store, Workflow()
    assert api.handler(http("GET", f"{LINK}/approve", **headers), Context())["statusCode"] == 200
    assert store.record.status is Status.APPROVED


def test_the_first_button_of_the_form_decides_nothing(api):
    """Some scanners submit a form by its first button, with all of its fields or with that one."""
    page = call(api, "GET")["body"]
    form = page[page.index("<form") : page.index("</form>")]
    first, *others = re.findall(r"<button ([^>]*)>", form)
    name, value = re.search(r'name="(\w+)" value="(\w+)"', first).groups()
    assert 'aria-hidden="true"' in first
    assert 'tabindex="-1"' in first
    assert ["decision" in other for other in others] == [True, True]
    assert not re.search(r"<input(?! type=\"hidden\")", form), "or it might be the first"
    before = api.STORE.record
    for body in (f"{name}={value}", f"{name}={value}&comment=Fine", f"decision=approve&{name}={value}&comment=Fine"):
        answer = api.handler(http("POST", LINK, body), Context())
        assert answer["statusCode"] == 200
        assert "<form" in answer["body"]
        assert "alert" not in answer["body"]
        assert ("Fine</textarea>" in answer["body"]) == ("Fine" in body)
        assert api.STORE.record is before


def test_an_answer_to_what_the_page_no_longer_shows_is_refused_with_the_page_as_it_is(api):
    digest_now = api.STORE.record.digest
    form = f"decision=approve&comment=Yes.&digest={digest_now}"
    api.STORE.record = replace(api.STORE.record, details="Pay it all out.")
    answer = api.handler(http("POST", LINK, form), Context())
    assert answer["statusCode"] == 409
    assert "not what it was" in answer["body"]
    assert "Pay it all out." in answer["body"]
    assert "Yes." in answer["body"]
    assert not api.STORE.record.votes
    assert not api.CALLBACK.answers


def test_a_vote_keeps_the_digest_of_what_it_was_given_to(api):
    digest_now = api.STORE.record.digest
    api.handler(http("POST", LINK, f"decision=approve&digest={digest_now}"), Context())
    assert api.STORE.record.votes[ANNA].digest == digest_now
    assert json.loads(api.CALLBACK.answers[0][1].output)["digest"] == digest_now
