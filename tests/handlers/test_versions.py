"""Messages and records carry a version: what this release writes, and what it does with those of another one.

`tests/samples` holds a message and a record of this version. If one of them is not what this release writes, the shape
has changed: raise its version and freeze it anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from handlers.approvals.parsing import item as table
from handlers.approvals.parsing import message as queue
from handlers.approvals.parsing.item import from_item, to_item
from handlers.approvals.parsing.message import MalformedMessageError, read_message
from handlers.approvals.parsing.trigger import Policies
from handlers.approvals.rules.endings import Execution
from handlers.approvals.usecases.ports import NewerVersionError
from handlers.contract import message as contract
from handlers.generate import request
from handlers.give_up import serve as serve_dead_letter
from handlers.reconcile import serve as serve_ending
from tests.support.events import sqs
from tests.support.fakes import (
    FakeWorkflow,
    Mailbox,
    MemoryStore,
    OperatorBox,
    asking,
    giving_up,
    reconciling,
    records_of,
    request_function,
)
from tests.support.records import (
    ASKED_AT,
    EXECUTION_ARN,
    REQUEST_ID,
    TASK_TOKEN,
    message_body,
    policy_body,
    read_request,
    record,
)
from tests.support.services import FakeSqs

SAMPLES = Path(__file__).parent.parent / "samples"


def sample(kind: str, version: int) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((SAMPLES / f"{kind}-{version}.json").read_text())
    return content


MESSAGE, RECORD = sample("message", contract.SCHEMA_VERSION), sample("record", table.SCHEMA_VERSION)


# --- messages


def test_the_sample_of_a_message_is_what_the_state_machine_and_the_task_make_today():
    question = {name: MESSAGE["request"][name] for name in ("title", "details", "requestedBy")}
    question |= {name: json.loads(MESSAGE["request"][name]) for name in ("fields", "links")}
    scheduled = {"task": question, "scheduledTime": MESSAGE["request"]["scheduledFor"]}
    made = request(scheduled, EXECUTION_ARN, {}, Policies(known={"default": 1}))
    read = read_request(json.dumps(MESSAGE))
    assert (
        contract.message_body(
            task_token=TASK_TOKEN,
            execution_arn=EXECUTION_ARN,
            round_=1,
            rounds=3,
            late=False,
            deadline=ASKED_AT + 86_400,
            policy=policy_body(read.policy),
            request=made | {one: MESSAGE["request"][one] for one in ("requestId", "requestedAt", "digest")},
        )
        == MESSAGE
    )
    assert read.digest == MESSAGE["request"]["digest"]


@pytest.mark.parametrize(("received", "seconds"), [("1", 2), ("5", 32), ("12", 300)])
def test_a_message_from_the_future_is_none_that_is_malformed_backs_off_and_is_retried(received, seconds):
    """A deployment updates the state machine first."""
    store, workflow, box, back = MemoryStore(record()), FakeWorkflow(), Mailbox(), FakeSqs()
    function = request_function(asking(store, workflow, box), back)
    (delivered,) = sqs(message_body() | {"schemaVersion": contract.SCHEMA_VERSION + 1})["Records"]
    delivered["attributes"]["ApproximateReceiveCount"] = received
    with pytest.raises(NewerVersionError, match=r"^the message has schemaVersion 2, this release reads 1$"):
        function.serve(delivered, ASKED_AT + 20)
    assert back.delays == [seconds]
    assert (store.record, workflow.failed, box.sent) == (record(), [], [])


def test_a_message_of_an_older_version_is_malformed_by_name(monkeypatch):
    monkeypatch.setattr(queue, "SCHEMA_VERSION", contract.SCHEMA_VERSION + 1)
    with pytest.raises(MalformedMessageError, match=r"^the message has schemaVersion 1, this release reads 2$"):
        read_message(json.dumps(message_body()))


# --- records


def test_the_sample_of_a_record_is_what_is_written_today():
    assert to_item(from_item(RECORD)) == RECORD


def test_the_sample_of_a_record_has_everything_that_can_be_written():
    """More than any one record has."""
    read = from_item(RECORD)
    asked = read.approvers["carla@example.com"]
    for part in (read, asked, asked.vote, read.lease):
        assert part
        assert not [field.name for field in fields(part) if getattr(part, field.name) == field.default]


@pytest.mark.parametrize("version", [{}, {"schemaVersion": 0}, {"schemaVersion": "1"}])
def test_a_record_of_an_unknown_version_is_refused_by_name(version):
    item = to_item(record())
    del item["schemaVersion"]
    said = version.get("schemaVersion")
    with pytest.raises(ValueError, match=f"^the record of request {REQUEST_ID} has schemaVersion {said}, this release"):
        from_item(item | version)


@pytest.fixture
def future() -> Iterator[MemoryStore]:
    """A table whose record a newer release has made, and which no test leaves otherwise."""
    store = MemoryStore(record())
    store.items[REQUEST_ID] |= {"schemaVersion": table.SCHEMA_VERSION + 1, "shape": "unheard of"}
    before = json.dumps(store.items)
    yield store
    assert json.dumps(store.items) == before


@pytest.mark.parametrize("changes", [{}, {"late": True, "round": 3}, {"round": 2}])
def test_asking_about_a_record_from_the_future_backs_off_and_is_retried(future, changes):
    workflow, box, back = FakeWorkflow(), Mailbox(), FakeSqs()
    (delivered,) = sqs(message_body() | changes)["Records"]
    with pytest.raises(NewerVersionError, match=f"^the record of request {REQUEST_ID} has schemaVersion 2, "):
        request_function(asking(future, workflow, box), back).serve(delivered, ASKED_AT + 20)
    assert back.delays == [2]
    assert (workflow.failed, workflow.handed_over, box.sent) == ([], [], [])


def test_a_dead_letter_about_a_record_from_the_future_is_retried(future):
    workflow = FakeWorkflow()
    (delivered,) = sqs(message_body())["Records"]
    with pytest.raises(NewerVersionError):
        serve_dead_letter(giving_up(future, workflow), delivered)
    assert (workflow.failed, workflow.handed_over) == ([], [])


def test_an_ending_of_a_record_from_the_future_is_retried(future):
    operator = OperatorBox()
    over = FakeWorkflow(execution=Execution(status="ABORTED", stopped_at=ASKED_AT))
    with pytest.raises(NewerVersionError):
        serve_ending(reconciling(future, over, operator), {"detail": {"executionArn": EXECUTION_ARN}})
    assert not operator.told


def test_a_record_that_a_newer_release_upgrades_while_it_is_changed_is_left_to_it(future):
    """Seen in this version, and written in the next one before ours."""
    seen = from_item(to_item(record()) | {"version": 0})
    with pytest.raises(NewerVersionError):
        records_of(future).change(seen, lambda latest: replace(latest, title="Order lunch"))
