"""The mail to an operator: which run ended otherwise than by people's decision, why, and where to look."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from handlers.approvals.faces import operator_mail
from handlers.approvals.rules.decisions import handed_over
from handlers.approvals.rules.endings import Execution, ended
from handlers.approvals.rules.record import Record
from tests.support.records import ANNA, ASKED_AT, EXECUTION_ARN, TASK_TOKEN, approved, policy, record, vote, voted

STOPPED = Execution(status="ABORTED", stopped_at=ASKED_AT + 7_200)


def failed(error: str, cause: str = "") -> Execution:
    return replace(STOPPED, status="FAILED", error=error, cause=cause)


def subject(execution: Execution, *records: Record) -> str:
    return operator_mail.subject(execution, records, "test", "UTC")


def body(execution: Execution, *records: Record, arn: str = EXECUTION_ARN) -> str:
    return operator_mail.body(arn, execution, records, "test", "UTC")


@pytest.mark.parametrize(
    ("execution", "ended"),
    [
        (failed("NotificationFailed"), "failed"),
        (STOPPED, "was stopped"),
        (replace(STOPPED, status="TIMED_OUT"), "timed out"),
    ],
)
def test_the_subject_says_how_the_run_ended_and_what_it_was_about(execution, ended):
    assert subject(execution, record()) == f"[test] Approval workflow {ended}: Deploy 1.4 to production"
    assert EXECUTION_ARN in body(execution, record())


def test_an_answer_that_nobody_voted_for_is_told_as_such():
    unvoted = record(answered_without_vote=True)
    succeeded = Execution(status="SUCCEEDED", stopped_at=ASKED_AT)
    assert "went on without a vote" in subject(succeeded, unvoted)
    assert "nobody had voted for that" in body(succeeded, unvoted)
    assert "nobody had voted for that" not in body(STOPPED, record())


def test_an_answer_that_was_refused_is_told_as_such_whatever_the_error_is_called():
    for error in ("AnswerMismatch", "States.Runtime", "States.QueryEvaluationError"):
        refused = Execution(status="FAILED", error=error, stopped_at=ASKED_AT)
        told = body(refused, ended(handed_over(approved()), refused))
        assert "did not take the answer" in told
        assert "counts as AnswerMismatch" in told
        assert f"- Ended: FAILED {error}" in told
    assert "did not take" not in body(Execution(status="FAILED", error="States.Runtime"), record())


def test_a_duplicate_that_is_none_is_told_as_a_failure_with_what_is_behind_it():
    own = record(answered_without_vote=True)
    assert "Approval workflow failed: Deploy" in subject(failed("Duplicate"), own)
    assert "ended as a duplicate although it has request" in body(failed("Duplicate"), own)
    assert "nobody had voted for that" not in body(failed("Duplicate"), own)


def test_the_mail_says_what_was_asked_how_it_ended_why_who_had_answered_and_where_to_look():
    cause = json.dumps(
        {"errorMessage": 'the bank said "no"\nand closed', "errorType": "PayoutRefused", "stackTrace": ["File ..."]}
    )
    before = voted({ANNA: vote(comment="Go.")}, approvals_required=2)
    written = body(replace(STOPPED, error="Stopped", cause=cause), before)
    lines = written.splitlines()
    assert '- What: "Deploy 1.4 to production"' in lines
    assert '- Asked by: "release-bot@example.com"' in lines
    assert "- Ended: ABORTED Stopped" in lines
    assert "- At: Fri 27 Nov 2026, 15:30 UTC" in lines
    assert "- Why: \"PayoutRefused: the bank said 'no' and closed\"" in lines
    assert f"- {ANNA} approved, Fri 27 Nov 2026, 13:40 UTC" in lines
    assert "  | Go." in lines
    assert (
        "https://eu-central-1.console.aws.amazon.com/states/home?region=eu-central-1#/v2/executions/details/"
        + EXECUTION_ARN
        in lines
    )
    assert "stackTrace" not in written
    assert TASK_TOKEN not in written


def test_the_mail_names_the_policy_unless_it_is_the_stacks_own():
    assert "- Policy: payout" in body(STOPPED, record(policy=policy(name="payout"))).splitlines()
    assert "Policy" not in body(STOPPED, record())


def test_without_a_record_the_mail_says_what_the_run_was_started_with():
    started = json.dumps({"title": 5, "details": "x" * 1_000})
    invalid = replace(failed("InvalidTask", "title must be text"), started_with=started)
    assert subject(invalid) == "[test] Approval workflow failed: InvalidTask"
    (line,) = [line for line in body(invalid).splitlines() if line.startswith("- Started with: ")]
    assert line.startswith('- Started with: {"title": 5, "details": "xxx')
    assert len(line) < 450


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        ("plain words", "plain words"),
        ('{"errorMessage": "no type"}', "no type"),
        ('{"errorMessage": "m", "errorType": null}', "m"),
        ('{"errorMessage": 5}', "{'errorMessage': 5}"),
        ('{"errorMessage": "cut', "{'errorMessage': 'cut"),
        ("[1, 2]", "[1, 2]"),
        ("null", "null"),
        ("[" * 50_000, "[" * 997 + "..."),
        ("one\ntwo\r\nthree\u2028four", "one two three four"),
        ("red \x1b[31m and\x00 gone \u202e", "red [31m and gone"),
        ('gone"\n\nWhere to look:\nhttps://evil.example', "gone' Where to look: https://evil.example"),
        ("\u201dx\u201d ''y''", "'x' 'y'"),
        ("\x1b\u200b", None),
        ("", None),
    ],
)
def test_any_cause_is_one_readable_line(cause, said):
    lines = [line for line in body(failed("Whatever", cause)).splitlines() if line.startswith("- Why: ")]
    assert lines == ([f'- Why: "{said}"'] if said is not None else [])


FORGED = "Where to look:"
ATTACK = f'Lunch"\r\n\r\n{FORGED}\u2028{FORGED}\x85\x1b[2J\u202ehttps://evil.example/x\x00'


def test_nothing_that_strangers_wrote_passes_for_a_line_of_the_operators_mail():
    before = voted({ANNA: vote(comment=ATTACK)}, title=ATTACK, requested_by=ATTACK, scheduled_for=ATTACK)
    written = body(failed(ATTACK, ATTACK), replace(before, policy=policy(name=ATTACK)))
    assert not set("\x1b\x00\u202e\u2028\x85\r") & set(written)
    assert written.splitlines().count(FORGED) == 1
    one_line = f'"Lunch\' {FORGED} {FORGED} [2Jhttps://evil.example/x"'
    lines = written.splitlines()
    for label in ("- What: ", "- Asked by: ", "- Ended: FAILED ", "- Why: "):
        assert label + one_line in lines
    assert [line for line in lines if "evil" in line and not line.startswith(("- ", "  | "))] == []


def test_nor_what_the_run_was_started_with():
    started = json.dumps({"title": ATTACK}, ensure_ascii=False)
    lines = body(replace(failed("InvalidTask", "title"), started_with=started)).splitlines()
    assert lines.count(FORGED) == 1
    (line,) = [line for line in lines if "evil" in line]
    assert line.startswith('- Started with: {"title": "Lunch\\"')


@pytest.mark.parametrize("nobody", ["", "\u2800"])
def test_the_operator_is_told_that_nobody_is_named_and_no_more(nobody):
    assert "- Asked by: (nobody is named)" in body(STOPPED, record(requested_by=nobody)).splitlines()


@pytest.mark.parametrize(
    ("partition", "region", "host"),
    [
        ("aws", "eu-central-1", "eu-central-1.console.aws.amazon.com"),
        ("aws-cn", "cn-north-1", "cn-north-1.console.amazonaws.cn"),
        ("aws-us-gov", "us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
        ("aws-iso", "us-iso-east-1", None),
    ],
)
def test_the_link_leads_to_the_console_of_the_executions_partition(partition, region, host):
    arn = f"arn:{partition}:states:{region}:123456789012:execution:signoff:c0ffee"
    written = body(failed("Whatever"), arn=arn)
    assert arn in written
    links = [line for line in written.splitlines() if line.startswith("https://")]
    assert [link.split("/")[2] for link in links] == ([host] if host else [])


def test_the_subject_is_what_sns_takes_whatever_was_asked():
    written = subject(STOPPED, record(title="Überweisung an Łukasz\r\nBcc: x@example.com " + "x" * 300))
    assert len(written) < 100
    assert written.isascii()
    assert written.isprintable()
