"""Each function's role allows what its work needs, and nothing that it could do without.

For every action that is allowed, one test takes it away, watches the journey suffer, gives it back, and watches the
journey go on from there.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from handlers.approvals.rules.decisions import token_spent
from handlers.approvals.rules.record import Decision
from handlers.contract.record import EXECUTION_INDEX
from sandbox import environments
from tests.support.callers import Caller
from tests.support.events import undelivered
from tests.support.messages import kept_in_queue, message
from tests.support.roles import ENTRIES, Function, decisions, without
from tests.support.stacks import ALICE, OPERATOR, Run, Stack, send
from tests.support.waiting import until

Case = Callable[[Stack, Function, str], None]
CASES: dict[tuple[str, str], Case] = {}
SPENT = "a token that nobody waits for"

# Used by Lambda itself in the role's name, which the emulator does without asking: with the page that demands it.
LOGS = "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-view.html"
TRACES = "https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html"
DESTINATION = "https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html"
POLLING = "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"
FOLLOWING = "https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html"
UNSEEN = {
    **{
        (entry, action): why
        for entry in ENTRIES
        for action, why in {
            "logs:CreateLogStream": LOGS,
            "logs:PutLogEvents": LOGS,
            "xray:PutTraceSegments": TRACES,
            "xray:PutTelemetryRecords": TRACES,
        }.items()
    },
    **{
        (entry, action): POLLING
        for entry in ("ask", "give_up")
        for action in ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
    },
    ("reconcile", "sqs:SendMessage"): DESTINATION,
    ("bounce", "sqs:SendMessage"): DESTINATION,
    **{
        ("announce", f"dynamodb:{action}"): FOLLOWING
        for action in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")
    },
}


def needs(entry: str, *actions: str) -> Callable[[Case], Case]:
    """Says which actions of which function a case takes away, one after the other."""

    def note(case: Case) -> Case:
        CASES.update({(entry, action): case for action in actions})
        return case

    return note


@needs("page", "dynamodb:GetItem", "dynamodb:UpdateItem")
def the_page_records_nothing(stack: Stack, function: Function, action: str) -> None:
    run = stack.start()
    link = run.link()
    with function.without(action):
        shown = stack.get(link)
        assert (shown.status_code == 503) == (action == "dynamodb:GetItem")
        assert ("<form" in shown.text) == (action == "dynamodb:UpdateItem")
        assert stack.press(link).status_code == 503
        assert (run.status, run.item()["status"]) == ("RUNNING", "OPEN")
    goes_on(run, link)


@needs("page", "states:SendTaskSuccess", "states:SendTaskFailure")
def an_answer_is_recorded_but_not_handed_over(stack: Stack, function: Function, action: str) -> None:
    approved = action == "states:SendTaskSuccess"
    decision, status = ("approve", "APPROVED") if approved else ("reject", "REJECTED")
    run = stack.start()
    link = run.link()
    with function.without(action):
        assert stack.press(link, decision).status_code == 503
        assert (run.status, run.item()["status"]) == ("RUNNING", status)
    assert stack.press(link, decision).status_code == 200
    is_told(run, action)


@needs("page", "states:DescribeExecution")
def nobody_can_be_told_that_the_run_is_over(stack: Stack, function: Function, action: str) -> None:
    run = stack.start()
    link = run.link()
    stop_unheard(run)
    with function.without(action):
        assert stack.press(link).status_code == 503
        assert run.item()["status"] == "APPROVED"
    assert stack.press(link).status_code == 409
    assert run.item()["status"] == "CLOSED"


@needs("ask", "dynamodb:GetItem", "dynamodb:PutItem", "sns:Publish", "ses:SendEmail")
def nobody_is_asked(stack: Stack, function: Function, action: str) -> None:
    with function.without(action):
        run = stack.start()
        function.could_not(action, run)
        assert not [mail for mail in stack.sandbox.messages() if run.title in mail.subject]
    goes_on(run, run.link())


@needs("ask", "dynamodb:UpdateItem")
def nobody_knows_who_has_been_asked(stack: Stack, function: Function, action: str) -> None:
    with short_leases(function):
        with function.without(action):
            run = stack.start()
            function.could_not(action, run)
            item = run.item()
            assert [one["mailedRound"] for one in item["approvers"].values()] == [0], "though the mail has gone out"
            assert "lease" in item, "so that the next attempt has to wait"
        goes_on(run, run.link())


@contextmanager
def short_leases(function: Function) -> Iterator[None]:
    """A lease lasts as long as its worker may run, which is made for a whole batch of mails; here there is one."""
    functions = function.stack.sandbox.client("lambda")
    shipped = functions.get_function_configuration(FunctionName=function.name)["Timeout"]
    functions.update_function_configuration(FunctionName=function.name, Timeout=8)
    try:
        yield
    finally:
        functions.update_function_configuration(FunctionName=function.name, Timeout=shipped)


@needs("ask", "sqs:ChangeMessageVisibility")
def a_broken_message_blocks_its_run_for_the_whole_visibility_timeout(
    stack: Stack, function: Function, action: str
) -> None:
    run = stack.start()
    run.link()
    broken = json.dumps({"schemaVersion": 1, "taskToken": run.item()["taskToken"], "executionArn": run.arn})
    with function.without(action):
        before = retries_not_brought_forward(function)
        send(stack, "requestQueueUrl", broken)
        until(lambda: retries_not_brought_forward(function) > before, "the warning")
        (hidden,) = kept_in_queue(stack, "requestQueueUrl", run.arn)
        assert hidden["ReceiveCount"] == 1
        assert hidden["VisibleAt"] - time.time() > 60
    assert run.status == "RUNNING"
    send(stack, "requestQueueUrl", broken)
    until(lambda: kept_in_queue(stack, "deadLetterQueueUrl", run.arn), "the message in the dead-letter queue")
    goes_on(run, run.link())


QUEUES = {"ask": "requestQueueUrl", "give_up": "deadLetterQueueUrl"}


# What the dead-letter queue gives out and does not get back it hides for minutes, so a letter is sent again.
@needs("ask", "states:SendTaskSuccess", "states:SendTaskFailure")
@needs("give_up", "states:SendTaskSuccess")
def a_letter_hands_nothing_over(stack: Stack, function: Function, action: str) -> None:
    run = voted(stack, action)
    letter = message(run)
    with function.without(action):
        send(stack, QUEUES[function.entry], letter)
        function.could_not(action, run)
        assert run.status == "RUNNING"
    send(stack, QUEUES[function.entry], letter)
    is_told(run, action)


@needs("ask", "states:DescribeExecution")
@needs("give_up", "states:DescribeExecution")
def a_letter_cannot_show_that_the_run_has_ended(stack: Stack, function: Function, action: str) -> None:
    run = ended_before_it_was_told(stack)
    letter = message(run, SPENT)
    with function.without(action):
        send(stack, QUEUES[function.entry], letter)
        function.could_not(action, run)
        assert run.item()["status"] == "APPROVED"
    send(stack, QUEUES[function.entry], letter)
    until(lambda: run.item()["status"] == "CLOSED", "closed record")


@needs("give_up", "dynamodb:GetItem", "states:SendTaskFailure")
def a_dead_letter_leaves_its_run_and_record_as_they_are(stack: Stack, function: Function, action: str) -> None:
    run = stack.start()
    letter = message(run)
    with function.without(action):
        send(stack, "deadLetterQueueUrl", letter)
        function.could_not(action, run)
        assert (run.status, run.item()["status"]) == ("RUNNING", "OPEN")
    send(stack, "deadLetterQueueUrl", letter)
    assert run.failed()[0] == "NotificationFailed"


@needs("give_up", "dynamodb:UpdateItem")
def a_dead_letter_ends_its_run_and_the_record_learns_it_from_the_end(
    stack: Stack, function: Function, action: str
) -> None:
    run = stack.start()
    letter = message(run)
    with function.without(action):
        send(stack, "deadLetterQueueUrl", letter)
        function.could_not(action, run)
        assert run.failed()[0] == "NotificationFailed"
    until(lambda: run.item()["status"] == "CLOSED", "closed record")


@needs("reconcile", "states:DescribeExecution", "dynamodb:Query", "dynamodb:GetItem", "dynamodb:UpdateItem")
def the_record_does_not_learn_that_the_run_has_ended(stack: Stack, function: Function, action: str) -> None:
    run = stack.start()
    run.link()
    with function.without(action):
        stack.sfn.stop_execution(executionArn=run.arn)
        function.could_not(action, run)
        assert run.item()["status"] == "OPEN"
    function.told_that_it_has_ended(run)
    until(lambda: run.item()["status"] == "CLOSED", "closed record")


@needs("reconcile", "sns:Publish")
def the_operator_is_not_told(stack: Stack, function: Function, action: str) -> None:
    run = stack.start()
    run.link()
    with function.without(action):
        stack.sfn.stop_execution(executionArn=run.arn)
        function.could_not(action, run)
        assert not told_of(run)
    function.told_that_it_has_ended(run)
    until(lambda: told_of(run), "the operator's mail")


@needs("bounce", "dynamodb:GetItem", "dynamodb:UpdateItem", "states:SendTaskFailure", "sns:Publish")
def a_mail_comes_back_unheard(stack: Stack, function: Function, action: str) -> None:
    run = stack.start()
    run.link()
    with function.without(action):
        comes_back(function, run)
        function.could_not(action, run)
        ended = action == "sns:Publish"
        assert (run.item()["status"] == "CLOSED") == ended
        assert ended or run.status == "RUNNING"
        assert not told_that_it_came_back(run)
    comes_back(function, run)
    assert run.failed()[0] == "NotificationFailed"
    until(lambda: told_that_it_came_back(run), "the operator's mail about it")


@needs("operate", "dynamodb:GetItem", "dynamodb:UpdateItem", "states:DescribeExecution", "states:StopExecution")
@needs("operate", "dynamodb:Query")
def nothing_is_cancelled(stack: Stack, function: Function, action: str) -> None:
    run, caller, closed = stack.start(), Caller(stack), action == "states:StopExecution"
    whose: dict[str, Any] = {"executionArn": run.arn} if action == "dynamodb:Query" else {"requestId": run.request_id}
    run.link()
    with function.without(action):
        assert caller.order("cancel", why="Enough.", **whose)[0] == 503
        assert run.status == "RUNNING"
        assert (run.item()["status"] == "CLOSED") == closed, "nobody can decide what is about to be stopped"
    assert caller.order("cancel", why="Once more.", **whose)[0] == 200
    assert run.ended()["cause"] == f"{caller.arn}: {'Enough' if closed else 'Once more'}."


@needs("operate", "sns:Publish", "ses:SendEmail")
def nobody_is_reminded(stack: Stack, function: Function, action: str) -> None:
    run, caller = stack.start(), Caller(stack)
    link = run.link()
    with function.without(action):
        assert caller.order("remind", requestId=run.request_id)[0] == 409
    stack.change(run.request_id, lambda known: known.with_approver(ALICE, reminded_at=0))  # a minute passes
    assert caller.order("remind", requestId=run.request_id) == (200, {"reminded": [ALICE], "refused": {}})
    assert len(run.mails(2)) == 2
    goes_on(run, link)


@needs("announce", "events:PutEvents", "sqs:SendMessage", "sns:Publish")
def others_hear_later(stack: Stack, function: Function, action: str) -> None:
    with function.without(action):
        run = stack.start()
        run.link()
        stack.sfn.stop_execution(executionArn=run.arn)
        function.could_not(action, run)
    kinds = {"Approval Requested", "Approval Closed"}
    told = stack.sandbox
    events = lambda: {one["detail-type"] for one in told.events() if one["detail"]["executionArn"] == run.arn}  # noqa: E731
    until(lambda: events() == kinds, "its events")
    until(lambda: sum(run.title in one for one in told.chat()) >= len(kinds), "its messages in the chat")
    until(lambda: [one for one in told.messages() if f"Stopped: {run.title}" in one.subject], "the mail about its end")


@pytest.mark.parametrize(
    ("entry", "action"),
    CASES,
    ids=[f"{entry} without {action}: {case.__name__}" for (entry, action), case in CASES.items()],
)
def test_without_an_action_the_journey_suffers_and_with_it_goes_on(request, entry, action):
    stack = request.getfixturevalue(channel_of(entry, action))
    CASES[entry, action](stack, Function.of(stack, entry), action)


def channel_of(entry: str, action: str) -> str:
    """The stack that has this function, and has it do this: most do so in both."""
    return "mailed" if entry == "bounce" or action.startswith("ses:") else "stack"


MAILERS = ("ask", "operate")
# Each function in the stack that has it, and those that mail in both.
DEPLOYED = [(channel_of(entry, ""), entry) for entry in ENTRIES] + [("mailed", entry) for entry in MAILERS]


@pytest.mark.parametrize(("channel", "entry"), DEPLOYED)
def test_every_action_of_a_function_is_taken_away_here_or_listed_as_unseen(request, channel, entry):
    allowed = {
        action for one in Function.of(request.getfixturevalue(channel), entry).statements() for action in one["Action"]
    }
    others = {"stack": "ses:SendEmail", "mailed": "sns:Publish"}[channel] if entry in MAILERS else ""
    known = {action for name, action in (*CASES, *UNSEEN) if name == entry}
    assert allowed == known - {others}
    assert not CASES.keys() & UNSEEN.keys()


@pytest.mark.parametrize(("channel", "entry"), DEPLOYED)
def test_a_function_may_do_it_to_the_one_thing_that_its_work_is_done_with(request, channel, entry):
    function = Function.of(request.getfixturevalue(channel), entry)
    known = subjects(function)
    for statement in function.statements():
        for action in statement["Action"]:
            arn = known.get(statement["Sid"]) or known.get(action) or known[action.split(":")[0]]
            assert statement["Resource"] in (arn, [arn]), action


@pytest.mark.parametrize(("entry", "action"), UNSEEN)
def test_what_lambda_does_in_a_functions_name_is_allowed_by_one_statement_only(request, iam, entry, action):
    policy = Function.of(request.getfixturevalue(channel_of(entry, action)), entry).policy()
    (statement,) = [one for one in policy["Statement"] if action in one["Action"]]
    (resource,) = statement["Resource"]
    resource = resource.replace(":*", ":log-stream:2026/11/23/[$LATEST]0a1b")  # of a log group
    assert decisions(iam, policy, [action], resource) == {action: "allowed"}
    assert decisions(iam, without(policy, action), [action], resource) == {action: "implicitDeny"}


def subjects(function: Function) -> dict[str, str]:
    """The ARNs of what a function of this stack does its work with, by action or by service."""
    stack, outputs = function.stack, function.stack.sandbox.outputs
    machine = outputs["stateMachineArn"]
    place = machine.removeprefix("arn:aws:states:").partition(":stateMachine:")[0]
    executions = machine.replace(":stateMachine:", ":execution:") + ":*"
    table = stack.dynamodb.describe_table(TableName=stack.table)["Table"]
    found = {
        "logs": f"arn:aws:logs:{place}:log-group:{function.log_group}:*",
        "xray": "*",  # it knows no resources
        "dynamodb": table["TableArn"],
        "dynamodb:Query": f"{table['TableArn']}/index/{EXECUTION_INDEX}",
        "states": "*",  # sandbox/differences.py widens SendTask*; tests/infra/test_iam.py holds its scope
        "states:DescribeExecution": executions,
        "states:StopExecution": executions,
    }
    if function.entry in MAILERS:
        found |= {"sns": outputs.get("approverTopicArn", ""), "sqs": queue_arn(stack, "requestQueueUrl")}
        found |= {"ses": "*"}  # as above; its scope: tests/infra/test_sender.py
    if function.entry == "give_up":
        found |= {"sqs": queue_arn(stack, "deadLetterQueueUrl")}
    if function.entry == "announce":
        found |= {
            "dynamodb": "*",  # as above
            "dynamodb:ListStreams": f"{table['TableArn']}/stream/*",
            "events": f"arn:aws:events:{place}:event-bus/default",
            "sns": outputs["chatTopicArn"],
            "AskForMails": queue_arn(stack, "requestQueueUrl"),
            "KeepFailures": mapping_of(stack, function)["DestinationConfig"]["OnFailure"]["Destination"],
        }
    if function.entry in ("reconcile", "bounce"):
        calls = stack.sandbox.client("lambda").get_function_event_invoke_config(FunctionName=function.name)
        found |= {
            "sns": outputs["operatorTopicArn"],
            "sqs": calls["DestinationConfig"]["OnFailure"]["Destination"],
        }
    return found


def mapping_of(stack: Stack, function: Function) -> dict[str, Any]:
    (found,) = stack.sandbox.client("lambda").list_event_source_mappings(FunctionName=function.name)[
        "EventSourceMappings"
    ]
    return found


# The emulator's evaluator, by itself: its `SimulateCustomPolicy` takes no context.
EVALUATE = """
import json, sys
from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document
policy, bus, calls = json.load(sys.stdin)
def said(sources):
    told = {"events:source": sources} if sources else {}
    where = ("123456789012", "events:PutEvents", bus, "eu-central-1")
    context = EvalContext("arn", "AssumedRole", *where, service_context=told)
    return evaluate(context, [parse_policy_document(policy)]).decision
print(json.dumps([said(sources) for sources in calls]))
"""


def test_events_can_be_put_with_the_stacks_own_source_only(graph):
    policy = graph.named("aws:iam/rolePolicy:RolePolicy", "announce-policy").inputs["policy"]
    bus = "arn:aws:events:eu-central-1:123456789012:event-bus/default"
    calls = [["signoff.test"], ["signoff.other"], ["signoff.test", "signoff.other"], [], "signoff.test", "aws.states"]
    emulator_python, _ = environments.ensure(environments.log)
    done = subprocess.run(
        [emulator_python, "-c", EVALUATE],
        input=json.dumps([policy, bus, calls]),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    denied = "ImplicitDeny"
    assert json.loads(done.stdout) == ["Allow", denied, denied, denied, "Allow", denied]


def queue_arn(stack: Stack, output: str) -> str:
    answer = stack.sqs.get_queue_attributes(QueueUrl=stack.sandbox.outputs[output], AttributeNames=["QueueArn"])
    return answer["Attributes"]["QueueArn"]


def goes_on(run: Run, link: str) -> None:
    assert run.stack.press(link).status_code == 200
    run.succeeded()


def voted(stack: Stack, action: str) -> Run:
    """A run whose decision is in the record and has not reached it; `action` is what would tell it."""
    run = stack.start()
    run.link()
    run.vote_without_handing_over(Decision.APPROVE if action == "states:SendTaskSuccess" else Decision.REJECT)
    return run


def is_told(run: Run, action: str) -> None:
    assert run.ended()["status"] == ("SUCCEEDED" if action == "states:SendTaskSuccess" else "FAILED")
    item = until(lambda: (now := run.item())["handedOver"] and now, "note that it was handed over")
    assert "taskToken" not in item


def ended_before_it_was_told(stack: Stack) -> Run:
    """A run that was stopped after people had decided, and whose record has no token that could still be used."""
    run = stack.start()
    run.link()
    run.vote_without_handing_over()
    token = run.item()["taskToken"]
    stack.change(run.request_id, partial(token_spent, token=token))
    stop_unheard(run)
    return run


def stop_unheard(run: Run) -> None:
    """Stop a run so that its record does not learn of it at once."""
    reconcile = Function.of(run.stack, "reconcile")
    with reconcile.without("dynamodb:Query"):
        run.stack.sfn.stop_execution(executionArn=run.arn)
        reconcile.could_not("dynamodb:Query", run)


def comes_back(function: Function, run: Run) -> None:
    """What SES says of a mail to somebody who does not exist. Rules of services have no events here."""
    event = json.dumps(undelivered(who=ALICE, request_id=run.request_id))
    function.stack.sandbox.client("lambda").invoke(FunctionName=function.name, Payload=event)


def told_that_it_came_back(run: Run) -> list[Any]:
    return [mail for mail in told_of(run) if "came back" in mail.subject]


def told_of(run: Run) -> list[Any]:
    return [mail for mail in run.stack.sandbox.messages() if mail.to == OPERATOR and run.arn in mail.body]


def retries_not_brought_forward(function: Function) -> int:
    pages = function.stack.sandbox.client("logs").get_paginator("filter_log_events")
    return sum(
        "the retry could not be brought forward" in event["message"]
        for page in pages.paginate(logGroupName=function.log_group)
        for event in page["events"]
    )
