"""docs/make-it-yours.md: each of its changes, made in a copy of the program, and the tests that it names."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pictures import resources
from sandbox.deploy import PROJECT

PAGE = PROJECT / "docs/make-it-yours.md"
# `path`, perhaps with a remark, and the listing below it.
LISTING = re.compile(r"^`([\w./-]+)`[^\n]*:\n\n```(diff|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)
COPIED = ["__main__.py", "Pulumi.yaml", "Pulumi.dev.yaml", "pyproject.toml"]
FOLDERS = ["docs", "examples", "handlers", "infra", "pictures", "sandbox", "tests"]
# What the page's program is held to by the tests as shipped, beside its own.
TESTS = [
    "tests/handlers/test_invoice.py",
    "tests/infra/test_contract.py",
    "tests/infra/test_environment.py",
    "tests/infra/test_policies.py",
    "tests/infra/test_stack_files.py",
]


def changed(text: str, diff: str) -> str:
    """The text with each part of a diff, which `@@` divides, at the one place where it fits. Raises ValueError."""
    for part in re.split(r"^@@\n", diff, flags=re.MULTILINE):
        lines = part.splitlines(keepends=True)
        before = "".join(line[1:] or "\n" for line in lines if not line.startswith("+"))
        after = "".join(line[1:] or "\n" for line in lines if not line.startswith("-"))
        if (found := text.count(before)) != 1:
            raise ValueError(f"fits in {found} places:\n{part}")
        text = text.replace(before, after)
    return text


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("yours")
    for folder in FOLDERS:
        shutil.copytree(PROJECT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__", "images"))
    for file in COPIED:
        shutil.copy(PROJECT / file, root)
    for name, kind, listing in LISTING.findall(PAGE.read_text(encoding="utf-8")):
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


def test_every_listing_of_code_says_where_it_goes():
    fenced = re.findall(r"^```(?:diff|python)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(LISTING.findall(PAGE.read_text(encoding="utf-8"))) == len(fenced) > 5


def test_the_program_of_the_page_passes_its_tests_and_ours(copy):
    said = run(copy, "-m", "pytest", "-n", "0", "-q", "-p", "no:cacheprovider", *TESTS)
    assert " passed" in said


def test_a_holders_own_resources_make_no_picture_old(copy):
    said = run(copy, "-c", "from pictures import resources; print(resources.document(resources.recorded()))")
    assert said.strip() == resources.document(resources.recorded()).strip()


def test_the_code_of_the_page_is_written_as_ours(copy):
    files = [name for name, _, _ in LISTING.findall(PAGE.read_text(encoding="utf-8")) if name.endswith(".py")]
    run(copy, "-m", "ruff", "check", "--no-cache", *files)
    run(copy, "-m", "ruff", "format", "--check", "--no-cache", *files)


@pytest.mark.parametrize(
    ("file", "shipped", "instead", "words"),
    [
        (
            "tests/infra/test_policies.py",
            '"workflow-process-task-policy": ["WriteLedger"]',
            '"workflow-process-task-policy": []',
            "workflow-process-task-policy: if that is meant, list it in YOURS",
        ),
        ("__main__.py", 'own=["ledgerBackups"]', "", "payments:ledgerBackups is not a key of this program"),
    ],
)
def test_what_is_forgotten_is_told_in_words(copy, tmp_path, file, shipped, instead, words):
    root = tmp_path / "forgotten"
    shutil.copytree(copy, root)
    text = (root / file).read_text(encoding="utf-8")
    assert text.count(shipped) == 1
    (root / file).write_text(text.replace(shipped, instead))
    with pytest.raises(AssertionError) as failed:
        run(root, "-m", "pytest", "-n", "0", "-q", "-p", "no:cacheprovider", "-k", "own or checkout", *TESTS[3:])
    assert words in str(failed.value)
