"""Time: rounds that overlap, clocks that disagree, and a program that changes while people think."""

from __future__ import annotations

import json

import pytest

from handlers.approvals.rules.record import Decision
from handlers.contract.message import SCHEMA_VERSION
from handlers.contract.record import Status
from tests.properties.world import World
from tests.support.records import ANNA, ASKED_AT, OF_EACH_TYPE
from tests.support.stacks import ALICE, JSON, Run, Stack, running


def asked(**request) -> World:
    """A request whose first round's mails are out."""
    world = World(**request)
    world.to_its_end(world.deliver(world.queue[0]))
    return world


def state(worker) -> str:
    return json.loads(worker.answer["body"])["state"]


@pytest.mark.parametrize("decision", Decision)
def test_a_click_in_the_last_second_is_counted_or_refused_never_lost(decision):
    """The execution closes the request before each of the calls that a vote makes, one after the other."""
    ends = set()
    for calls in range(12):
        world = asked(rounds=1)
        world.clock.time = world.record.deadline
        vote = world.press(ANNA, decision)
        for _ in range(calls):
            world.go(vote) if not vote.finished else None
        while not world.workflow.ended:
            world.go_on()
            while world.queue:  # the state machine asks once more for what it could not close
                world.to_its_end(world.deliver(world.queue[0]))
        world.to_its_end(vote)
        world.settle()
        ends.add((world.record.status, vote.answer["statusCode"]))
    decided = Status.APPROVED if decision is Decision.APPROVE else Status.REJECTED
    assert ends == {(Status.EXPIRED, 409), (decided, 200)}


@pytest.mark.parametrize("skew", [-60, 0, 60])
def test_a_minute_between_the_clocks_costs_nobody_their_vote(skew):
    """Step Functions' clock says when it is over; the functions' clock is a minute before or behind it."""
    world = asked(rounds=1, seconds=600, skew=skew)
    world.clock.time = ASKED_AT + 599  # on Step Functions' clock: one second to go
    assert world.to_its_end(world.press(ANNA)).answer["statusCode"] == 200
    assert world.workflow.took == "APPROVED"
    late = asked(rounds=1, seconds=600, skew=skew)
    late.clock.time = ASKED_AT + 601
    while not late.workflow.ended:
        late.go_on()
    assert late.to_its_end(late.press(ANNA)).answer["statusCode"] == 409
    assert late.record.status is Status.EXPIRED


def test_a_vote_that_comes_after_the_last_look_for_one_is_told_that_the_request_is_closed():
    """It is recorded before the word that there is none reaches Step Functions."""
    world = World(rounds=1)
    first = world.deliver(world.queue[0])
    for _ in range(4):
        world.go(first)  # the first mail is out and not noted, so the state machine cannot close the record
    for _ in range(2):
        world.go_on()
    world.to_its_end(first)
    late = world.deliver(world.queue[-1])
    world.go(late)
    vote = world.press(next(iter(world.links)))
    while world.record.status is Status.OPEN:
        world.go(vote)
    world.to_its_end(late)
    world.go_on()
    assert (world.workflow.error, world.workflow.took) == ("Expired", "")
    assert state(world.to_its_end(vote)) == "closed"
    world.settle()
    assert world.record.status is Status.CLOSED


def test_a_late_decision_that_nobody_can_tell_is_never_called_expired():
    world = asked(rounds=1)
    vote = world.press(ANNA)
    while world.record.status is Status.OPEN:
        world.go(vote)
    world.go_on()
    world.go_on()
    assert world.workflow.at == "late"
    world.go_on()
    assert world.workflow.error == "RecordUnavailable"
    assert state(world.to_its_end(vote)) == "closed"


def test_a_run_whose_messages_waited_for_longer_than_it_had_is_not_told_as_expired():
    """Hundreds of runs began at once: nobody was asked, which is not the same as nobody answered."""
    world = World(rounds=2, seconds=120)
    world.clock.time += 300
    for _ in range(3):
        world.go_on()
    assert world.workflow.at == "late"
    for _ in range(len(world.queue)):
        world.to_its_end(world.deliver(world.queue[0]))
    world.go_on()
    assert (world.workflow.status, world.workflow.error) == ("FAILED", "NotificationFailed")
    assert not world.links


REGIONAL = {"title": "Nightly release", "fields": [OF_EACH_TYPE[0]]}


@pytest.fixture
def stack(emulator):
    config = {"approvers": [ALICE], "escalateTo": [], "reminders": 0, "deadlineSeconds": 600, "task": REGIONAL}
    with running("dev", config, emulator=emulator) as sandbox:
        yield Stack(sandbox)


def test_a_deployment_leaves_a_waiting_request_answerable_as_it_was_asked(stack):
    """Also by an option that the new release no longer has."""
    run = Run(stack, stack.start_raw({}), "Nightly release")
    link = run.link()
    functions, machine = stack.sandbox.client("lambda"), stack.sandbox.outputs["stateMachineArn"]
    for function in functions.list_functions(MaxItems=200)["Functions"]:
        variables = function.get("Environment", {}).get("Variables", {})
        if variables.get("TABLE_NAME") == stack.table:
            functions.update_function_configuration(
                FunctionName=function["FunctionName"],
                Environment={"Variables": variables | {"LABEL": "the next release"}},
            )
    definition = json.loads(stack.sfn.describe_state_machine(stateMachineArn=machine)["definition"])
    definition["States"]["Request approval"]["Arguments"]["MessageBody"]["schemaVersion"] = SCHEMA_VERSION + 1
    payload = definition["States"]["Generate task"]["Arguments"]["Payload"]
    assert '"us-1"' in payload["task"]
    payload["task"] = payload["task"].replace('"us-1"', '"ap-1"')
    stack.sfn.update_state_machine(stateMachineArn=machine, definition=json.dumps(definition))
    assert "the next release" in stack.get(link).text
    assert stack.press(link, region="ap-1").status_code == 400
    assert stack.press(link, region="us-1").status_code == 200
    assert run.succeeded()["approval"]["values"] == {"region": "us-1"}


def test_a_press_on_a_link_of_a_destroyed_workflow_says_closed(stack):
    """The state machine goes, and with it all that is known of its executions."""
    run = stack.start()
    link = run.link()
    stack.sfn.delete_state_machine(stateMachineArn=stack.sandbox.outputs["stateMachineArn"])
    told = stack.http.post(link, data={"decision": "approve"}, headers=JSON)
    assert (told.status_code, told.json()["state"]) == (409, "closed")
    assert stack.http.get(link, headers=JSON).json()["state"] == "closed"
    item = run.item()
    assert item["status"] == "CLOSED"
    assert "taskToken" not in item
