"""docs/make-it-yours.md: each of its changes, made in a copy of the program, and the tests that it names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pictures import resources
from tests.support.walk import LISTINGS, PAGE, as_shipped, run, walk

pytestmark = as_shipped

# What the page's program is held to by the tests as shipped, beside its own.
TESTS = [
    "tests/handlers/test_invoice.py",
    "tests/infra/test_contract.py",
    "tests/infra/test_environment.py",
    "tests/infra/test_iam.py",
    "tests/infra/test_stack_files.py",
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    return walk(tmp_path_factory.mktemp("yours"))


def test_every_listing_of_code_says_where_it_goes():
    fenced = re.findall(r"^```(?:diff|python)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(LISTINGS) == len(fenced) > 5


def test_the_program_of_the_page_passes_its_tests_and_ours(copy):
    said = run(copy, "-m", "pytest", "-n", "0", "-q", "-p", "no:cacheprovider", *TESTS)
    assert " passed" in said


def test_a_holders_own_resources_make_no_picture_old(copy):
    said = run(copy, "-c", "from pictures import resources; print(resources.document(resources.recorded()))")
    assert said.strip() == resources.document(resources.recorded()).strip()


def test_the_code_of_the_page_is_written_as_ours(copy):
    files = [name for name, _, _ in LISTINGS if name.endswith(".py")]
    run(copy, "-m", "ruff", "check", "--no-cache", *files)
    run(copy, "-m", "ruff", "format", "--check", "--no-cache", *files)
