"""What other releases wrote: messages and records of the version before, and of versions to come.

`tests/samples` holds what releases really wrote, one file for each case: `record-2-approved.json` is of version 2. They
are never edited. Whoever changes a shape raises its version, lifts the one before to it, adds samples of the new one,
and takes away those that are two versions old.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from handlers.approvals.adapters import item as table
from handlers.approvals.adapters.answers import approval
from handlers.approvals.adapters.dynamodb import ApprovalTable
from handlers.approvals.adapters.item import from_item, to_item
from handlers.approvals.adapters.queue import MalformedMessageError, read_message
from handlers.approvals.adapters.trigger import Policies
from handlers.approvals.adapters.versions import lifted
from handlers.approvals.rules import links
from handlers.approvals.rules.decisions import cast, handed_over
from handlers.approvals.rules.endings import Execution, ended
from handlers.approvals.rules.message import Message
from handlers.approvals.rules.record import DECIDED, Approver, Decision, Lease, Record, Vote
from handlers.approvals.rules.refusal import Refusal
from handlers.approvals.rules.rounds import begin, mailed
from handlers.approvals.usecases.ports import NewerVersionError
from handlers.contract import message as queue
from handlers.contract.policy import Group, Policy
from handlers.contract.record import Status
from handlers.contract.workflow import WorkflowError
from handlers.generate_task import request
from handlers.give_up_request import serve as serve_dead_letter
from handlers.reconcile_request import serve as serve_ending
from tests.support.events import http, sqs
from tests.support.fakes import (
    FakeSqs,
    FakeWorkflow,
    Mailbox,
    MemoryStore,
    OperatorBox,
    asking,
    giving_up,
    page_function,
    reconciling,
    records_of,
    request_function,
)
from tests.support.records import ASKED_AT, EXECUTION_ARN, REQUEST_ID, TASK_TOKEN, message_body, policy_body, record

SAMPLES = Path(__file__).parent.parent / "samples"
ANNA, BEN, CARLA = "anna@example.com", "ben@example.com", "carla@example.com"
OPEN = ["record-2-sending", "record-2-open", "record-2-voted", "record-2-scheduled"]
POLICIES = Policies(known=["default"])


def sample(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text())
    return content


def names(kind: str, version: int) -> list[str]:
    return sorted(path.stem for path in SAMPLES.glob(f"{kind}-{version}*.json"))


def read(name: str) -> Message:
    return read_message(json.dumps(sample(name)))


MESSAGES, MESSAGES_BEFORE = names("message", queue.SCHEMA_VERSION), names("message", queue.SCHEMA_VERSION - 1)
RECORDS, RECORDS_BEFORE = names("record", table.SCHEMA_VERSION), names("record", table.SCHEMA_VERSION - 1)


def test_every_sample_is_of_a_version_that_is_read_and_says_so():
    assert len(MESSAGES) >= 2
    assert len(MESSAGES_BEFORE) >= 2
    assert len(RECORDS) >= 5
    assert len(RECORDS_BEFORE) >= 5
    every = MESSAGES + MESSAGES_BEFORE + RECORDS + RECORDS_BEFORE
    assert sorted(every) == sorted(path.stem for path in SAMPLES.iterdir())
    for name in every:
        assert sample(name)["schemaVersion"] == int(name.split("-")[1]), name


# --- messages


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("message-2", "message-3"),
        ("message-2-late", "message-3-late"),
        ("message-2-scheduled", "message-3-scheduled"),
    ],
)
def test_a_message_of_the_version_before_asks_what_this_versions_asks_but_names_nobody(before, now):
    """A deployment updates the state machine; runs that wait keep sending what they began with."""
    assert read(before) == replace(read(now), policy=Policy())


def test_a_message_of_the_version_before_begins_the_next_round_of_the_record_that_its_run_has():
    old, box = from_item(sample("record-2-voted")), Mailbox()
    store = MemoryStore(old)
    body = sample("message-2") | {"round": 3, "taskToken": "third"}
    request_function(asking(store, box=box)).serve(sqs(body)["Records"][0], ASKED_AT + 60)
    assert {who for who, _ in box.sent} == {*old.policy.everybody} - old.votes.keys()
    assert store.record
    assert (store.record.round, store.record.task_token) == (3, "third")
    assert store.record.votes == old.votes != {}


def test_a_message_of_the_version_before_ends_a_run_that_has_no_record_in_words():
    """Its people were in the environment of the function that has been replaced."""
    workflow, box = FakeWorkflow(), Mailbox()
    request_function(asking(MemoryStore(), workflow, box)).serve(sqs(sample("message-2"))["Records"][0], ASKED_AT + 60)
    assert not box.sent
    ((_, error, cause),) = workflow.failed
    assert error is WorkflowError.TOO_FEW_APPROVERS
    assert cause.endswith("nobody had been asked yet: start it again")


def test_a_sample_of_this_version_is_what_the_state_machine_and_the_task_make_today():
    """If this fails: raise the version, see above."""
    question = {name: sample("message-3")["request"][name] for name in ("title", "details", "requestedBy")}
    scheduled = {"task": question, "scheduledTime": "2026-11-25T09:00:00Z"}
    asked = {
        "message-3": request(question, EXECUTION_ARN, {}, POLICIES),
        "message-3-late": request(question, EXECUTION_ARN, {}, POLICIES),
        "message-3-scheduled": request(scheduled, EXECUTION_ARN, {}, POLICIES),
    }
    assert sorted(asked) == MESSAGES
    for name, made in asked.items():
        frozen, late = sample(name), name.endswith("late")
        digest_of_the_sample = {one: frozen["request"][one] for one in ("requestId", "requestedAt", "digest")}
        assert frozen == queue.message_body(
            task_token=TASK_TOKEN,
            execution_arn=EXECUTION_ARN,
            round_=3 if late else 1,
            rounds=3,
            late=late,
            deadline=ASKED_AT + 86_400,
            policy=policy_body(read(name).policy),
            request=made | digest_of_the_sample,
        )
        assert read(name).digest == frozen["request"]["digest"]


@pytest.mark.parametrize("version", [queue.SCHEMA_VERSION + 1, 99])
def test_a_message_from_the_future_is_none_that_is_malformed(version):
    with pytest.raises(NewerVersionError, match=rf"^the message has schemaVersion {version}, .* reads 2 and 3$"):
        read_message(json.dumps(message_body() | {"schemaVersion": version}))


@pytest.mark.parametrize(("received", "seconds"), [("1", 2), ("5", 32), ("12", 300)])
def test_a_message_from_the_future_backs_off_and_is_retried(received, seconds):
    """A deployment updates the state machine first."""
    store, workflow, box, back = MemoryStore(record()), FakeWorkflow(), Mailbox(), FakeSqs()
    function = request_function(asking(store, workflow, box), back)
    (delivered,) = sqs(message_body() | {"schemaVersion": queue.SCHEMA_VERSION + 1})["Records"]
    delivered["attributes"]["ApproximateReceiveCount"] = received
    with pytest.raises(NewerVersionError):
        function.serve(delivered, ASKED_AT + 20)
    assert back.delays == [seconds]
    assert (store.record, workflow.failed, box.sent) == (record(), [], [])


def test_a_message_that_is_too_old_is_malformed_by_name():
    with pytest.raises(MalformedMessageError, match=r"^schemaVersion must be"):
        read_message(json.dumps(message_body() | {"schemaVersion": 0}))


# --- records


def unbound(kept: Record) -> Record:
    """As the version before knew it: no policy but its numbers, and its requester is out of it already."""
    return replace(kept, policy=replace(kept.policy, prevent_self_approval=False), bound=False)


@pytest.mark.parametrize("before", RECORDS_BEFORE)
def test_a_record_of_the_version_before_is_read_to_the_same_thing_as_this_versions(before):
    now = before.replace("record-2", "record-3")
    assert from_item(sample(before)) == unbound(from_item(sample(now)))


@pytest.mark.parametrize("before", RECORDS_BEFORE)
def test_a_record_of_the_version_before_is_written_back_in_its_own_shape(before):
    """The functions of the version before are still there for a moment."""
    old = sample(before)
    del old["answer"]  # which nobody has read for a version
    assert to_item(from_item(old)) == old


@pytest.mark.parametrize(
    ("name", "digest"), [("record-2-approved", None), ("record-3-approved", sample("message-3")["policy"]["digest"])]
)
def test_an_approval_by_a_record_of_the_version_before_carries_no_digest_of_a_policy(name, digest):
    """Its run compares none, and a run that does must not go on by such a record."""
    made = approval(from_item(sample(name)))
    assert made.get("policyDigest") == digest
    assert made["digest"] == sample("message-3")["request"]["digest"]


class Updates:
    """DynamoDB, as far as it takes updates: the names of the attributes in each."""

    exceptions = type("Exceptions", (), {"ConditionalCheckFailedException": KeyError})

    def __init__(self) -> None:
        self.written: list[set[str]] = []

    def update_item(self, **call: Any) -> None:
        self.written.append(set(call["ExpressionAttributeNames"].values()))


ANNAS = Vote(decision=Decision.APPROVE, comment="Go.", at=ASKED_AT + 60, source_ip="", user_agent="")


def votes(before: Record) -> Record | Refusal:
    return cast(before, CARLA, replace(ANNAS, digest=before.digest))


def asks_again(before: Record) -> Record | Refusal:
    lease = Lease(owner="two", until=ASKED_AT + 120)
    digests = dict.fromkeys((ANNA, BEN, CARLA, "boss@example.com"), "d1")
    asked = replace(read("message-2"), scheduled_for=before.scheduled_for, round=3)
    return begin(before, asked, lease, ASKED_AT + 60, digests)


CHANGES: dict[str, Callable[[Record], Record | Refusal]] = {
    "a vote": votes,
    "a mail": partial(mailed, who=CARLA, round_=2),
    "a round": asks_again,
    "an ending": partial(ended, execution=Execution(status="ABORTED")),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("before", OPEN)
def test_nobody_writes_a_policy_or_a_version_into_a_record_of_the_version_before(before, change):
    seen = from_item(sample(before))
    after = CHANGES[change](seen)
    assert isinstance(after, Record)
    client: Any = Updates()
    assert ApprovalTable(client, "approvals").replace(seen, after)
    (written,) = client.written
    assert not written & {"policy", "schemaVersion"}
    assert written >= {"version"}


@pytest.mark.parametrize("name", ["record-2-approved", "record-2-rejected"])
def test_a_decision_of_the_version_before_stands(name):
    seen = from_item(sample(name))
    assert seen.status in DECIDED
    client: Any = Updates()
    ApprovalTable(client, "approvals").replace(seen, handed_over(seen))
    assert client.written == [{"version", "handedOver", "taskToken"}]


@pytest.mark.parametrize("name", RECORDS)
def test_a_sample_of_this_version_is_what_this_release_writes_today(name):
    """If this fails: raise the version, see above."""
    assert to_item(from_item(sample(name))) == sample(name)


def test_every_attribute_that_this_release_can_write_is_in_a_sample_of_its_version():
    """If this fails: raise the version, see above."""
    vote = replace(ANNAS, digest="d2")
    changed: dict[str, Any] = {
        "scheduled_for": "2026-11-25T09:00:00Z",
        "policy": Policy(groups={"finance": Group(approvers=(ANNA,))}, escalate_to=(BEN,)),
        "status": Status.APPROVED,
        "decided_at": 1,
        "handed_over": True,
        "task_token": "token",
        "lease": Lease(owner="one", until=2),
        "told_left_out": (BEN,),
        "answered_without_vote": True,
        "answer_mismatched": True,
        "operator_told": 3,
        "version": 4,
        "approvers": {ANNA: Approver(links=("d1",), mailed_round=1, vote=vote)},
    }
    full = record(**changed)
    unchanged = {field.name for field in fields(Record) if getattr(full, field.name) == field.default}
    assert unchanged == {"bound"}, "fields that this test's record does not have yet"
    assert keys(to_item(full)) == frozenset().union(*(keys(sample(name)) for name in RECORDS))


def keys(content: Mapping[str, Any]) -> frozenset[str]:
    """The attributes of an item, those inside of one included; people's names are none."""
    found = set(content)
    for outer in ("approvers", "votes"):
        for one in content.get(outer, {}).values():
            found |= {f"{outer}.*.{name}" for name in one}
    for outer in ("lease", "policy"):
        found |= {f"{outer}.{name}" for name in content.get(outer, {})}
    for group in content["policy"]["groups"].values():
        found |= {f"policy.groups.*.{name}" for name in group}
    return frozenset(found)


@pytest.mark.parametrize("version", [table.SCHEMA_VERSION + 1, 99])
def test_a_record_from_the_future_is_one_that_cannot_be_read_yet(version):
    with pytest.raises(NewerVersionError, match=f"^the record of request {REQUEST_ID} has schemaVersion {version}, "):
        from_item(to_item(record()) | {"schemaVersion": version})


def test_a_record_that_is_too_old_is_refused_by_name():
    with pytest.raises(ValueError, match=f"^the record of request {REQUEST_ID} has schemaVersion 0, .* reads 2 and 3$"):
        from_item(to_item(record()) | {"schemaVersion": 0})


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
    with pytest.raises(NewerVersionError):
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


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_the_page_of_a_record_from_the_future_asks_to_try_again(future, method):
    workflow = FakeWorkflow()
    path = f"/approvals/{REQUEST_ID}/{links.new_secret()}"
    answer = page_function(future, workflow).serve(http(method, path, "decision=approve"))
    assert answer["statusCode"] == 503
    assert (workflow.handed_over, workflow.failed) == ([], [])


def test_a_record_that_a_newer_release_lifts_while_it_is_changed_is_left_to_it(future):
    """Seen in this version, and written in the next one before ours."""
    seen = from_item(to_item(record()) | {"version": 0})
    with pytest.raises(NewerVersionError):
        records_of(future).change(seen, lambda latest: replace(latest, title="Order lunch"))


# --- lifting


def lift(content: Mapping[str, Any]) -> dict[str, Any]:
    return {**content, "lifted": True}


@pytest.mark.parametrize(("version", "content"), [(5, {}), (4, {"lifted": True})])
def test_only_the_version_before_is_lifted(version, content):
    assert lifted("the note", {}, version, 5, lift) == content


def test_what_is_two_versions_old_is_refused_by_name():
    with pytest.raises(ValueError, match=r"^the note has schemaVersion 3, this release reads 4 and 5$"):
        lifted("the note", {}, 3, 5, lift)


def test_what_is_newer_is_told_from_what_is_too_old():
    with pytest.raises(NewerVersionError, match=r"^the note has schemaVersion 6, this release reads 4 and 5$"):
        lifted("the note", {}, 6, 5, lift)
