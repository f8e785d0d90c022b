"""What others are told of a request's life, on the emulator; and what becomes of what cannot be told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from handlers.approvals.rules.record import Decision
from tests.support.roles import Function
from tests.support.stacks import ALICE, BOB, QUICK, Run, Stack, running
from tests.support.waiting import until

REQUESTED, VOTED, DECIDED = "Approval Requested", "Approval Voted", "Approval Decided"
DECISIONS = {"approve": "APPROVED", "reject": "REJECTED"}


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """In an emulator of its own: what its stream holds up would be held up elsewhere, too."""
    config = {"approvers": [ALICE, BOB], "approvalsRequired": 2, "chatNotifications": True}
    with running("dev", QUICK | config) as sandbox:
        yield Stack(sandbox)


def told(run: Run, last: str) -> list[dict[str, Any]]:
    """The events of this run, up to this one."""

    def look() -> list[dict[str, Any]]:
        found = [one for one in run.stack.sandbox.events() if one["detail"]["executionArn"] == run.arn]
        return found if last in [one["detail-type"] for one in found] else []

    return until(look, f"{last} of {run.title}")


def types(events: list[dict[str, Any]]) -> list[str]:
    return [one["detail-type"] for one in events]


@pytest.mark.parametrize("decision", DECISIONS)
def test_a_decided_request_makes_each_event_once_and_in_order_with_an_id_and_a_chat_message_of_its_own(stack, decision):
    run = stack.start()
    stack.press(run.link(ALICE))
    stack.press(run.link(BOB), decision, "As agreed.")
    events = told(run, DECIDED)
    assert types(events) == [REQUESTED, VOTED, VOTED, DECIDED]
    assert {one["source"] for one in events} == {"signoff.dev"}
    *_, vote, decided = (one["detail"] for one in events)
    assert (vote["approver"], vote["decision"], vote["comment"]) == (BOB, decision, "As agreed.")
    assert (decided["outcome"], decided["title"]) == (DECISIONS[decision], run.title)
    assert vote["version"] == decided["version"]
    assert {UUID(one["detail"]["id"]).version for one in events} == {5}
    assert len({one["detail"]["id"] for one in events}) == len(events)

    def chat() -> list[dict[str, Any]]:
        found = [json.loads(one) for one in stack.sandbox.chat()]
        ours = [one for one in found if one["metadata"]["threadId"] == run.request_id]
        return ours if len(ours) == len(events) else []

    assert [one["metadata"]["eventType"] for one in until(chat, "the chat")] == types(events)


def test_an_expired_request_says_so_after_its_only_round(stack):
    run = stack.start()
    run.mails(2)
    assert stack.sandbox.emulator.end_round(run.arn)
    assert types(told(run, "Approval Expired")) == [REQUESTED, "Approval Expired"]


def test_a_stopped_one_is_closed_with_the_words_that_were_given(stack):
    run = stack.start()
    run.mails(2)
    stack.sfn.stop_execution(executionArn=run.arn, error="Ops", cause="The wrong release.")
    events = told(run, "Approval Closed")
    assert types(events) == [REQUESTED, "Approval Closed"]
    assert events[-1]["detail"]["cause"] == "The wrong release."


@pytest.fixture
def impatient(stack) -> Iterator[str]:
    """Gives up on a record after two seconds; the queue of what is given up."""
    client, function = stack.sandbox.client("lambda"), Function.of(stack, "announce")
    (mapping,) = client.list_event_source_mappings(FunctionName=function.name)["EventSourceMappings"]
    oldest = mapping["MaximumRecordAgeInSeconds"]
    client.update_event_source_mapping(UUID=mapping["UUID"], MaximumRecordAgeInSeconds=2)
    queue = mapping["DestinationConfig"]["OnFailure"]["Destination"].rsplit(":", 1)[-1]
    yield stack.sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    client.update_event_source_mapping(UUID=mapping["UUID"], MaximumRecordAgeInSeconds=oldest)


def letter(stack: Stack, queue: str) -> dict[str, Any]:
    """The next one, which is taken away."""

    def look() -> dict[str, Any] | None:
        found = stack.sandbox.cloud.as_aws("sqs").receive_message(QueueUrl=queue).get("Messages", [])
        for one in found:
            stack.sandbox.cloud.as_aws("sqs").delete_message(QueueUrl=queue, ReceiptHandle=one["ReceiptHandle"])
        return json.loads(found[0]["Body"]) if found else None

    return until(look, "a letter")


def invoke(stack: Stack, brought: dict[str, Any]) -> dict[str, Any]:
    """As docs/operations.md does."""
    client, name = stack.sandbox.client("lambda"), Function.of(stack, "announce").name
    return client.invoke(FunctionName=name, Payload=json.dumps(brought).encode())


def test_a_record_that_cannot_be_read_holds_up_no_other_and_its_letter_fails(stack, impatient):
    run = stack.start()
    item = stack.dynamodb.get_item(TableName=stack.table, Key={"requestId": {"S": run.request_id}})["Item"]
    told(run, REQUESTED)
    stack.sandbox.cloud.as_aws("dynamodb").put_item(
        TableName=stack.table, Item=item | {"requestId": {"S": "poison"}, "schemaVersion": {"N": "2"}}
    )
    later = stack.start()
    given_up = letter(stack, impatient)
    assert types(told(later, REQUESTED)) == [REQUESTED]
    assert "FunctionError" in invoke(stack, given_up)


def test_one_that_could_not_be_put_is_told_by_its_letter_once_it_can(stack, impatient):
    function = Function.of(stack, "announce")
    run = stack.start()
    run.mails(2)
    told(run, REQUESTED)
    with function.without("events:PutEvents"):
        stack.vote(run.request_id, ALICE, Decision.APPROVE)
        given_up = letter(stack, impatient)
    assert given_up["DDBStreamBatchInfo"]["batchSize"] == 1
    assert types(told(run, REQUESTED)) == [REQUESTED]
    assert "FunctionError" not in invoke(stack, given_up)
    assert types(told(run, VOTED)) == [REQUESTED, VOTED]
