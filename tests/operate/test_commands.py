"""`python -m operate` on a deployed stack, by people who have an output's policy and no other."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.support.operating import Operator, Told
from tests.support.roles import decisions
from tests.support.stacks import BOB, CAROL, Run, Stack
from tests.support.waiting import until

ROW = {"requestId", "title", "status", "policy", "round", "deadline", "waitingFor", "executionArn"}
FIELDS = [{"name": "region", "label": "Region", "type": "text", "maxLength": 20, "required": True}]


class Asked(NamedTuple):
    run: Run
    request_id: str


@pytest.fixture(scope="module")
def asked(stack: Stack, operator: Operator, tmp_path_factory) -> Asked:
    """What Alice has asked with all options, under a policy in whose groups she is."""
    file = tmp_path_factory.mktemp("asked") / "fields.json"
    file.write_text(json.dumps(FIELDS))
    title = f"Payout {os.urandom(4).hex()}"
    said = operator(
        "start", "--title", title, "--details", "-", "--policy", "payout", "--fields", f"@{file}", "--link",
        "Order=https://shop.example.com/1?a=b", "--json", typed="Pay all of it.\n",
    )  # fmt: skip
    assert said.code == 0, said.err
    assert said.data.keys() == {"requestId", "executionArn"}
    run = Run(stack, said.data["executionArn"], title)
    run.mails(2)
    until(lambda: "lease" not in run.item(BOB), "record of both mails")
    return Asked(run, said.data["requestId"])


def rows(said: Told) -> dict[str, dict[str, Any]]:
    assert said.code == 0, said.err
    return {row["requestId"]: row for row in said.data}


def test_who_starts_a_request_is_its_requester_as_aws_names_them_and_may_not_decide(asked, operator, reader):
    for command in ("list", "ls"):
        row = rows(reader(command, "--json"))[asked.request_id]
        assert row.keys() == ROW
        assert (row["status"], row["policy"], row["round"]) == ("OPEN", "payout", 1)
        assert row["waitingFor"] == [BOB, CAROL]
    table = reader("list").out.splitlines()
    for column in ("title", "asked by", "policy", "round", "approvals", "waits for", "left"):
        assert column in table[0]
    assert any(re.search(rf"^{asked.request_id[:8]}.* payout +1 of 2 +0 of 2 .* minutes", line) for line in table)
    shown = reader("show", asked.request_id).out
    assert operator.arn in shown
    assert "barred" in shown


def test_a_request_is_known_by_id_beginning_and_execution_and_shown_whole_without_its_token(asked, reader):
    run, request_id = asked
    names = (request_id, request_id[:8], run.arn, run.arn.rpartition(":")[2])
    (shown,) = {reader("show", name, "--json").out for name in names}
    assert json.loads(shown).keys() == {*ROW, "votes"}
    words = reader("show", request_id).out
    link, waits = "Order: https://shop.example.com/1?a=b", "remind those who wait, or cancel it"
    state, groups, mails = "RUNNING, in Request approval", "finance 1, legal 1", "1, last in round 1"
    for part in (run.title, "Pay all of it.", link, "Region", groups, mails, state, waits):
        assert part in words
    assert run.item(BOB)["taskToken"] not in shown + words
    nothing = reader("show", "nosuch")
    assert (nothing.code, nothing.out) == (1, "")
    assert "none has this id or execution, or begins with nosuch" in nothing.err


@pytest.mark.parametrize(
    ("command", "action"),
    [(("start", "--title", "Mine"), "states:StartExecution"), (("rm", "{arn}", "--why", "No"), "execute-api:Invoke")],
)
def test_who_may_only_read_neither_asks_nor_cancels_and_is_told_what_it_takes(asked, reader, command, action):
    said = reader(*(part.format(arn=asked.run.arn) for part in command))
    assert (said.code, said.out) == (1, "")
    assert action in said.err
    assert len(said.err.splitlines()) == 1
    assert asked.run.status == "RUNNING"


def client(stack: Stack, person: Operator, service: str) -> Any:
    key, secret = (person.environment[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))
    make: Any = boto3.client
    known = {"endpoint_url": stack.sandbox.cloud.endpoint, "region_name": stack.sandbox.cloud.region}
    return make(service, **known, aws_access_key_id=key, aws_secret_access_key=secret)


@pytest.mark.parametrize("who", ["reader", "operator"])
def test_no_call_of_theirs_reads_a_task_token(stack, asked, who, request):
    dynamodb, sqs = (client(stack, request.getfixturevalue(who), service) for service in ("dynamodb", "sqs"))
    table, key = stack.table, {"requestId": {"S": asked.request_id}}
    of_key = {"KeyConditionExpression": "requestId = :r", "ExpressionAttributeValues": {":r": key["requestId"]}}
    for call, arguments in (
        (dynamodb.get_item, {"TableName": table, "Key": key, "ProjectionExpression": "taskToken"}),
        (dynamodb.batch_get_item, {"RequestItems": {table: {"Keys": [key]}}}),
        (dynamodb.batch_get_item, {"RequestItems": {table: {"Keys": [key], "ProjectionExpression": "taskToken"}}}),
        (dynamodb.batch_get_item, {"RequestItems": {table: {"Keys": [key], "AttributesToGet": ["taskToken"]}}}),
        (dynamodb.query, {"TableName": table} | of_key),
        (dynamodb.scan, {"TableName": table, "IndexName": "by-status"}),
        (sqs.receive_message, {"QueueUrl": stack.sandbox.outputs["requestQueueUrl"]}),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            call(**arguments)


@pytest.mark.parametrize("policy", ["readerPolicy", "operatorPolicy"])
def test_by_simulation_too_the_policies_read_no_whole_item_and_no_message_that_holds_a_token(stack, policy):
    outputs, iam, cloud = stack.sandbox.outputs, stack.sandbox.client("iam"), stack.sandbox.cloud
    reads = ["dynamodb:GetItem", "dynamodb:Scan", "dynamodb:Query", "dynamodb:GetRecords", "dynamodb:PartiQLSelect"]
    said = decisions(iam, outputs[policy], reads, cloud.arn("dynamodb", f"table/{stack.table}"))
    queue = cloud.arn("sqs", outputs["requestQueueUrl"].rpartition("/")[2])
    said |= decisions(iam, outputs[policy], ["sqs:ReceiveMessage"], queue)
    said |= decisions(iam, outputs[policy], ["states:GetActivityTask"], outputs["stateMachineArn"])
    assert set(said.values()) == {"implicitDeny"}


def test_an_operator_reminds_somebody_once_a_minute_and_not_whoever_is_not_asked(asked, operator):
    said = operator("remind", asked.request_id[:8], "--to", BOB)
    assert (said.code, said.out) == (0, f"{BOB} has been mailed.\n")
    assert len(asked.run.mails(2, to=BOB)) == 2
    again = operator("remind", asked.request_id, "--to", BOB, "--to", CAROL, "--json")
    assert (again.code, again.data["reminded"], [*again.data["refused"]]) == (1, [CAROL], [BOB])
    assert f"not reminded: {again.data['refused'][BOB]}" in again.err
    nobody = operator("remind", asked.request_id, "--to", "mallory@example.com")
    assert (nobody.code, nobody.out) == (1, "")
    assert "mallory@example.com" in nobody.err


def test_who_approved_what_is_told_as_json_and_as_a_table_for_spreadsheets(asked, stack, reader):
    run, request_id = asked
    for who in (BOB, CAROL):
        assert stack.press(run.link(who), region="eu").status_code == 200
    run.succeeded()
    (told,) = [one for one in reader("history", "--since", "1h", "--json").data if one["requestId"] == request_id]
    assert [*told] == ["requestId", "title", "requestedBy", "outcome", "votes"]
    assert told["outcome"] == "APPROVED"
    votes = [(one["approver"], one["values"]) for one in told["votes"]]
    assert votes == [(who, {"region": "eu"}) for who in (BOB, CAROL)]
    header, *lines = csv.reader(io.StringIO(reader("history", "--since", "1h", "--csv").out))
    assert header == [*told]
    (line,) = [line for line in lines if line[0] == request_id]
    assert line[3:] == ["APPROVED", f"{BOB} approved, {CAROL} approved"]
    assert request_id in rows(reader("list", "--status", "decided", "--json"))
    assert request_id not in rows(reader("list", "--json"))
    assert reader("history", "--since", "2100-01-01").out == "Nothing was asked since then.\n"
    assert reader("history", "--since", "1h", "--csv", "--json").code == 2


@pytest.mark.parametrize(("decision", "code", "outcome"), [("approve", 0, "APPROVED"), ("reject", 3, "REJECTED")])
def test_a_pipeline_waits_for_people_and_ends_with_what_they_said(stack, operator, decision, code, outcome):
    title = f"Release {os.urandom(4).hex()}"
    with ThreadPoolExecutor() as people:
        people.submit(lambda: stack.press(Run(stack, "", title).link(BOB), decision, comment="Seen."))
        told = operator("start", "--title", title, "--wait", "--timeout", "1m", "--json")
    assert told.code == code
    assert told.data.keys() == {"requestId", "executionArn", "outcome", "votes", "values"}
    assert told.data["outcome"] == outcome
    assert [(vote["approver"], vote["comment"]) for vote in told.data["votes"]] == [(BOB, "Seen.")]
    assert "has been started" in told.err
    assert "\x1b" not in told.out + told.err


def test_ctrl_c_ends_the_waiting_and_not_the_request_which_can_be_cancelled(stack, operator):
    title = f"Release {os.urandom(4).hex()}"
    run = Run(stack, "", title)
    with operator.begin("start", "--title", title, "--wait") as waiting:
        started = waiting.stdout.readline()
        assert "has been started" in started
        run.link(BOB)
        waiting.send_signal(signal.SIGINT)
        out, err = waiting.communicate(timeout=30)
    assert (waiting.returncode, err.strip()) == (130, "")
    assert "The request goes on" in out
    assert run.item(BOB)["status"] == "OPEN"
    request_id = started.split()[1]
    assert "has been stopped" in operator("cancel", request_id, "--why", "Withdrawn").out
    again = operator("rm", request_id, "--why", "Withdrawn")
    assert (again.code, again.out) == (1, "")
    assert "is over" in again.err


def test_a_run_that_fails_before_anybody_is_asked_ended_otherwise_and_says_why(operator):
    said = operator("start", "--title", "Odd", "--policy", "nosuch", "--wait", "--json")
    assert said.code == 6
    assert said.data["outcome"] == "CLOSED"
    assert "policy must be one of" in said.err


def test_before_the_stack_goes_all_that_runs_is_stopped_once_somebody_says_so(stack, operator):
    runs = [stack.start() for _ in range(2)]
    for run in runs:
        run.link()
    for typed, why in (("n\n", "nothing was stopped"), ("", "Aborted")):
        said = operator("stop-all", typed=typed)
        assert said.code == 1
        assert why in said.err
        for run in runs:
            assert run.arn.rpartition(":")[2] in said.out
            assert run.status == "RUNNING"
    decided = stack.start()
    decided.vote_without_handing_over()
    said = operator("stop-all", "--yes", "--json")
    assert said.code == 1
    assert f"not stopped: request {decided.request_id}" in said.err
    assert {run.arn for run in runs} <= {*said.data}
    assert stack.press(decided.link()).status_code == 200
    decided.succeeded()
    for run in runs:
        ended = run.ended()
        assert (ended["status"], ended["error"]) == ("ABORTED", "Cancelled")
        assert ended["cause"].startswith(operator.arn)
    until(lambda: not operator("stop-all", "--json").data, "end of all that runs")
    assert operator("stop-all").out == "Nothing runs.\n"


@pytest.mark.parametrize(
    ("credentials", "words"),
    [
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "Unable to locate credentials"),
        ({"AWS_ACCESS_KEY_ID": "AKIA0000000000000000"}, "security token"),
        ({"AWS_PROFILE": "nosuch"}, "nosuch"),
    ],
    ids=["none", "unknown", "no profile"],
)
def test_without_good_credentials_the_error_is_one_line(reader, credentials, words):
    said = reader("list", **credentials)
    assert (said.code, said.out) == (1, "")
    assert words in said.err
    assert len(said.err.splitlines()) == 1
