"""What holds for every component, found by its type token, with every option of the program on."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import pkgutil
import re
import sys
from dataclasses import fields
from types import ModuleType

import pulumi
import pytest

import infra
from tests.support.harness import BY_SES, BY_SNS, INSTANCE, OURS, ROOT, UNREAD, Graph, Node

EXPORTS = {
    "askPolicy": r'\{"Version": .+:stateMachine:workflow-machine-.+\}',
    "askState": r'\{"Type": "Task", .+:stateMachine:workflow-machine-.+\}',
    "operate": r'\{"alarms": .+"timezone": .+\}',
    "readerPolicy": r'\{"Version": .+\}',
    "operatorPolicy": r'\{"Version": .+"execute-api:Invoke".+\}',
    "stateMachineArn": r"arn:aws:states:[a-z0-9-]+:\d{12}:stateMachine:workflow-machine-\w+",
    "approvalApiUrl": r"https://\w+\.execute-api\.[a-z0-9-]+\.amazonaws\.com",
    "requestQueueUrl": r"https://sqs\.[a-z0-9-]+\.amazonaws\.com/\d{12}/requests-queue-\w+",
    "deadLetterQueueUrl": r"https://sqs\.[a-z0-9-]+\.amazonaws\.com/\d{12}/requests-dead-letters-\w+",
    "triggerDeadLetterQueueUrl": r"https://sqs\.[a-z0-9-]+\.amazonaws\.com/\d{12}/trigger-dead-letters-\w+",
    "approverTopicArn": r"arn:aws:sns:[a-z0-9-]+:\d{12}:approvers-topic-\w+",
    "operatorTopicArn": r"arn:aws:sns:[a-z0-9-]+:\d{12}:operator-topic-\w+",
    "approvalTableName": r"store-table-\w+",
    "generateTaskFunctionArn": r"arn:aws:lambda:[a-z0-9-]+:\d{12}:function:workflow-generate-\w+",
    "processTaskFunctionArn": r"arn:aws:lambda:[a-z0-9-]+:\d{12}:function:workflow-process-\w+",
}
# Physical names that AWS demands to be just so, and prefixes that decide who may write a log, or when it is vended.
NAME_EXCEPTIONS = {("aws:apigatewayv2/stage:Stage", "name", "$default")}
PREFIXES = ("/aws/lambda/", "/aws/vendedlogs/apis/", "/aws/vendedlogs/states/")


def modules() -> list[ModuleType]:
    found = pkgutil.walk_packages(infra.__path__, "infra.")
    return [importlib.import_module(module.name) for module in found]


def components() -> dict[str, type[pulumi.ComponentResource]]:
    """The component classes of infra/ by the type token that each ought to have; other namespaces are yours."""
    return {
        f"signoff:{module.__name__.rpartition('.')[2]}:{name}": found
        for module in modules()
        for name, found in inspect.getmembers(module, inspect.isclass)
        if issubclass(found, pulumi.ComponentResource) and found.__module__ == module.__name__
        if '"signoff:' in inspect.getsource(found)
    }


COMPONENTS = components()


@pytest.fixture(scope="module")
def by_urn(either) -> dict[str, Node]:
    return {node.urn: node for node in either.nodes}


@pytest.fixture(scope="module")
def made(either) -> list[Node]:
    """The resources that AWS makes."""
    return [node for node in either.nodes if node.type not in COMPONENTS]


def test_type_tokens_name_module_and_class_and_every_component_is_in_use(full, mailed):
    made = {node.type for node in full.nodes + mailed.nodes if not node.type.startswith("aws:")}
    assert made == COMPONENTS.keys() - {"signoff:approvals:Approvals"}, (
        "if that is one of yours, begin its token with another namespace than signoff"
    )
    for graph, others in ((full, BY_SES), (mailed, BY_SNS)):
        assert {node.name for node in graph.nodes if node.parent.endswith(f"::{INSTANCE}")} == OURS - others


def test_components_are_made_of_frozen_arguments_by_keyword():
    for token, component in COMPONENTS.items():
        expected = f"{component.__name__}Args"
        assert inspect.get_annotations(component.__init__)["args"] == expected, token
        args = getattr(inspect.getmodule(component), expected)
        assert args.__dataclass_params__.frozen, token
        assert all(field.kw_only for field in fields(args)), token


def test_every_resource_belongs_to_a_component(made, by_urn):
    astray = [node.name for node in made if node.parent not in by_urn or by_urn[node.parent].type not in COMPONENTS]
    assert not astray


def test_a_logical_name_begins_with_its_components(either, by_urn):
    for node in either.nodes:
        if node.parent in by_urn:
            parent = by_urn[node.parent].name
            assert node.name == parent or node.name.startswith(f"{parent}-"), f"{node.name} in {parent}"


@pytest.mark.parametrize("token", COMPONENTS)
def test_a_component_registers_the_outputs_that_it_declares(either, token):
    bases = [one for one in reversed(COMPONENTS[token].__mro__) if one.__module__.startswith("infra.")]
    hints = {name: hint for one in bases for name, hint in inspect.get_annotations(one).items()}
    declared = {name for name, hint in hints.items() if hint.startswith("pulumi.Output[")}
    declared |= {f"{name}_arn" for name, hint in hints.items() if hint == "PythonFunction"}
    for node in either.of(token):
        assert node.outputs.keys() == declared, node.name
        assert all(node.outputs.values()), f"{node.name} has an output without a value: {node.outputs}"


def test_physical_names_are_left_to_pulumi(made):
    for node in made:
        given = {(key, node.inputs[key]) for key in node.inputs if re.fullmatch(r"name(Prefix)?|bucket|family", key)}
        allowed = {(key, value) for type_, key, value in NAME_EXCEPTIONS if type_ == node.type}
        if node.type == "aws:cloudwatch/logGroup:LogGroup":
            allowed |= {("namePrefix", name) for _, name in given if name.startswith(PREFIXES)}
        assert given <= allowed, f"{node.name} is called {given}"


def test_tags_are_left_to_the_stacks_configuration(made):
    assert [node.name for node in made if node.inputs.keys() & {"tags", "tagsAll"}] == []


def test_a_resource_depends_on_all_whose_names_it_is_given(made, either, by_urn):
    """A name that reached it as plain text would be used before what it names is there."""
    owners: dict[str, set[str]] = {}
    for node in made:
        owners.setdefault(f"{node.name}-0a1b2c3", set()).add(node.urn)

    def behind(node: Node) -> set[str]:
        found, ahead = {node.urn}, [node.urn]
        while ahead:
            new = (by_urn[ahead.pop()].depends_on & by_urn.keys()) - found  # others are yours
            found |= new
            ahead += new
        return found

    given = {
        (node.urn, max(named, key=len))
        for node in made
        for text in re.findall(r"[\w/-]+-0a1b2c3", written(node))
        if (named := [name for name in owners if text.endswith(name)])
    }
    assert len(given) > len(made)
    assert not [(urn, name) for urn, name in given if not owners[name] & behind(by_urn[urn])]


def test_no_resource_is_given_an_arn_whose_form_the_mocks_do_not_know(either):
    assert not [node.name for node in either.nodes if UNREAD in written(node)]


def written(node: Node) -> str:
    """All inputs as one text; archives hold no names."""
    return json.dumps(node.inputs, default=repr)


def test_the_stack_exports_the_same_with_and_without_options(bare: Graph, full: Graph, mailed: Graph):
    """But for the topics that only some have, and what the operator's tool looks at. More are yours."""
    looks = {"operate", "readerPolicy", "operatorPolicy"}
    for name, shape in EXPORTS.items():
        assert re.fullmatch(shape, full.exports[name]), name
    for graph, missing in ((bare, "chatTopicArn"), (mailed, "approverTopicArn")):
        assert graph.exports.keys() == full.exports.keys() - {missing}
        assert {name for name in graph.exports if graph.exports[name] != full.exports[name]} <= looks
    assert re.fullmatch(r"arn:aws:sns:[a-z0-9-]+:\d{12}:announce-chat-\w+", full.exports["chatTopicArn"])


def imported(folder: str) -> set[tuple[str, str]]:
    """The packages that a folder's modules import, each with the module that is taken."""
    found: set[tuple[str, str]] = set()
    for source in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.ImportFrom):
                found.add((str(node.module).partition(".")[0], str(node.module)))
            elif isinstance(node, ast.Import):
                found |= {(one.name.partition(".")[0], one.name) for one in node.names}
    return found


def test_only_the_configuration_and_the_plugin_know_of_pydantic():
    """Components are given what has been checked."""
    config = {package for package, _ in imported("infra/config")}
    assert "pydantic" in config
    components = [file for file in (ROOT / "infra").rglob("*.py") if "config" not in file.parts]
    assert [file.name for file in components if "pydantic" in file.read_text()] == []


def test_the_program_and_its_functions_share_nothing_but_the_contract():
    taken = {module for package, module in imported("infra") if package in {"handlers", "sandbox"}}
    assert taken
    assert not {module for module in taken if not module.startswith("handlers.contract.")}
    assert not {package for package, _ in imported("handlers")} & {"infra", "sandbox", "pulumi", "pydantic"}
    foreign = {
        package for package, module in imported("handlers/contract") if not module.startswith("handlers.contract.")
    }
    assert foreign <= sys.stdlib_module_names
