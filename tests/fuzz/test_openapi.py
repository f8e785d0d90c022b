"""The API is what docs/openapi.yaml says it is, whatever is sent to it."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    positive_data_acceptance,
    response_schema_conformance,
    status_code_conformance,
)

from handlers.approvals.faces.page import State
from handlers.approvals.rules.decisions import COMMENT_LIMIT, decide, handed_over
from handlers.approvals.rules.endings import Execution
from handlers.approvals.rules.links import digest
from handlers.approvals.rules.record import Decision
from handlers.contract.form_fields import as_text, read_fields, read_links
from handlers.contract.question import question_digest
from handlers.contract.record import Status
from tests.fuzz.functions import SECRET, asked, page_of
from tests.support.fakes import unavailable
from tests.support.gateway import wsgi
from tests.support.records import (
    ANNA,
    BEN,
    LINKS,
    OF_EACH_TYPE,
    REQUEST_ID,
    TASK_TOKEN,
    asking,
    giving,
    grouped,
    policy,
    record,
    vote,
)

DESCRIPTION = Path(__file__).parents[2] / "docs" / "openapi.yaml"
LINK = "/approvals/{requestId}/{secret}"
AT_ONCE = f"{LINK}/approve"
ANNAS = {"requestId": REQUEST_ID, "secret": SECRET}
FORM, JSON, HTML = "application/x-www-form-urlencoded", "application/json", "text/html"
schema = schemathesis.openapi.from_path(DESCRIPTION)

DESCRIBED = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
TOLD_APART = [positive_data_acceptance, negative_data_rejection]


def every_route():
    """The page's function with all routes that there can be."""
    return asked(one_click=True)


@pytest.mark.parametrize("accept", [HTML, JSON])
@schema.parametrize()
@settings(settings.get_profile("fuzz"), max_examples=25)
def test_a_stranger_gets_the_described_answer_and_nothing_of_a_request(case, accept):
    case.headers["Accept"] = accept
    answer = case.call_and_validate(app=wsgi(every_route()), checks=DESCRIBED)
    assert answer.status_code == 404
    for known in (record().title, ANNA, TASK_TOKEN, "Traceback"):
        assert known not in answer.text


@pytest.mark.parametrize("accept", [HTML, JSON])
@schema.parametrize()
@settings(settings.get_profile("fuzz"), max_examples=25)
def test_whoever_has_a_link_gets_the_described_answer_and_only_good_answers_count(case, accept):
    api = every_route()
    case.path_parameters = dict(ANNAS)
    case.headers["Accept"] = accept
    answer = case.call_and_validate(app=wsgi(api), checks=DESCRIBED)
    if case.operation.method == "post" and not shorter_than_it_looks(case.body) and not brings_values(case.body):
        case.validate_response(answer, checks=TOLD_APART)
    if case.operation.method == "post" or case.operation.path == AT_ONCE:
        assert (answer.status_code == 200) == bool(api.store.record.votes)
    else:
        assert not api.store.record.votes
    for known in (TASK_TOKEN, SECRET):  # which Hypothesis may take from this program, and put into a comment
        assert known not in answer.text or known in str(case.body)


def shorter_than_it_looks(body: Any) -> bool:
    """The limit of a comment is one without the blanks at its ends, which a schema cannot say."""
    comment = body.get("comment") if isinstance(body, dict) else None
    limit = schema.raw_schema["components"]["schemas"]["Answer"]["properties"]["comment"]["maxLength"]
    return isinstance(comment, str) and len(comment.replace("\r\n", "\n").strip()) <= limit < len(comment)


def brings_values(body: Any) -> bool:
    """This request has no fields."""
    return isinstance(body, dict) and any(name.partition(".")[0] == "values" for name in body)


FIELDS = (*OF_EACH_TYPE[:1], {"name": "share", "label": "S", "type": "number", "max": 50}, *OF_EACH_TYPE[-1:])


def of_these_fields() -> Any:
    """The description as it is for an approval of a request with FIELDS."""
    raw = deepcopy(schema.raw_schema)
    types = {
        "region": {"type": "string", "enum": ["eu-1", "us-1"]},
        "share": {"type": "integer", "maximum": 50, "minimum": -(10**14)},
        "announce": {"type": "boolean"},
    }
    answer = raw["components"]["schemas"]["Answer"]
    answer["required"] = ["decision", "values"]
    answer["properties"]["decision"] = {"type": "string", "enum": ["approve"]}
    answer["properties"]["values"] |= {"properties": types, "required": ["region"], "additionalProperties": False}
    for path in (LINK, AT_ONCE):
        del raw["paths"][path]["post"]["requestBody"]["content"][FORM]
    return schemathesis.openapi.from_dict(raw)


described = of_these_fields()


@described.include(method="POST", path=LINK).parametrize()
@settings(settings.get_profile("fuzz"), max_examples=80)
def test_all_values_that_are_asked_for_are_taken(case):
    known = asking(*FIELDS, approvals_required=1).with_approver(ANNA, links=(digest(SECRET),))
    api = page_of(known, one_click=True)
    case.path_parameters, case.headers["Accept"] = dict(ANNAS), JSON
    answer = case.call_and_validate(app=wsgi(api), checks=DESCRIBED)
    # What is not of a field's type may still be a value of it: null is none, and "5" is 5.
    case.validate_response(answer, checks=[positive_data_acceptance])
    assert (answer.status_code == 200) == api.store.written


def anna_approved(api) -> None:
    voted = api.store.record.with_approver(ANNA, vote=vote())
    api.store.record = handed_over(decide(voted, Status.APPROVED, vote().at))


def anna_waits_to_be_heard(api) -> None:
    anna_approved(api)
    api.store.record = replace(api.store.record, handed_over=False)


def ben_rejected(api) -> None:
    voted = api.store.record.with_approver(BEN, vote=vote(Decision.REJECT))
    api.store.record = handed_over(decide(voted, Status.REJECTED, vote().at))


def expired(api) -> None:
    api.store.record = replace(api.store.record, status=Status.EXPIRED)


def stopped(api) -> None:
    api.workflow.run = Execution(status="ABORTED")


def closed(api) -> None:
    api.store.record = replace(api.store.record, status=Status.CLOSED)


def unheard(api) -> None:
    api.workflow.replies = [unavailable()]


def unread(api) -> None:
    api.store.troubles = [unavailable()]


def unwritten(api) -> None:
    api.store.troubles = [None, unavailable()]


def untouched(api) -> None:
    """As it was asked."""


def with_fields(api) -> None:
    fields = asking(*FIELDS).fields
    api.store.record = replace(api.store.record, fields=fields)


def anna_may_join(api) -> None:
    """Ben gave other values, and nobody else is asked."""
    asked = asking(*FIELDS, links=LINKS, approvers=api.store.record.approvers, policy=policy(approvers=(ANNA, BEN)))
    api.store.record = giving(giving(asked, ANNA, region="eu-1"), BEN, region="us-1", share="5", announce="true")


ELSEWHERE = {"headers": {"Sec-Fetch-Site": "cross-site"}}
GOOD, BAD = {"decision": "approve", "comment": "Fine."}, {"decision": "perhaps"}
JOINS = {"decision": "approve", "values": {"region": "us-1", "share": 5, "announce": True}}


def content(body: dict[str, Any], media_type: str) -> dict[str, Any]:
    return {"body": body, "media_type": media_type}


@pytest.mark.parametrize("accept", [HTML, JSON])
@pytest.mark.parametrize(
    ("path", "method", "sent", "before", "status", "state"),
    [
        (LINK, "GET", {}, untouched, 200, "open"),
        (LINK, "HEAD", {}, untouched, 200, ""),
        (LINK, "GET", {}, anna_approved, 200, "thanks"),
        (LINK, "GET", {}, anna_waits_to_be_heard, 200, "pending"),
        (LINK, "GET", {}, ben_rejected, 200, "decided"),
        (LINK, "GET", {}, expired, 200, "expired"),
        (LINK, "GET", {}, closed, 200, "closed"),
        (LINK, "GET", {}, unread, 503, "fault"),
        (LINK, "POST", content(GOOD, JSON), untouched, 200, "thanks"),
        (LINK, "POST", content(BAD, FORM), untouched, 400, "open"),
        (LINK, "POST", content(GOOD | {"comment": "x" * 1_001}, JSON), untouched, 400, "open"),
        (LINK, "POST", content(GOOD, FORM) | ELSEWHERE, untouched, 403, "open"),
        (LINK, "POST", content(GOOD | {"look": "page"}, FORM), untouched, 200, "open"),
        (LINK, "POST", content(GOOD, JSON), anna_approved, 200, "thanks"),
        (LINK, "POST", content(GOOD | {"decision": "reject"}, JSON), anna_approved, 409, "voted"),
        (LINK, "POST", content(GOOD, JSON), ben_rejected, 409, "decided"),
        (LINK, "POST", content(GOOD, JSON), expired, 409, "expired"),
        (LINK, "POST", content(GOOD, FORM), stopped, 409, "closed"),
        (LINK, "POST", {}, untouched, 415, "open"),
        (LINK, "GET", {}, anna_may_join, 200, "thanks"),
        (LINK, "POST", content(GOOD, JSON), with_fields, 400, "open"),
        (LINK, "POST", content(JOINS, JSON), anna_may_join, 200, "thanks"),
        (LINK, "POST", content(GOOD, JSON), anna_may_join, 409, "voted"),
        (LINK, "POST", content(GOOD, JSON), unheard, 503, "pending"),
        (LINK, "POST", content(GOOD, FORM), unwritten, 503, "fault"),
        (AT_ONCE, "GET", {}, untouched, 200, "thanks"),
        (AT_ONCE, "GET", {"headers": {"Sec-Purpose": "prefetch"}}, untouched, 200, "open"),
        (AT_ONCE, "GET", {}, with_fields, 400, "open"),
        (AT_ONCE, "GET", {}, anna_approved, 200, "thanks"),
        (AT_ONCE, "GET", {}, anna_waits_to_be_heard, 200, "pending"),
        (AT_ONCE, "GET", {}, ben_rejected, 409, "decided"),
        (AT_ONCE, "GET", {}, expired, 409, "expired"),
        (AT_ONCE, "GET", {}, stopped, 409, "closed"),
        (AT_ONCE, "GET", {}, unheard, 503, "pending"),
        (AT_ONCE, "GET", {}, unread, 503, "fault"),
        (AT_ONCE, "POST", content(GOOD | {"decision": "reject"}, FORM), untouched, 200, "thanks"),
        (AT_ONCE, "POST", content(GOOD | {"decision": "reject"}, JSON), anna_approved, 409, "voted"),
        (AT_ONCE, "POST", content(GOOD, FORM) | ELSEWHERE, untouched, 403, "open"),
        (AT_ONCE, "POST", {}, untouched, 415, "open"),
    ],
)
def test_every_described_status_and_state_is_really_answered(path, method, sent, before, status, state, accept):
    api = every_route()
    before(api)
    headers = {"Accept": accept} | sent.get("headers", {})
    case = schema[path][method].Case(path_parameters=dict(ANNAS), **sent | {"headers": headers})
    answer = case.call(app=wsgi(api))
    assert answer.status_code == status
    case.validate_response(answer, checks=DESCRIBED[1:])
    if accept == JSON and method != "HEAD":
        assert answer.json()["state"] == state


@pytest.mark.parametrize("votes", [{}, {BEN: vote()}, {BEN: vote(Decision.REJECT)}])
def test_a_request_with_groups_is_told_as_described(votes):
    asked_for = grouped(votes, rejections_required=2).with_approver(ANNA, links=(digest(SECRET),))
    case = schema[LINK]["GET"].Case(path_parameters=dict(ANNAS), headers={"Accept": JSON})
    answer = case.call(app=wsgi(page_of(asked_for)))
    case.validate_response(answer, checks=DESCRIBED)
    assert answer.json()["request"]["groups"].keys() == {"finance", "legal"}


@pytest.mark.parametrize("name", ["Open", "Groups", "Values", "Thanks"])
def test_the_examples_are_told_as_described(name):
    example = schema.raw_schema["components"]["examples"][name]["value"]
    told = example["request"]
    canonical = {"fields": as_text(read_fields(told["fields"])), "links": as_text(read_links(told["links"]))}
    assert told["digest"] == question_digest(told | canonical), "of its own question"
    short = [count for count in (told, *told["groups"].values()) if count["missing"]]
    assert (told["status"] == "APPROVED") == (not short)
    assert all(count["missing"] == count["approvalsRequired"] - count["approvals"] for count in short)


def test_every_state_of_the_page_is_described():
    described = schema.raw_schema["components"]["schemas"]["State"]
    assert set(described["enum"]) == {state.value for state in State}
    assert all(f"`{state}`" in described["description"] for state in described["enum"])


def test_the_description_has_the_limits_and_choices_of_the_code():
    schemas = schema.raw_schema["components"]["schemas"]
    assert schemas["Answer"]["properties"]["comment"]["maxLength"] == COMMENT_LIMIT
    assert schemas["Decision"]["enum"] == [decision.value for decision in Decision]
    assert schemas["Request"]["properties"]["status"]["enum"] == [status.value for status in Status]
