"""Every AWS call of every function, read from the code."""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import boto3

HANDLERS = Path(__file__).parents[2] / "handlers"
SERVICES = ("dynamodb", "sns", "sqs", "stepfunctions")
PORTS = {"approvals/store.py": "Store", "approvals/callback.py": "Callback"}  # classes that hold a client
SHARED = ("approvals/callback.py",)  # modules with functions that call AWS on behalf of an entry point


@dataclass(frozen=True, order=True)
class Call:
    """`place` is where in the code: function, what is called there, and the number of that call in it."""

    handler: str
    place: str
    operation: str


def aws_calls(root: Path = HANDLERS) -> set[Call]:
    """One for each operation that each call to AWS, direct or by way of Store and Callback, may come to."""
    ports = _methods(root)
    shared = [node for name in SHARED for node in _functions(root / name)]
    found = set()
    for module in sorted(root.glob("*.py")):
        own = _functions(module)
        names = {node.name for node in own}
        pending, seen = [*own], set(names)
        while pending:
            function = pending.pop()
            found |= _calls_in(module.stem, function, ports)
            for node in shared:
                if node.name not in seen and node.name in _mentioned(function):
                    seen.add(node.name)
                    pending.append(node)
    return found


def unread(root: Path = HANDLERS) -> set[str]:
    """AWS calls that `aws_calls` cannot see: of another client than its module's constant, Store's or Callback's."""
    found = set()
    for module in sorted(root.rglob("*.py")):
        name = module.relative_to(root).as_posix()
        for node in ast.walk(ast.parse(module.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            owner = ast.unparse(node.func.value)
            if node.func.attr in {"client", "resource", "Session"} and owner == "boto3":
                if ast.unparse(node.args[0]) not in {repr(service) for service in SERVICES}:
                    found.add(f"{name}: {ast.unparse(node)}")
            elif node.func.attr in _client_methods() and not (
                (name in PORTS and owner == "self._client") or ("/" not in name and owner.isupper())
            ):
                found.add(f"{name}: {ast.unparse(node.func)}")
    return found


def _calls_in(handler: str, function: ast.FunctionDef, ports: dict[str, set[str]]) -> set[Call]:
    found, count = set(), Counter()
    for node in sorted(
        (one for one in ast.walk(function) if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute)),
        key=lambda one: (one.lineno, one.col_offset),
    ):
        owner, method = node.func.value, node.func.attr
        if not isinstance(owner, ast.Name):
            continue
        name = owner.id.upper()
        if name in {"STORE", "CALLBACK"}:
            operations = ports[f"{name}.{method}"]
            if method == "change" and not any(keyword.arg == "new" for keyword in node.keywords):
                operations = operations - {"PutItem"}
            if method == "give":
                operations = _given(node)
        elif method in (operations_of := _client_methods()) and owner.id.isupper():
            operations = {operations_of[method]}
        else:
            continue
        count[method] += 1
        place = f"{function.name}, {method} {count[method]}"
        found |= {Call(handler, place, operation) for operation in operations}
    return found


def _given(node: ast.Call) -> set[str]:
    """An answer spelt out as a Failure can only be a failure."""
    spelt = {one.func.id for one in node.args if isinstance(one, ast.Call) and isinstance(one.func, ast.Name)}
    return {"SendTaskFailure"} if spelt == {"Failure"} else {"SendTaskSuccess", "SendTaskFailure"}


def _methods(root: Path) -> dict[str, set[str]]:
    """Operations by "STORE.method" and "CALLBACK.method", those of the methods they call included."""
    known: dict[str, set[str]] = {}
    for module, name in PORTS.items():
        (cls,) = (
            node
            for node in ast.parse((root / module).read_text()).body
            if isinstance(node, ast.ClassDef) and node.name == name
        )
        methods = {node.name: node for node in cls.body if isinstance(node, ast.FunctionDef)}
        for method in methods:
            known[f"{name.upper()}.{method}"] = _reached(method, methods)
    return known


def _reached(method: str, methods: dict[str, ast.FunctionDef], seen: frozenset[str] = frozenset()) -> set[str]:
    if method in seen or method not in methods:
        return set()
    found = set()
    for node in ast.walk(methods[method]):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner, name = ast.unparse(node.func.value), node.func.attr
            if owner == "self._client":
                found.add(_client_methods()[name])
            elif owner == "self":
                found |= _reached(name, methods, seen | {method})
    return found


def _functions(module: Path) -> list[ast.FunctionDef]:
    """Those of a module and of its plain `if` blocks; functions inside of functions count to these."""
    body = ast.parse(module.read_text()).body
    body += [node for block in body if isinstance(block, ast.If) for node in block.body]
    return [node for node in body if isinstance(node, ast.FunctionDef)]


def _mentioned(function: ast.FunctionDef) -> set[str]:
    return {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}


@cache
def _client_methods() -> dict[str, str]:
    """API operation by the name of the SDK's method."""
    keys = {"region_name": "us-east-1", "aws_access_key_id": "-", "aws_secret_access_key": "-"}
    clients = [boto3.client(service, **keys) for service in SERVICES]
    return {method: api for client in clients for method, api in client.meta.method_to_api_mapping.items()}
