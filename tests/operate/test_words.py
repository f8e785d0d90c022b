"""What commands say: help, usage, exit codes, and strangers' words as text that moves no cursor."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ProxyConnectionError
from rich.console import Console

from handlers.approvals.rules.record import Ended, Record
from handlers.contract.visible import one_line
from operate import act, look
from operate.__main__ import app, main
from operate.act import Exit
from operate.outputs import Target
from operate.stack import Stack
from sandbox.deploy import PROJECT
from tests.support import records

COMMANDS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
TARGET = {"label": "dev", "stateMachineArn": "arn:aws:states:eu-central-1:000000000000:stateMachine:m"}
HOSTILE = "\x1b[31mred\x1b]0;title\x07 \x9b32m [bold]loud[/bold] :smile: \u202egnp.exe\x08\r\nsecond line"
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]")


def ended(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as done:
        main(arguments)
    return int(done.value.code or 0), *capsys.readouterr()


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_has_an_example_and_fits_a_narrow_terminal(capsys, command):
    code, out, err = ended(capsys, *filter(None, [command]), "--help")
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    assert "..." not in out.partition("Commands:")[2], "each is told in one line"
    if command:
        usage, example = re.findall(r"python -m operate .*", out)
        assert usage.split()[3] in {example.split()[3], "ls", "rm"}
        assert all(option in out for option in ("--outputs", "--json"))


def test_the_exit_codes_are_in_the_help(capsys):
    out, told = ended(capsys, "start", "--help")[1], ended(capsys, "--help")[1]
    for code in Exit:
        where = told if code in {Exit.ERROR, Exit.USAGE, Exit.INTERRUPTED} else out
        assert re.search(rf"\b{code:d} +\w+", where.partition("Exit codes")[2]), code


@pytest.mark.parametrize(
    "line", ["", "nosuch", "list --status nosuch", "list --limit 0", "show", "history --since 999999d", "cancel x"]
)
def test_a_wrong_command_line_ends_with_2_and_says_what_is_right(capsys, line):
    code, out, err = ended(capsys, *line.split())
    assert (code, out) == (2, "")
    assert "Usage: python -m operate" in err


NO_LABEL = json.dumps({"stateMachineArn": TARGET["stateMachineArn"]})
TEXTS = [
    ("nonsense", "must be JSON"),
    ("[1]", "has no output operate"),
    (json.dumps({"operate": NO_LABEL}), "has no output operate"),
    (json.dumps({"operate": "{"}), "the output operate: must be JSON"),
    (json.dumps(json.dumps(TARGET)), "the output operate has no approvalTable: deploy this release first"),
]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        *((f"echo '{text}'", words) for text, words in TEXTS),
        ("echo 'error: no stack selected' >&2; exit 255", "no stack selected"),
        ("", "pulumi is not on the PATH"),
    ],
)
def test_without_a_file_the_folders_stack_is_asked_for(capsys, tmp_path, monkeypatch, script, words):
    if script:
        (tmp_path / "pulumi").write_text(f"#!/bin/sh\n[ \"$*\" = 'stack output --json' ] || exit 9\n{script}\n")
        (tmp_path / "pulumi").chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin" if script else str(tmp_path))
    code, out, err = ended(capsys, "list")
    assert (code, out) == (1, "")
    assert re.fullmatch(f"operate: .*{words}.*\n", err)


@pytest.mark.parametrize(
    ("content", "words"), [(None, "No such file"), (b"\xff", "must be a file in UTF-8"), (b"{", "must be JSON")]
)
def test_a_file_that_cannot_be_read_is_an_error_in_one_line(capsys, tmp_path, content, words):
    file = tmp_path / "outputs.json"
    if content is not None:
        file.write_bytes(content)
    code, out, err = ended(capsys, "list", "--outputs", str(file))
    assert (code, out) == (1, "")
    assert re.fullmatch(rf"operate: .*{words}.*\n", err)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (["--title", "t" * 201], "title must be at most 200"),
        (["--title", "t", "--fields", "{"], "--fields must be JSON"),
        (["--title", "t", "--fields", "@/nosuch"], "--fields must be JSON"),
        (["--title", "t", "--fields", "[" * 9_999], "--fields must be JSON"),
        (["--title", "t", "--fields", '[{"name": "a"}]'], "fields[0].type must be"),
        (["--title", "t", "--link", "x"], "--link must be LABEL=URL"),
        (["--title", "t", "--link", "x=http://x"], "links[0].url must be an https URL"),
    ],
)
def test_what_nobody_could_be_asked_is_refused_before_a_run_starts(capsys, tmp_path, wrong, words):
    file = tmp_path / "outputs.json"
    file.write_text(json.dumps(TARGET))
    code, out, err = ended(capsys, "start", "--requested-by", "me", *wrong, "--outputs", str(file))
    assert (code, out) == (1, "")
    assert words in err


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("5m", 300), ("2h", 7_200), ("1d", 86_400), ("0s", 0)])
def test_times_are_a_number_and_a_unit(text, seconds):
    assert look.seconds_of(text) == seconds
    assert abs(datetime.now(UTC) - look.moment_of(text) - timedelta(seconds=seconds)) < timedelta(seconds=5)


@pytest.mark.parametrize("text", ["", "1", "d", "1w", "-1d", "1.5h", "1d2h", "٣d", "1d\n"])
def test_what_is_no_time_is_refused_with_an_example(text):
    with pytest.raises(typer.BadParameter, match="such as 2h"):
        look.seconds_of(text)


@pytest.mark.parametrize(("text", "hour"), [("2026-11-30", 0), ("2026-11-30T10:00", 10), ("2026-11-30T10:00+02:00", 8)])
def test_dates_are_in_utc_unless_they_say_otherwise(text, hour):
    assert look.moment_of(text) == datetime(2026, 11, 30, hour, tzinfo=UTC)


def hostile() -> Record:
    sample = records.giving(records.asking(links=records.LINKS), records.ANNA, comment=HOSTILE)
    words: dict[str, Any] = dict.fromkeys(("title", "details", "requested_at"), HOSTILE) | {
        "requested_by": f"={HOSTILE}"
    }
    ended = Ended(status="FAILED", error=HOSTILE, cause=HOSTILE)
    return replace(sample, policy=replace(sample.policy, name=HOSTILE), ended=ended, **words)


@pytest.mark.parametrize(
    "shown",
    [
        look.requests([hostile()], 0),
        look.request(hostile(), "SUCCEEDED", "UTC"),
        look.history([hostile()], "UTC"),
        one_line(HOSTILE),
    ],
    ids=["list", "show", "history", "prose"],
)
def test_strangers_words_are_text_whatever_they_hold(capsys, monkeypatch, shown):
    monkeypatch.setenv("FORCE_COLOR", "1")  # or rich would leave out what it takes for its own
    monkeypatch.setattr("operate.stack.Console", partial(Console, color_system=None))
    monkeypatch.setattr("operate.stack.WIDTH", 500)
    Stack(Target(TARGET), as_json=False).say(shown)
    out = capsys.readouterr().out
    assert not CONTROL.search(out), ascii(out)
    assert "[bold]loud[/bold] :smile:" in out


def test_programs_get_strangers_words_as_they_are_in_ascii_and_spreadsheets_no_formula(capsys):
    Stack(Target(TARGET), as_json=True).tell(look.as_row(hostile()), "")
    out = capsys.readouterr().out
    assert out.isascii()
    assert json.loads(out)["title"] == HOSTILE
    look.write_csv([hostile()], file := io.StringIO(newline=""))
    assert ",'=" in file.getvalue()
    assert not CONTROL.search(file.getvalue().replace("\r\n", "\n"))


@pytest.mark.parametrize(
    ("execution", "record", "code", "outcome"),
    [
        ({"status": "SUCCEEDED"}, records.approved(), 0, "APPROVED"),
        ({"status": "FAILED", "error": "Rejected"}, records.rejected(), 3, "REJECTED"),
        ({"status": "FAILED", "error": "Rejected"}, records.record(), 3, "CLOSED"),  # it learns of it in a moment
        ({}, records.record(), 4, "OPEN"),
        ({}, None, 4, "OPEN"),
        ({"status": "FAILED", "error": "Expired"}, records.record(), 5, "CLOSED"),
        ({"status": "FAILED", "error": "NotificationFailed", "cause": "x"}, None, 6, "CLOSED"),
        ({"status": "ABORTED", "error": "Rejected"}, records.record(), 6, "CLOSED"),
        ({"status": "TIMED_OUT"}, records.record(), 6, "CLOSED"),
    ],
)
def test_what_a_waits_exit_code_says(execution, record, code, outcome):
    stack = Stack(Target(TARGET), as_json=True)
    stack.__dict__["reader"] = SimpleNamespace(by_id=lambda _: record, ended=lambda _: execution)
    said, told = act.wait(stack, f"{TARGET['stateMachineArn']}:x", 0)
    assert (said, told["outcome"], len(told["votes"])) == (code, outcome, len(record.votes) if record else 0)
    assert told.keys() == {"outcome", "votes", "values"}


def test_the_door_is_reached_by_the_environments_proxy_as_aws_is(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(ProxyConnectionError):
        act.send(AWSRequest("GET", "http://approvals.example.com/"))


def test_completion_is_of_a_command_called_operate_and_leaves_python_alone():
    def run(*options: str, **environment: str) -> str:
        command = [sys.executable, "-m", "operate", *options]
        return subprocess.run(command, cwd=PROJECT, env=os.environ | environment, text=True, capture_output=True).stdout  # noqa: PLW1510 - completion ends with 1

    shown = run("--show-completion", "bash", _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert shown.splitlines()[-1].endswith(" operate")
    assert "python" not in shown
    typed = {"_OPERATE_COMPLETE": "complete_bash", "COMP_WORDS": "operate st", "COMP_CWORD": "1"}
    assert run(**typed).split() == ["start", "stop-all"]
