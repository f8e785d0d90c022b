"""The sandbox's modules, by what they import."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

PROJECT = Path(__file__).parents[2]


def imports(root: Path, package: str) -> dict[str, set[str]]:
    """Which modules of the package each of them names, for types only, inside functions or otherwise."""
    files = {
        ".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): file
        for file in (root / package).rglob("*.py")
    }
    found: dict[str, set[str]] = {}
    for module, file in files.items():
        named: set[str] = set()
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                named |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert not node.level, f"{file}: relative imports are not read here"
                assert node.module
                inner = {f"{node.module}.{alias.name}" for alias in node.names}
                named |= (inner & files.keys()) or {node.module}
        found[module] = named & files.keys()
    return found


def test_no_two_modules_of_the_sandbox_import_each_other_not_even_for_their_types():
    graph = imports(PROJECT, "sandbox")
    assert {"sandbox.deploy", "sandbox.inbox"} <= graph["sandbox.session"]  # it does see something
    TopologicalSorter(graph).prepare()
