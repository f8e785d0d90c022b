"""Nothing outlives the command: neither the emulator, nor the processes of its functions, nor its folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.support.waiting import until

PROJECT = Path(__file__).resolve().parents[2]
SECONDS = 30
NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@contextmanager
def serve(tmp_path, *arguments):
    command = [sys.executable, "-m", "sandbox", "serve", "--json", *arguments]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def family(process):
    try:
        return set(psutil.Process(process.pid).children(recursive=True))
    except psutil.NoSuchProcess:
        return set()


def ask_and_see_functions_run(process):
    """Everything that the command has started once a request has been mailed."""
    line = process.stdout.readline()
    assert line, process.stderr.read()  # why it has ended
    ready = json.loads(line)
    NO_PROXY.open(f"{ready['inbox']}/requests", b"title=Stop+me").close()
    until(lambda: json.load(NO_PROXY.open(f"{ready['inbox']}/messages")), "mail")
    started = family(process)
    assert any("launcher.py" in " ".join(one.cmdline()) for one in started)
    assert any("_worker.py" in " ".join(one.cmdline()) for one in started)
    return started


def assert_nothing_is_left(started, tmp_path):
    _gone, alive = psutil.wait_procs(started, timeout=10)
    assert not alive, alive
    until(lambda: not list(tmp_path.iterdir()), "empty folder")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_everything_and_is_the_way_to_end(tmp_path, number):
    with serve(tmp_path) as process:
        started = ask_and_see_functions_run(process)
        process.send_signal(number)
        assert process.wait(15) == 0
        assert process.stdout.read() == ""  # one line of JSON and nothing else
        assert_nothing_is_left(started, tmp_path)


def test_everything_ends_when_the_command_is_killed(tmp_path):
    with serve(tmp_path) as process:
        started = ask_and_see_functions_run(process)
        process.kill()
        process.wait(15)
        assert_nothing_is_left(started, tmp_path)


def test_everything_ends_when_the_program_refuses_its_config(tmp_path):
    with serve(tmp_path, "--config", "signoff:reminders=-1") as process:
        started = set()

        def over() -> bool:
            started.update(family(process))
            return process.poll() is not None

        until(over, "end")
        assert process.wait() == 1
        assert "reminders" in process.stderr.read()
        assert process.stdout.read() == ""
        assert any(started), "the emulator ran by the time the program was evaluated"
        assert_nothing_is_left(started, tmp_path)


def test_a_signal_while_it_is_starting_ends_everything(tmp_path):
    with serve(tmp_path) as process:
        started = until(lambda: family(process), "emulator")
        process.terminate()
        assert process.wait(15) != 0
        assert_nothing_is_left(started, tmp_path)
