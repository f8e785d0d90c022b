"""An operator goes through the stack's door: reminds, cancels, and decides nothing."""

from __future__ import annotations

import pytest

from tests.journey.test_decision_mails import news
from tests.journey.test_events import told, types
from tests.support.callers import Caller
from tests.support.roles import Function
from tests.support.stacks import ALICE, BOB, CAROL, OPERATOR, Run, Stack, link_in
from tests.support.waiting import until

REMINDED = "Approval Reminded"
WHY = "The release: withdrawn."


@pytest.fixture(scope="module")
def erik(plain) -> Caller:
    return Caller(plain)


def start(stack: Stack) -> Run:
    """Once all three are asked, so that no mail of the round comes between."""
    run = stack.start()
    run.mails(3)
    until(lambda: "lease" not in run.item(), "end of the mailing")
    return run


@pytest.mark.parametrize("order", ["remind", "cancel"])
def test_nobody_comes_in_who_does_not_sign_or_may_not_call_it(plain, erik, order):
    run = start(plain)
    assert erik.order(order, requestId=run.request_id, why=WHY, signed=False)[0] == 403
    assert Caller(plain, "readerPolicy").order(order, requestId=run.request_id, why=WHY)[0] == 403
    assert run.status == "RUNNING"
    assert len(run.mails(3)) == 3


def test_a_reminder_brings_a_link_that_works_while_the_old_one_stays_good(plain, erik):
    run = start(plain)
    reminded = erik.order("remind", requestId=run.request_id, to=[BOB.upper()], by="mallory@example.com")
    assert reminded == (200, {"reminded": [BOB], "refused": {}})
    old, new = run.mails(2, to=BOB)
    assert new.subject == f"[dev] Reminder: {run.title}"
    assert "<form" in plain.get(link_in(old.body)).text
    item = run.item()
    assert (item["remindedBy"], item["approvers"][BOB]["reminders"]) == (erik.arn, 1)
    assert erik.arn.endswith("/erik@example.com")
    assert erik.order("remind", requestId=run.request_id, to=[BOB])[0] == 409, "a minute has not passed"
    assert plain.press(link_in(new.body)).status_code == 200
    run.succeeded()
    over = erik.order("remind", requestId=run.request_id)
    assert over == (409, {"error": f"request {run.request_id} is over: decided"})
    (reminder,) = [one["detail"] for one in told(run, REMINDED) if one["detail-type"] == REMINDED]
    assert (reminder["approver"], reminder["by"]) == (BOB, erik.arn)


def test_a_cancelled_request_ends_its_run_and_everybody_reads_why_but_not_the_operators_mailbox(plain, erik):
    run = start(plain)
    link = run.link()
    assert erik.order("cancel", requestId=run.request_id, why=WHY) == (200, {"executionArn": run.arn})
    ended = run.ended()
    assert (ended["status"], ended["error"], ended["cause"]) == ("ABORTED", "Cancelled", f"{erik.arn}: {WHY}")
    for mail in news(run, {ALICE, BOB, CAROL}):
        assert mail.subject == f"[dev] Cancelled: {run.title}"
        assert f'Why: "{WHY}"' in mail.body
    assert f"has stopped it: &#34;{WHY}&#34;" in plain.get(link).text
    assert plain.press(link).status_code == 409
    events = told(run, "Approval Closed")
    assert types(events) == ["Approval Requested", "Approval Closed"]
    assert events[-1]["detail"]["cause"] == f"{erik.arn}: {WHY}"
    assert "taskToken" not in run.item()
    again = erik.order("cancel", executionArn=run.arn, why=WHY)
    assert again == (409, {"error": f"{run.arn} is over: ABORTED"})
    Function.of(plain, "reconcile").logged(run.arn, "execution is over")
    assert not [one for one in plain.sandbox.messages() if one.to == OPERATOR and run.arn in one.body]


def test_what_has_been_approved_is_not_cancelled(plain, erik):
    run = start(plain)
    run.vote_without_handing_over()
    refused = (409, {"error": f"request {run.request_id} is APPROVED, so nothing is left to cancel"})
    assert erik.order("cancel", requestId=run.request_id, why=WHY) == refused
    assert erik.order("cancel", executionArn=run.arn, why=WHY) == refused
    plain.press(run.link())
    run.succeeded()
