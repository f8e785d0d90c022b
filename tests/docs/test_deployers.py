"""What the docs say of those who deploy: which rights they need, and how AWS knows them."""

from __future__ import annotations

import re

import pytest

from infra.workflow import LOG_DELIVERY
from sandbox.environments import PROJECT

OPERATIONS = (PROJECT / "docs/operations.md").read_text()
WORKFLOW = (PROJECT / ".github/workflows/deploy.yml").read_text()


def rights() -> set[str]:
    """Those in the first column of the table of the deployer's rights."""
    section = OPERATIONS.partition("## The deployer's rights")[2].partition("\n## ")[0]
    return {
        right for row in re.findall(r"^\| (`.+?) \|", section, re.MULTILINE) for right in re.findall(r"`(.+?)`", row)
    }


def test_whoever_deploys_may_deliver_logs_as_the_roles_do_that_write_them():
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html"""
    assert rights() >= set(LOG_DELIVERY)


def test_whoever_deploys_or_previews_may_have_a_definition_validated():
    assert "states:ValidateStateMachineDefinition" in rights()


@pytest.mark.parametrize("end", ["pull_request", "environment:deploy"])
def test_a_role_can_be_trusted_with_either_form_of_a_repository(end):
    """Those made, renamed or transferred since 15 July 2026 have ids in the token's `sub`."""
    assert f"repo:OWNER/REPOSITORY:{end}" in WORKFLOW
    assert f"repo:OWNER@OWNER-ID/REPOSITORY@REPOSITORY-ID:{end}" in WORKFLOW
    assert "gh api repos/OWNER/REPOSITORY --jq '.owner.id, .id'" in WORKFLOW
