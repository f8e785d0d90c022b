"""docs/make-it-yours.md: its listings, and a copy of the program in which each of its changes is made."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.deploy import PROJECT

PAGE = PROJECT / "docs/make-it-yours.md"
# `path`, perhaps with a remark, and the listing below it.
LISTING = re.compile(r"^`([\w./-]+)`[^\n]*:\n\n```(diff|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LISTINGS = LISTING.findall(PAGE.read_text(encoding="utf-8"))
STACK_FILE = PROJECT / "Pulumi.dev.yaml"
NAMED = re.search("^name: signoff$", (PROJECT / "Pulumi.yaml").read_text(encoding="utf-8"), re.MULTILINE)
# The page begins with these: a project that has another name or other approvers has begun.
as_shipped = pytest.mark.skipif(
    not (NAMED and STACK_FILE.exists() and "- alice@example.com" in STACK_FILE.read_text(encoding="utf-8")),
    reason="docs/make-it-yours.md begins with the program as shipped",
)
COPIED = ["__main__.py", "Pulumi.yaml", "Pulumi.dev.yaml", "pyproject.toml"]
FOLDERS = ["docs", "examples", "handlers", "infra", "operate", "pictures", "sandbox", "tests"]


def changed(text: str, diff: str) -> str:
    """The text with each part of a diff, which `@@` divides, at the one place where it fits. Raises ValueError."""
    for part in re.split(r"^@@\n", diff, flags=re.MULTILINE):
        lines = part.splitlines(keepends=True)
        before = "".join(line[1:] or "\n" for line in lines if not line.startswith("+"))
        after = "".join(line[1:] or "\n" for line in lines if not line.startswith("-"))
        if (found := text.count(before)) != 1:
            raise ValueError(f"{PAGE.name} begins with the program as shipped; this fits in {found} places:\n{part}")
        text = text.replace(before, after)
    return text


def walk(root: Path) -> Path:
    """The program of the page, in this folder."""
    for folder in FOLDERS:
        shutil.copytree(PROJECT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__", "images"))
    for file in COPIED:
        shutil.copy(PROJECT / file, root)
    for name, kind, listing in LISTINGS:
        file = root / name
        file.write_text(listing if kind == "python" else changed(file.read_text(encoding="utf-8"), listing))
    return root


def run(root: Path, *command: str) -> str:
    """Its output. Fails with it."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    done = subprocess.run(
        [sys.executable, *command], cwd=root, env=env, capture_output=True, text=True, check=False, timeout=150
    )
    assert not done.returncode, done.stdout + done.stderr
    return done.stdout
