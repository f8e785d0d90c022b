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

FORGED = "Where to look:"
ATTACK = f'Lunch"\r\n\r\n{FORGED}\u2028{FORGED}\x85\x1b[2J\u202ehttps://evil.example/x\x00'

STOPPED = Execution(status="ABORTED", stopped_at=ASKED_AT + 7_200)


def failed(error: str, cause: str = "") -> Execution:
    return replace(STOPPED, status="FAILED", error=error, cause=cause)


def subject(execution: Execution, *records: Record) -> str:
    return operator_mail.subject(execution, records, "test", "UTC")


def body(execution: Execution, *records: Record, arn: str = EXECUTION_ARN) -> str:
    return operator_mail.body(arn, execution, records, "test", "UTC")


UNVOTED = record(answered_without_vote=True)
SUCCEEDED = Execution(status="SUCCEEDED", stopped_at=ASKED_AT)
WITHOUT_VOTE, NOT_TAKEN = "nobody had voted for that", "did not take the answer"
DUPLICATE = "ended as a duplicate although it has request"


@pytest.mark.parametrize(
    ("execution", "told", "explained"),
    [
        (failed("NotificationFailed"), "failed", ""),
        (STOPPED, "was stopped", ""),
        (replace(STOPPED, status="TIMED_OUT"), "timed out", ""),
        (failed("States.Runtime"), "failed", ""),
        (SUCCEEDED, "went on without a vote", WITHOUT_VOTE),
        (failed("Duplicate"), "failed", DUPLICATE),
        *((failed(error), "failed", NOT_TAKEN) for error in ("AnswerMismatch", "States.Runtime")),
    ],
)
def test_the_subject_says_how_the_run_ended_and_what_it_was_about_and_the_mail_what_is_behind_it(
    execution, told, explained
):
    sample = ended(handed_over(approved()), execution) if explained == NOT_TAKEN else UNVOTED if explained else record()
    assert subject(execution, sample) == f"[test] Approval workflow {told}: Deploy 1.4 to production"
    written = body(execution, sample)
    assert EXECUTION_ARN in written
    assert [one for one in (WITHOUT_VOTE, NOT_TAKEN, DUPLICATE) if one in written] == [explained] * bool(explained)
    assert ("counts as AnswerMismatch" in written) is (explained == NOT_TAKEN)
    assert "- At: " not in body(replace(execution, stopped_at=0), sample)
    assert f"- Ended: {execution.status} {execution.error}".rstrip() in written.splitlines()


def test_the_mail_says_what_was_asked_how_it_ended_why_who_had_answered_and_where_to_look():
    cause = json.dumps(
        {"errorMessage": 'the bank said "no"\nand closed', "errorType": "PayoutRefused", "stackTrace": ["File ..."]}
    )
    before = voted({ANNA: vote(comment="Go.")}, approvals_required=2)
    written = body(replace(STOPPED, error="Stopped", cause=cause), before)
    lines = written.splitlines()
    assert '- What: "Deploy 1.4 to production"' in lines
    assert '- Asked by: "release-bot@example.com"' in lines
    assert not any(line.startswith("- Policy: ") for line in lines), "it is the stack's own"
    unnamed = body(STOPPED, record(policy=policy(name="payout"), requested_by="\u2800")).splitlines()
    assert {"- Policy: payout", "- Asked by: (nobody is named)"} <= set(unnamed)
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


def test_without_a_record_the_mail_says_what_the_run_was_started_with():
    started = json.dumps({"title": ATTACK, "details": "x" * 1_000}, ensure_ascii=False)
    invalid = replace(failed("InvalidTask", "title must be text"), started_with=started)
    assert subject(invalid) == "[test] Approval workflow failed: InvalidTask"
    lines = body(invalid).splitlines()
    assert lines.count(FORGED) == 1
    (line,) = [line for line in lines if "evil" in line]
    assert line.startswith('- Started with: {"title": "Lunch\\"')
    assert len(line) < 450


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        ("plain words", "plain words"),
        ('{"errorMessage": "no type"}', "no type"),
        ('{"errorMessage": "m", "errorType": null}', "m"),
        ('{"errorMessage": 5}', "{'errorMessage': 5}"),
        ('{"errorMessage": "cut', "{'errorMessage': 'cut"),
        ("null", "null"),
        ("[" * 50_000, "[" * 997 + "..."),
        ("one\ntwo\r\nthree\u2028four \x1b[31m\x00\u202e", "one two three four [31m"),
        ('gone"\n\nWhere to look:\nhttps://evil.example', "gone' Where to look: https://evil.example"),
        ("\u201dx\u201d ''y''", "'x' 'y'"),
        ("\x1b\u200b", None),
    ],
)
def test_any_cause_is_one_readable_line(cause, said):
    lines = [line for line in body(failed("Whatever", cause)).splitlines() if line.startswith("- Why: ")]
    assert lines == ([f'- Why: "{said}"'] if said is not None else [])


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
