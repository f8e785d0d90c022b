"""The listings of docs/embed.md fit the plugin's schema, and the one without a plugin runs."""

from __future__ import annotations

import ast
import json
import re
from typing import Any

import pytest
from pydantic.alias_generators import to_camel
from ruamel.yaml import YAML

from component.provider import OTHERS
from infra.approvals import LONGEST_NAME
from tests.support.harness import ROOT, deploy

PAGE = (ROOT / "docs/embed.md").read_text(encoding="utf-8")
SCHEMA = json.loads((ROOT / "component/schema.json").read_text(encoding="utf-8"))
RESOURCE = SCHEMA["resources"]["signoff:index:Approvals"]
POLICY = SCHEMA["types"]["signoff:index:Policy"]


def listings(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def in_python(listing: str) -> tuple[list[dict[str, Any]], set[str]]:
    """What each instance is given, by the schema's names, and which outputs are read. A value is not looked at."""

    def written(node: ast.expr) -> Any:
        if isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            return {ast.literal_eval(key): written(value) for key, value in pairs if key}
        if isinstance(node, ast.Call):
            return {str(one.arg): written(one.value) for one in node.keywords}
        return None

    def camel(given: dict[str, Any]) -> dict[str, Any]:
        policies = given.get("policies", {})
        named = {name: {to_camel(key): None for key in policy} for name, policy in policies.items()}
        return {to_camel(key): named if key == "policies" else None for key in given}

    instances, read = [], set()
    for node in ast.walk(ast.parse(listing)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"signoff.Approvals", "Approvals"}:
            instances.append(camel(written(node.args[1] if len(node.args) > 1 else node)))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "releases":
            read.add(to_camel(node.attr.removesuffix("_for")))
    return instances, read


def in_typescript(listing: str) -> tuple[list[dict[str, Any]], set[str]]:
    instances = []
    for given in re.findall(r"new signoff\.Approvals\(\"\w+\", (\{.*?^\})\)", listing, re.DOTALL | re.MULTILINE):
        quoted = re.sub(r"(\w+): ", r'"\1": ', given.replace("pay.arn", "null"))
        instances.append(json.loads(re.sub(r",(\s*})", r"\1", quoted)))
    return instances, set(re.findall(r"releases\.(\w+)", listing))


def in_yaml(listing: str) -> tuple[list[dict[str, Any]], set[str]]:
    program = YAML(typ="safe").load(listing)
    held = list(program["resources"].values())
    assert {one["type"] for one in held} == {"signoff:Approvals"}
    return [one["properties"] for one in held], set(re.findall(r"\${releases\.(\w+)}", listing))


READ = {
    "TypeScript": lambda: in_typescript(*listings("typescript")),
    "YAML": lambda: in_yaml(*listings("yaml")),
    "Python with an SDK": lambda: in_python(listings("python")[0]),
    "Python without": lambda: in_python(listings("python")[1]),
}


@pytest.mark.parametrize("read", READ.values(), ids=READ)
def test_a_listing_gives_what_the_schema_takes_and_reads_what_it_returns(read):
    instances, outputs = read()
    assert instances
    for given in instances:
        assert set(RESOURCE["requiredInputs"]) <= given.keys() <= RESOURCE["inputProperties"].keys()
        for policy in given.get("policies", {}).values():
            assert policy.keys() <= POLICY["properties"].keys()
    assert any(given.get("policies") for given in instances)
    assert outputs
    assert outputs <= RESOURCE["properties"].keys()


def test_the_listing_without_a_plugin_runs():
    made = deploy(lambda: exec(listings("python")[1], {}))
    assert {node.name for node in made.of("signoff:approvals:Approvals")} == {"releases"}


def test_the_page_says_each_argument_that_is_no_key_and_how_long_a_name_may_be():
    said = PAGE.partition("## What to pass")[2].partition("\n## ")[0]
    assert {to_camel(name) for name in OTHERS} == set(re.findall(r"^\| `(\w+)` \|", said, re.MULTILINE))
    assert f"1 to {LONGEST_NAME} lower-case letters" in said
