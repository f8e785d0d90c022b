"""What the event about an ending says, and when that is enough."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from handlers.approvals.parsing.ending import read_ending
from handlers.approvals.rules.endings import Execution, operator_told
from handlers.approvals.rules.news import FRESH_SECONDS, SKEW_SECONDS, News, is_enough
from handlers.contract.record import Status
from handlers.contract.workflow import Ending, WorkflowError
from tests.support.events import ending
from tests.support.records import ASKED_AT, approved, record, rejected

NOW = ASKED_AT + 7_200.5
OLD = FRESH_SECONDS + 1
NOON = ASKED_AT + 3_600


def news(status: str = "FAILED", error: str = "Rejected", *, age: float = 1, **said: Any) -> News:
    at = int(NOW - age)
    known: dict[str, Any] = {"status": status, "error": error, "stopped_at": at, "started_with": "{}"} | said
    return News(execution=Execution(**known), sent_at=at)


ENDINGS = [
    *(("FAILED", error.value) for error in WorkflowError),
    ("FAILED", "PayoutRefused"),
    ("ABORTED", "Stopped"),
    ("TIMED_OUT", ""),
    ("SUCCEEDED", ""),
]


@pytest.mark.parametrize(("status", "error"), ENDINGS)
@pytest.mark.parametrize("records", [[], [record()], [approved(), rejected()]])
def test_a_fresh_event_of_an_ending_with_all_that_is_needed_is_enough(status, error, records):
    assert is_enough(news(status, error), records, NOW)


@pytest.mark.parametrize("age", [1, OLD])
@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("FAILED", ""),
        ("ABORTED", ""),
        # An error of Step Functions itself: only the cause says in which state it happened.
        ("FAILED", "States.Runtime"),
        ("FAILED", "States.QueryEvaluationError"),
        *((odd, "Rejected") for odd in ("", "RUNNING", "DELETED", "succeeded")),
    ],
)
@pytest.mark.parametrize("records", [[], [record()], [approved()]])
def test_an_event_of_no_ending_or_without_an_error_or_its_cause_is_never_enough(status, error, age, records):
    assert not is_enough(news(status, error, age=age), records, NOW)
    assert is_enough(news("FAILED", "States.Runtime", cause="In the state 'Ask'"), records, NOW)


@pytest.mark.parametrize(
    ("status", "error", "records"),
    [
        ("SUCCEEDED", "", [record()]),
        ("FAILED", "Rejected", [rejected()]),
        ("ABORTED", "Stopped", [record()]),
        # Nothing but a note that the operator is told.
        ("FAILED", "NotificationFailed", [record(status=Status.CLOSED, task_token="")]),
        ("SUCCEEDED", "", [record(status=Status.CLOSED, task_token="", answered_without_vote=True)]),
    ],
)
def test_an_older_one_that_would_change_a_record_is_not(status, error, records):
    """The execution may have been redriven since."""
    assert is_enough(news(status, error), records, NOW)
    assert not is_enough(news(status, error, age=OLD), records, NOW)


TOLD = operator_told(record(status=Status.CLOSED, task_token=""), int(NOW - OLD))


@pytest.mark.parametrize(
    ("status", "error", "records"),
    [
        ("SUCCEEDED", "", []),
        ("FAILED", "InvalidTask", []),
        ("FAILED", "Expired", [record(status=Status.EXPIRED, task_token="")]),
        ("SUCCEEDED", "", [record(status=Status.CLOSED, task_token="")]),
        ("ABORTED", "Stopped", [TOLD]),
    ],
)
def test_an_older_one_that_changes_no_record_is(status, error, records):
    assert is_enough(news(status, error, age=OLD), records, NOW)


@pytest.mark.parametrize(
    ("sent", "ended", "enough"),
    [
        (0, 0, True),
        (FRESH_SECONDS - 1, FRESH_SECONDS - 1, True),
        (FRESH_SECONDS, 0, False),
        (0, FRESH_SECONDS, False),
        (-SKEW_SECONDS, -SKEW_SECONDS, True),  # clocks may differ by a little
        (0, -600, False),
        (-600, 0, False),
        (0, NOON, False),  # at no time
    ],
)
def test_an_event_is_fresh_by_the_older_of_its_two_dates(sent, ended, enough):
    execution = Execution(status="TIMED_OUT", stopped_at=NOON - ended, started_with="{}")
    assert is_enough(News(execution=execution, sent_at=NOON - sent), [record()], NOON) is enough


def test_an_input_that_was_left_out_is_fetched_where_the_operator_reads_it():
    """AWS leaves it out above 248 KB."""
    told = news("FAILED", "InvalidTask", started_with="")
    assert not is_enough(told, [], NOW)
    assert is_enough(told, [record()], NOW), "with a record, the mail says what was asked"
    assert is_enough(news("FAILED", "Expired", started_with=""), [], NOW), "nobody is told"


def test_an_event_is_read_as_aws_sends_it():
    at = datetime(2026, 11, 27, 13, 50, 5, 250_000, tzinfo=UTC)
    event = ending("FAILED", error="SQS.SdkClientException", cause="No queue.", at=at.timestamp(), redriveCount=2)
    assert event["time"] == "2026-11-27T13:50:05Z"
    assert read_ending(event) == News(
        execution=Execution(
            status="FAILED",
            error="SQS.SdkClientException",
            cause="No queue.",
            stopped_at=at.timestamp(),
            started_with=event["detail"]["input"],
            redrives=2,
            asking_failed=True,
        ),
        sent_at=int(at.timestamp()),
    )


@pytest.mark.parametrize("odd", [None, "soon", 5.5, True, -1, [], {}, 10**30, float("nan")])
@pytest.mark.parametrize(
    "name", ["status", "error", "cause", "input", "stopDate", "redriveCount", "time", "inputDetails", "output"]
)
def test_whatever_an_event_holds_instead_it_is_read_and_never_believed_too_much(name, odd):
    event = ending("ABORTED", error="Stopped", at=NOW)
    (event if name == "time" else event["detail"])[name] = odd
    read = read_ending(json.loads(json.dumps(event)))
    believed = is_enough(read, [record(status=Status.CLOSED)], NOW)
    if name in {"stopDate", "time"} or (name in {"status", "error"} and not isinstance(odd, str)):
        assert not believed
    assert isinstance(is_enough(read, [], NOW), bool)


@pytest.mark.parametrize("status", list(Ending))
def test_nothing_but_the_execution_has_to_be_in_an_event(status):
    bare = read_ending({"detail": {"executionArn": "arn", "status": status.value}})
    assert bare == News(execution=Execution(status=status.value))
    assert not is_enough(bare, [record()], NOW)
