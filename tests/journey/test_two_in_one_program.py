"""A program that holds two `Approvals`: each asks its own people, and neither sees the other's requests."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sandbox.deploy import PROJECT, deploy
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


@pytest.fixture(scope="module")
def two(plain, tmp_path_factory):
    root = tmp_path_factory.mktemp("two")
    (root / "Pulumi.yaml").write_text("{name: shop, runtime: python}")
    (root / "__main__.py").write_text(PROGRAM.format(root=str(PROJECT), alice=ALICE, bob=BOB))
    made = deploy("dev", {}, plain.sandbox.cloud, root=root)
    each = [replace(made, outputs=made.outputs[name]) for name in ("payouts", "releases")]
    yield [Stack(replace(plain.sandbox, deployed=one)) for one in each]
    made.destroy()


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
