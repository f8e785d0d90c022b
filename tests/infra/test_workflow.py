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

from handlers.approvals.parsing.message import MalformedMessageError, read_message
from handlers.approvals.parsing.policy import read_policy
from handlers.contract.policy import Group, Policy, as_json, policy_digest
from handlers.contract.question import question_digest
from handlers.contract.record import Status
from handlers.contract.workflow import WorkflowError
from infra.asl import REFUSALS, WORDS_LIMIT, approval_definition
from infra.config.policies import MOST_POLICIES
from infra.config.policy_checks import POLICY_BYTES
from infra.shared.terms import Terms
from tests.support.harness import EVERYTHING, load
from tests.support.nesting import fits
from tests.support.records import read_request

Json = dict[str, Any]
MACHINE = "aws:sfn/stateMachine:StateMachine"
# What Step Functions and the services it calls raise themselves.
SERVICE_ERROR = re.compile(r"(States|Lambda|SQS|DynamoDB)\.[A-Za-z]+")
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


@pytest.fixture(scope="module")
def definition(graph) -> Json:
    return graph.named(MACHINE, "workflow-machine").json("definition")


@pytest.fixture(scope="module")
def states(definition) -> Json:
    return definition["States"]


def walk(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Every value below this one, with the key or the list's key that it is under."""
    yield key, value
    for name, inner in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from walk(inner, name if isinstance(name, str) else key)


def test_the_definition_is_valid_amazon_states_language(definition):
    """Which includes that every target is a state, every state can be reached, and each goes on or ends."""
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
        assert not key.endswith(".$"), f"{key} is JSONPath's"
        if isinstance(value, str) and (key == "Condition" or "{%" in value or "%}" in value or "$states" in value):
            assert re.fullmatch(r"\{% [^%]+ %\}", value), f"{key} is half an expression: {value}"


def test_every_error_that_a_handler_can_name_has_an_end_of_its_own(states):
    ends = {name: state["Error"] for name, state in states.items() if state["Type"] == "Fail"}
    assert ends.pop("Unknown policy") == ends["Invalid task"]
    assert sorted(ends.values()) == sorted(set(WorkflowError) - {WorkflowError.CANCELLED}), "an operator stops it"


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
    assert "If it is one of default, payout, the policies are too many or too large" in cause
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
    '{"errorType": "InvalidTask", "errorMessage": "M\\u00fcnchen \\ud83d\\ude00 \\\\ \\/", "trace": ["a"]}': (
        "München \U0001f600 \\ /"
    ),
    '{"errorMessage": "\\ud83d", "errorType": "x" "}': "\ud83d",
    '{"errorMessage": "title", "stackTrace": ["cut }': "title",
    '{"stackTrace": ["\\"errorMessage\\": \\"other\\""], "errorMessage": "title"}': "title",
    '{"' + "\\" * 3_001 + "}": '{"' + "\\" * (WORDS_LIMIT - 2),
    '{"errorMessage": "' + "\\\\" * 3_000 + '"}': "\\" * WORDS_LIMIT,
    "": "no cause was given",
    None: "no cause was given",
}
CAUSES |= {
    as_it_is: as_it_is
    for as_it_is in (
        '{"errorType": "InvalidTask"}',
        '{"errorMessage": null}',
        '{"errorMessage": "cut off in the mid',
        "RequestId: 6f1c Process exited before completing request",
        '{"a" b}',
        '{"a": "\\q"}',
        '{"errorMessage" b}',
        '{"errorMessage": "bad \\q", "errorType": "x"}',
        '{"errorMessage": "", "errorType": "x"}',
        "{}",
        "null",
        "[1]",
    )
}


@pytest.mark.parametrize(("cause", "words"), CAUSES.items())
def test_no_cause_breaks_the_state_that_tells_of_it(states, cause, words):
    for given in ({"Cause": cause}, {} if cause is None else {"Error": "x", "Cause": cause}):
        assert evaluated(states["Invalid task"]["Cause"], given) == words
        told = cause or "no cause was given"
        assert evaluated(states["Answer mismatch"]["Cause"], given).endswith(f": {told[:WORDS_LIMIT]}")
        for state in REFUSALS.values():
            assert evaluated(states[state]["Cause"], given) == told
        error = "x: " if "Error" in given else ""  # of a time-out, AWS says nothing else
        assert evaluated(states["Record unavailable"]["Cause"], given).endswith(f"decided: {error}{told[:WORDS_LIMIT]}")


def test_an_input_that_is_too_large_is_an_invalid_task_and_says_so(states):
    """`States.ALL` does not catch this error."""
    catches = states["Generate task"]["Catch"]
    (caught,) = [one for one in catches if one["ErrorEquals"] == ["States.DataLimitExceeded"]]
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


def test_what_is_put_on_the_queue_is_what_the_handler_reads_and_no_more(states):
    message = read_request(json.dumps(body(states)))
    late = read_request(json.dumps(body(states, "Ask for late decision")))
    assert (message.round, message.rounds, message.late) == (2, 3, False)
    assert late == replace(message, late=True, round=message.rounds)
    for field in body(states):
        rest = {key: value for key, value in body(states).items() if key != field}
        with pytest.raises(MalformedMessageError, match=field):
            read_message(json.dumps(rest))


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
    function = graph.named("aws:lambda/function:Function", "ask").inputs
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


def test_the_last_round_waits_for_the_rest_of_the_deadline():
    states = machine(TERMS)["States"]
    waits = states["Request approval"]["TimeoutSeconds"]
    chosen = assigned(states, "default")
    assert [evaluated(waits, {}, round=number, terms=chosen) for number in (1, 2, 3)] == [33, 33, 34]
    (again,) = states["Ask again?"]["Choices"]
    assert [evaluated(again["Condition"], {}, round=number, terms=chosen) for number in (3, 4)] == [True, False]
    assert again["Next"] == "Request approval"


def test_a_time_out_begins_the_next_round(states):
    (timeout,) = [c for c in states["Request approval"]["Catch"] if c["ErrorEquals"] == ["States.Timeout"]]
    assert timeout == {"ErrorEquals": ["States.Timeout"], "Assign": {"round": "{% $round + 1 %}"}, "Next": "Ask again?"}


def test_people_are_told_the_deadline_that_is_configured(bare, full):
    for graph, seconds, rounds in ((bare, 86_400, 3), (full, 100_000, 7)):
        before = time.time()
        chosen = assigned(graph.named(MACHINE, "workflow-machine").json("definition")["States"], "default")
        assert before - 1 <= chosen["deadline"] - seconds <= time.time()
        assert chosen["rounds"] == rounds
    expired = evaluated(machine(TERMS)["States"]["Expired"]["Cause"], {})
    assert expired.endswith("not decided within 60 seconds, in 1 round(s) of asking, under policy payout.")


# --- policies


TASK = {"title": "Nightly run", "details": ""}


def machine(terms: Mapping[str, Terms], partition: str = "aws", task: Mapping[str, Any] = TASK) -> Json:
    return approval_definition(
        generate_arn=f"arn:{partition}:lambda:eu-central-1:123456789012:function:generate",
        process_arn=f"arn:{partition}:lambda:eu-central-1:123456789012:function:process",
        queue_url="https://sqs.example.com/requests",
        table_name="approvals",
        terms=terms,
        event_policy="default",
        task=task,
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


def test_the_function_that_makes_the_request_is_told_the_names_by_the_definition_that_has_the_policies(full):
    payload = full.named(MACHINE, "workflow-machine").json("definition")["States"]["Generate task"]["Arguments"][
        "Payload"
    ]
    assert list(payload["policies"]) == ["default", "note", "payout"]
    assert set(payload["policies"].values()) == {len(one.policy.everybody) for one in load(**EVERYTHING).terms.values()}
    assert payload["eventPolicy"] == EVERYTHING["eventPolicy"] != "default"


def test_no_text_of_the_stacks_task_is_taken_for_an_expression():
    task = {"title": "{% $states.context.Task.Token %}", "details": "{%1%}"}
    told = machine(TERMS, task=task)["States"]["Generate task"]["Arguments"]["Payload"]["task"]
    assert not told.startswith("{%")
    assert json.loads(told) == task


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
