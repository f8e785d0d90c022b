"""What a write to queue or table comes to, should somebody get past their policies (tests/permissions)."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from handlers.approvals.parsing.policy import read_policy
from handlers.contract.question import question_digest
from tests.support.events import ending
from tests.support.records import policy_body
from tests.support.roles import Function
from tests.support.stacks import ALICE, BOB, OPERATOR, Run, Stack, link_in, queue_message, send
from tests.support.waiting import until

LUNCH = "Order lunch for the team"
# A run that takes no such answer ends at once, and its record may learn of it before the page has answered.
ANSWERED = {200, 409}


def forge(run: Run, output: str = "requestQueueUrl", **changes: Any) -> None:
    """Put a message of one's own into a queue: this run's, with a question and numbers of one's own."""
    message = json.loads(queue_message(run.arn, run.stack.seen(run.request_id)))
    question = message["request"] | {name: changes.pop(name) for name in list(changes) if name in message["request"]}
    question["digest"] = question_digest(question)
    send(run.stack, output, json.dumps(message | {"request": question} | changes))


def told(run: Run) -> list[Any]:
    """The operator's mails about this run."""
    return [mail for mail in run.stack.sandbox.messages() if mail.to == OPERATOR and run.arn in mail.body]


def lunch_link(stack: Stack, title: str, to: str = ALICE) -> str:
    def look() -> list[Any]:
        return [one for one in stack.sandbox.messages() if title in one.subject and one.to == to]

    return link_in(until(look, "the forged mail")[0].body)


def test_an_approval_of_a_forged_question_pays_nothing_out(plain):
    """The token of a waiting run, from its history, under a harmless question."""
    payout = plain.start()
    payout.mails(3)
    title = f"{LUNCH} {payout.title[-6:]}"
    forge(payout, requestId="forged-" + payout.request_id, title=title)
    link = lunch_link(plain, title)
    assert plain.press(link).status_code in ANSWERED
    error, cause = payout.failed()
    assert error == "AnswerMismatch"
    assert "another question" in cause
    item = until(lambda: (now := payout.item())["status"] == "CLOSED" and now, "closed record")
    assert "taskToken" not in item
    until(lambda: "had asked another question" in plain.get(link).text, "what the page says")
    until(lambda: told(payout), "the operator's mail")
    assert "Return to main processing" not in payout.states()


def harmless(message: dict[str, Any]) -> None:
    message["request"]["title"] = f"{LUNCH} {message['request']['title'][-6:]}"
    message["request"]["digest"] = question_digest(message["request"])


def lenient(message: dict[str, Any]) -> None:
    """One approval is enough, where it takes two."""
    policy = read_policy(message["policy"] | {"approvalsRequired": 1})
    message["policy"] = policy_body(policy)


@contextmanager
def unread(stack: Stack) -> Iterator[str]:
    """The URL of the request queue, which nothing reads for a while."""
    mappings = stack.sandbox.client("lambda")
    url = stack.sandbox.outputs["requestQueueUrl"]
    arn = stack.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    (mapping,) = mappings.list_event_source_mappings(EventSourceArn=arn)["EventSourceMappings"]
    mappings.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    try:
        yield url
    finally:
        mappings.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)


@pytest.mark.parametrize("change", [harmless, lenient])
def test_a_message_that_was_changed_on_its_way_pays_nothing_out(quorum, change):
    """Somebody who may receive from the queue and send to it leaves ids and token, and changes words or numbers."""
    with unread(quorum) as url:
        payout = quorum.start()
        sqs = quorum.sandbox.cloud.as_aws("sqs")
        message: dict[str, Any] = {}
        while "request" not in message:  # but the news of another request's end, which goes the same way
            (caught,) = until(lambda: sqs.receive_message(QueueUrl=url).get("Messages"), "the message")
            message = json.loads(caught["Body"])
        change(message)
        sqs.delete_message(QueueUrl=url, ReceiptHandle=caught["ReceiptHandle"])
        send(quorum, "requestQueueUrl", json.dumps(message))
    for who in [ALICE] if change is lenient else [ALICE, BOB]:
        assert quorum.press(lunch_link(quorum, message["request"]["title"], who)).status_code in ANSWERED
    assert payout.failed()[0] == "AnswerMismatch"
    assert "Return to main processing" not in payout.states()


def test_a_forged_round_of_a_harmless_request_gets_no_hold_of_another_run(plain):
    payout, lunch = plain.start(), plain.start()
    payout.mails(3), lunch.mails(3)
    token = payout.item()["taskToken"]
    forge(lunch, taskToken=token, round=2)
    forge(lunch, taskToken=token, rounds=21, round=21)
    until(lambda: plain.press(lunch.link()).status_code == 200, "an answer that is taken")
    lunch.succeeded()
    assert payout.status == "RUNNING"
    plain.press(payout.link())
    payout.succeeded()


def test_a_forged_message_that_puts_a_run_to_another_ones_request_ends_it_unapproved(plain):
    """Whoever has its token could end it anyway."""
    payout, lunch = plain.start(), plain.start()
    payout.mails(3), lunch.mails(3)
    forge(lunch, taskToken=payout.item()["taskToken"], executionArn=payout.arn)
    assert payout.failed()[0] == "Duplicate"
    assert "Return to main processing" not in payout.states()
    assert plain.press(lunch.link()).status_code == 200
    lunch.succeeded()


def write(run: Run, sets: str, name: str, texts: dict[str, str]) -> None:
    """Past all functions, into this run's record: `#name` and the texts are those in `sets`, `:one` is the number."""
    run.stack.dynamodb.update_item(
        TableName=run.stack.table,
        Key={"requestId": {"S": run.request_id}},
        UpdateExpression=f"SET {sets}, version = version + :one",
        ExpressionAttributeNames={"#name": name},
        ExpressionAttributeValues={":one": {"N": "1"}} | {key: {"S": text} for key, text in texts.items()},
    )


@pytest.mark.parametrize("answer", [{"outcome": "APPROVED"}, {"error": "Rejected", "cause": "because"}])
def test_a_decision_that_is_written_into_the_table_is_none(plain, answer):
    run = plain.start()
    link = run.link()
    status = "APPROVED" if "outcome" in answer else "REJECTED"
    write(run, "#name = :status, answer = :answer", "status", {":status": status, ":answer": json.dumps(answer)})
    assert "<form" in plain.get(link).text
    assert plain.press(link, "reject", "Not this way.").status_code == 200
    error, cause = run.failed()
    assert error == "Rejected"
    assert cause.endswith(f' by {ALICE}: "Not this way."')


def test_a_quorum_that_was_lowered_in_the_table_pays_nothing_out(quorum):
    run = quorum.start()
    link = run.link()
    write(run, "#name.approvalsRequired = :one", "policy", {})
    assert quorum.press(link).status_code in ANSWERED
    assert run.failed()[0] == "AnswerMismatch"


def test_the_page_refuses_an_answer_to_what_it_no_longer_shows(plain):
    run = plain.start()
    link = run.link()
    (digest,) = re.findall(r'name="digest" value="([0-9a-f]{64})"', plain.get(link).text)
    assert digest == plain.http.get(link, headers={"accept": "application/json"}).json()["request"]["digest"]
    form = {"decision": "approve", "comment": "Yes.", "digest": "0" * 64}
    answer = plain.http.post(link, data=form, headers={"accept": "text/html"})
    assert answer.status_code == 409
    assert "not what it was" in answer.text
    assert "Yes." in answer.text
    assert run.status == "RUNNING"
    assert plain.http.post(link, data=form | {"digest": digest}).status_code == 200
    run.succeeded()


@pytest.mark.parametrize("status", ["SUCCEEDED", "ABORTED"])
def test_a_forged_ending_closes_a_request_tells_the_operator_and_approves_nothing(plain, status):
    """By whoever may invoke the function that hears of endings: it believes a fresh event."""
    run = plain.start()
    link = run.link()
    asked = queue_message(run.arn, plain.seen(run.request_id))
    forged = ending(status, error="Stopped", at=time.time(), execution_arn=run.arn)
    plain.sandbox.client("lambda").invoke(FunctionName=Function.of(plain, "reconcile").name, Payload=json.dumps(forged))
    item = run.item()
    assert (item["status"], item.get("answeredWithoutVote", False)) == ("CLOSED", status == "SUCCEEDED")
    until(lambda: told(run), "the operator's mail")
    assert plain.press(link).status_code == 409
    assert run.status == "RUNNING"
    send(plain, "requestQueueUrl", asked)  # as SQS may deliver any message twice
    error, _ = run.failed()
    assert error == "NotificationFailed"
    assert "Return to main processing" not in run.states()
    until(lambda: len(told(run)) == 2, "the mail about the real end")


def test_a_forged_ending_keeps_a_decision_from_a_run_that_did_not_have_it_yet_and_approves_nothing(plain, emulator):
    run = plain.start()
    run.link()
    run.vote_without_handing_over()
    forged = ending("SUCCEEDED", at=time.time(), execution_arn=run.arn)
    plain.sandbox.client("lambda").invoke(FunctionName=Function.of(plain, "reconcile").name, Payload=json.dumps(forged))
    assert run.item()["handedOver"]
    assert run.status == "RUNNING"
    until(lambda: emulator.end_round(run.arn), "end of the last round")
    until(lambda: "Ask for late decision" in run.states() and emulator.end_round(run.arn), "end of the late one")
    error, _ = run.failed()
    assert error == "RecordUnavailable"
    assert "Return to main processing" not in run.states()
