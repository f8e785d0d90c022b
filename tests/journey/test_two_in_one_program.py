"""A program that holds two `Approvals`: each asks its own people, and neither sees the other's requests."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import permutations

import pytest

from sandbox.deploy import PROJECT, deploy
from sandbox.differences import STREAM_READS
from sandbox.inbox import Inbox
from tests.support.roles import decisions
from tests.support.stacks import ALICE, BOB, Stack

PROGRAM = """
import sys

import pulumi

sys.path.insert(0, {root!r})

from infra.approvals import Approvals, ApprovalsArgs

for name, who in (("payouts", {alice!r}), ("releases", {bob!r})):
    made = Approvals(name, ApprovalsArgs(approvers=[who], deadline_seconds=600, reminders=0, mails_per_second=10))
    pulumi.export(name, {{
        "stateMachineArn": made.state_machine_arn,
        "approvalTableName": made.approval_table_name,
        "requestQueueUrl": made.request_queue_url,
        "approverTopicArn": made.approver_topic_arn,
    }})
"""
# By the sandbox, since the emulator knows no resource of these; tests/infra/test_approvals.py reads the real policies.
WIDENED = {"states:SendTaskSuccess", "states:SendTaskFailure", *STREAM_READS}


@pytest.fixture(scope="module")
def two(plain, emulator, tmp_path_factory):
    root = tmp_path_factory.mktemp("two")
    (root / "Pulumi.yaml").write_text("{name: shop, runtime: python}")
    (root / "__main__.py").write_text(PROGRAM.format(root=str(PROJECT), alice=ALICE, bob=BOB))
    made = deploy("dev", {}, plain.sandbox.cloud, root=root)
    each = [replace(made, outputs=made.outputs[name]) for name in ("payouts", "releases")]
    topics = [topic["arn"] for topic in made.of("aws:sns/topic:Topic")]
    with emulator.mail_file.open() as mail:
        inbox = Inbox(mail, topics)
        yield [Stack(replace(plain.sandbox, deployed=one, inbox=inbox)) for one in each]
    made.destroy()


def owned(stack: Stack, name: str) -> set[str]:
    """The ARNs of an instance's queues, table, topics, functions and state machine."""
    arns = {made[2].get("arn", "") for made in stack.sandbox.deployed.made}
    found = {arn for arn in arns if f":{name}-" in arn or f"/{name}-" in arn}
    return {arn for arn in found if arn.split(":")[2] in {"sqs", "dynamodb", "sns", "lambda", "states"}}


def test_no_role_of_the_one_may_touch_anything_of_the_other(two):
    stack, _ = two
    iam = stack.sandbox.client("iam")
    roles = [role["RoleName"] for page in iam.get_paginator("list_roles").paginate() for role in page["Roles"]]
    for mine, theirs in permutations(("payouts", "releases")):
        own, others = owned(stack, mine), owned(stack, theirs)
        assert len(own) == len(others) > 10
        allowed = set()
        for role in (one for one in roles if one.startswith(f"{mine}-")):
            (policy,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
            document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
            actions = {action for statement in document["Statement"] for action in statement["Action"]}
            actions -= WIDENED
            for arn in own | others:
                asked = [action for action in actions if action.startswith(f"{arn.split(':')[2]}:")]
                said = decisions(iam, json.dumps(document), asked, arn) if asked else {}
                allowed |= {arn for decision in said.values() if decision == "allowed"}
        assert not allowed & others
        assert len(allowed) >= 8, "three queues, the table, both topics, the two functions of the workflow"


def test_each_asks_its_own_people_and_keeps_its_own_records(two):
    payouts, releases = two
    paid, released = payouts.start(), releases.start()
    assert "dev-payouts" in payouts.get(paid.link(ALICE)).text
    assert "dev-releases" in releases.get(released.link(BOB)).text
    assert payouts.press(paid.link(ALICE)).status_code == 200
    assert paid.succeeded()["result"]["approvedBy"] == [ALICE]
    assert released.item(BOB)["status"] == "OPEN"
    assert releases.press(released.link(BOB), "reject").status_code == 200
    assert released.failed()[0] == "Rejected"
    assert payouts.store.get(released.item(BOB)["requestId"]) is None
