"""The page's function where Step Functions does not answer as it should."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from handlers.approvals.callback import Execution
from handlers.approvals.decisions import handed_over
from handlers.approvals.links import digest
from handlers.approvals.record import Approver, Status
from tests.handlers.events import Context, MemoryStore, Workflow, http, load
from tests.handlers.records import ANNA, BEN, REQUEST_ID, approved, record, vote

SECRET = "s" * 43
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
    path = f"/approvals/{REQUEST_ID}/{SECRET}"
    return api.handler(http(method, path, f"decision={decision}&comment=Fine", **headers), Context())


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
    path = f"/approvals/{REQUEST_ID}/{SECRET}"
    event = http("POST", path, body, accept="application/json")
    event["headers"]["content-type"] = "application/json"
    answer = api.handler(event, Context())
    assert answer["statusCode"] == 400
    assert json.loads(answer["body"])["error"] == "The comment must be valid Unicode text."
    assert not api.STORE.record.votes


def test_the_function_itself_knows_no_link_that_approves_at_once_unless_that_is_switched_on(api, monkeypatch):
    at_once = http("GET", f"/approvals/{REQUEST_ID}/{SECRET}/approve")
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


def test_a_table_that_does_not_answer_is_a_fault_page_and_no_stack_trace(api):
    def fail(*_args, **_kwargs):
        raise THROTTLED

    api.STORE.get = fail
    answer = call(api)
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
    answer = api.handler(http("GET", f"/approvals/{REQUEST_ID}/{'x' * 43}"), Context())
    assert answer["statusCode"] == 404
    assert api.STORE.record.title not in answer["body"]


def test_logs_hold_no_secret_no_token_and_no_address(api, capsys):
    call(api, **{"x-forwarded-for": "198.51.100.9"})
    api.handler(http("GET", f"/approvals/{REQUEST_ID}/{'x' * 43}"), Context())
    logged = capsys.readouterr().out
    assert '"outcome":"approve"' in logged
    assert REQUEST_ID in logged
    for secret in (SECRET, digest(SECRET), record().task_token, "x" * 43):
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
