"""The end of an execution: what its record learns of it, and what the operator does."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from handlers.approvals.callback import Execution
from handlers.contract.record import Status
from tests.support.events import ENVIRONMENT, Context, MemoryStore, Workflow, load
from tests.support.records import ANNA, ASKED_AT, EXECUTION_ARN, TASK_TOKEN, approved, record, rejected, vote, voted

ENDED_AT = ASKED_AT + 7_200
STOPPED = Execution(status="ABORTED", stopped_at=ENDED_AT)


class Topic:
    """SNS: keeps what is published; `fault` is raised the first time."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.mails: list[dict] = []
        self._fault = fault

    def publish(self, **mail) -> None:
        fault, self._fault = self._fault, None
        if fault:
            raise fault
        self.mails.append(mail)


class Late(Workflow):
    """Step Functions, which says for a while that the execution still runs."""

    def __init__(self, times: int, *, execution: Execution, meanwhile: Execution) -> None:
        super().__init__(execution=execution)
        self._times, self._meanwhile = times, meanwhile

    def execution(self, arn: str) -> Execution:
        self._times -= 1
        return self._meanwhile if self._times >= 0 else super().execution(arn)


def event(execution_arn: str = EXECUTION_ARN, **detail) -> dict:
    """As much of EventBridge's event as is read; what it says of the ending may be old."""
    return {"detail-type": "Step Functions Execution Status Change", "detail": {"executionArn": execution_arn} | detail}


@pytest.fixture
def reconciler(monkeypatch):
    module = load(monkeypatch, "reconcile_request")
    module.STORE, module.CALLBACK, module.SNS = MemoryStore(), Workflow(), Topic()
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.001)
    return module


def failed(error: str, cause: str = "") -> Execution:
    return Execution(status="FAILED", error=error, cause=cause, stopped_at=ENDED_AT)


@pytest.mark.parametrize(
    ("before", "execution", "status"),
    [
        (record(), Execution(status="ABORTED"), Status.CLOSED),
        (record(), Execution(status="TIMED_OUT"), Status.CLOSED),
        (record(), Execution(status="FAILED", error="NotificationFailed"), Status.CLOSED),
        (record(), Execution(status="FAILED", error="RecordUnavailable"), Status.CLOSED),
        (record(), Execution(status="FAILED", error="Expired"), Status.EXPIRED),
        (approved(), Execution(status="SUCCEEDED"), Status.APPROVED),
        (approved(), Execution(status="FAILED", error="PayoutRefused"), Status.APPROVED),
        (rejected(), Execution(status="FAILED", error="Rejected"), Status.REJECTED),
        (approved(), Execution(status="ABORTED"), Status.CLOSED),
        (approved(), Execution(status="FAILED", error="RecordUnavailable"), Status.CLOSED),
    ],
)
def test_the_record_says_how_the_execution_ended_and_keeps_no_token(reconciler, before, execution, status):
    reconciler.STORE, reconciler.CALLBACK = MemoryStore(before), Workflow(execution=execution)
    assert before.task_token
    for _ in range(2):  # EventBridge may deliver it twice
        reconciler.handler(event(), Context())
    after = reconciler.STORE.record
    assert (after.status, after.task_token) == (status, "")
    assert after.handed_over == (status is before.status)


def test_an_execution_that_has_asked_nobody_has_nothing_to_reconcile(reconciler):
    reconciler.STORE, reconciler.CALLBACK = MemoryStore(record()), Workflow(execution=STOPPED)
    reconciler.handler(event(f"{EXECUTION_ARN}-other"), Context())
    assert reconciler.STORE.record == record()


def test_step_functions_is_asked_again_until_it_says_what_its_event_said(reconciler):
    """DescribeExecution is eventually consistent."""
    reconciler.STORE = MemoryStore(record())
    reconciler.CALLBACK = Late(3, execution=STOPPED, meanwhile=Execution(status="RUNNING"))
    reconciler.handler(event(), Context())
    assert reconciler.STORE.record.status is Status.CLOSED


def test_what_never_says_that_it_is_over_is_left_to_lambdas_retries(reconciler, monkeypatch, capsys):
    monkeypatch.setattr(reconciler, "PATIENCE_SECONDS", 0.01)
    reconciler.STORE = MemoryStore(record())
    with pytest.raises(reconciler.StillRunningError):
        reconciler.handler(event(), Context())
    assert reconciler.STORE.record == record()
    assert "not reconciled" in capsys.readouterr().out


@pytest.mark.parametrize("count", [0, None, "missing"])
def test_an_execution_that_was_redriven_since_is_left_to_its_next_end(reconciler, count):
    reconciler.STORE = MemoryStore(approved())
    reconciler.CALLBACK = Workflow(execution=Execution(status="RUNNING", redrives=1))
    reconciler.handler(event(**({} if count == "missing" else {"redriveCount": count})), Context())
    assert reconciler.STORE.record == approved()
    assert not reconciler.SNS.mails


@pytest.mark.parametrize(
    ("before", "execution"),
    [
        (record(), STOPPED),
        (record(), Execution(status="TIMED_OUT", stopped_at=ENDED_AT)),
        (record(), failed("NotificationFailed", "The approvers could not be asked")),
        (record(), failed("RecordUnavailable", "nobody knows")),
        (record(), failed("SQS.AmazonSQSException", "Throttled")),
        (approved(), failed("PayoutRefused", "No money")),
        (None, failed("InvalidTask", "title must be text")),
        (None, failed("TooFewApprovers", "only 0 are left")),
        (None, failed("")),
        (record(), Execution(status="SUCCEEDED", stopped_at=ENDED_AT)),
        (record(), failed("Rejected", "because")),
    ],
)
def test_the_operator_is_told_of_what_people_have_not_decided(reconciler, before, execution):
    reconciler.STORE, reconciler.CALLBACK = MemoryStore(before), Workflow(execution=execution)
    reconciler.handler(event(), Context())
    (mail,) = reconciler.SNS.mails
    assert mail["TopicArn"] == ENVIRONMENT["OPERATOR_TOPIC_ARN"]
    assert mail["Subject"].startswith("[test] Approval workflow ")
    assert EXECUTION_ARN in mail["Message"]


@pytest.mark.parametrize(
    ("before", "execution"),
    [
        (rejected(), failed("Rejected", "Not on a Friday")),
        (record(), failed("Expired", "not decided")),
        (approved(), Execution(status="SUCCEEDED", stopped_at=ENDED_AT)),
        (None, Execution(status="SUCCEEDED", stopped_at=ENDED_AT)),
        (record(), Execution(status="DELETED")),
    ],
)
def test_the_operator_is_not_told_of_what_people_decided(reconciler, before, execution):
    reconciler.STORE, reconciler.CALLBACK = MemoryStore(before), Workflow(execution=execution)
    reconciler.handler(event(), Context())
    assert not reconciler.SNS.mails


def test_an_event_that_comes_twice_mails_once(reconciler):
    reconciler.STORE, reconciler.CALLBACK = MemoryStore(record()), Workflow(execution=STOPPED)
    for _ in range(3):
        reconciler.handler(event(), Context())
    assert len(reconciler.SNS.mails) == 1


def test_an_execution_that_ends_again_after_a_redrive_is_told_again(reconciler):
    reconciler.STORE, reconciler.CALLBACK = MemoryStore(approved()), Workflow(execution=failed("PayoutRefused"))
    reconciler.handler(event(), Context())
    reconciler.CALLBACK = Workflow(execution=replace(failed("PayoutRefused"), redrives=1, stopped_at=ENDED_AT + 60))
    reconciler.handler(event(redriveCount=1), Context())
    assert len(reconciler.SNS.mails) == 2


def test_a_mail_that_fails_is_sent_by_lambdas_next_try(reconciler):
    reconciler.STORE, reconciler.CALLBACK = MemoryStore(record()), Workflow(execution=STOPPED)
    reconciler.SNS = Topic(ConnectionError("no answer"))
    with pytest.raises(ConnectionError):
        reconciler.handler(event(), Context())
    reconciler.handler(event(), Context())
    assert len(reconciler.SNS.mails) == 1


def test_an_answer_without_a_vote_is_noted_counted_and_told_whoever_saw_it_first(reconciler, capsys):
    """The page may have closed the record before word of the end came."""
    before = replace(record(), status=Status.CLOSED, answered_without_vote=True, task_token="")
    reconciler.STORE = MemoryStore(before)
    reconciler.CALLBACK = Workflow(execution=Execution(status="SUCCEEDED", stopped_at=ENDED_AT))
    for _ in range(2):
        reconciler.handler(event(), Context())
    (mail,) = reconciler.SNS.mails
    assert "went on without a vote" in mail["Subject"]
    logged = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (counted,) = [line for line in logged if "AnsweredWithoutVote" in line]
    assert counted["AnsweredWithoutVote"] == [1.0]
    assert counted["stack"] == "test"
    assert ["service", "stack"] in [sorted(one) for one in counted["_aws"]["CloudWatchMetrics"][0]["Dimensions"]]


def test_the_mail_says_what_was_asked_how_it_ended_why_who_had_answered_and_where_to_look(reconciler):
    cause = json.dumps(
        {"errorMessage": 'the bank said "no"\nand closed', "errorType": "PayoutRefused", "stackTrace": ["File ..."]}
    )
    before = voted({ANNA: vote(comment="Go.")}, approvals_required=2)
    reconciler.STORE = MemoryStore(before)
    reconciler.CALLBACK = Workflow(execution=replace(STOPPED, error="Stopped", cause=cause))
    reconciler.handler(event(), Context())
    (mail,) = reconciler.SNS.mails
    assert mail["Subject"] == "[test] Approval workflow was stopped: Deploy 1.4 to production"
    lines = mail["Message"].splitlines()
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
    assert "stackTrace" not in mail["Message"]
    assert TASK_TOKEN not in mail["Message"]


def test_without_a_record_the_mail_says_what_the_run_was_started_with(reconciler):
    started = json.dumps({"title": 5, "details": "x" * 1_000})
    reconciler.CALLBACK = Workflow(execution=replace(failed("InvalidTask", "title must be text"), started_with=started))
    reconciler.handler(event(), Context())
    (mail,) = reconciler.SNS.mails
    assert mail["Subject"] == "[test] Approval workflow failed: InvalidTask"
    (line,) = [line for line in mail["Message"].splitlines() if line.startswith("- Started with: ")]
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
def test_any_cause_is_one_readable_line(reconciler, cause, said):
    reconciler.CALLBACK = Workflow(execution=failed("Whatever", cause))
    reconciler.handler(event(), Context())
    lines = [line for line in reconciler.SNS.mails[0]["Message"].splitlines() if line.startswith("- Why: ")]
    assert lines == ([f'- Why: "{said}"'] if said is not None else [])


FORGED = "Where to look:"
ATTACK = f'Lunch"\r\n\r\n{FORGED}\u2028{FORGED}\x85\x1b[2J\u202ehttps://evil.example/x\x00'


def test_nothing_that_strangers_wrote_passes_for_a_line_of_the_operators_mail(reconciler):
    before = voted({ANNA: vote(comment=ATTACK)}, title=ATTACK, requested_by=ATTACK, scheduled_for=ATTACK)
    reconciler.STORE = MemoryStore(before)
    reconciler.CALLBACK = Workflow(execution=failed(ATTACK, ATTACK))
    reconciler.handler(event(), Context())
    body = reconciler.SNS.mails[0]["Message"]
    assert not set("\x1b\x00\u202e\u2028\x85\r") & set(body)
    assert body.splitlines().count(FORGED) == 1
    one_line = f'"Lunch\' {FORGED} {FORGED} [2Jhttps://evil.example/x"'
    lines = body.splitlines()
    for label in ("- What: ", "- Asked by: ", "- Ended: FAILED ", "- Why: "):
        assert label + one_line in lines
    assert [line for line in lines if "evil" in line and not line.startswith(("- ", "  | "))] == []


def test_nor_what_the_run_was_started_with(reconciler):
    started = json.dumps({"title": ATTACK}, ensure_ascii=False)
    reconciler.CALLBACK = Workflow(execution=replace(failed("InvalidTask", "title"), started_with=started))
    reconciler.handler(event(), Context())
    lines = reconciler.SNS.mails[0]["Message"].splitlines()
    assert lines.count(FORGED) == 1
    (line,) = [line for line in lines if "evil" in line]
    assert line.startswith('- Started with: {"title": "Lunch\\"')


@pytest.mark.parametrize("nobody", ["", "\u2800"])
def test_the_operator_is_told_that_nobody_is_named_and_no_more(reconciler, nobody):
    reconciler.STORE, reconciler.CALLBACK = MemoryStore(record(requested_by=nobody)), Workflow(execution=STOPPED)
    reconciler.handler(event(), Context())
    assert "- Asked by: (nobody is named)" in reconciler.SNS.mails[0]["Message"].splitlines()


@pytest.mark.parametrize(
    ("partition", "region", "host"),
    [
        ("aws", "eu-central-1", "eu-central-1.console.aws.amazon.com"),
        ("aws-cn", "cn-north-1", "cn-north-1.console.amazonaws.cn"),
        ("aws-us-gov", "us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
        ("aws-iso", "us-iso-east-1", None),
    ],
)
def test_the_link_leads_to_the_console_of_the_executions_partition(reconciler, partition, region, host):
    arn = f"arn:{partition}:states:{region}:123456789012:execution:signoff:c0ffee"
    reconciler.CALLBACK = Workflow(execution=failed("Whatever"))
    reconciler.handler(event(arn), Context())
    body = reconciler.SNS.mails[0]["Message"]
    assert arn in body
    assert [line.split("/")[2] for line in body.splitlines() if line.startswith("https://")] == ([host] if host else [])


def test_the_subject_is_what_sns_takes_whatever_was_asked(reconciler):
    reconciler.STORE = MemoryStore(record(title="Überweisung an Łukasz\r\nBcc: x@example.com " + "x" * 300))
    reconciler.CALLBACK = Workflow(execution=STOPPED)
    reconciler.handler(event(), Context())
    subject = reconciler.SNS.mails[0]["Subject"]
    assert len(subject) < 100
    assert subject.isascii()
    assert subject.isprintable()
