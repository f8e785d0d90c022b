"""Another team's workflow asks through ours: examples/parent, deployed beside the stack that it asks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from sandbox.deploy import Deployed
from tests.support.parents import in_jsonpath, start
from tests.support.stacks import ALICE, Run
from tests.support.waiting import until


@pytest.fixture(scope="module")
def parent(beside, plain) -> Deployed:
    return beside(plain)


@pytest.mark.parametrize(
    ("region", "first", "state"), [("eu", "eu-central-1", "Europe"), ("us", "us-east-1", "the US")]
)
def test_an_approval_lets_the_parent_go_on_with_the_votes_the_way_that_people_chose(
    plain, parent, region, first, state
):
    asking = start(plain, parent)
    link = asking.child.link()
    assert plain.press(link).status_code == 400, "which way?"
    plain.press(link, region=region)
    child = asking.child.succeeded()
    assert asking.parent.succeeded() == {
        "released": asking.release,
        "first": first,
        "approvedBy": [ALICE],
        "decidedAt": child["approval"]["decidedAt"],
    }
    assert child["requestedBy"] == "dana@example.com"
    assert child["approval"]["values"] == child["approval"]["votes"][0]["values"] == {"region": region}
    assert asking.parent.states() == ["Ask people", "Which region?", f"Release to {state}"]


def test_a_start_that_is_repeated_after_a_lost_answer_asks_once_and_waits_for_what_runs(plain, parent):
    asking = start(plain, parent, repeated=True)
    asking.child.mails(3)
    plain.press(asking.child.link(), region="eu")
    assert asking.parent.succeeded()["approvedBy"] == [ALICE]
    assert len(asking.child.mails(3)) == 3


def test_a_rejection_ends_the_parent_with_who_and_why(plain, parent):
    asking = start(plain, parent)
    plain.press(asking.child.link(), "reject", 'No "backup",\nno release: \u00fcbel.')
    error, cause = asking.parent.failed()
    assert (error, cause) == asking.child.failed()
    assert error == "Rejected"
    assert cause.endswith(f" by {ALICE}: \"No 'backup', no release: \u00fcbel.\"")


@pytest.fixture
def mixed(plain, parent) -> Iterator[Deployed]:
    """The parent in JSONPath, but for the one state that asks."""
    known = plain.sfn.describe_state_machine(stateMachineArn=parent.outputs["stateMachineArn"])
    definition = json.dumps(in_jsonpath(json.loads(known["definition"])))
    arn = plain.sfn.create_state_machine(name="mixed", definition=definition, roleArn=known["roleArn"])[
        "stateMachineArn"
    ]
    yield replace(parent, outputs={"stateMachineArn": arn})
    plain.sfn.delete_state_machine(stateMachineArn=arn)


def test_a_workflow_in_jsonpath_asks_by_one_state_in_jsonata(plain, mixed):
    approved, rejected = start(plain, mixed), start(plain, mixed)
    plain.press(approved.child.link(), region="us")
    plain.press(rejected.child.link(), "reject", "Not on a Friday.")
    assert approved.parent.succeeded() == {"released": approved.release, "first": "us-east-1", "approvedBy": [ALICE]}
    assert rejected.parent.failed() == rejected.child.failed()
    assert rejected.parent.states() == ["Ask people", "How did it end?", "Rejected"]


def test_a_workflow_in_jsonpath_tells_of_a_request_that_was_stopped(plain, mixed):
    asking = start(plain, mixed)
    asking.child.link()
    plain.sfn.stop_execution(executionArn=asking.child.arn)
    assert asking.parent.failed() == ("AskingFailed", "ABORTED: no cause was given")


def test_a_parent_that_is_stopped_stops_its_request_and_the_page_says_so(plain, parent):
    asking = start(plain, parent)
    link = asking.child.link()
    plain.sfn.stop_execution(executionArn=asking.parent.arn)
    assert asking.child.ended()["status"] == "ABORTED"
    item = until(lambda: (now := asking.child.item())["status"] == "CLOSED" and now, "closed record")
    assert "taskToken" not in item
    shown = plain.get(link)
    assert "<form" not in shown.text
    assert "ended before a decision" in shown.text
    assert plain.press(link).status_code == 409
    assert asking.parent.status == "ABORTED"


def test_a_request_that_an_operator_stops_ends_the_parent_with_their_words(plain, parent):
    asking = start(plain, parent)
    asking.child.link()
    plain.sfn.stop_execution(executionArn=asking.child.arn, error="Stopped", cause="The release is withdrawn.")
    assert asking.parent.failed() == ("AskingFailed", "Stopped: The release is withdrawn.")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"changes": 5}, "AskingFailed InvalidTask: details must be text, an object or a list, got int"),
        ({"release": "x" * 200}, "AskingFailed InvalidTask: title must be at most 200 characters, got 222"),
    ],
)
def test_a_question_that_cannot_be_asked_ends_the_parent_with_what_is_wrong(plain, parent, given, words):
    assert " ".join(start(plain, parent, **given).parent.failed()) == words


def test_a_question_without_its_parts_is_not_asked(plain, parent):
    machine = parent.outputs["stateMachineArn"]
    arn = plain.sfn.start_execution(stateMachineArn=machine, input='{"release": "1.4"}')["executionArn"]
    error, cause = Run(plain, arn, "").failed()
    assert error == "AskingFailed"
    assert cause.startswith("States.QueryEvaluationError: ")


def test_silence_ends_the_parent_as_expired(silent):
    error, cause = silent.parent.failed(seconds=90)
    assert (error, cause) == silent.child.failed()
    assert error == "Expired"
    assert "60 seconds" in cause
