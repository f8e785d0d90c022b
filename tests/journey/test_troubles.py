"""Silence, repeats, faults and interruptions: each run ends, and ends as people decided."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from handlers.approvals.faces.answers import approval
from handlers.approvals.rules.record import Decision
from handlers.contract.record import Status
from tests.support.roles import Function
from tests.support.stacks import ALICE, BOB, BOSS, OPERATOR, Run
from tests.support.waiting import until


def test_of_a_run_that_went_on_and_was_never_noted_the_record_learns_at_its_end(plain):
    """The function that gave the answer died before it could write that down."""
    run = plain.start()
    run.link()
    run.vote_without_handing_over()
    record = plain.seen(run.request_id)
    plain.sfn.send_task_success(taskToken=record.task_token, output=json.dumps(approval(record)))
    item = until(lambda: (now := run.item())["handedOver"] and now, "note that it was handed over")
    assert item["status"] == "APPROVED"
    assert "taskToken" not in item


def told(run: Run) -> list[Any]:
    """The operator's mails about this run."""
    return [mail for mail in run.stack.sandbox.messages() if mail.to == OPERATOR and run.arn in mail.body]


def test_the_operator_is_told_of_a_stopped_run_but_not_of_a_rejected_one(plain):
    rejected, stopped = plain.start(), plain.start()
    plain.press(rejected.link(), "reject")
    rejected.failed()
    stopped.link()
    cause = 'said "stop",\nand meant it \x1b[31m'
    plain.sfn.stop_execution(executionArn=stopped.arn, error="Stopped", cause=cause)
    (mail,) = until(lambda: told(stopped), "the operator's mail")
    assert mail.subject == f"[dev] Approval workflow was stopped: {stopped.title}"
    lines = mail.body.splitlines()
    assert "- Ended: ABORTED Stopped" in lines
    assert "- Why: \"said 'stop', and meant it [31m\"" in lines
    assert f'- What: "{stopped.title}"' in lines
    assert any(line.startswith("https://") and line.endswith(f"/v2/executions/details/{stopped.arn}") for line in lines)
    until(lambda: rejected.item()["handedOver"], "word of the rejection")
    assert not told(rejected)


def test_the_operator_reads_why_an_invalid_task_was_refused(plain):
    arn = plain.start_raw({"title": 5})
    run = Run(plain, arn, "")
    error, cause = run.failed()
    assert error == "InvalidTask"
    (mail,) = until(lambda: told(run), "the operator's mail")
    assert "- Ended: FAILED InvalidTask" in mail.body
    assert f'- Why: "{cause}"' in mail.body
    assert '- Started with: {"title": 5}' in mail.body


def test_a_token_that_is_answered_without_a_vote_is_noted_and_told(plain):
    """Somebody reads the task token, in the history for example, and has the right to use it."""
    run = plain.start()
    link = run.link()
    record = plain.seen(run.request_id)
    output = approval(replace(record, status=Status.APPROVED))
    assert not output["votes"]
    plain.sfn.send_task_success(taskToken=record.task_token, output=json.dumps(output))
    run.succeeded()
    item = until(lambda: (now := run.item())["status"] == "CLOSED" and now, "closed record")
    assert item["answeredWithoutVote"] is True
    (mail,) = until(lambda: told(run), "the operator's mail")
    assert mail.subject == f"[dev] Approval workflow went on without a vote: {run.title}"
    assert "nobody gave on this page" in plain.get(link).text


def test_word_of_an_ending_that_fails_again_and_again_is_kept(plain):
    """The emulator honours this for an asynchronous call, and for no event of EventBridge."""
    functions = plain.sandbox.client("lambda")
    name = Function.of(plain, "reconcile").name
    destination = functions.get_function_event_invoke_config(FunctionName=name)["DestinationConfig"]["OnFailure"]
    url = plain.sqs.get_queue_url(QueueName=destination["Destination"].split(":")[-1])["QueueUrl"]
    functions.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps({"detail": {"unheard": "of"}}))
    (letter,) = until(lambda: plain.sqs.receive_message(QueueUrl=url).get("Messages"), "the event that failed", 60)
    assert json.loads(letter["Body"])["requestPayload"] == {"detail": {"unheard": "of"}}


@pytest.mark.parametrize(("decision", "status"), [(Decision.APPROVE, "SUCCEEDED"), (Decision.REJECT, "FAILED")])
def test_a_decision_in_the_last_moment_holds(last_moment, decision, status):
    run = last_moment[decision]
    assert run.ended(90)["status"] == status
    assert run.states()[-3:-1] == ["Expire request", "Ask for late decision"]
    item = run.item()
    assert item["handedOver"]
    assert "taskToken" not in item


def test_silence_expires_after_reminders_and_an_escalation(hasty, unanswered):
    run = unanswered
    error, cause = run.failed(seconds=90)
    assert error == "Expired"
    assert "60 seconds" in cause
    assert run.states().count("Request approval") == 6
    mails = run.mails(13)
    assert len(mails) == 13
    for who, kinds in {
        ALICE: ["Approval needed", *["Reminder"] * 5],
        BOB: ["Approval needed", *["Reminder"] * 5],
        BOSS: ["Escalation"],
    }.items():
        assert [mail.subject.split("] ")[1].split(":")[0] for mail in mails if mail.to == who] == kinds
    item = run.item()
    assert item["status"] == Status.EXPIRED
    assert "taskToken" not in item
    page, pressed = hasty.get(run.link()), hasty.press(run.link())
    assert "<form" not in page.text
    assert pressed.status_code == 409


def test_mails_that_cannot_be_sent_fail_the_run_loudly(deployed):
    with deployed("dev") as stack:
        stack.sandbox.client("sns").delete_topic(TopicArn=stack.sandbox.outputs["approverTopicArn"])
        error, cause = stack.start().failed(seconds=40)
        assert error == "NotificationFailed"
        assert "could not be asked" in cause


def test_two_stacks_live_side_by_side(plain, quorum):
    ours, theirs = plain.start(), quorum.start()
    link = ours.link()
    assert all(mail.subject.startswith("[prod] ") for mail in theirs.mails(3))
    assert not [mail for mail in quorum.sandbox.messages() if ours.title in mail.subject]
    elsewhere = link.replace(plain.sandbox.outputs["approvalApiUrl"], quorum.sandbox.outputs["approvalApiUrl"])
    assert quorum.press(elsewhere).status_code == 404
    plain.press(link)
    ours.succeeded()
    assert theirs.status == "RUNNING"
    quorum.sfn.stop_execution(executionArn=theirs.arn)
