"""What an operator and a reader may do: the very JSON that AWS gets, and its size at worst."""

from __future__ import annotations

import json
from dataclasses import fields

import pytest

from handlers.approvals.rules.record import Record
from handlers.contract.plain import camel_case
from handlers.contract.record import READABLE, Attribute
from infra.approvals import LONGEST_NAME, Approvals, ApprovalsArgs
from tests.support.harness import EVERYTHING, MAILED, REQUIRED, deploy

MANAGED = "aws:iam/policy:Policy"
LIMIT = 6_144  # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
SPARE = 400  # characters, for your own
LABEL = "l" * 40
QUIET = REQUIRED | {"events": "false", "announceDecision": "false"}
# Where ARNs are longest.
AT_WORST = {
    "arn:aws:": "arn:aws-us-gov:",
    "eu-central-1": "us-gov-west-1",
    "/stream/2026-11-30": "/stream/2026-11-30T09:02:12.900",
    ":a1b2c3/": ":a1b2c3d4e5/",
}


@pytest.mark.parametrize("channel", [{}, {"mail_from": f"approvals@{'.'.join(['d' * 57] * 4)}.example.com"}], ids=len)
def test_managed_policies_are_within_the_limit_with_the_longest_names_and_all_there_can_be(channel):
    args = ApprovalsArgs(
        approvers=["alice@example.com"],
        label=LABEL,
        schedule="cron(0 9 ? * MON-FRI *)",
        event_pattern={"source": ["shop"]},
        operator_email="operations@example.com",
        chat_notifications=True,
        operator_access=True,
        **channel,
    )
    made = deploy(lambda: Approvals("n" * LONGEST_NAME, args)).of(MANAGED)
    assert len(made) == 2
    for node in made:
        policy = "".join(node.inputs["policy"].split())
        for known, longer in AT_WORST.items():
            policy = policy.replace(known, longer)
        assert len(policy) <= LIMIT - SPARE, node.name


@pytest.mark.parametrize("config", [EVERYTHING, MAILED, QUIET], ids=["sns", "ses", "nobody else is told"])
def test_the_managed_policies_are_the_outputs_in_two_parts_and_name_what_there_is(config):
    graph = deploy(config=config | {"operatorAccess": "true"})
    reader, operator = (
        graph.named(MANAGED, f"operate-{who}").json("policy")["Statement"] for who in ("reader", "operator")
    )
    assert json.loads(graph.exports["readerPolicy"])["Statement"] == reader
    assert json.loads(graph.exports["operatorPolicy"])["Statement"] == [*reader, *operator]
    named = [arn for statement in (*reader, *operator) for arn in statement["Resource"]]
    assert all(arn == "*" or arn.startswith("arn:") for arn in named), named


def test_a_reader_reads_all_of_a_record_but_its_token():
    attributes = {camel_case(field.name) for field in fields(Record)} | {"schemaVersion", Attribute.VOTES.value}
    assert {*READABLE} == attributes - {Attribute.TASK_TOKEN.value}
