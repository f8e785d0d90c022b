"""From a request to the end of its execution, as people answer it."""

from __future__ import annotations

import json

import pytest

from tests.support.stacks import ALICE, BOB, CAROL, HTML, JSON
from tests.support.waiting import until


def test_an_approval_lets_the_workflow_go_on_in_three_states(plain):
    run = plain.start()
    assert plain.press(run.link(), "approve", "Looks good.").status_code == 200
    output = run.succeeded()
    assert run.states()[:3] == ["Generate task", "Request approval", "Return to main processing"]
    assert output["approval"]["outcome"] == "APPROVED"
    assert [(vote["approver"], vote["comment"]) for vote in output["approval"]["votes"]] == [(ALICE, "Looks good.")]
    assert output["result"] == {"requestId": output["requestId"], "status": "completed", "approvedBy": [ALICE]}


def test_a_rejection_ends_the_workflow_with_who_and_why(plain):
    run = plain.start()
    assert plain.press(run.link(BOB), "reject", "Not on a Friday.").status_code == 200
    error, cause = run.failed()
    assert error == "Rejected"
    assert cause.endswith(f' by {BOB}: "Not on a Friday."')
    assert run.states()[-1] == "Rejected"


def test_each_approver_gets_one_mail_with_a_link_of_their_own(plain):
    run = plain.start()
    mails = run.mails(3)
    assert sorted(mail.to for mail in mails) == [ALICE, BOB, CAROL]
    assert len({run.link(who) for who in (ALICE, BOB, CAROL)}) == 3
    assert all(mail.subject.startswith("[dev] ") for mail in mails)


def test_a_scanner_that_follows_the_link_changes_nothing(plain):
    run = plain.start()
    run.mails(3)
    before = until(lambda: (item := run.item()) and "lease" not in item and item, "the end of the mailing")
    assert plain.get(run.link()).status_code == 200
    head = plain.http.head(run.link())
    assert (head.status_code, head.content) == (200, b"")
    assert run.item() == before
    assert run.status == "RUNNING"


def test_no_route_approves_by_get_unless_one_click_is_on(plain):
    run = plain.start()
    assert plain.get(run.link() + "/approve").status_code == 404
    assert run.status == "RUNNING"


def test_one_click_approves_where_it_is_switched_on(deployed):
    with deployed("dev", oneClick=True) as stack:
        run = stack.start()
        (mail, *_) = run.mails(1, to=ALICE)
        (link,) = [line for line in mail.body.splitlines() if line.endswith("/approve")]
        assert stack.get(link).status_code == 200
        assert run.succeeded()["result"]["approvedBy"] == [ALICE]


def test_two_of_three_approve(quorum):
    run = quorum.start()
    assert quorum.press(run.link(ALICE)).status_code == 200
    assert run.status == "RUNNING"
    assert quorum.press(run.link(CAROL)).status_code == 200
    assert run.succeeded()["result"]["approvedBy"] == [ALICE, CAROL]


def test_one_rejection_of_two_needed_does_not_reject(quorum):
    run = quorum.start()
    quorum.press(run.link(ALICE), "reject")
    quorum.press(run.link(BOB), "approve")
    assert run.status == "RUNNING"
    quorum.press(run.link(CAROL), "reject")
    assert run.failed()[0] == "Rejected"


def test_who_comes_after_the_decision_sees_who_decided(plain):
    run = plain.start()
    late = run.link(BOB)
    plain.press(run.link(ALICE), "approve", "Fine.")
    run.succeeded()
    shown, pressed = plain.get(late), plain.press(late, "reject")
    assert (shown.status_code, pressed.status_code) == (200, 409)
    for page in (shown.text, pressed.text):
        assert ALICE in page
        assert "Fine." in page
        assert "<form" not in page


def test_pressing_twice_gives_the_same_answer_and_decides_once(plain):
    run = plain.start()
    first, second = plain.press(run.link()), plain.press(run.link())
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.text == second.text
    assert len(run.succeeded()["approval"]["votes"]) == 1


def test_changing_ones_mind_is_refused_and_the_first_answer_counts(quorum):
    run = quorum.start()
    quorum.press(run.link(), "approve")
    changed = quorum.press(run.link(), "reject")
    assert changed.status_code == 409
    assert "first answer" in changed.text
    assert run.item()["votes"][ALICE]["decision"] == "approve"


def test_what_was_typed_is_kept_when_the_form_is_wrong(plain):
    run = plain.start()
    answer = plain.press(run.link(), "perhaps", "A careful <comment>")
    assert answer.status_code == 400
    assert "approve or reject" in answer.text
    assert "A careful &lt;comment&gt;" in answer.text
    assert run.status == "RUNNING"


def test_a_comment_that_is_too_long_is_refused_by_its_length(plain):
    run = plain.start()
    answer = plain.press(run.link(), "approve", "x" * 1_001)
    assert answer.status_code == 400
    assert "1,000 characters" in answer.text
    assert "1,001" in answer.text


def test_an_unknown_request_and_a_wrong_secret_look_the_same(plain):
    link = plain.start().link()
    base, request, secret = link.rsplit("/", 2)
    wrong = plain.get(f"{base}/{request}/{'a' * 52}")
    unknown = plain.get(f"{base}/00000000-0000-4000-8000-000000000000/{secret}")
    assert (wrong.status_code, wrong.text) == (unknown.status_code, unknown.text)
    assert wrong.status_code == 404
    assert plain.press(f"{base}/{request}/{'a' * 52}").status_code == 404


def test_a_link_that_was_folded_and_got_a_slash_can_be_answered(plain):
    run, base = plain.start(), plain.sandbox.outputs["approvalApiUrl"]
    changed = base + run.link().removeprefix(base).upper() + "/"
    assert "<form" in plain.get(changed).text
    assert plain.press(changed).status_code == 200
    assert run.succeeded()["result"]["approvedBy"] == [ALICE]


def test_a_link_that_was_cut_off_says_what_to_do(plain):
    link = plain.start().link()
    for cut in (link[:-1], link[:-30], link.rsplit("/", 1)[0], f"{link.rsplit('/', 1)[0]}/", link.rsplit("/", 2)[0]):
        page = plain.get(cut)
        assert (page.status_code, page.headers["cache-control"]) == (404, "no-store")
        assert "copy the whole of it" in page.text
        assert plain.get(cut, **JSON).json() == {"state": "unknown"}


def test_two_decisions_in_one_form_decide_nothing(plain):
    run = plain.start()
    answer = plain.http.post(run.link(), data={"decision": ["approve", "reject"]}, headers=HTML)
    assert answer.status_code == 400
    assert "must be given once" in answer.text
    assert run.status == "RUNNING"


def test_a_program_reads_and_decides_in_json(plain):
    run = plain.start(details="Line one")
    shown = plain.get(run.link(), **JSON)
    assert shown.headers["content-type"] == "application/json"
    request = shown.json()["request"]
    assert (shown.json()["state"], request["title"], request["you"]) == ("open", run.title, ALICE)
    body = json.dumps({"decision": "reject", "comment": "No."})
    answer = plain.http.post(run.link(), content=body, headers=JSON | {"content-type": "application/json"})
    assert (answer.status_code, answer.json()["state"]) == (200, "thanks")
    assert run.failed()[0] == "Rejected"


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("text/plain", "decision=approve", 415),
        ("application/json", "[]", 400),
        ("application/json", "{", 400),
        ("application/json", '{"decision": {"a": 1}}', 400),
        ("application/json", '{"decision": "approve", "comment": 5}', 400),
        ("application/json", '{"decision": "approve", "comment": "\\ud800"}', 400),
        ("application/x-www-form-urlencoded", "decision=%ff", 400),
        ("application/x-www-form-urlencoded", "", 400),
        ("application/x-www-form-urlencoded", "a=1&" * 30, 400),
    ],
)
def test_what_is_no_decision_is_refused_with_a_reason(plain, content_type, body, status):
    run = plain.start()
    answer = plain.http.post(run.link(), content=body, headers=JSON | {"content-type": content_type})
    assert answer.status_code == status
    assert answer.json()["error"]
    assert run.status == "RUNNING"


def test_the_page_forbids_scripts_caches_and_referrers(plain):
    headers = plain.get(plain.start().link()).headers
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert "script-src" not in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert "noindex" in headers["x-robots-tag"]


def test_a_spoofed_host_reaches_no_link(plain):
    run = plain.start()
    page = plain.get(run.link(), **{"x-forwarded-host": "evil.example.com", "x-forwarded-proto": "http"})
    assert "evil.example.com" not in page.text + str(page.headers)
    assert run.link().startswith(plain.sandbox.outputs["approvalApiUrl"])


def test_a_requester_is_not_asked_about_the_own_request(plain):
    run = plain.start(requestedBy=ALICE)
    assert sorted(mail.to for mail in run.mails(2)) == [BOB, CAROL]
    plain.press(run.link(BOB))
    run.succeeded()
    assert all(mail.to != ALICE for mail in run.mails(2))


def test_a_request_is_refused_when_too_few_are_left_to_decide(deployed):
    with deployed("dev", approvers=[ALICE]) as stack:
        error, cause = stack.start(requestedBy=ALICE).failed()
        assert error == "TooFewApprovers"
        assert "needs 1 approval(s)" in cause


def test_a_bad_input_ends_the_execution_with_what_is_wrong(plain):
    arn = plain.start_raw({"title": "x" * 201})
    seen = until(
        lambda: (now := plain.sfn.describe_execution(executionArn=arn))["status"] == "FAILED" and now, "the failure"
    )
    assert (seen["error"], seen["cause"]) == ("InvalidTask", "title must be at most 200 characters, got 201")
