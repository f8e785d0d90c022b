"""Mail by SES: what is made for it, what may be sent, and what hears of mails that do not arrive."""

from __future__ import annotations

import re

import pytest

from infra.approvals import Approvals, ApprovalsArgs
from tests.support.harness import ALICE, BY_SES, BY_SNS, MAILED, deploy

SET = "aws:sesv2/configurationSet:ConfigurationSet"
DESTINATION = "aws:sesv2/configurationSetEventDestination:ConfigurationSetEventDestination"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
TOPIC, SUBSCRIPTION = "aws:sns/topic:Topic", "aws:sns/topicSubscription:TopicSubscription"
PLACE = "eu-central-1:123456789012"
NAME = "test-0a1b2c3"


def test_one_channel_makes_nothing_of_the_other_and_the_rest_is_the_same(full, mailed):
    by_sns, by_ses = ({node.name for node in graph.nodes} for graph in (full, mailed))
    assert {name.split("-")[0] for name in by_sns - by_ses} == BY_SNS
    assert {name.split("-")[0] for name in by_ses - by_sns - {"alarm-lost-bounces"}} == BY_SES


def test_nobody_confirms_a_subscription_but_the_operator(mailed):
    assert {topic.name for topic in mailed.of(TOPIC)} == {"operator-topic", "announce-chat"}
    assert [one.inputs["endpoint"] for one in mailed.of(SUBSCRIPTION)] == [MAILED["operatorEmail"]]


@pytest.mark.parametrize("label", ["a.b_c-D", "x" * 40])
def test_a_configuration_set_is_named_by_label_and_machine_as_ses_takes_it(label):
    args = ApprovalsArgs(approvers=[ALICE], mail_from="approvals@example.com", label=label)
    name = deploy(lambda: Approvals("payouts", args)).one(SET).inputs["configurationSetName"]
    assert name == f"{label.replace('.', '_')}-0a1b2c3"
    # https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_CreateConfigurationSet.html
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name)


def test_nothing_is_tracked_whatever_the_account_does_and_what_goes_wrong_is_told_on_the_default_bus(mailed):
    """https://docs.aws.amazon.com/ses/latest/dg/vdm-settings.html"""
    untracked = {"dashboardOptions": {"engagementMetrics": "DISABLED"}}
    assert mailed.one(SET).inputs == {"configurationSetName": NAME, "vdmOptions": untracked}
    assert mailed.one(DESTINATION).inputs == {
        "configurationSetName": NAME,
        "eventDestinationName": "eventbridge",
        "eventDestination": {
            "enabled": True,
            "matchingEventTypes": ["BOUNCE", "COMPLAINT", "REJECT", "RENDERING_FAILURE", "DELIVERY_DELAY"],
            "eventBridgeDestination": {"eventBusArn": f"arn:aws:events:{PLACE}:event-bus/default"},
        },
    }


def test_mails_are_sent_from_the_one_address_with_the_one_configuration_set(mailed):
    """Whichever of it and its domains is verified; SNS is not for approvers."""
    policy = mailed.named(ROLE_POLICY, "ask-policy").json("policy")["Statement"]
    (send,) = [one for one in policy if one["Sid"] == "SendMail"]
    address = MAILED["mailFrom"]
    assert send == {
        "Sid": "SendMail",
        "Effect": "Allow",
        "Action": ["ses:SendEmail"],
        "Resource": [
            *(f"arn:aws:ses:{PLACE}:identity/{one}" for one in (address, "mail.example.com", "example.com")),
            f"arn:aws:ses:{PLACE}:configuration-set/{NAME}",
        ],
        "Condition": {"StringEquals": {"ses:FromAddress": address}},
    }
    assert not [action for one in policy for action in one["Action"] if action.startswith("sns:")]


def test_what_ses_says_of_our_own_mails_is_heard_and_of_no_others(mailed):
    pattern = mailed.named("aws:cloudwatch/eventRule:EventRule", "bounce-mails").json("eventPattern")
    assert pattern == {"source": ["aws.ses"], "detail": {"mail": {"tags": {"ses:configuration-set": [NAME]}}}}
