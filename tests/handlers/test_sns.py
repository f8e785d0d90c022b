"""Mail by Amazon SNS: to whom, from which stack, and how fast."""

from __future__ import annotations

import re
from typing import Any

import pytest

from handlers.approvals.adapters.channel import Letterhead, Pace
from handlers.approvals.adapters.sns import ApproverTopic, OperatorTopic
from handlers.approvals.rules import links
from handlers.approvals.rules.endings import Execution
from handlers.approvals.rules.rounds import Kind
from handlers.approvals.usecases.ports import UnavailableError
from tests.support.aws import silent, stubbed
from tests.support.records import ANNA, ASKED_AT, BEN, CARLA, EXECUTION_ARN, REQUEST_ID, record
from tests.support.services import FakeClock, FakeSns

TOPIC = "arn:aws:sns:eu-central-1:123456789012:approvers"
API = "https://a1b2c3.execute-api.eu-central-1.amazonaws.com"
SECRET = links.new_secret()
STOPPED = Execution(status="ABORTED", stopped_at=ASKED_AT)


def published(record_: Any = None, *, timezone: str = "UTC", one_click: bool = False) -> dict[str, Any]:
    """The first mail to ANNA."""
    clock = FakeClock()
    topic: Any = FakeSns(clock)
    letterhead = Letterhead(environment="test", timezone=timezone, approval_url=API, one_click=one_click)
    ApproverTopic(topic, TOPIC, letterhead, Pace(0, clock)).ask(record_ or record(), ANNA, Kind.REQUEST, SECRET)
    (mail,) = topic.mails
    return mail


def test_a_mail_goes_to_whoever_is_asked_with_a_link_to_the_deployed_api_and_times_in_the_stacks_zone():
    mail = published(record(scheduled_for="2026-11-25T08:00:00Z"), timezone="Europe/Berlin")
    assert mail["TopicArn"] == TOPIC
    assert mail["MessageAttributes"] == {"approver": {"DataType": "String", "StringValue": ANNA}}
    assert mail["Subject"] == "[test] Approval needed: Deploy 1.4 to production (25 Nov 2026, 09:00 CET)"
    assert "Scheduled for: Wed 25 Nov 2026, 09:00 CET" in mail["Message"]
    assert f"\n{API}/approvals/{REQUEST_ID}/{SECRET}\n" in mail["Message"]


@pytest.mark.parametrize(("switch", "found"), [(False, 0), (True, 1)])
def test_a_link_that_approves_by_being_opened_is_mailed_only_where_that_is_switched_on(switch, found):
    assert len(re.findall(r"/approvals/\S+/approve$", published(one_click=switch)["Message"], re.MULTILINE)) == found


def test_mails_keep_their_pace():
    """What it takes to send one is no pause on top."""

    class Slow(FakeSns):
        def publish(self, **mail: Any) -> None:
            super().publish(**mail)
            clock.time += 0.1

    clock = FakeClock()
    topic: Any = Slow(clock)
    mail = ApproverTopic(
        topic, TOPIC, Letterhead(environment="test", timezone="UTC", approval_url=API), Pace(0.5, clock)
    )
    for who in (ANNA, BEN):
        mail.ask(record(), who, Kind.REQUEST, SECRET)
    mail.leave_out(record(), CARLA)
    assert topic.asked == [ANNA, BEN, CARLA]
    assert topic.times == [ASKED_AT, ASKED_AT + 0.5, ASKED_AT + 1]


def test_a_clock_that_is_set_back_keeps_no_mail_waiting():
    clock = FakeClock()
    pace = Pace(0.4, clock)
    pace.wait()
    clock.time -= 3_600
    pace.wait()
    assert clock.slept[1] <= 0.4


def test_an_operator_is_told_by_a_topic_of_their_own():
    topic: Any = FakeSns(FakeClock())
    letterhead = Letterhead(environment="test", timezone="Europe/Berlin")
    OperatorTopic(topic, "arn:operator", letterhead).tell(EXECUTION_ARN, STOPPED, [record()])
    (mail,) = topic.mails
    assert mail.keys() == {"TopicArn", "Subject", "Message"}
    assert mail["TopicArn"] == "arn:operator"
    assert mail["Subject"] == "[test] Approval workflow was stopped: Deploy 1.4 to production"
    assert EXECUTION_ARN in mail["Message"]
    assert "- At: Fri 27 Nov 2026, 14:30 CET" in mail["Message"]


def approvers(client: Any) -> None:
    letterhead = Letterhead(environment="test", timezone="UTC", approval_url=API)
    ApproverTopic(client, TOPIC, letterhead, Pace(0, FakeClock())).ask(record(), ANNA, Kind.REQUEST, SECRET)


def operator(client: Any) -> None:
    OperatorTopic(client, TOPIC, Letterhead(environment="test", timezone="UTC")).tell(EXECUTION_ARN, STOPPED, [])


@pytest.mark.parametrize("send", [approvers, operator])
def test_a_mail_that_sns_does_not_take_was_not_sent(send):
    client, answers = stubbed("sns")
    answers.add_client_error("publish", "Throttled")
    with pytest.raises(UnavailableError, match="Throttled"):
        send(client)
    with pytest.raises(UnavailableError) as error:
        send(silent("sns"))
    assert error.value.kind == "ConnectTimeoutError"
