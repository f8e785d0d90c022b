"""What a newcomer's terminal says: each message is advice, fits 80 columns, and is in docs/troubleshooting.md."""

from __future__ import annotations

import ast
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox import __main__ as command
from sandbox import environments, pythons
from sandbox.cloud import Cloud
from sandbox.config import ConfigError, parse_override, stack_config
from sandbox.deploy import DeployError, deploy
from sandbox.emulator import Emulator, PortTakenError
from sandbox.environments import PROJECT, Environment, EnvironmentFailedError

PAGE = (PROJECT / "docs/troubleshooting.md").read_text()
COLUMNS = 80


def rows() -> dict[str, re.Pattern[str]]:
    """The messages of the page's tables, and what they match."""
    found = [re.match(r"\| `(.+?)` \| \S", line) for line in PAGE.splitlines()]
    messages = [row[1].replace("\\`", "`") for row in found if row]
    return {message: re.compile(".+?".join(map(re.escape, message.split("…")))) for message in messages}


def documented(said: str) -> bool:
    words = " ".join(said.split())  # lines are broken to fit
    return any(pattern.search(words) for pattern in rows().values())


def make(*arguments: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    found = os.environ["PATH"] if path is None else f"{path}{os.pathsep}{os.environ['PATH']}"
    variables = {"PATH": found, "HOME": os.environ.get("HOME", "/"), "TERM": "dumb", "COLUMNS": str(COLUMNS)}
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=PROJECT, env=variables, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_help_is_in_columns_where_sed_is_not_gnus(tmp_path):
    """macOS's writes a `t` for `\\t`."""
    sed = tmp_path / "sed"
    sed.write_text(
        f'#!/bin/sh\nfor last; do :; done\nexec {shutil.which("sed")} -E "$(printf %s "$last" | tr -d "\\\\")"\n'
    )
    sed.chmod(0o755)
    said = make("help", path=tmp_path).stdout.splitlines()
    assert "demo        See the whole journey of one request, without an AWS account" in said


@pytest.mark.parametrize("target", ["setup", "tools", "demo", "check"])
def test_a_python_that_is_missing_is_told_before_anything_is_made(target):
    done = make(target, "PYTHON=python3.99")
    assert done.returncode
    assert not done.stdout
    assert documented(done.stderr)
    assert "There is no python3.99 here." in done.stderr


def test_too_old_a_python_is_refused_by_make_before_anything_is_made(tmp_path):
    """A python3 that calls itself 3.10, as a Debian of some years ago has it."""
    old = tmp_path / "python3"
    claim = "import runpy, sys; sys.version_info = (3, 10, 13); runpy.run_path(sys.argv[1], run_name='__main__')"
    old.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{claim}" "$@"\n')
    old.chmod(0o755)
    done = make("demo", "VENV=.venv-of-a-test", path=tmp_path)
    assert done.returncode
    assert documented(done.stderr)
    assert "is 3.10." in done.stderr
    assert not (PROJECT / ".venv-of-a-test").exists()


@pytest.mark.parametrize("version", [(3, 9, 18), (3, 10, 13), (3, 14, 0)])
def test_a_python_that_was_not_tried_is_refused_with_advice(version, monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", version)
    assert pythons.main() == 1
    said = capsys.readouterr().err
    assert f"Python 3.11 to 3.13 is needed, and {sys.executable} is {version[0]}.{version[1]}." in said
    assert "PYTHON=python3.13" in said
    assert documented(said)


def test_what_refuses_old_pythons_is_written_in_their_language():
    """One that cannot read it would stop at the first newer word, and say nothing that helps."""
    parsed = ast.parse((PROJECT / "sandbox/pythons.py").read_text(), feature_version=(3, 7))
    named = {alias.name for node in ast.walk(parsed) if isinstance(node, ast.Import) for alias in node.names}
    assert named == {"os", "sys"}
    assert not [node for node in ast.walk(parsed) if isinstance(node, ast.ImportFrom)]


def test_windows_is_sent_to_its_linux(monkeypatch, capsys):
    monkeypatch.setattr(os, "name", "nt")
    assert pythons.main() == 1
    assert documented(capsys.readouterr().err)


def test_an_installation_without_a_network_says_what_to_set(tmp_path, monkeypatch):
    """An index that nobody listens on stands for the missing network."""
    for variable in ("PIP_NO_INDEX", "PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    wanted = tmp_path / "wanted.txt"
    wanted.write_text("no-such-package==1 --hash=sha256:" + 64 * "0")
    home = tmp_path / "home"  # which has pip, and no uv
    (home / "bin").mkdir(parents=True)
    (home / "bin/python").symlink_to(sys.executable)
    made = Environment(tmp_path / "made", environments.own_interpreter(), (wanted,), home)
    with pytest.raises(EnvironmentFailedError) as raised:
        made.ensure(lambda _line: None)
    assert str(raised.value).endswith(environments.NOT_INSTALLED)
    assert documented(str(raised.value))
    assert max(map(len, environments.NOT_INSTALLED.splitlines())) <= COLUMNS


BROKEN = {
    "an indentation": b"config:\n  signoff:reminders: 2\n  - a\n",
    "a tab": b"config:\n\tsignoff:reminders: 2\n",
    "an open bracket": b"config:\n  signoff:approvers: [a@example.com\n",
    "another encoding": b"config:\n  signoff:timezone: \xff\xfe\n",
    "a control character": b"config:\n  signoff:timezone: a\x07\n",
    "a list": b"- signoff:reminders\n",
    "a text": b"signoff\n",
    "keys with dashes": b"config:\n  - signoff:reminders: 2\n",
    "one text as config": b"config: signoff:reminders\n",
    "a number as key": b"config:\n  1: 2\n",
    "an encrypted value": b"config:\n  signoff:reminders: {secure: v1:abc}\n",
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_stacks_file_that_is_broken_is_told_by_its_name_with_advice(tmp_path, content):
    (tmp_path / "Pulumi.yaml").write_text("name: signoff\n")
    (tmp_path / "Pulumi.dev.yaml").write_bytes(content)
    with pytest.raises(ConfigError) as raised:
        stack_config(tmp_path, "dev", {})
    assert str(raised.value).startswith("Pulumi.dev.yaml")
    assert documented(str(raised.value))


def test_a_stack_without_a_file_and_an_override_without_a_value_are_refused_with_advice(tmp_path):
    (tmp_path / "Pulumi.yaml").write_text("name: signoff\n")
    for refused in (lambda: stack_config(tmp_path, "dev", {}), lambda: parse_override("reminders")):
        with pytest.raises(ConfigError) as raised:
            refused()
        assert documented(str(raised.value))


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1"])
def test_a_port_that_cannot_be_is_refused_before_anything_starts(port, capsys):
    with pytest.raises(SystemExit):
        command.main(["demo", f"--port={port}"])
    assert documented(capsys.readouterr().err)


def test_a_port_that_is_taken_is_told_with_what_to_do():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        with pytest.raises(PortTakenError) as raised, Emulator(port=held.getsockname()[1]):
            pass
    assert documented(str(raised.value))


def test_a_configuration_that_the_program_refuses_is_told_with_every_bad_value_and_where_to_change_it():
    config = {"signoff:deadlineSeconds": "soon", "signoff:remindrs": "3", "signoff:approvers": "a@example.com"}
    with pytest.raises(DeployError) as raised:
        deploy("dev", config, Cloud(endpoint="http://127.0.0.1:9", region="eu-central-1"))
    # What follows the semicolon is for a key of the project's own namespace, whatever the project is called.
    assert [line.partition(";")[0] for line in str(raised.value).splitlines()] == [
        "the program refuses the configuration of stack dev:",
        "signoff:remindrs is not a key of this program (did you mean reminders?)",
        "signoff:deadlineSeconds must be a whole number in 60..31449600, got soon",
        "Change it in Pulumi.dev.yaml, or with --config.",
    ]
    assert documented(str(raised.value))
