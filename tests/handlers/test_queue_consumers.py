"""The two queue consumers: what is mailed, what is tried again, and what is given up."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import pytest
from botocore.exceptions import ConnectTimeoutError

from handlers.approvals import rounds
from handlers.approvals.callback import Execution
from handlers.approvals.decisions import Failure, Success, cast
from handlers.approvals.links import holder
from handlers.approvals.message import MalformedMessage, UnknownVersionError
from handlers.approvals.record import Approver, Lease
from handlers.contract.record import Status
from handlers.contract.workflow import WorkflowError
from tests.support.events import Context, MemoryStore, Workflow, load, sqs
from tests.support.records import (
    ANNA,
    ASKED_AT,
    BEN,
    CARLA,
    REQUEST_ID,
    TASK_TOKEN,
    approved,
    message_body,
    record,
    rejected,
    vote,
)


class Topic:
    """SNS: keeps what is published, fails at the mails whose numbers are in `faults`."""

    def __init__(self, *faults: int) -> None:
        self.mails: list[dict] = []
        self._faults = set(faults)
        self._calls = 0

    def publish(self, **mail) -> None:
        self._calls += 1
        if self._calls in self._faults:
            raise ConnectionError("no answer")
        self.mails.append(mail)

    @property
    def recipients(self) -> list[str]:
        return [mail["MessageAttributes"]["approver"]["StringValue"] for mail in self.mails]


class Queue:
    def __init__(self) -> None:
        self.delays: list[int] = []

    def change_message_visibility(self, **call) -> None:
        self.delays.append(call["VisibilityTimeout"])


@pytest.fixture
def consumer(monkeypatch, time_machine):
    time_machine.move_to(ASKED_AT, tick=False)
    module = load(monkeypatch, "request_approval")
    module.STORE, module.CALLBACK, module.SNS, module.SQS = MemoryStore(), Workflow(), Topic(), Queue()
    return module


@pytest.fixture
def undertaker(monkeypatch):
    module = load(monkeypatch, "give_up_request")
    module.STORE, module.CALLBACK = MemoryStore(), Workflow()
    return module


def failed(answer) -> list[str]:
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_a_batch_keeps_its_good_messages_when_one_is_bad(consumer):
    assert failed(consumer.handler(sqs("no request", message_body()), Context())) == ["0"]
    assert consumer.SNS.recipients == [ANNA, BEN]


def test_a_scheduled_request_is_mailed_and_kept_with_its_time(monkeypatch, consumer):
    monkeypatch.setenv("TIMEZONE", "Europe/Berlin")
    body = message_body()
    body = message_body(scheduledFor="2026-11-25T08:00:00Z")
    assert failed(consumer.handler(sqs(body), Context())) == []
    for mail in consumer.SNS.mails:
        assert mail["Subject"].endswith(" (25 Nov 2026, 09:00 CET)")
        assert "Scheduled for: Wed 25 Nov 2026, 09:00 CET" in mail["Message"]
    assert consumer.STORE.record.scheduled_for == "2026-11-25T08:00:00Z"


def test_a_mail_that_fails_is_tried_again_and_the_others_are_not_sent_twice(consumer):
    consumer.SNS = Topic(2)
    assert failed(consumer.handler(sqs(message_body()), Context())) == ["0"]
    assert consumer.STORE.record.lease is None, "the next attempt need not wait"
    assert failed(consumer.handler(sqs(message_body()), Context())) == []
    assert consumer.SNS.recipients == [ANNA, BEN]


def test_what_somebody_else_is_sending_comes_back_when_they_must_be_done(consumer):
    consumer.STORE.record = record(lease=Lease(owner="other", until=ASKED_AT + 30))
    assert failed(consumer.handler(sqs(message_body()), Context())) == ["0"]
    assert consumer.SQS.delays == [30]
    assert not consumer.SNS.mails


@pytest.mark.parametrize(
    ("error", "received", "seconds"),
    [
        (MalformedMessage(), 1, 0),
        (UnknownVersionError(), 1, 2),
        (UnknownVersionError(), 5, 32),
        (rounds.Busy(17), 1, 17),
        (ConnectionError(), 1, 2),
        (ConnectionError(), 3, 8),
        (ConnectionError(), 12, 300),
    ],
)
def test_retries_back_off_and_what_cannot_succeed_does_not_wait(consumer, error, received, seconds):
    assert consumer.retry_after(error, received) == seconds


def test_a_message_of_a_newer_release_waits_for_the_function_that_reads_it(consumer):
    """A deployment updates the state machine first."""
    assert failed(consumer.handler(sqs(message_body() | {"schemaVersion": 3}), Context())) == ["0"]
    assert consumer.SQS.delays == [2]


def test_a_retry_that_cannot_be_brought_forward_comes_back_by_itself(consumer):
    consumer.SQS = object()
    assert failed(consumer.handler(sqs("no request"), Context())) == ["0"]


def test_a_decided_record_answers_the_token_of_the_new_round_and_mails_nobody(consumer):
    consumer.STORE.record = approved()
    consumer.handler(sqs(message_body() | {"round": 2, "taskToken": "second"}), Context())
    ((token, told),) = consumer.CALLBACK.answers
    assert token == "second"
    assert isinstance(told, Success)
    assert consumer.STORE.record.handed_over
    assert not consumer.SNS.mails


def forged(**changes) -> dict:
    """A message of somebody who may write to the queue, with a digest that fits."""
    question = {name: changes.pop(name) for name in list(changes) if name in message_body()["request"]}
    return message_body(**question) | changes


@pytest.mark.parametrize(
    "message",
    [
        forged(executionArn="arn:payout"),
        forged(executionArn="arn:payout", round=2, taskToken="payout"),
        forged(rounds=21, round=21),
        message_body() | {"request": message_body()["request"] | {"title": "Order lunch"}},
        message_body() | {"request": message_body()["request"] | {"digest": ""}},
    ],
)
@pytest.mark.parametrize("before", [record(), approved()])
def test_a_message_that_is_not_its_runs_own_changes_no_record_and_answers_nothing(consumer, before, message):
    consumer.STORE.record = before
    assert failed(consumer.handler(sqs(message), Context())) == ["0"]
    assert consumer.SQS.delays == [0]
    assert consumer.STORE.record == before
    assert not consumer.CALLBACK.answers
    assert not consumer.SNS.mails


def test_an_approval_names_the_question_that_the_record_holds(consumer):
    """The workflow compares it with what it asked."""
    consumer.STORE.record = replace(approved(), title="Order lunch")
    consumer.handler(sqs(message_body() | {"round": 2}), Context())
    assert not consumer.CALLBACK.answers, "votes were given to another question than the record now holds"
    consumer.STORE.record = approved()
    consumer.handler(sqs(message_body() | {"round": 2}), Context())
    told = json.loads(consumer.CALLBACK.answers[0][1].output)
    assert (told["requestId"], told["digest"]) == (approved().request_id, approved().digest)


def test_nobody_is_asked_after_the_deadline(consumer):
    """Hundreds of runs began at once, and their messages waited for longer than a run had."""
    assert failed(consumer.handler(sqs(message_body() | {"deadline": ASKED_AT - 120}), Context())) == []
    assert not consumer.SNS.mails
    assert consumer.STORE.record is None


LATE = {"late": True, "round": 3, "taskToken": "late"}


@pytest.mark.parametrize("before", [approved(), rejected()])
def test_a_late_decision_is_told_by_the_function_that_reads_its_votes(consumer, before):
    consumer.STORE.record = replace(before, answer='{"outcome": "forged"}')
    assert failed(consumer.handler(sqs(message_body() | LATE), Context())) == []
    ((token, told),) = consumer.CALLBACK.answers
    assert token == "late"
    assert isinstance(told, Success if before.status is Status.APPROVED else Failure)
    assert "forged" not in str(told)
    assert consumer.STORE.record.handed_over
    assert not consumer.SNS.mails


@pytest.mark.parametrize(
    ("before", "error"),
    [
        (record(), WorkflowError.EXPIRED),
        (record(status=Status.EXPIRED, task_token=""), WorkflowError.EXPIRED),
        (record(status=Status.CLOSED, task_token=""), WorkflowError.NOTIFICATION_FAILED),
        (record(approvers={ANNA: Approver()}), WorkflowError.NOTIFICATION_FAILED),
        (None, WorkflowError.NOTIFICATION_FAILED),
    ],
)
def test_what_was_not_decided_in_time_is_told_as_it_is(consumer, before, error):
    """Nobody was asked is not: nobody answered."""
    consumer.STORE.record = before
    assert failed(consumer.handler(sqs(message_body() | LATE), Context())) == []
    ((_, told),) = consumer.CALLBACK.answers
    assert told.error is error
    assert consumer.STORE.record == before


def test_a_late_message_of_another_run_is_told_nothing(consumer):
    consumer.STORE.record = approved()
    assert failed(consumer.handler(sqs(message_body() | LATE | {"executionArn": "arn:payout"}), Context())) == ["0"]
    assert not consumer.CALLBACK.answers


@pytest.mark.parametrize("end", ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"])
def test_nobody_is_asked_for_a_run_that_is_over(consumer, capsys, end):
    consumer.CALLBACK = Workflow(execution=Execution(status=end))
    assert failed(consumer.handler(sqs(message_body()), Context())) == []
    assert consumer.SNS.mails == []
    kept = consumer.STORE.record
    assert (kept.status, kept.task_token, kept.lease) == (Status.CLOSED, "", None)
    assert "Requested" not in capsys.readouterr().out


@pytest.mark.parametrize("seen", [Execution(status="DELETED"), ConnectTimeoutError(endpoint_url="https://example.com")])
def test_people_are_asked_if_the_run_is_not_known_to_be_over(consumer, seen):
    consumer.CALLBACK = Workflow(execution=seen)
    assert failed(consumer.handler(sqs(message_body()), Context())) == []
    assert consumer.SNS.recipients == [ANNA, BEN]


def test_a_record_that_cannot_be_closed_keeps_nobody_waiting_for_the_lease(consumer):
    consumer.CALLBACK = Workflow(execution=Execution(status="ABORTED"))
    consumer.ended = lambda *_, **__: 1 / 0
    assert failed(consumer.handler(sqs(message_body()), Context())) == ["0"]
    assert consumer.STORE.record.lease is None


def test_the_people_who_are_left_are_not_mailed_once_it_is_decided(consumer):
    """Somebody presses while the round's mails are still going out."""

    class Deciding(Topic):
        def publish(self, **mail) -> None:
            super().publish(**mail)
            consumer.STORE.change(REQUEST_ID, partial(cast, who=BEN, vote=vote()))

    consumer.SNS = Deciding()
    assert failed(consumer.handler(sqs(message_body()), Context())) == []
    assert consumer.SNS.recipients == [ANNA]


def test_a_link_leads_to_the_deployed_api_and_its_secret_is_only_in_the_mail(consumer, capsys):
    consumer.handler(sqs(message_body()), Context())
    link = next(line for line in consumer.SNS.mails[0]["Message"].splitlines() if "/approvals/" in line)
    assert link.startswith("https://a1b2c3.execute-api.eu-central-1.amazonaws.com/approvals/")
    secret, logged = link.rsplit("/", 1)[1], capsys.readouterr().out
    assert secret not in str(consumer.STORE.record.to_item()) + logged
    assert TASK_TOKEN not in logged
    assert '"Mails":[1.0,1.0]' in logged
    assert '"Requested":[1.0]' in logged


def test_a_request_is_counted_once_however_often_it_is_delivered(consumer, capsys):
    consumer.SNS = Topic(1)
    consumer.handler(sqs(message_body()), Context())
    consumer.handler(sqs(message_body()), Context())
    assert capsys.readouterr().out.count('"Requested":[1.0]') == 1


def test_mails_keep_their_pace(consumer, monkeypatch):
    clock, slept = [100.0], []

    def sleep(seconds: float) -> None:
        slept.append(round(seconds, 3))
        clock[0] += seconds

    monkeypatch.setattr(consumer.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(consumer.time, "sleep", sleep)
    pace = consumer.Pace(0.4)
    for _ in range(3):
        pace.wait()
        clock[0] += 0.1
    assert slept == [0.0, 0.3, 0.3]


def test_every_mail_waits_for_its_turn(consumer):
    turns = []
    consumer.PACE = SimpleNamespace(wait=lambda: turns.append(len(consumer.SNS.mails)))
    consumer.handler(sqs(message_body()), Context())
    assert turns == [0, 1]


def test_somebody_whom_the_config_has_dropped_since_is_still_reminded(consumer):
    """A request keeps its people; CARLA was an approver when it began."""
    consumer.STORE.record = record()
    consumer.handler(sqs(message_body() | {"round": 2}), Context())
    assert consumer.SNS.recipients == [ANNA, BEN, CARLA]
    secret = re.search(r"/approvals/\S+/(\S+)$", consumer.SNS.mails[-1]["Message"], re.MULTILINE)[1]
    assert holder(consumer.STORE.record, secret) == CARLA


@pytest.mark.parametrize(("switch", "links"), [("false", 0), ("true", 1)])
def test_a_link_that_approves_by_being_opened_is_mailed_only_where_that_is_switched_on(
    consumer, monkeypatch, switch, links
):
    monkeypatch.setenv("ONE_CLICK", switch)
    consumer.handler(sqs(message_body()), Context())
    for one in consumer.SNS.mails:
        assert len(re.findall(r"/approvals/\S+/approve$", one["Message"], re.MULTILINE)) == links


def test_a_dead_letter_fails_the_execution_that_waits_and_closes_the_record(undertaker):
    undertaker.STORE.record = record()
    assert failed(undertaker.handler(sqs(message_body()), Context())) == []
    ((token, told),) = undertaker.CALLBACK.answers
    assert (token, told.error) == (TASK_TOKEN, WorkflowError.NOTIFICATION_FAILED)
    assert undertaker.STORE.record.status is Status.CLOSED


def test_a_dead_letter_without_a_record_still_fails_the_execution(undertaker):
    undertaker.handler(sqs(message_body()), Context())
    assert isinstance(undertaker.CALLBACK.answers[0][1], Failure)


def test_a_dead_letter_of_a_decided_request_brings_the_decision(undertaker):
    undertaker.STORE.record = rejected()
    undertaker.handler(sqs(message_body()), Context())
    assert undertaker.CALLBACK.answers[0][1].error is WorkflowError.REJECTED


def test_a_dead_letter_of_a_round_that_is_over_fails_nothing(undertaker):
    undertaker.STORE.record = record(round=2)
    assert failed(undertaker.handler(sqs(message_body()), Context())) == []
    assert not undertaker.CALLBACK.answers
    assert undertaker.STORE.record.status is Status.OPEN


@pytest.mark.parametrize(
    "broken",
    [
        {"schemaVersion": 7},
        {"round": 0},
        {"request": {}},
        {"request": {"title": "Order lunch"}},
        {"rounds": 22},
        {"round": 4},
    ],
)
def test_a_dead_letter_that_cannot_be_read_ends_nothing_and_stays_where_it_is(undertaker, capsys, broken):
    """Whoever can write there need not have any right to Step Functions."""
    undertaker.STORE.record = record()
    assert failed(undertaker.handler(sqs(message_body() | broken), Context())) == ["0"]
    assert not undertaker.CALLBACK.answers
    assert undertaker.STORE.record == record()
    assert '"outcome":"kept"' in capsys.readouterr().out


def test_a_dead_letter_closes_the_record_only_after_step_functions_has_taken_its_failure(undertaker):
    undertaker.STORE.record = record()
    undertaker.CALLBACK = Workflow(False)
    assert failed(undertaker.handler(sqs(message_body() | {"taskToken": "garbage"}), Context())) == []
    assert undertaker.STORE.record == record(), "people can still answer"


def test_a_dead_letter_of_another_run_leaves_the_record_alone(undertaker):
    undertaker.STORE.record = record()
    undertaker.handler(sqs(message_body() | {"executionArn": "arn:other"}), Context())
    assert undertaker.CALLBACK.answers[0][1].error is WorkflowError.NOTIFICATION_FAILED
    assert undertaker.STORE.record == record()


def test_a_dead_letter_of_another_run_never_gets_hold_of_a_decision(undertaker):
    undertaker.STORE.record = approved()
    undertaker.handler(sqs(message_body() | {"executionArn": "arn:other"}), Context())
    assert isinstance(undertaker.CALLBACK.answers[0][1], Failure)
    assert undertaker.STORE.record == approved()


def test_a_dead_letter_that_names_nobody_stays_where_it_is(undertaker):
    assert failed(undertaker.handler(sqs("no request", {"round": 1}), Context())) == ["0", "1"]


def test_a_workflow_that_cannot_be_told_is_told_later(undertaker, capsys):
    undertaker.CALLBACK = Workflow(ConnectionError("no answer"))
    assert failed(undertaker.handler(sqs(message_body()), Context())) == ["0"]
    assert "will be tried again" in capsys.readouterr().out
    assert failed(undertaker.handler(sqs(message_body()), Context())) == []
