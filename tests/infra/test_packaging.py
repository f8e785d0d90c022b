"""What goes into the Lambda archives: exactly what is imported, the same bytes each time, and enough to run."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from infra.shared import packaging
from sandbox import environments
from sandbox.archive import zipped
from tests.support.harness import ROOT

FUNCTION = "aws:lambda/function:Function"
LOGGING = {"aws_lambda_powertools", "typing_extensions.py"}
RENDERING = LOGGING | {"markupsafe"}
LIBRARIES = {
    "generate": LOGGING,
    "process": LOGGING,
    "give_up": LOGGING,
    "reconcile": LOGGING,
    "page": RENDERING,
    "ask": LOGGING,
    "bounce": LOGGING,
    "announce": LOGGING,
    "operate": LOGGING,
}
YOURS = {"generate": "generate_task", "process": "process_task"}
# Measured 1.3 MB at the most; a fifth more is room for new releases, not for another library.
LARGEST_BYTES = 1_560_000
IMPORT = """
import importlib, json, sys
sys.path.insert(0, sys.argv[1])
module = importlib.import_module(sys.argv[2])
assert callable(module.handler)
print(json.dumps([file for one in list(sys.modules.values()) if (file := getattr(one, "__file__", None))]))
"""


@pytest.fixture(scope="module")
def unpacked(mailed, tmp_path_factory) -> dict[str, Path]:
    """A folder for each entry point, as Lambda would unpack it."""
    folders = {}
    for function in mailed.of(FUNCTION):
        entry = function.inputs["handler"].split(".")[1]
        folders[entry] = tmp_path_factory.mktemp(entry)
        with zipfile.ZipFile(io.BytesIO(zipped(function.inputs["code"]))) as archive:
            archive.extractall(folders[entry])
    return folders


@pytest.fixture(scope="module")
def runtime() -> Path:
    """An interpreter with boto3 and nothing else, as on Lambda."""
    _, functions = environments.ensure(print)
    return functions


def files(folder: Path) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}


def test_there_is_one_archive_for_each_entry_point_and_none_besides(unpacked):
    assert unpacked.keys() == LIBRARIES.keys()
    modules = {path.stem for path in (ROOT / "handlers").glob("*.py")} - {"__init__"}
    assert modules == LIBRARIES.keys() | set(YOURS.values())


@pytest.mark.parametrize("entry", LIBRARIES)
def test_an_archive_holds_its_own_entry_point_and_the_whole_domain(unpacked, entry):
    domain = {
        path.relative_to(ROOT).as_posix()
        for folder in ("approvals", "contract")
        for path in (ROOT / "handlers" / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    own = {name for name in files(unpacked[entry]) if name.startswith("handlers/")}
    yours = {f"handlers/{YOURS[entry]}.py"} if entry in YOURS else set()
    assert own == domain | {"handlers/__init__.py", f"handlers/{entry}.py"} | yours
    assert "handlers/approvals/faces/style.css" in own


@pytest.mark.parametrize(("entry", "libraries"), LIBRARIES.items())
def test_an_archive_holds_the_libraries_that_its_function_imports_and_of_those_what_it_uses(unpacked, entry, libraries):
    """What runs on one machine only is left out, too. That no library is missing is what the journeys show."""
    folder = unpacked[entry]
    assert {path.name for path in folder.iterdir()} == libraries | {"handlers"}
    found = {name for name in files(folder) if not name.startswith("handlers/")}
    assert {Path(name).suffix for name in found} == {".py"}
    assert not [name for name in found if name.startswith(packaging.UNUSED)]
    assert sum((folder / name).stat().st_size for name in files(folder)) <= LARGEST_BYTES


@pytest.mark.parametrize("entry", LIBRARIES)
def test_a_handler_can_be_imported_from_its_archive_with_boto3_and_nothing_else(mailed, unpacked, runtime, entry):
    (function,) = [node for node in mailed.of(FUNCTION) if node.inputs["handler"] == f"handlers.{entry}.handler"]
    variables = function.inputs["environment"]["variables"] | {"AWS_DEFAULT_REGION": "eu-central-1"}
    command = [str(runtime), "-I", "-B", "-W", "error", "-c", IMPORT, str(unpacked[entry]), f"handlers.{entry}"]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loaded = {Path(file) for file in json.loads(done.stdout)}
    ours = [file for file in loaded if file.is_relative_to(ROOT) and not file.is_relative_to(environments.HOME)]
    assert not ours, "the handler was helped by the project's own folder"


@pytest.fixture
def build(monkeypatch):
    """The bytes of the largest archive, from the handlers of this folder."""

    def built(folder: Path) -> bytes:
        monkeypatch.setattr(packaging, "ROOT", folder)
        return zipped(packaging.archive("page", packaging.LOGGING + packaging.RENDERING))

    return built


def test_the_same_source_gives_the_same_bytes_and_another_gives_others(build, tmp_path):
    def copy(name: str) -> Path:
        shutil.copytree(ROOT / "handlers", tmp_path / name / "handlers", ignore=shutil.ignore_patterns("__pycache__"))
        return tmp_path / name

    plain, used = copy("plain"), copy("used")
    for source in sorted(used.rglob("*.py"), reverse=True):
        os.utime(source, (0, 0))
        source.chmod(0o600)
    caches = used / "handlers/approvals/rules/__pycache__"
    caches.mkdir()
    (caches / "record.cpython-313.pyc").write_bytes(b"compiled")
    (used / "handlers/approvals/rules/.record.py.swp").write_bytes(b"editor")
    assert build(plain) == build(plain) == build(used)
    (used / "handlers/approvals/rules/record.py").write_text("changed = True\n")
    assert build(plain) != build(used)


def test_a_checkout_as_on_windows_gives_the_same_bytes(build, tmp_path):
    """Who deploys from Windows and who from Linux would undo each other's archives."""

    def git(*arguments: str | Path) -> None:
        subprocess.run(
            ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false", *arguments],
            check=True,
        )

    origin, clone = tmp_path / "origin", tmp_path / "clone"
    shutil.copytree(ROOT / "handlers", origin / "handlers", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".gitattributes", origin)
    git("init", "--quiet", origin)
    git("-C", origin, "add", ".")
    git("-C", origin, "commit", "--quiet", "--message", "All")
    git("clone", "--quiet", "-c", "core.autocrlf=true", origin, clone)
    assert build(clone) == build(ROOT)


def test_an_entry_point_that_does_not_exist_is_refused():
    with pytest.raises(FileNotFoundError, match=r"handlers/no_such_task\.py"):
        packaging.archive("no_such_task", packaging.LOGGING)
