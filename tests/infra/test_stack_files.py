"""Pulumi.yaml, the stack files of this checkout, and what the documentation says of the configuration."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from handlers.contract.policy import Policy
from infra.config.settings import NAMESPACE, Settings
from infra.config.shapes import keys
from sandbox.config import setting, stack_config
from tests.infra.test_contract import EXPORTS
from tests.support.harness import ALICE, ROOT, Graph, deploy, load

PROJECT = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
KEYS = keys(Settings)


def section(page: str, heading: str) -> str:
    """The words of one section of a page in docs/, without its heading."""
    return (ROOT / "docs" / page).read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]


def stacks(root: Path) -> list[str]:
    """Those whose whole configuration can be read here: they say who is asked, and encrypt nothing.

    These files are their holder's. One that `pulumi stack init` has just made says nothing yet.
    """
    found = []
    for file in sorted(root.glob("Pulumi.*.yaml")):
        stack, text = file.stem.removeprefix("Pulumi."), file.read_text(encoding="utf-8")
        if not re.search(r"\bsecure:", text) and setting(stack_config(root, stack, {}), "approvers", root):
            found.append(stack)
    return found


def check(root: Path, stack: str) -> Graph:
    """What the program makes of a stack's file. Raises ConfigError, in words for whoever wrote it."""
    config = stack_config(root, stack, {})
    project = yaml.safe_load((root / "Pulumi.yaml").read_text())["name"]
    return deploy(config=config, project=project)


@pytest.mark.parametrize("stack", stacks(ROOT))
def test_a_stack_of_this_checkout_deploys(stack):
    assert check(ROOT, stack).exports["stateMachineArn"]


MINE = "config:\n  signoff:approvers: [me@example.org]\n"


@pytest.mark.parametrize(
    ("files", "checked"),
    [
        ({}, []),
        ({"dev": MINE, "staging": MINE + "  signoff:schedule: rate(1 hour)\n"}, ["dev", "staging"]),
        ({"dev": MINE, "staging": "encryptionsalt: v1:abc\n"}, ["dev"]),
        ({"staging": ""}, []),
        ({"staging": MINE + "  mine:token:\n    secure: v1:abc\n"}, []),
        ({"eu.west": "config: {mine:approvers: me@example.org}"}, ["eu.west"]),
    ],
)
def test_stack_files_are_their_holders(tmp_path, files, checked):
    """Whatever there is of them, and in a project of another name."""
    (tmp_path / "Pulumi.yaml").write_text("{name: mine, runtime: python}")
    for stack, text in files.items():
        (tmp_path / f"Pulumi.{stack}.yaml").write_text(text)
    assert stacks(tmp_path) == checked
    for stack in checked:
        assert check(tmp_path, stack).exports["stateMachineArn"]


def test_the_engine_is_told_of_no_key_of_ours():
    """It would demand one without a default of every stack, and set each default as if somebody had written it."""
    assert PROJECT.get("config", {}).keys().isdisjoint({*KEYS, *(f"{NAMESPACE}:{key}" for key in KEYS)})


def test_the_documentations_example_of_policies_says_what_the_documentation_says():
    example = yaml.safe_load(section("configuration.md", "Policies").split("```")[1].removeprefix("yaml"))
    said = load(approvers=[ALICE], escalateTo=["eve@example.com"], policies=example["signoff:policies"])
    payout, note = said.terms["payout"], said.terms["note"]
    assert {name: group.approvals_required for name, group in payout.policy.groups.items()} == {
        "finance": 1,
        "legal": 1,
    }
    assert (payout.policy.approvals_required, payout.rounds, payout.deadline_seconds) == (2, 2, 7200)
    assert note.policy == Policy(name="note", approvers=("eve@example.com",))
    assert list(said.warnings(datetime.now(UTC))) == []


def test_the_documentation_lists_every_output():
    named = re.findall(r"`(\w+)`", section("configuration.md", "Outputs"))
    assert sorted(named) == sorted([*EXPORTS, "chatTopicArn"])


@pytest.mark.skipif("template" not in PROJECT, reason="`pulumi new` has asked, and left the questions out")
def test_a_new_project_is_asked_for_keys_that_exist():
    asked = {key for key in PROJECT["template"]["config"] if ":" not in key}
    assert "approvers" in asked, "which has no default"
    assert asked <= KEYS.keys()
