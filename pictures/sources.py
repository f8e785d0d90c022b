"""What each picture is drawn from, as a digest: so that a test sees, without a browser, that a picture is old."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sandbox.deploy import PROJECT

IMAGES = PROJECT / "docs/images"
RECORDED = IMAGES / "sources.json"


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Files of the project, by their paths in it.

    modules  are followed through what they import
    within   beginnings of the paths that count; what is imported from elsewhere changes no picture, or hardly ever
    others   files that nothing imports, such as style sheets, or patterns of them
    drawn    what is made of all else that counts, as text
    """

    modules: tuple[str, ...]
    within: tuple[str, ...]
    others: tuple[str, ...] = ()
    drawn: Callable[[], str] = str

    def files(self, root: Path = PROJECT) -> list[str]:
        found: set[str] = set()
        waiting = list(self.modules)
        while waiting:
            file = waiting.pop()
            if file not in found and file.startswith(self.within):
                found.add(file)
                waiting += imported(root, file)
        others = {file for pattern in self.others for file in root.glob(pattern) if file.is_file()}
        return sorted(found | {file.relative_to(root).as_posix() for file in others})

    def digest(self, root: Path = PROJECT) -> str:
        """Of all names and texts, whatever a checkout ends its lines with."""
        whole = hashlib.sha256()
        for file in self.files(root):
            text = (root / file).read_bytes().replace(b"\r\n", b"\n")
            whole.update(f"{file}\0{len(text)}\0".encode() + text)
        whole.update(self.drawn().encode())
        return whole.hexdigest()[:16]


def imported(root: Path, file: str) -> Iterator[str]:
    """The project's own modules that a module names, inside functions as well."""
    for node in ast.walk(ast.parse((root / file).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            path = name.replace(".", "/")
            yield from (found for found in (f"{path}.py", f"{path}/__init__.py") if (root / found).is_file())
