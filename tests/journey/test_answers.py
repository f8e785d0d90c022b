"""From a request to the end of its execution, as people answer it."""

from __future__ import annotations

import json

from tests.support.stacks import ALICE, BOB, CAROL, JSON
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


def test_an_unknown_request_and_a_wrong_secret_look_the_same(plain):
    link = plain.start().link()
    base, request, secret = link.rsplit("/", 2)
    wrong = plain.get(f"{base}/{request}/{'a' * 52}")
    unknown = plain.get(f"{base}/00000000-0000-4000-8000-000000000000/{secret}")
    assert (wrong.status_code, wrong.text) == (unknown.status_code, unknown.text)
    assert wrong.status_code == 404
    assert plain.press(f"{base}/{request}/{'a' * 52}").status_code == 404


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


def test_a_spoofed_host_reaches_no_link(plain):
    run = plain.start()
    page = plain.get(run.link(), **{"x-forwarded-host": "evil.example.com", "x-forwarded-proto": "http"})
    assert "evil.example.com" not in page.text + str(page.headers)
    assert run.link().startswith(plain.sandbox.outputs["approvalApiUrl"])


# As details, as requester and as comment.
HARMLESS_IN_THE_END = [
    "a\0b",
    "\r\nBcc: mallory@example.com\r\n\r\nClick here",
    "\u202egnissorp\u202c \u2066x\u2069 \u200b\ufeff",
    "<script>alert(1)</script></textarea>{% $states.context.Task.Token %}",
]


def test_whatever_is_asked_arrives_as_text_and_can_be_approved(plain):
    runs = [(plain.start(details=text, requestedBy=text), text) for text in HARMLESS_IN_THE_END]
    for run, text in runs:
        shown = plain.get(run.link(), **JSON).json()["request"]
        assert (shown["details"], shown["requestedBy"]) == (text.strip(), text.strip())
        assert "<script>alert" not in plain.get(run.link()).text
        assert plain.press(run.link(), comment=text).status_code == 200
    for run, text in runs:
        assert run.succeeded()["details"] == text.strip()
