"""Set-up: what is made when, from where, and by which installer. The packages are made here; no index is asked."""

from __future__ import annotations

import base64
import ctypes
import hashlib
import os
import re
import shutil
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


def wheel(folder: Path, name: str, words: str = "", program: str = "") -> Path:
    """A wheel of version 1 that holds one module, and a program of the same name."""
    info = f"{name}-1.dist-info"
    held = {
        f"{name}.py": words,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if program:
        held[f"{name}-1.data/scripts/{name}"] = program
    lines = [f"{path},sha256={digest(text.encode())},{len(text)}" for path, text in held.items()]
    held[f"{info}/RECORD"] = "\n".join([*lines, f"{info}/RECORD,,", ""])
    made = folder / f"{name}-1-py3-none-any.whl"
    with zipfile.ZipFile(made, "w") as archive:
        for path, text in held.items():
            entry = zipfile.ZipInfo(path)
            entry.external_attr = 0o100755 << 16
            archive.writestr(entry, text)
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


def test_a_changed_interpreter_of_the_same_name_makes_all_of_it_anew(quick, said, tmp_path):
    python = tmp_path / "python"
    script(python, f'exec {environments.own_interpreter()} "$@"')
    quick("first", interpreter=str(python))
    said.clear()
    script(python, f'# upgraded\nexec {environments.own_interpreter()} "$@"')
    quick("first", interpreter=str(python))
    assert said[0].startswith("Making ")


ELSEWHERE = {
    "variables": "PIP_TARGET={elsewhere} PIP_PREFIX={elsewhere} PIP_ROOT={elsewhere} PIP_USER=1"
    " PIP_PYTHON=/no/such/python PIP_REQUIRE_VIRTUALENV=1 PIP_DRY_RUN=1 PIP_REPORT={elsewhere}/report"
    " PIP_LOG={elsewhere}/log PIP_QUIET=3 PIP_NO_BINARY=:all: PIP_CONSTRAINT={constraint} PIP_PLATFORM=win32"
    " PIP_VERBOSE=nonsense PIP_ISOLATED=1 UV_SYSTEM_PYTHON=1 UV_PROJECT_ENVIRONMENT={elsewhere} UV_TARGET={elsewhere}"
    " UV_PREFIX={elsewhere} UV_QUIET=1 UV_NO_BINARY=1 UV_CONSTRAINT={constraint} UV_OVERRIDE={constraint}"
    " UV_EXCLUDE_NEWER=2001-01-01 UV_NO_DEPS=1 UV_PYTHON_PREFERENCE=nonsense UV_WORKING_DIR=/no/such"
    " UV_PYTHON=/no/such/python PYTHONHOME={elsewhere} PYTHONPATH={elsewhere} PYTHONUSERBASE={elsewhere}"
    " PYTHONPLATLIBDIR=lib64 VIRTUAL_ENV=/no/such CONDA_PREFIX=/no/such HOME=/no/such/home XDG_CACHE_HOME=",
    "files": "PIP_CONFIG_FILE={pip} UV_CONFIG_FILE={uv}",
}


@pytest.fixture
def elsewhere(tmp_path) -> Path:
    """A folder that nothing may be installed into."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (tmp_path / "constraint").write_text("first==2\n")
    options = (
        "target",
        "prefix",
        "root",
        "python",
        "user = 1\nquiet = 2\nno-deps = 1\ndry-run = 1\nno-binary = :all:\n#",
    )
    (tmp_path / "pip").write_text("[global]\n" + "".join(f"{option} = {folder}\n" for option in options))
    (tmp_path / "uv").write_text(f'[pip]\ntarget = "{folder}/uv"\n')
    return folder


@pytest.mark.parametrize("installer", ["uv", "pip"])
@pytest.mark.parametrize("variables", ELSEWHERE.values(), ids=ELSEWHERE)
def test_what_people_have_set_for_their_own_work_fills_the_same_environment(
    files, make, home, elsewhere, monkeypatch, variables, installer
):
    names = {name: str(elsewhere.parent / name) for name in ("constraint", "pip", "uv")}
    for assignment in variables.format(elsewhere=elsewhere, **names).split():
        monkeypatch.setenv(*assignment.split("=", 1))
    made = make(files["first"], home=home if installer == "pip" else Path(sys.prefix))
    assert list(made.folder.glob("lib/python*/site-packages/first-1.dist-info"))
    assert not [path for path in elsewhere.iterdir() if path.name != "uv"]  # pip has done what uv.toml kept uv from


def test_an_installer_that_fills_another_place_is_not_believed(files, make, home, monkeypatch):
    script(home / "bin/uv", "exit 0")
    script(home / "bin/python", 'case "$*" in *config*) ;; *) echo done ;; esac')
    with pytest.raises(EnvironmentFailedError, match=r"first\.txt was installed, but not into "):
        make(files["first"], home=home)


def settings() -> dict[str, str]:
    """What both installers are told."""
    return Environment(Path(), "", (), Path(sys.prefix)).settings


MIRROR = "http://mirror.example.com/simple"


@pytest.mark.parametrize("variables", [f"PIP_QUIET=3 PIP_INDEX_URL={MIRROR}", "PIP_QUIET=1", "PIP_VERBOSE=3"])
def test_a_mirror_is_asked_by_both_installers_however_little_pip_says(tmp_path, monkeypatch, variables):
    kept = "" if MIRROR in variables else f"[install]\nindex_url = {MIRROR}\n"
    (tmp_path / "pip.conf").write_text(
        f"[global]\nproxy = proxy.example.com:3128\nquiet = 2\ntarget = /no/such\n{kept}"
    )
    for variable in ("PIP_NO_INDEX", "PIP_FIND_LINKS", "PIP_INDEX_URL", "UV_DEFAULT_INDEX", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    for assignment in variables.split():
        monkeypatch.setenv(*assignment.split("=", 1))
    told = settings()
    assert told["UV_DEFAULT_INDEX"] == told["PIP_INDEX_URL"] == MIRROR
    assert told["ALL_PROXY"] == told["PIP_PROXY"] == "proxy.example.com:3128"
    assert told["PIP_CONFIG_FILE"] == "/dev/null"
    assert not {"PIP_TARGET", "PIP_QUIET"} & told.keys()


def test_settings_that_pip_cannot_read_are_refused_in_its_words(files, make, tmp_path, monkeypatch):
    (tmp_path / "pip.conf").write_text("index-url = http://mirror.example.com/simple\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    with pytest.raises(EnvironmentFailedError, match=r"(?s)^pip cannot read its own settings:\n.*no section headers"):
        make(files["first"])


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
    assert environments.uv_names(environments.sources(listed)) == {
        "UV_DEFAULT_INDEX": "https://install.example.com/simple",
        "UV_INDEX": "https://env.example.com/simple",
        "UV_FIND_LINKS": "/one,/two",
        "UV_INSECURE_HOST": "a.example.com b.example.com",
    }


def test_uvs_own_variables_come_first(monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "https://pip.example.com/simple")
    assert settings()["UV_DEFAULT_INDEX"] == "https://pip.example.com/simple"
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://uv.example.com/simple")
    assert settings()["UV_DEFAULT_INDEX"] == "https://uv.example.com/simple"
    monkeypatch.delenv("UV_DEFAULT_INDEX")
    monkeypatch.setenv("UV_INDEX_URL", "https://old.example.com/simple")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/company.pem")
    for variable in ("PIP_CERT", "SSL_CERT_FILE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    told = settings()
    assert "UV_DEFAULT_INDEX" not in told
    assert told["SSL_CERT_FILE"] == "/company.pem"  # pip reads that variable, uv does not


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


# `make setup`, where to install is to do nothing.
EMPTY = """
import sys
sys.path.insert(0, "sandbox")
import environments
run = environments.run
environments.run = lambda *venv: run(*venv[:-1], "--without-pip", venv[-1])
environments.Environment.install = lambda *_: None
sys.exit(environments.main([".venv"]))
"""


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A small checkout that has been set up, to all that a stamp says: the real Makefile and files, other packages."""
    folder = tmp_path_factory.mktemp("original")
    for name in ("Makefile", "sandbox/environments.py", "sandbox/pythons.py"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(PROJECT / name, folder / name)
    made = {
        "first": wheel(folder, "first"),
        "uv": wheel(folder, "uv", program=f'#!/bin/sh\nexec {sys.prefix}/bin/uv "$@"\n'),
    }
    for file in environments.WORDS:
        name = "uv" if file == environments.INSTALLER else "first"
        sha256 = hashlib.sha256(made[name].read_bytes()).hexdigest()
        (folder / file.relative_to(PROJECT)).parent.mkdir(exist_ok=True)
        (folder / file.relative_to(PROJECT)).write_text(f"{name}==1 --hash=sha256:{sha256}\n")
    code, said = run(folder, environments.own_interpreter(), "-c", EMPTY)
    assert code == 0, said
    assert make_setup(folder) == (0, [])
    return folder


@pytest.fixture(scope="module")
def copied(original, tmp_path_factory):
    """A copy of it in which `make setup` has run, and what that said."""
    folder = tmp_path_factory.mktemp("copies") / "copy-ü"
    shutil.copytree(original, folder, symlinks=True)
    code, said = make_setup(folder)
    assert code == 0, said
    return folder, said


@pytest.fixture(scope="module")
def checkout(copied):
    """One that `make setup` has filled."""
    folder, _said = copied
    return folder


def make_setup(folder: Path, *changes: str, **options: Any) -> tuple[int, list[str]]:
    """`make setup` in this checkout: its exit code and what it says. Changes are as env has them."""
    python = f"PYTHON={environments.own_interpreter()}"
    return run(folder, "env", *changes, "make", "--no-print-directory", "setup", python, **options)


def run(folder: Path, *command: str, **options: Any) -> tuple[int, list[str]]:
    """In this checkout, without a network."""
    variables = {"PATH": os.environ["PATH"], "HOME": str(folder), "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder)}
    done = subprocess.run(
        command, cwd=folder, env=variables, capture_output=True, text=True, check=False, **options
    )  # fmt: skip
    return done.returncode, done.stderr.splitlines()


def as_a_visitor() -> None:
    """In a new process: root, too, may from now on write only where the mode says so (CAP_DAC_OVERRIDE, Linux)."""
    if os.geteuid() == 0:
        drop_from_bounding_set, dac_override = 24, 1
        assert not ctypes.CDLL(None).prctl(drop_from_bounding_set, dac_override, 0, 0, 0)


def test_a_checkout_that_was_copied_after_set_up_is_made_anew(copied):
    folder, said = copied
    assert [line.split()[1] for line in said if line.startswith("Making ")] == [
        ".venv",
        f".sandbox/emulator-{sys.version_info[0]}.{sys.version_info[1]}",
        ".sandbox/lambda",
    ]
    assert has(Environment(folder / ".venv", "", (), folder), "first")
    assert make_setup(folder) == (0, [])


def test_what_a_shell_says_of_python_elsewhere_is_nothing_to_set_up(checkout):
    assert make_setup(
        checkout, "PYTHONHOME=/no/such", "PYTHONPATH=/no/such", "PYTHONSAFEPATH=1", "PYTHONWARNINGS=error"
    ) == (0, [])


@pytest.mark.skipif(sys.platform != "linux" and os.geteuid() == 0, reason="root writes everywhere")
@pytest.mark.parametrize("home", ["-uHOME", "HOME=", "HOME=/no/such/home", "HOME=/proc/1/root/root"])
def test_a_checkout_that_somebody_else_has_set_up_is_used_as_it_is(checkout, home):
    folders = [path for path in (checkout, *checkout.rglob("*")) if path.is_dir() and not path.is_symlink()]
    for folder in folders:
        folder.chmod(0o555)
    try:
        assert make_setup(checkout, home, preexec_fn=as_a_visitor) == (0, [])
        interpreter = f"{checkout}/other"  # as if theirs were another one
        code, said = make_setup(checkout, home, f"PYENV_ROOT={interpreter}", preexec_fn=as_a_visitor)
        assert (code, said) == (0, [])
    finally:
        for folder in folders:
            folder.chmod(0o755)


@pytest.mark.skipif(sys.platform != "linux" and os.geteuid() == 0, reason="root writes everywhere")
def test_a_read_only_checkout_that_lacks_something_is_refused_in_words(checkout):
    lacking, stamp = checkout / ".sandbox", checkout / ".sandbox/lambda/made-from"
    held = stamp.read_bytes()
    stamp.write_bytes(held.splitlines()[0])
    lacking.chmod(0o555)
    (checkout / ".sandbox/lock").chmod(0o444)
    try:
        code, said = make_setup(checkout, preexec_fn=as_a_visitor)
    finally:
        lacking.chmod(0o755)
        (checkout / ".sandbox/lock").chmod(0o644)
        stamp.write_bytes(held)
    assert code
    assert "Permission denied" in said[0]
    assert "\n".join(said).split("\n\n")[1].startswith(environments.NOT_WRITTEN)
    assert not any("Traceback" in line for line in said)
