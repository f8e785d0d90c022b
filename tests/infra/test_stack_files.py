"""Pulumi.yaml and the stack files that are shipped: they say what infra/config.py reads."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any, get_type_hints

import pytest
import yaml

from handlers.contract.policy import Policy
from infra.config import Settings
from infra.shapes import keys
from sandbox.config import stack_config
from tests.support.harness import ALICE, ROOT, Graph, deploy, load

PROJECT = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
SCHEMA: dict[str, dict[str, Any]] = PROJECT["config"]
STACKS = sorted(file.stem.removeprefix("Pulumi.") for file in ROOT.glob("Pulumi.*.yaml"))
KEYS = keys(Settings)
# What the documentation's table says of a key whose schema has no default, or whose default the program fills up.
SAID_OTHERWISE = {"approvers": "list of e-mail addresses, required", "task": 'object, title "Scheduled run"'}
# What a setting of each type is to the engine. A list may also be one text with commas, so its key has no type.
ENGINE_TYPES = {"bool": "boolean", "int": "integer", "str": "string", "dict": "object", "tuple": "array"}
UNTYPED = {"approvers"}


def section(page: str, heading: str) -> str:
    """The words of one section of a page in docs/, without its heading."""
    return (ROOT / "docs" / page).read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]


def shipped(stack: str) -> dict[str, str]:
    """What the engine hands to the program, by key without namespace."""
    return {
        key.removeprefix("signoff:"): text
        for key, text in stack_config(ROOT, stack, {}).items()
        if key.startswith("signoff:")
    }


def settings(stack: str) -> Settings:
    seen: list[Settings] = []
    deploy(lambda: seen.append(Settings.load()), shipped(stack))
    return seen[0]


@pytest.fixture(scope="module", params=STACKS)
def shipped_graph(request) -> Graph:
    return deploy(config=shipped(request.param))


def test_the_schema_names_the_keys_that_the_program_reads_in_their_order():
    assert list(SCHEMA) == list(KEYS)


def test_a_key_is_its_setting_in_camel_case():
    assert KEYS["deadlineSeconds"] == "deadline_seconds"


@pytest.mark.parametrize("key", sorted(KEYS.keys() - UNTYPED))
def test_the_engine_checks_the_type_that_the_program_expects(key):
    hint = get_type_hints(Settings)[KEYS[key]]
    assert SCHEMA[key]["type"] == ENGINE_TYPES[getattr(hint, "__origin__", hint).__name__]


@pytest.mark.parametrize("key", sorted(KEYS.keys() - UNTYPED))
def test_the_schemas_default_is_the_programs(key):
    given = load(approvers=[ALICE], **{key: SCHEMA[key]["default"]})
    assert given == load(approvers=[ALICE])


def test_whom_to_ask_has_no_default_and_no_type():
    assert SCHEMA["approvers"].keys() == {"description"}


@pytest.mark.parametrize("key", SCHEMA)
def test_every_key_is_described_by_a_sentence(key):
    assert SCHEMA[key]["description"].endswith(".")


def test_the_documentation_lists_every_key_in_order_with_its_type_and_default():
    """A default that is not empty is written out; an empty one is "none"."""
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", section("configuration.md", "Keys"), re.MULTILINE)
    assert [key for key, _ in rows] == list(SCHEMA)
    words = {"integer": "integer", "boolean": "boolean", "string": "text", "object": "object", "array": "list"}
    for key, said in rows:
        if key in SAID_OTHERWISE:
            assert said.strip() == SAID_OTHERWISE[key]
            continue
        default = SCHEMA[key]["default"]
        told = json.dumps(default) if isinstance(default, bool | int) else f"`{default}`" if default else "none"
        assert said.strip() == f"{words[SCHEMA[key]['type']]}, {told}", key


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


def test_the_documentation_lists_every_output(shipped_graph):
    named = re.findall(r"`(\w+)`", section("configuration.md", "Outputs"))
    assert sorted(named) == sorted(shipped_graph.exports)


def test_a_new_project_is_asked_for_keys_that_exist():
    asked = {key for key in PROJECT["template"]["config"] if ":" not in key}
    assert "approvers" in asked, "which has no default"
    assert asked <= KEYS.keys()


def test_there_is_a_stack_to_try_things_in_and_one_for_production():
    assert STACKS == ["dev", "prod"]


def test_a_shipped_stack_deploys(shipped_graph):
    assert shipped_graph.exports["stateMachineArn"]


def test_the_stacks_differ_in_what_production_needs():
    dev, prod = settings("dev"), settings("prod")
    assert (dev.protect, prod.protect) == (False, True)
    assert (dev.point_in_time_recovery, prod.point_in_time_recovery) == (False, True)
    assert not dev.schedule
    assert prod.schedule
    assert prod.operator_email
    assert set(dev.approvers) < set(prod.approvers)
    assert dev.approvals_required < prod.approvals_required
    assert dev.deadline_seconds < prod.deadline_seconds
    assert dev.audit_days < prod.audit_days
    assert dev.log_retention_days < prod.log_retention_days


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_tags_everything_with_where_it_belongs(stack):
    tags = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]["aws:defaultTags"]["tags"]
    assert tags == {"project": PROJECT["name"], "environment": stack}
