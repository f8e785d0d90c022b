"""Which calls a use case can make of its ports, and which AWS operations these come to: read from the code.

Reading begins where an entry module serves (`SERVED`) and follows each function by the types of what it is given: mypy
keeps these annotations true. A port, or what holds one, is met in two places only: before a dot, or as an argument of a
function that is followed as well. Anywhere else (a local name, a list, somebody else's function) it could slip away, so
that is an error. Nothing here says that a call is made; what is made, the proxy sees.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import dedent
from types import FunctionType
from typing import Any, NamedTuple, get_args, get_type_hints

import boto3

from handlers import give_up_request, reconcile_request
from handlers.approval_api import ApprovalApi
from handlers.approvals.adapters.dynamodb import ApprovalTable
from handlers.approvals.adapters.queue import RequestQueue
from handlers.approvals.adapters.sns import ApproverTopic, OperatorTopic
from handlers.approvals.adapters.step_functions import StepFunctions
from handlers.approvals.usecases.ports import Mail, Operator, Store, Workflow
from handlers.approvals.usecases.records import Records
from handlers.request_approval import Requests

HANDLERS = Path(__file__).parents[2] / "handlers"
SERVICES = ("dynamodb", "sns", "sqs", "stepfunctions")
AWS = "approvals/adapters/aws.py"  # where clients are made, by these
MAKERS = {"client", "OnDemand"}


class Port(NamedTuple):
    """`kind` is what its callers know it by, `adapter` is who serves it on AWS."""

    name: str
    kind: type
    adapter: type


PORTS = [
    Port("store", Store, ApprovalTable),
    Port("workflow", Workflow, StepFunctions),
    Port("mail", Mail, ApproverTopic),
    Port("operator", Operator, OperatorTopic),
    Port("queue", RequestQueue, RequestQueue),  # of the edge: no use case knows it
]
BY_KIND = {port.kind: port for port in PORTS}


class PortCall(NamedTuple):
    use_case: str
    method: str  # "store.replace"
    operation: str


@dataclass(frozen=True)
class Code:
    """One function; `owner` is its class, if it is a method."""

    function: Callable[..., Any]
    owner: type | None = None


SERVED = {
    "answer": Code(ApprovalApi.serve, ApprovalApi),
    "ask": Code(Requests.serve, Requests),
    "give up": Code(give_up_request.serve),
    "reconcile": Code(reconcile_request.serve),
}
ENTRIES = {use_case: code.function.__module__.rpartition(".")[2] for use_case, code in SERVED.items()}
# What reading cannot know. A rule that is given no record refuses, so a change makes none; a test of its own looks.
NEVER = {Records.change: {"store.create"}}


class HiddenError(Exception):
    """A port is where its calls could not be followed."""


def possible_calls() -> set[PortCall]:
    """All that the functions can do. Raises HiddenError."""
    operations = {
        f"{port.name}.{method}": _operations(port.adapter, method) for port in PORTS for method in _public(port.kind)
    }
    return {
        PortCall(use_case, method, operation)
        for use_case, code in SERVED.items()
        for method in port_calls(code)
        for operation in operations[method]
    }


@cache
def port_calls(code: Code) -> set[str]:
    """The methods of ports ("store.replace") that this function can come to. Raises HiddenError."""
    found, reached = _read(code)
    return found.union(*map(port_calls, reached)) - NEVER.get(code.function, set())


def _read(code: Code) -> tuple[set[str], set[Code]]:
    """The methods of ports that it calls itself, and the functions that it may go on to."""
    tree = ast.parse(dedent(inspect.getsource(code.function)))
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    known = get_type_hints(code.function) | {"self": code.owner}
    called, reached = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and (function := _followed(code, node)):
            reached.add(Code(function))
        for kind in filter(_leads_to_a_port, _classes(_hint(node, known))):
            parent = parents[node]
            if not isinstance(parent, ast.Attribute):
                call = parents[parent] if isinstance(parent, ast.keyword) else parent
                if not (isinstance(call, ast.Call) and node is not call.func and _followed(code, call.func)):
                    raise HiddenError(f"{code.function.__qualname__}: {ast.unparse(parent)}")
            elif port := BY_KIND.get(kind):
                called.add(f"{port.name}.{parent.attr}")
            elif isinstance(method := inspect.getattr_static(kind, parent.attr, None), FunctionType):
                reached.add(Code(method, kind))
    return called, reached


def _hint(node: ast.AST, known: dict[str, Any]) -> Any:
    """The type of a chain of names that begins with self or an argument; None for anything else."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        return known.get(node.id)
    if isinstance(node, ast.Attribute):
        hints = [get_type_hints(kind).get(node.attr) for kind in _classes(_hint(node.value, known)) if _is_ours(kind)]
        return next(filter(None, hints), None)
    return None


def _classes(hint: Any) -> Iterator[type]:
    """Those that a type is made of."""
    if isinstance(hint, type):
        yield hint
    for inner in get_args(hint):
        yield from _classes(inner)


@cache
def _leads_to_a_port(kind: type) -> bool:
    if kind in BY_KIND or not _is_ours(kind):
        return kind in BY_KIND
    return any(_leads_to_a_port(inner) for hint in get_type_hints(kind).values() for inner in _classes(hint))


def _is_ours(kind: type) -> bool:
    return kind.__module__.startswith("handlers.")


def _followed(code: Code, node: ast.expr) -> FunctionType | None:
    """The use cases' function of this name."""
    found = code.function.__globals__.get(node.id) if isinstance(node, ast.Name) else None
    ours = isinstance(found, FunctionType) and found.__module__.startswith("handlers.approvals.usecases.")
    return found if ours else None


# How ports are served


def _public(cls: type) -> set[str]:
    return {name for name, one in vars(cls).items() if callable(one) and not name.startswith("_")}


def _operations(cls: type, method: str) -> set[str]:
    """Of AWS, by the client of this adapter; those of its own methods that it calls included."""
    found = set()
    for node in ast.walk(ast.parse(dedent(inspect.getsource(getattr(cls, method))))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner, name = ast.unparse(node.func.value), node.func.attr
            if owner == "self._client":
                found.add(_client_methods()[name])
            elif owner == "self":
                found |= _operations(cls, name)
    return found


def unknown() -> set[str]:
    """AWS calls that `possible_calls` cannot know of: past the ports, or of an adapter that serves none of them."""
    found = {f"{port.name}.{method}" for port in PORTS for method in _public(port.kind) ^ _public(port.adapter)}
    served = {port.adapter.__name__ for port in PORTS}
    for module in sorted(HANDLERS.rglob("*.py")):
        name, tree = module.relative_to(HANDLERS).as_posix(), ast.parse(module.read_text())
        adapters = [one for one in tree.body if isinstance(one, ast.ClassDef) and one.name in served]
        inside = {id(node) for adapter in adapters for node in ast.walk(adapter)}
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call) and name != AWS):
            made, owner = ast.unparse(call.func), ast.unparse(getattr(call.func, "value", call))
            known = made in MAKERS and ast.unparse(call.args[0]) in {repr(service) for service in SERVICES}
            ported = owner == "self._client" and id(call) in inside
            makes = made in MAKERS or made.endswith("client")
            calls = getattr(call.func, "attr", "") in _client_methods()
            if (makes and not known) or (calls and not ported):
                found.add(f"{name}: {ast.unparse(call)}")
    return found


@cache
def _client_methods() -> dict[str, str]:
    """API operation by the name of the SDK's method."""
    session: Any = boto3.Session(aws_access_key_id="-", aws_secret_access_key="-", region_name="us-east-1")
    clients = [session.client(service) for service in SERVICES]
    return {method: api for client in clients for method, api in client.meta.method_to_api_mapping.items()}
