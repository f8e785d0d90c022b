"""A stack that mails by SES: one thread a request, refusals, bounces, and the change from one channel to the other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.inbox import Inbox
from tests.journey.test_decision_mails import news
from tests.support.callers import Caller
from tests.support.events import undelivered
from tests.support.stacks import ALICE, BOB, CAROL, OPERATOR, QUICK, Run, Stack, link_in, running
from tests.support.waiting import until

SENDER, DANA, STRANGER = "approvals@example.com", "dana@example.com", "stranger@partner.example"
CONFIG = {
    "mailFrom": SENDER,
    "mailFromName": "Approvals",
    "replyTo": "help@example.com",
    "reminders": 1,
    "policies": {
        "pair": {"approvers": [ALICE, BOB], "approvalsRequired": 2},
        "partner": {"approvers": [ALICE, STRANGER]},
    },
}


@pytest.fixture(scope="module")
def stack(emulator) -> Iterator[Stack]:
    """While the account is in SES's sandbox, where only who is verified can be mailed. Its name has a dot."""
    with running("dev.eu", QUICK | CONFIG, emulator=emulator) as sandbox:
        ses = sandbox.client("sesv2")
        account = {"MailType": "TRANSACTIONAL", "WebsiteURL": "https://example.com"}
        ses.put_account_details(ProductionAccessEnabled=False, **account)
        for domain in ("example.com", "elsewhere.example"):
            ses.create_email_identity(EmailIdentity=domain)
        yield Stack(sandbox)
        ses.put_account_details(ProductionAccessEnabled=True, **account)


@pytest.fixture(scope="module", autouse=True)
def refused(stack) -> Run:
    """A run that asks somebody whom SES does not take; started first, so that it is tried while other tests run."""
    return stack.start(policy="partner")


@pytest.fixture
def come_back(stack):
    """SES says that a mail has come back: the emulator lets nobody put events of `aws.*`."""
    events, functions = stack.sandbox.client("events"), stack.sandbox.client("lambda")
    (made,) = stack.sandbox.deployed.of("aws:sesv2/configurationSet:ConfigurationSet")
    mail_set = made["configurationSetName"]
    (rule,) = [one for one in events.list_rules()["Rules"] if mail_set in one.get("EventPattern", "")]
    (target,) = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]

    def come_back(mail: Any) -> None:
        event = undelivered(who=mail.to)
        event["detail"]["mail"]["tags"] = {"ses:configuration-set": [mail_set], **mail.tags}
        payload = json.dumps(event)
        assert events.test_event_pattern(EventPattern=rule["EventPattern"], Event=payload)["Result"]
        answer = functions.invoke(FunctionName=target["Arn"], Payload=payload)
        assert "FunctionError" not in answer, answer["Payload"].read()

    return come_back


def told(run: Run) -> list[Any]:
    """The operator's mails about this run."""
    return [one for one in run.stack.sandbox.messages() if one.to == OPERATOR and run.arn in one.body]


def mail_to(run: Run, who: str) -> Any:
    return run.mails(1, to=who)[0]


@pytest.mark.parametrize(("requester", "hears"), [(DANA, {DANA}), ("dana@elsewhere.example", set())])
def test_a_request_is_mailed_from_ones_own_address_and_its_end_to_a_requester_of_ones_own(stack, requester, hears):
    run = stack.start(requestedBy=requester)
    run.mails(3)
    mail = mail_to(run, ALICE)
    assert mail.from_ == f"Approvals <{SENDER}>"
    assert mail.headers["Reply-To"] == "help@example.com"
    assert mail.tags["label"] == ["dev_eu"]
    assert f'<a href="{run.link()}" ses:no-track' in mail.html
    assert stack.press(run.link(), comment="As agreed.").status_code == 200
    run.succeeded()
    for one in news(run, {BOB, CAROL} | hears):
        assert one.subject == f"[dev.eu] Approved: {run.title}"
        assert one.headers["References"] == mail.headers["References"]
        assert (one.to in hears) == ("As agreed." not in one.body)


def test_a_reminder_by_hand_is_of_the_same_thread_and_comes_back_like_any_other(stack, come_back):
    run = stack.start(policy="pair")
    run.mails(2)
    until(lambda: "lease" not in run.item(), "end of the mailing")
    reminded = Caller(stack).order("remind", requestId=run.request_id, to=[BOB])
    assert reminded == (200, {"reminded": [BOB], "refused": {}})
    asked, again = run.mails(2, to=BOB)
    assert again.from_ == f"Approvals <{SENDER}>"
    assert (again.subject, again.tags) == (asked.subject, asked.tags)
    assert again.headers["References"] == asked.headers["References"]
    assert link_in(again.body) != link_in(asked.body)
    come_back(again)
    assert run.failed()[0] == "NotificationFailed"


def test_what_ses_refuses_reaches_the_operator_in_its_words(stack, refused):
    error, cause = refused.failed()
    assert error == "NotificationFailed"
    assert "Email address is not verified" in cause
    (mail,) = until(lambda: told(refused), "the operator's mail")
    assert STRANGER in mail.body
    assert "MessageRejected" in mail.body
    assert mail_to(refused, ALICE)


def test_whom_a_mail_did_not_reach_is_shown_and_told_and_left_out_of_further_rounds(stack, come_back):
    run = stack.start()
    run.mails(3)
    come_back(mail_to(run, BOB))
    assert f"the mail to <bdi>{BOB}</bdi> came back" in stack.get(run.link(ALICE)).text
    (mail,) = until(lambda: told(run), "the operator's mail")
    assert mail.subject == f"[dev.eu] A mail came back: {run.title}"
    assert f"To: {BOB}" in mail.body
    assert stack.sandbox.emulator.end_round(run.arn)
    until(lambda: run.item()["round"] == 2 and "lease" not in run.item(), "end of the second round's mailing")
    mails = run.mails(5)
    assert sorted(one.to for one in mails[3:]) == [ALICE, CAROL]
    assert {one.subject for one in mails} == {f"[dev.eu] Approval needed: {run.title}"}, "or it is no thread"
    assert stack.press(run.link(BOB)).status_code == 200
    assert run.succeeded()["result"]["approvedBy"] == [BOB]


def test_once_nobody_else_can_approve_the_run_fails_at_once(stack, come_back):
    run = stack.start(policy="pair")
    run.mails(2)
    come_back(mail_to(run, BOB))
    error, cause = run.failed()
    assert error == "NotificationFailed"
    assert f'{BOB}: "Permanent, General, 5.1.1, smtp; 550 5.1.1 user unknown"' in cause
    subjects = {f"[dev.eu] {what}: {run.title}" for what in ("A mail came back", "Approval workflow failed")}
    until(lambda: {one.subject for one in told(run)} == subjects, "the operator's mails")


def test_links_stay_good_when_the_channel_is_changed_both_ways(stack, emulator):
    """By what a deployment changes of the function that mails: its variables and what it may do."""
    sns, functions = stack.sandbox.client("sns"), stack.sandbox.client("lambda")
    topic = sns.create_topic(Name="approvers-of-before")["TopicArn"]
    for who in (ALICE, BOB, CAROL):
        only = {"FilterPolicy": json.dumps({"approver": [who]})}
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=who, Attributes=only)
    made = stack.sandbox.deployed.of("aws:lambda/function:Function")
    (ask,) = [one for one in made if one["handler"] == "handlers.ask.handler"]
    allowed = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sns:Publish", "Resource": topic}}
    by_ses = ask["environment"]["variables"]
    by_sns = by_ses | {"MAIL_FROM": "", "TOPIC_ARN": topic}
    role = {"RoleName": ask["role"].rpartition("/")[2], "PolicyName": "SendMailBySns"}
    stack.sandbox.client("iam").put_role_policy(**role, PolicyDocument=json.dumps(allowed))

    def mailed(variables: dict[str, str]) -> None:
        functions.update_function_configuration(FunctionName=ask["name"], Environment={"Variables": variables})

    first = stack.start()
    first.mails(3)
    mailed(by_sns)
    with emulator.mail_file.open() as mail:
        inbox = Inbox(mail, [topic])

        def from_sns(run: Run) -> str:
            """The link in Alice's mail."""
            mail = until(
                lambda: [one for one in inbox.messages() if run.title in one.subject and one.to == ALICE],
                f"mail about {run.title} by SNS",
            )
            return link_in(mail[0].body)

        second = stack.start()
        asked = from_sns(second)
        assert stack.sandbox.emulator.end_round(first.arn)
        reminded = from_sns(first)
    assert "<form" in stack.get(reminded).text
    assert stack.press(first.link()).status_code == 200
    first.succeeded()
    mailed(by_ses)
    assert stack.sandbox.emulator.end_round(second.arn)
    assert "<form" in stack.get(second.link()).text
    assert stack.press(asked).status_code == 200
    second.succeeded()
