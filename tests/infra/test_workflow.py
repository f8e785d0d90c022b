"""The state machine: its way, its errors, and that it speaks the handlers' language."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from jsonata import Jsonata
from jsonata.jexception import JException
from statelint.config import Config
from statelint.linter import Linter
from statelint.problem import ProblemType

from handlers.approvals.parsing.item import to_item
from handlers.approvals.parsing.message import MalformedMessageError, read_message
from handlers.approvals.parsing.policy import read_policy
from handlers.approvals.rules.record import Approver, Lease, Record
from handlers.contract.policy import Group, Policy, as_json, policy_digest
from handlers.contract.question import question_digest
from handlers.contract.record import Status
from handlers.contract.workflow import WorkflowError
from infra.asl import REFUSALS, WORDS_LIMIT, approval_definition
from infra.policies import MOST_POLICIES, Terms
from infra.policy_checks import POLICY_BYTES
from tests.support.harness import EVERYTHING, Graph
from tests.support.nesting import fits

Json = dict[str, Any]
MACHINE = "aws:sfn/stateMachine:StateMachine"
# What Step Functions and the services it calls raise themselves.
SERVICE_ERROR = re.compile(r"(States|Lambda|SQS|DynamoDB)\.[A-Za-z]+")
# https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
JSONPATH_FIELDS = {
    "InputPath",
    "OutputPath",
    "ResultPath",
    "ResultSelector",
    "Parameters",
    "ErrorPath",
    "CausePath",
} | {f"{limit}SecondsPath" for limit in ("Timeout", "Heartbeat")}
REQUEST = {
    "requestId": "6f1c0f0e-1f0a-4e39-9d5c-0d3a3f1c2b11",
    "title": "Daily payout",
    "details": "",
    "requestedBy": "",
    "requestedAt": "2027-01-31T09:00:00Z",
}
REQUEST["digest"] = question_digest(REQUEST)
EMAIL = "100%}a{@example.com"  # ends an expression, and JSONata's block
TERMS = {
    "default": Terms(policy=Policy(approvers=(EMAIL,)), deadline_seconds=100, rounds=3),
    "payout": Terms(
        policy=Policy(
            name="payout",
            groups={"finance": Group(approvers=(EMAIL, "ben@example.com")), "legal": Group(approvers=(EMAIL,))},
            escalate_to=("boss@example.com",),
            approvals_required=2,
        ),
        deadline_seconds=60,
        rounds=1,
    ),
}
POLICY_DIGEST = policy_digest(TERMS["payout"].policy)
CHOSEN = {
    "policy": as_json(TERMS["payout"].policy) | {"digest": POLICY_DIGEST},
    "rounds": 1,
    "roundSeconds": 60,
    "lastRoundSeconds": 60,
    "deadlineSeconds": 60,
    "deadline": 1_801_468_800,
}
# What the message's expressions give when the machine evaluates them.
KNOWN = {
    "{% $states.context.Task.Token %}": "token",
    "{% $states.context.Execution.Id %}": "arn:aws:states:eu-central-1:123456789012:execution:machine:run",
    "{% $round %}": 2,
    "{% $terms.rounds %}": 3,
    "{% $terms.deadline %}": 1_801_468_800,
    "{% $terms.policy %}": CHOSEN["policy"],
    "{% $request %}": REQUEST,
}
RECORD = Record(
    request_id="6f1c0f0e",
    execution_arn="arn",
    title="Daily payout",
    details="",
    requested_by="",
    requested_at="2027-01-31T09:00:00Z",
    deadline=1,
    expires_at=2,
    round=1,
    rounds=1,
    policy=Policy(approvers=("anna@example.com",)),
    approvers={"anna@example.com": Approver(mailed_round=1)},
    task_token="token",
    lease=Lease(owner="worker", until=3),
)
DYNAMODB_TYPES = {str: "S", int: "N", bool: "BOOL"}


@pytest.fixture(scope="module", params=["bare", "full"])
def graph(request) -> Graph:
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def definition(graph) -> Json:
    return graph.named(MACHINE, "workflow-machine").json("definition")


@pytest.fixture(scope="module")
def states(definition) -> Json:
    return definition["States"]


def transitions(state: Json) -> list[str]:
    branches = [branch for key in ("Choices", "Catch") for branch in state.get(key, [])]
    return [holder[key] for holder in (state, *branches) for key in ("Next", "Default") if key in holder]


def walk(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Every value below this one, with the key or the list's key that it is under."""
    yield key, value
    for name, inner in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from walk(inner, name if isinstance(name, str) else key)


def test_every_target_is_a_state_and_every_state_can_be_reached(definition, states):
    seen: set[str] = set()
    ahead = [definition["StartAt"]]
    while ahead:
        name = ahead.pop()
        if name not in seen:
            seen.add(name)
            ahead += transitions(states[name])
    assert seen == states.keys()


def test_every_state_goes_on_or_ends(states):
    for name, state in states.items():
        ends = state["Type"] == "Fail" or state.get("End") is True
        assert ends != bool(state.get("Next") or state.get("Default")), name


def test_an_approval_enters_three_states(definition, states):
    way = [definition["StartAt"]]
    while "Next" in states[way[-1]]:
        way.append(states[way[-1]]["Next"])
    way = way[:3]  # what follows is yours
    assert way == ["Generate task", "Request approval", "Return to main processing"], "each state more has its price"
    assert [states[name]["Resource"] for name in way] == [
        "arn:aws:states:::lambda:invoke",
        "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "arn:aws:states:::lambda:invoke",
    ]


def test_the_definition_is_valid_amazon_states_language(definition):
    # The linter wants 2.0 for 2, which JSON does not tell apart.
    found = Linter.validate(definition, Config(ignored_problem_types={ProblemType.FLOAT}))
    # It does not know that a time-out may be an expression, as AWS takes it:
    # https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html
    (timeout,) = found
    assert "States.Request approval.TimeoutSeconds" in timeout
    assert "should be an Integer" in timeout


def test_the_definition_is_jsonata_throughout(definition):
    assert definition["QueryLanguage"] == "JSONata"
    for key, value in walk(definition):
        assert key not in JSONPATH_FIELDS, f"{key} is JSONPath's"
        assert not key.endswith(".$"), f"{key} is JSONPath's"
        if isinstance(value, str) and ("{%" in value or "%}" in value or "$states" in value):
            assert re.fullmatch(r"\{% [^%]+ %\}", value), f"{key} is half an expression: {value}"


def test_conditions_are_expressions(states):
    for state in states.values():
        for choice in state.get("Choices", []):
            assert re.fullmatch(r"\{% .+ %\}", choice["Condition"])


def test_every_error_that_a_handler_can_name_has_an_end_of_its_own(states):
    ends = {name: state["Error"] for name, state in states.items() if state["Type"] == "Fail"}
    assert ends.pop("Unknown policy") == ends["Invalid task"]
    assert sorted(ends.values()) == sorted(WorkflowError)


def test_only_errors_that_somebody_raises_are_caught_or_retried(states):
    for name, state in states.items():
        for handling in (*state.get("Catch", []), *state.get("Retry", [])):
            for error in handling["ErrorEquals"]:
                assert error in list(WorkflowError) or SERVICE_ERROR.fullmatch(error), f"{name} waits for {error}"


def test_an_error_that_is_caught_ends_the_execution_under_its_own_name(states):
    for name, state in states.items():
        for catch in state.get("Catch", []):
            for error in set(catch["ErrorEquals"]) & set(WorkflowError):
                assert states[catch["Next"]]["Error"] == error, name


def test_what_people_or_our_own_code_answer_is_not_asked_for_twice(states):
    for state in states.values():
        for retry in state.get("Retry", []):
            assert not {"States.ALL", "States.TaskFailed", "States.Timeout", *WorkflowError} & set(retry["ErrorEquals"])


def test_every_task_survives_a_service_that_fails_for_a_moment(states):
    for name, state in states.items():
        if state["Type"] == "Task":
            (retry,) = state["Retry"]
            assert retry["MaxAttempts"] >= 6, name
            assert retry["JitterStrategy"] == "FULL", name


def test_a_failure_says_why(states):
    for state in states.values():
        if state["Type"] == "Fail" and state is not states["Unknown policy"]:
            assert re.fullmatch(r"\{% .*\$(states\.input|request)\b.* %\}", state["Cause"])


def test_a_policy_that_is_unknown_is_told_with_the_names_there_are_and_nobodys_address():
    """AWS quotes the whole expression in the error's own cause."""
    cause = machine(TERMS)["States"]["Unknown policy"]["Cause"]
    assert "generate_task must return a request whose policy is one of default, payout. " in cause
    assert "the policies are too many or too large for Step Functions" in cause, "that ends there as well"
    assert "@" not in cause


# What Step Functions and Lambda may hand to a Fail state. A function that ran out of time or memory gives no JSON:
# https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
CAUSES = {
    '{"errorMessage": "title must be text", "errorType": "InvalidTask", "stackTrace": []}': "title must be text",
    '{"errorMessage":"2027-01-31T09:00:00Z 6f1c Task timed out after 3.00 seconds"}': (
        "2027-01-31T09:00:00Z 6f1c Task timed out after 3.00 seconds"
    ),
    '{"errorMessage": "say \\"please\\"\\nand wait", "errorType": "InvalidTask"}': 'say "please"\nand wait',
    '{"errorType": "InvalidTask"}': '{"errorType": "InvalidTask"}',
    '{"errorMessage": null}': '{"errorMessage": null}',
    '{"errorMessage": "cut off in the mid': '{"errorMessage": "cut off in the mid',
    "RequestId: 6f1c Process exited before completing request": (
        "RequestId: 6f1c Process exited before completing request"
    ),
    '{"errorType": "InvalidTask", "errorMessage": "M\\u00fcnchen \\ud83d\\ude00 \\\\ \\/", "trace": ["a"]}': (
        "München \U0001f600 \\ /"
    ),
    '{"a" b}': '{"a" b}',
    '{"a": "\\q"}': '{"a": "\\q"}',
    '{"errorMessage" b}': '{"errorMessage" b}',
    '{"errorMessage": "bad \\q", "errorType": "x"}': '{"errorMessage": "bad \\q", "errorType": "x"}',
    '{"errorMessage": "\\ud83d", "errorType": "x" "}': "\ud83d",
    '{"errorMessage": "", "errorType": "x"}': '{"errorMessage": "", "errorType": "x"}',
    '{"errorMessage": "title", "stackTrace": ["cut }': "title",
    '{"stackTrace": ["\\"errorMessage\\": \\"other\\""], "errorMessage": "title"}': "title",
    '{"' + "\\" * 3_001 + "}": '{"' + "\\" * (WORDS_LIMIT - 2),
    '{"errorMessage": "' + "\\\\" * 3_000 + '"}': "\\" * WORDS_LIMIT,
    "": "no cause was given",
    "{}": "{}",
    "null": "null",
    "[1]": "[1]",
    None: "no cause was given",
}


@pytest.mark.parametrize(("cause", "words"), CAUSES.items())
def test_no_cause_breaks_the_state_that_tells_of_it(states, cause, words):
    for given in ({"Cause": cause}, {} if cause is None else {"Error": "x", "Cause": cause}):
        assert evaluated(states["Invalid task"]["Cause"], given) == words
        told = cause or "no cause was given"
        assert evaluated(states["Answer mismatch"]["Cause"], given).endswith(f": {told[:WORDS_LIMIT]}")
        for state in REFUSALS.values():
            assert evaluated(states[state]["Cause"], given) == told
        error = "x: " if "Error" in given else ""
        assert evaluated(states["Record unavailable"]["Cause"], given).endswith(f"decided: {error}{told[:WORDS_LIMIT]}")


def test_a_time_out_whose_cause_is_empty_is_named(states):
    """Recorded on AWS: it says nothing else of one."""
    given = {"Error": "States.Timeout", "Cause": ""}
    assert evaluated(states["Record unavailable"]["Cause"], given).endswith(": States.Timeout: no cause was given")


@pytest.mark.parametrize("state", ["Generate task"])
def test_an_input_that_is_too_large_is_an_invalid_task_and_says_so(states, state):
    """`States.ALL` does not catch this error."""
    (caught,) = [one for one in states[state]["Catch"] if one["ErrorEquals"] == ["States.DataLimitExceeded"]]
    assert states[caught["Next"]]["Error"] == WorkflowError.INVALID_TASK
    told = "The state/task 'Generate task' returned a result with a size exceeding the maximum number of bytes"
    given = {"Error": "States.DataLimitExceeded", "Cause": told}
    words = evaluated(states[caught["Next"]]["Cause"], given)
    assert words.endswith(told)
    assert "more than 256 KiB" in words


def test_nothing_hands_on_a_cause_that_quotes_all_policies(states):
    """AWS quotes the expression; with the policies in it, no state could take that, and the run would end by it."""
    for name, state in states.items():
        quoting = [key for key, value in walk(state) if isinstance(value, str) and "$lookup(" in value]
        for caught in state.get("Catch", []) if quoting else []:
            if {"States.QueryEvaluationError", "States.ALL"} & set(caught["ErrorEquals"]):
                assert caught["Output"] == {}, name


@pytest.mark.parametrize("piece", ["x", '"', "\u00fc", "\U0001f600"])
def test_no_cause_that_comes_from_elsewhere_is_too_long_for_a_workflow_that_waits(states, piece):
    """What our own handlers say to the others is in tests/handlers/test_answers.py."""
    causes = [piece * 30_000, json.dumps({"errorMessage": piece * 5_000, "errorType": "InvalidTask"})]
    for name, state in states.items():
        if name == "Unknown policy":
            assert fits(", ".join(["p" * 40] * MOST_POLICIES) + state["Cause"])
        elif state["Type"] == "Fail" and name not in REFUSALS.values():
            assert all(fits(evaluated(state["Cause"], {"Cause": cause})) for cause in causes), name


def evaluated(expression: str, given: Json, variable: str = "input", **assigned: Any) -> Any:
    """As the emulator evaluates it: JSONata, with the one function that Step Functions adds and these need."""
    program = Jsonata(expression.removeprefix("{%").removesuffix("%}").strip())
    program.register_lambda("parse", json.loads)
    states = given if variable == "states" else {"input": given}
    return program.evaluate(None, {"states": states, "request": REQUEST, "terms": CHOSEN} | assigned)


def body(states: Json, state: str = "Request approval") -> Json:
    """The message's body as the machine would put it on the queue."""
    written = states[state]["Arguments"]["MessageBody"]
    return {key: KNOWN.get(value, value) if isinstance(value, str) else value for key, value in written.items()}


def test_what_is_put_on_the_queue_is_what_the_handler_reads(states):
    message = read_message(json.dumps(body(states)))
    assert message.task_token == "token"
    assert message.execution_arn == KNOWN["{% $states.context.Execution.Id %}"]
    assert (message.round, message.rounds, message.deadline) == (2, 3, CHOSEN["deadline"])
    assert message.policy == TERMS["payout"].policy
    assert message.request_id == REQUEST["requestId"]
    assert message.title == REQUEST["title"]
    assert message.late is False
    late = read_message(json.dumps(body(states, "Ask for late decision")))
    assert late.late is True
    assert late == replace(message, late=True, round=message.rounds)


def test_nothing_is_put_on_the_queue_that_the_handler_could_do_without(states):
    for field in body(states):
        rest = {key: value for key, value in body(states).items() if key != field}
        with pytest.raises(MalformedMessageError, match=field):
            read_message(json.dumps(rest))


def test_the_record_is_written_in_the_handlers_own_words(states):
    item = to_item(RECORD)
    arguments = states["Expire request"]["Arguments"]
    update, condition = arguments["UpdateExpression"], arguments["ConditionExpression"]
    names, values = arguments["ExpressionAttributeNames"], arguments["ExpressionAttributeValues"]
    assert arguments["Key"].keys() == {"requestId"}
    plain_names = set(re.findall(r"(?<![:#\w])[a-z]\w*", f"{update} {condition}"))
    assert plain_names | set(names.values()) <= item.keys()
    assert set(re.findall(r"#\w+", f"{update} {condition}")) == names.keys()
    assert set(re.findall(r":\w+", f"{update} {condition}")) == values.keys()
    for target, value in re.findall(r"(#?\w+) = (?:\w+ \+ )?(:\w+)", update):
        expected = DYNAMODB_TYPES[type(item[names.get(target, target)])]
        assert values[value].keys() == {expected}, f"{target} is a {expected}"


def test_the_last_round_expires_what_is_still_open(states):
    arguments = states["Expire request"]["Arguments"]
    values = arguments["ExpressionAttributeValues"]
    assert "#status = :expired" in arguments["UpdateExpression"]
    assert arguments["ConditionExpression"] == "#status = :open AND asked = :true AND executionArn = :execution"
    assert values[":execution"]["S"] == "{% $states.context.Execution.Id %}"
    assert values[":expired"]["S"] == Status.EXPIRED
    assert values[":open"]["S"] == Status.OPEN
    assert states["Expire request"]["Next"] == "Expired"


def test_what_could_not_be_closed_is_asked_for_once_more(states):
    """The function that asks knows what the record holds; the machine trusts no stored text."""
    refused = [c for c in states["Expire request"]["Catch"] if c["ErrorEquals"] != ["States.ALL"]]
    assert refused == [{"ErrorEquals": ["DynamoDB.ConditionalCheckFailedException"], "Next": "Ask for late decision"}]
    late, first = states["Ask for late decision"], states["Request approval"]
    assert late["Resource"] == first["Resource"]
    assert late["Output"] == first["Output"]
    assert late["Next"] == first["Next"]
    caught = {one["ErrorEquals"][0]: states[one["Next"]]["Error"] for one in late["Catch"]}
    assert caught == {
        **{error: error for error in ("Rejected", "NotificationFailed", "TooFewApprovers", "Duplicate", "Expired")},
        "States.QueryEvaluationError": WorkflowError.ANSWER_MISMATCH,
        "States.ALL": WorkflowError.RECORD_UNAVAILABLE,
    }


def test_the_machine_waits_for_a_late_decision_longer_than_a_message_takes_that_comes_once_more(graph, states):
    queue = graph.named("aws:sqs/queue:Queue", "requests-queue").inputs
    function = graph.named("aws:lambda/function:Function", "notifier-request-approval").inputs
    waits = states["Ask for late decision"]["TimeoutSeconds"]
    assert waits > queue["visibilityTimeoutSeconds"] + function["timeout"]


ANSWER = {
    "requestId": REQUEST["requestId"],
    "digest": REQUEST["digest"],
    "policyDigest": POLICY_DIGEST,
    "outcome": "APPROVED",
    "votes": [],
}


def test_an_answer_to_the_question_that_was_asked_goes_on(states):
    output = states["Request approval"]["Output"]
    given = {"result": ANSWER}
    assert evaluated(output, given, "states") == REQUEST | {"approval": ANSWER}


@pytest.mark.parametrize(
    "answer",
    [
        ANSWER | {"requestId": "other"},
        ANSWER | {"digest": question_digest(REQUEST | {"title": "Order lunch"})},
        {name: value for name, value in ANSWER.items() if name != "digest"},
        ANSWER | {"policyDigest": policy_digest(TERMS["default"].policy)},
        {name: value for name, value in ANSWER.items() if name != "policyDigest"},
        {},
        None,
        "APPROVED",
        [ANSWER | {"digest": ""}],
    ],
)
def test_an_answer_to_another_question_or_under_another_policy_is_an_error_that_is_caught(states, answer):
    for state in ("Request approval", "Ask for late decision"):
        with pytest.raises(JException, match="another question"):
            evaluated(states[state]["Output"], {"result": answer}, "states")
        (caught,) = [one for one in states[state]["Catch"] if one["ErrorEquals"] == ["States.QueryEvaluationError"]]
        assert states[caught["Next"]]["Error"] == WorkflowError.ANSWER_MISMATCH


def test_a_record_that_cannot_be_asked_is_never_told_as_expired(states):
    for name in ("Expire request", "Ask for late decision"):
        (anything,) = [one for one in states[name]["Catch"] if one["ErrorEquals"] == ["States.ALL"]]
        assert states[anything["Next"]]["Error"] == WorkflowError.RECORD_UNAVAILABLE, name
        assert anything["Output"] == "{% $states.errorOutput %}", "or the cause would not say what failed"


@pytest.mark.parametrize(
    ("state", "error"),
    [
        ("Request approval", "SQS.AmazonSQSException"),
        ("Request approval", "SQS.SdkClientException"),
        ("Expire request", "DynamoDB.AmazonDynamoDBException"),
        ("Expire request", "DynamoDB.RequestLimitExceededException"),
        ("Ask for late decision", "SQS.AmazonSQSException"),
    ],
)
def test_a_service_that_is_throttled_is_asked_again_by_the_name_that_aws_gives_it(states, state, error):
    """Recorded on AWS: localstack/localstack, tests/aws/services/stepfunctions/v2/error_handling."""
    assert error in states[state]["Retry"][0]["ErrorEquals"]


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_the_machine_calls_services_of_its_own_partition(partition):
    definition = machine(TERMS, partition)
    called = {state["Resource"] for state in definition["States"].values() if state["Type"] == "Task"}
    assert len(called) == 3
    assert {resource.split(":states:::")[0] for resource in called} == {f"arn:{partition}"}


@pytest.mark.parametrize(
    ("fixture", "seconds", "last", "rounds"), [("bare", 28_800, 28_800, 3), ("full", 14_285, 14_290, 7)]
)
def test_rounds_follow_the_configured_deadline_and_reminders(request, fixture, seconds, last, rounds):
    states = request.getfixturevalue(fixture).named(MACHINE, "workflow-machine").json("definition")["States"]
    chosen = assigned(states, "default")
    assert (chosen["roundSeconds"], chosen["rounds"]) == (seconds, rounds)
    for number in range(1, rounds + 1):
        waits = evaluated(states["Request approval"]["TimeoutSeconds"], {}, round=number, terms=chosen)
        assert waits == (last if number == rounds else seconds)
    assert states["Ask again?"]["Choices"] == [
        {"Condition": "{% $round <= $terms.rounds %}", "Next": "Request approval"}
    ]


def test_a_time_out_begins_the_next_round(states):
    (timeout,) = [c for c in states["Request approval"]["Catch"] if c["ErrorEquals"] == ["States.Timeout"]]
    assert timeout == {"ErrorEquals": ["States.Timeout"], "Assign": {"round": "{% $round + 1 %}"}, "Next": "Ask again?"}


def test_people_are_told_the_deadline_that_is_configured(bare, full):
    for graph, seconds in ((bare, 86_400), (full, 100_000)):
        before, chosen = (
            time.time(),
            assigned(graph.named(MACHINE, "workflow-machine").json("definition")["States"], "default"),
        )
        assert before - 1 <= chosen["deadline"] - seconds <= time.time()
    expired = evaluated(machine(TERMS)["States"]["Expired"]["Cause"], {})
    assert expired.endswith("not decided within 60 seconds, in 1 round(s) of asking, under policy payout.")


# --- policies


def machine(terms: Mapping[str, Terms], partition: str = "aws") -> Json:
    return approval_definition(
        generate_arn=f"arn:{partition}:lambda:eu-central-1:123456789012:function:generate",
        process_arn=f"arn:{partition}:lambda:eu-central-1:123456789012:function:process",
        queue_url="https://sqs.example.com/requests",
        table_name="approvals",
        terms=terms,
        event_policy="default",
        late_seconds=60,
    )


def assigned(states: Json, policy: Any = None) -> Any:
    """What the first state assigns to `terms` when its function has returned a request under this policy."""
    request = {} if policy is None else {"policy": policy}
    return evaluated(states["Generate task"]["Assign"]["terms"], {"result": {"Payload": request}}, "states")


@pytest.mark.parametrize("name", TERMS)
def test_the_policy_that_the_request_names_is_chosen_whole(name):
    chosen, terms = assigned(machine(TERMS)["States"], name), TERMS[name]
    assert chosen["policy"].pop("digest") == policy_digest(terms.policy)
    assert read_policy(chosen["policy"]) == terms.policy
    assert (chosen["rounds"], chosen["roundSeconds"]) == (terms.rounds, terms.round_seconds)
    assert chosen["lastRoundSeconds"] == terms.last_round_seconds


def test_a_request_without_a_policy_has_the_default_one():
    """A function of the version before returns none."""
    states = machine(TERMS)["States"]
    assert assigned(states)["policy"] == assigned(states, "default")["policy"]


@pytest.mark.parametrize("name", ["gone", "", "Default", "__proto__", 7, None.__class__, ["default"], {}])
def test_an_unknown_policy_is_an_error_that_is_caught(name):
    states = machine(TERMS)["States"]
    with pytest.raises(JException):
        assigned(states, name)
    (caught,) = [c for c in states["Generate task"]["Catch"] if c["ErrorEquals"] == ["States.QueryEvaluationError"]]
    assert states[caught["Next"]]["Error"] == WorkflowError.INVALID_TASK


def test_the_function_that_makes_the_request_is_told_the_names_by_the_definition_that_has_the_policies():
    payload = machine(TERMS)["States"]["Generate task"]["Arguments"]["Payload"]
    assert (payload["policies"], payload["eventPolicy"]) == (["default", "payout"], "default")


def test_the_policy_of_events_is_the_configured_one(full):
    states = full.named(MACHINE, "workflow-machine").json("definition")["States"]
    assert states["Generate task"]["Arguments"]["Payload"]["eventPolicy"] == EVERYTHING["eventPolicy"] != "default"


def test_the_largest_policy_fits_into_a_message():
    """A message has 256 KiB. How many fit into a definition is in test_policy_settings.py."""
    crowd = tuple(f"{'a' * 240}{n}@example.com" for n in range(7))
    large = Policy(groups={f"group-{n}": Group(approvers=crowd) for n in range(20)})
    size = len(json.dumps(as_json(large), separators=(",", ":")))
    assert 30_000 < size <= POLICY_BYTES
    states = machine({"default": replace(TERMS["default"], policy=large)})["States"]
    longest = REQUEST | {"title": "\U0001f600" * 200, "details": "\U0001f600" * 10_000}
    message = body(states) | {"policy": assigned(states)["policy"], "request": longest}
    assert len(json.dumps(message)) < 256 * 1024


def test_the_machine_runs_what_was_made_with_it(states):
    generate, process = states["Generate task"]["Arguments"], states["Return to main processing"]["Arguments"]
    assert generate["FunctionName"].endswith(":function:workflow-generate-task-0a1b2c3")
    assert process["FunctionName"].endswith(":function:workflow-process-task-0a1b2c3")
    assert states["Request approval"]["Arguments"]["QueueUrl"].endswith("/requests-queue-0a1b2c3")
    assert states["Ask for late decision"]["Arguments"]["QueueUrl"].endswith("/requests-queue-0a1b2c3")
    assert states["Expire request"]["Arguments"]["TableName"] == "approvals-table-0a1b2c3"


def test_the_machine_is_a_standard_one_that_waits_for_its_policy(graph):
    machine = graph.named(MACHINE, "workflow-machine")
    assert machine.inputs.get("type", "STANDARD") == "STANDARD"
    assert graph.named("aws:iam/rolePolicy:RolePolicy", "workflow-policy").urn in machine.depends_on


def test_the_machine_logs_without_the_tokens_and_traces(graph):
    machine = graph.named(MACHINE, "workflow-machine")
    logging = machine.inputs["loggingConfiguration"]
    assert re.fullmatch(r"arn:aws:logs:[^:]+:\d+:log-group:/aws/vendedlogs/states/[^:*]+:\*", logging["logDestination"])
    assert logging["includeExecutionData"] is False
    assert logging["level"] == "ERROR"
    assert machine.inputs["tracingConfiguration"] == {"enabled": True}
