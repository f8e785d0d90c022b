"""Set-up: what is made when, from where, and by which installer. The packages are made here; no index is asked."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

from sandbox import environments, pythons
from sandbox.environments import PROJECT, Environment, EnvironmentFailedError

PACKAGES = ("first", "second")


def wheel(folder: Path, name: str, words: str = "") -> Path:
    """A wheel of version 1 that holds one module."""
    info = f"{name}-1.dist-info"
    held = {
        f"{name}.py": words,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    lines = [f"{path},sha256={digest(text.encode())},{len(text)}" for path, text in held.items()]
    held[f"{info}/RECORD"] = "\n".join([*lines, f"{info}/RECORD,,", ""])
    made = folder / f"{name}-1-py3-none-any.whl"
    with zipfile.ZipFile(made, "w") as archive:
        for path, text in held.items():
            archive.writestr(path, text)
    return made


def digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


@pytest.fixture
def files(tmp_path, monkeypatch) -> dict[str, Path]:
    """A requirements file for each package; pip alone is told where the packages are."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    found = {}
    for name in PACKAGES:
        found[name] = tmp_path / f"{name}.txt"
        sha256 = hashlib.sha256(wheel(tmp_path, name).read_bytes()).hexdigest()
        found[name].write_text(f"{name}==1 --hash=sha256:{sha256}\n")
    return found


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def make(tmp_path, said):
    """Ensures an environment of these requirements, and returns it."""

    def ensure(*requirements: Path, home: Path = Path(sys.prefix), interpreter: str = "") -> Environment:
        made = Environment(tmp_path / "made", interpreter or environments.own_interpreter(), tuple(requirements), home)
        made.ensure(said.append)
        return made

    return ensure


@pytest.fixture
def home(tmp_path) -> Path:
    """A project's environment that has pip and no uv."""
    folder = tmp_path / "home"
    script(folder / "bin/python", f'exec {sys.executable} "$@"')
    return folder


def script(path: Path, line: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)


def has(made: Environment, name: str) -> bool:
    return not subprocess.run([made.python, "-c", f"import {name}"], capture_output=True, check=False).returncode


def test_uv_installs_from_where_pip_is_told_to_look(files, make, said):
    assert has(make(files["first"]), "first")
    assert said == [f"Making {said[0].split()[1]} with {environments.own_interpreter()}", "Installing first.txt"]


def test_an_environment_has_no_link_to_a_folder_which_pulumi_new_could_not_copy(files, make):
    folder = make(files["first"]).folder
    assert not [path for path in folder.rglob("*") if path.is_symlink() and path.is_dir()]


@pytest.fixture
def quick(files, make, monkeypatch):
    """The same, where to install is to write down what was asked for in the folder; `interrupt` does so at once."""

    def write_down(environment: Environment, file: Path, _say: object) -> None:
        with (environment.folder / "installed").open("a") as installed:
            installed.write(file.read_text().split("==")[0] + " ")

    def ensure(*names: str, interrupt: type[BaseException] | None = None, **options: str) -> str:
        def install(*arguments: Any) -> None:
            write_down(*arguments)
            if interrupt:
                raise interrupt

        monkeypatch.setattr(Environment, "install", install)
        made = make(*(files[name] for name in names), **options)
        assert made.python.exists()
        return (made.folder / "installed").read_text().strip()

    return ensure


def test_what_is_up_to_date_is_left_alone_and_no_process_is_started(quick, said, monkeypatch):
    quick("first", "second")
    said.clear()
    monkeypatch.setattr(subprocess, "Popen", None)
    assert quick("first", "second") == quick("first") == "first second"
    assert not said


def test_more_requirements_are_added_to_what_is_there(quick, said):
    quick("first")
    said.clear()
    assert quick("first", "second") == "first second"
    assert said == ["Installing second.txt"]


def test_a_changed_requirement_makes_all_of_it_anew(quick, files):
    quick("first")
    files["first"].write_text(files["second"].read_text())
    assert quick("first") == "second"


def test_another_interpreter_makes_all_of_it_anew(quick, said, tmp_path):
    quick("first")
    other = tmp_path / "python"
    other.symlink_to(environments.own_interpreter())
    said.clear()
    assert quick("first", interpreter=str(other)) == "first"
    assert said[0].endswith(f" with {other}")


def test_an_interpreter_that_is_gone_makes_all_of_it_anew(quick, tmp_path):
    quick("first")
    python = tmp_path / "made/bin/python"
    python.unlink()
    python.symlink_to("/no/such/python")
    assert quick("first") == "first"


@pytest.mark.parametrize("already", [(), ("first",)])
@pytest.mark.parametrize("end", [KeyboardInterrupt, EnvironmentFailedError])
def test_an_interrupted_installation_is_made_anew(quick, said, already, end):
    if already:
        quick(*already)
    with pytest.raises(end):
        quick("first", "second", interrupt=end)
    said.clear()
    assert quick("first", "second") == "first second"
    assert said[0].startswith("Making ")


def test_what_uv_cannot_get_pip_gets(files, make, said, home):
    script(home / "bin/uv", "echo no index for you; exit 1")
    assert has(make(files["first"], home=home), "first")
    assert any("no index for you" in line and "pip tries the same" in line for line in said)


def test_pip_installs_where_there_is_no_uv(files, make, said, home, monkeypatch):
    monkeypatch.setattr(environments, "INSTALLER", files["first"])
    files["first"].write_text("uv==9999 --hash=sha256:" + 64 * "0")
    assert has(make(files["first"], files["second"], home=home), "second")
    assert any("uv==9999" in line and "No uv here" in line for line in said)


def test_other_bytes_than_those_that_were_pinned_are_refused_by_uv_and_by_pip(files, make, said, tmp_path):
    wheel(tmp_path, "first", "other = True")
    with pytest.raises(EnvironmentFailedError, match=r"(?s)-m pip .*DO NOT MATCH THE HASHES"):
        make(files["first"])
    assert any("/uv pip " in line and "Hash mismatch" in line for line in said)
    assert not (tmp_path / "made/made-from").exists()


def test_pips_settings_reach_uv_by_their_rank():
    listed = """\
:env:.extra-index-url='https://env.example.com/simple'
global.extra-index-url='https://global.example.com/simple'
global.index-url='https://user:p=w@mirror.example.com/simple'
global.timeout='60'
install.find-links='\\n/one\\n/two'
install.index-url='https://install.example.com/simple'
install.trusted-host='a.example.com b.example.com'
list.index-url='https://list.example.com/simple'
"""
    assert environments.uv_names(listed) == {
        "UV_DEFAULT_INDEX": "https://install.example.com/simple",
        "UV_INDEX": "https://env.example.com/simple",
        "UV_FIND_LINKS": "/one,/two",
        "UV_INSECURE_HOST": "a.example.com b.example.com",
    }


def test_uvs_own_variables_come_first(monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "https://pip.example.com/simple")
    made = Environment(Path(), "", (), Path(sys.prefix))
    assert made.uv_settings()["UV_DEFAULT_INDEX"] == "https://pip.example.com/simple"
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://uv.example.com/simple")
    assert made.uv_settings()["UV_DEFAULT_INDEX"] == "https://uv.example.com/simple"


def test_an_installer_that_is_silent_is_said_to_be_at_work(said, monkeypatch):
    monkeypatch.setattr(environments, "PATIENCE_SECONDS", 0.05)
    environments.run(
        sys.executable, "-c", "import time; print('Downloading more', flush=True); time.sleep(1)", say=said.append
    )
    assert "  Downloading more" in said
    assert said.count("  … 0 s") > 1


def test_all_say_the_same_range_of_pythons():
    oldest, newest = (".".join(map(str, version)) for version in (pythons.OLDEST, pythons.NEWEST))
    above = f"{pythons.NEWEST[0]}.{pythons.NEWEST[1] + 1}"
    pyproject = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    assert pyproject["project"]["requires-python"] == f">={oldest},<{above}"
    assert pyproject["tool"]["mypy"]["python_version"] == oldest
    assert pyproject["tool"]["ruff"]["target-version"] == f"py{oldest.replace('.', '')}"
    for name in ("README.md", "docs/development.md", "Makefile"):
        assert set(re.findall(r"Python (3\.\d+.{1,9}3\.\d+|3\.\d+ or \w+)", (PROJECT / name).read_text())) == {
            f"{oldest} to {newest}"
        }, name
    assert f"--python-version={oldest}\n" in (PROJECT / "Makefile").read_text()
    assert f"\nends=({oldest} {newest}) " in (PROJECT / ".ci/run").read_text()


def test_functions_run_on_awss_python_wherever_it_is(monkeypatch, tmp_path):
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    assert environments.lambda_interpreter() == environments.own_interpreter()
    script(tmp_path / "path/python3.13", "exit 127")  # the shim of a version that is switched off
    assert environments.lambda_interpreter() == environments.own_interpreter()
    script(tmp_path / "path/python3.13", "exit 0")
    assert environments.lambda_interpreter() == str(tmp_path / "path/python3.13")
    script(tmp_path / "pyenv/versions/3.13.1/bin/python3.13", "exit 0")
    assert environments.lambda_interpreter() == str(tmp_path / "pyenv/versions/3.13.1/bin/python3.13")


def test_the_tools_of_tests_come_when_asked_for():
    without, with_tools = (environments.project(Path(".venv"), tools=tools).requirements for tools in (False, True))
    assert with_tools == (*without, PROJECT / "requirements-dev.txt")
    assert not {"pytest", "mypy", "ruff", "hypothesis"} & {
        line.split("==")[0] for file in without for line in file.read_text().splitlines()
    }


def test_the_updater_finds_in_each_pinned_file_the_command_that_made_it():
    """Renovate reads it from the header: https://docs.renovatebot.com/modules/manager/pip-compile/"""
    for file in environments.WORDS:
        name = file.relative_to(PROJECT).as_posix()
        source = "pyproject.toml" if file == environments.PROGRAM else name.replace(".txt", ".in")
        first, second, *_ = file.read_text().splitlines()
        assert first == "# This file was autogenerated by uv via the following command:"
        assert second == (
            f"#    uv pip compile --generate-hashes --universal --python-version=3.11 --output-file={name} {source}"
        )


def test_every_requirement_asked_for_is_pinned():
    for file in environments.WORDS:
        source = file.with_suffix(".in")
        lines = source.read_text().splitlines() if source.exists() else []
        asked = {re.split(r"[\[<=\s]", line)[0] for line in lines if line and line[0] not in "#-"}
        if file == environments.PROGRAM:
            asked = set(tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["dependencies"])
        assert asked
        assert asked <= set(re.findall(r"^([\w-]+)==", file.read_text(), re.MULTILINE)), (
            f"run make lock for {file.name}"
        )
