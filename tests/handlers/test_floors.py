"""Which module of handlers/ may import which, read from their source; what is there for type checkers counts, too.

That the adapters are what the use cases need, mypy checks where the entry modules put them together; here their
parameters are compared with the ports', and so are those of the fakes, which tests hand over untyped.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from handlers.approvals.adapters.clock import SystemClock
from handlers.approvals.adapters.dynamodb import ApprovalTable
from handlers.approvals.adapters.eventbridge import EventBus
from handlers.approvals.adapters.queue import RequestQueue
from handlers.approvals.adapters.sns import ApproverTopic, ChatTopic, OperatorTopic
from handlers.approvals.adapters.step_functions import StepFunctions
from handlers.approvals.usecases import ports
from tests.support.fakes import FakeWorkflow, Mailbox, MemoryStore, OperatorBox
from tests.support.services import FakeClock
from tests.support.walk import as_shipped

ROOT = Path(__file__).parent.parent.parent
ENTRIES = "entry modules"
YOURS = "functions of the holder"
HOLDERS = ("handlers.generate_task", "handlers.process_task")
CONTRACT, OBSERVABILITY = "handlers.contract", "handlers.approvals.observability"
RULES, USECASES = "handlers.approvals.rules", "handlers.approvals.usecases"
FACES, ADAPTERS = "handlers.approvals.faces", "handlers.approvals.adapters"
PARSING = "handlers.approvals.parsing"
# What each floor may import besides itself and the standard library.
ALLOWED = {
    CONTRACT: set(),
    RULES: {CONTRACT},
    USECASES: {RULES, CONTRACT, OBSERVABILITY},
    FACES: {RULES, CONTRACT, "markupsafe"},
    OBSERVABILITY: {CONTRACT, "aws_lambda_powertools"},
    PARSING: {FACES, USECASES, RULES, CONTRACT},
    ADAPTERS: {PARSING, FACES, USECASES, RULES, CONTRACT, OBSERVABILITY, "boto3", "botocore", "mypy_boto3"},
    ENTRIES: {
        ADAPTERS,
        PARSING,
        FACES,
        USECASES,
        RULES,
        CONTRACT,
        OBSERVABILITY,
        "boto3",
        "aws_lambda_powertools",  # the type of Lambda's context
        YOURS,
    },
    YOURS: {CONTRACT, "boto3"},  # what a holder may add: as shipped, they import nothing of ours
}
# Of the standard library, what the pure floors and the use cases have to be given, or leave to the edge.
GIVEN = {"os", "time", "datetime", "json", "logging", "http", "socket", "subprocess"}
EXCEPTIONS = {
    # How many bytes a comment takes is counted as it will stand in JSON, in the table and in the workflow's state.
    ("handlers.approvals.rules.decisions", "json"),
}


def modules() -> dict[str, ast.Module]:
    """Every module of handlers/ by its name, parsed."""
    found = {}
    for path in sorted((ROOT / "handlers").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts).removesuffix(".__init__")] = ast.parse(path.read_text())
    return found


MODULES = modules()


def imports(name: str) -> Iterator[str]:
    """What a module imports, wherever in its text: modules, or their names where these are no modules."""
    for node in ast.walk(MODULES[name]):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module, f"{name} imports relatively"
            assert not node.level, f"{name} imports relatively"
            for one in node.names:
                inner = f"{node.module}.{one.name}"
                yield inner if inner in MODULES else node.module


def library(name: str) -> str:
    return name.partition(".")[0]


def floor(name: str) -> str:
    """The floor of a module of ours, or the library that another one belongs to; "" for the standard library."""
    top = library(name)
    if top != "handlers":
        return "" if top in sys.stdlib_module_names else "mypy_boto3" if top.startswith("mypy_boto3_") else top
    for known in ALLOWED:
        if name == known or name.startswith(f"{known}."):
            return known
    if name in HOLDERS:
        return YOURS
    return ENTRIES if name.count(".") == 1 and name != "handlers.approvals" else name


PACKAGES = {"handlers", "handlers.approvals"}  # which hold nothing


def test_every_module_stands_on_a_floor():
    assert {floor(name) for name in MODULES.keys() - PACKAGES} == ALLOWED.keys()
    for name in PACKAGES:
        statements = [one for one in MODULES[name].body if not isinstance(one, ast.Expr)]
        assert statements == [], name


@pytest.mark.parametrize("name", sorted(MODULES.keys() - PACKAGES))
def test_a_module_imports_from_its_own_floor_and_those_below_only(name):
    own = floor(name)
    allowed = {own, "", *ALLOWED[own]} - {ENTRIES}
    assert {one for one in imports(name) if floor(one) not in allowed} == set()


def test_what_stands_above_is_told_from_what_stands_below():
    """Would this file see a wrong import?"""
    assert floor("handlers.approvals.adapters.sns") == ADAPTERS
    assert floor("handlers.page") == ENTRIES
    assert (floor("boto3.dynamodb.types"), floor("mypy_boto3_sns"), floor("json")) == ("boto3", "mypy_boto3", "")
    assert "mypy_boto3_sns" in imports("handlers.approvals.adapters.sns"), "under TYPE_CHECKING"
    assert "handlers.approvals.faces.mail" in imports("handlers.approvals.adapters.sns")


def test_nobody_imports_an_entry_module():
    assert {one for name in MODULES for one in imports(name) if floor(one) == ENTRIES} == set()


@as_shipped
@pytest.mark.parametrize("name", HOLDERS)
def test_the_functions_of_the_holder_know_nothing_of_ours(name):
    assert list(imports(name)) == ["typing"]


def test_no_two_modules_import_each_other_by_whatever_way():
    graph = {name: [one for one in imports(name) if one in MODULES] for name in MODULES}
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the modules


def test_rules_and_use_cases_are_given_what_they_know_of_the_world():
    names = [name for name in MODULES if floor(name) in {RULES, USECASES}]
    assert {(name, one) for name in names for one in imports(name) if library(one) in GIVEN} == EXCEPTIONS


def test_the_environment_is_read_by_entry_modules_only():
    readers = {name for name in MODULES if "os" in map(library, imports(name)) and name not in HOLDERS}
    assert readers
    assert {floor(name) for name in readers} == {ENTRIES}


@pytest.mark.parametrize(
    ("port", "made"),
    [
        (ports.Store, ApprovalTable),
        (ports.Store, MemoryStore),
        (ports.Workflow, StepFunctions),
        (ports.Workflow, FakeWorkflow),
        (ports.Mail, ApproverTopic),
        (ports.Mail, Mailbox),
        (ports.Operator, OperatorTopic),
        (ports.Operator, OperatorBox),
        (ports.Events, EventBus),
        (ports.Chat, ChatTopic),
        (ports.Announcements, RequestQueue),
        (ports.Clock, SystemClock),
        (ports.Clock, FakeClock),
    ],
)
def test_whoever_stands_behind_a_port_has_its_methods_with_its_parameters(port, made):
    methods = {name: method for name, method in vars(port).items() if inspect.isfunction(method) and name[0] != "_"}
    assert methods
    for name, method in methods.items():
        wanted, found = (inspect.signature(one, eval_str=True) for one in (method, getattr(made, name)))
        assert found.parameters == wanted.parameters, f"{made.__name__}.{name}"
