"""The virtual environments: the project's own, and the sandbox's two under `.sandbox/`.

Of the two, one runs the emulator, one runs the Lambda functions. They are apart from the project's own, so that a
function sees what AWS gives it (its archive and boto3) and nothing that a developer happens to have installed.

`make` runs this file before anything is installed, so it needs the standard library only.
"""

from __future__ import annotations

import argparse
import ast
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
HOME = PROJECT / ".sandbox"
LAMBDA_RUNTIME = "python3.13"  # what infra/ asks AWS for
PATIENCE_SECONDS = 10  # how long an installer may be silent before we say that it is still at work
INTERRUPTED = 130  # exit code of a program that Ctrl-C has ended

INSTALLER = PROJECT / "sandbox/requirements-uv.txt"
PROGRAM = PROJECT / "requirements.txt"
SANDBOX = PROJECT / "sandbox/requirements.txt"
TOOLS = PROJECT / "requirements-dev.txt"
EMULATOR = PROJECT / "sandbox/requirements-emulator.txt"
FUNCTIONS = PROJECT / "sandbox/requirements-lambda.txt"
WORDS = {
    INSTALLER: "uv, which installs the rest",
    PROGRAM: "the program",
    SANDBOX: "what the sandbox needs",
    TOOLS: "the tools of tests and checks",
    EMULATOR: "the AWS emulator",
    FUNCTIONS: "what AWS gives a function",
}

NOT_INSTALLED = """\
Nothing was installed. If the lines above tell of a connection, try again with a
network. Behind a proxy or with a package index of your own, set PIP_PROXY or
PIP_INDEX_URL, or use `pip config`: uv is told the same."""

# pip's settings that say where packages come from, and uv's variables for the same.
PIP_TO_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "client-cert": "SSL_CLIENT_CERT",
    "proxy": "ALL_PROXY",
}


class EnvironmentFailedError(RuntimeError):
    """A virtual environment could not be created; the message has the installer's output."""


@dataclass(frozen=True)
class Environment:
    """One virtual environment, from requirements files with hashes.

    requirements  installed one after the other; a longer list adds to what is there
    home          the project's environment, which has pip, and uv unless there is no wheel of it for this machine
    """

    folder: Path
    interpreter: str
    requirements: tuple[Path, ...]
    home: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def stamp(self) -> Path:
        """Lists what was installed. It exists only while all of that is completely installed."""
        return self.folder / "made-from"

    def ensure(self, say: Callable[[str], None]) -> None:
        """Make it, or add to it, unless it is up to date. Raises EnvironmentFailedError."""
        wanted = [self.interpreter, *(hashlib.sha256(file.read_bytes()).hexdigest() for file in self.requirements)]
        made = self.stamp.read_text().splitlines() if self.python.exists() and self.stamp.exists() else []
        if made[: len(wanted)] == wanted:
            return
        self.stamp.unlink(missing_ok=True)  # whatever interrupts us, the next one starts anew
        if not made or wanted[: len(made)] != made:
            say(f"Making {os.path.relpath(self.folder, PROJECT)} with {self.interpreter}")
            pip = [] if self.folder == self.home else ["--without-pip"]
            # In place: the scripts of a virtual environment hold its path, so it cannot be moved there.
            run(self.interpreter, "-m", "venv", "--clear", *pip, str(self.folder))
            if (link := self.folder / "lib64").is_symlink():
                link.unlink()  # to a folder: `pulumi new` copies every file of a checkout, and fails on it
            made = wanted[:1]
        for file in self.requirements[len(made) - 1 :]:
            say(f"Installing {WORDS.get(file, file.name)}")
            self.install(file, say)
        self.stamp.write_text("\n".join(wanted))

    def install(self, file: Path, say: Callable[[str], None]) -> None:
        """With uv; with pip, which takes longer, where uv is unavailable or fails."""
        what = ["install", "--require-hashes", "-r", str(file)]
        pip = [str(self.home / "bin/python"), "-m", "pip", "--python", str(self.python), "--disable-pip-version-check"]
        uv = self.home / "bin/uv"
        if file == INSTALLER:
            try:
                run(*pip, *what, "--only-binary", ":all:", say=say)
            except EnvironmentFailedError as error:
                say(f"{str(error).splitlines()[-1]}\nNo uv here, so pip installs, which takes longer.")
            return
        if uv.exists():
            try:
                run(str(uv), "pip", *what, "--python", str(self.python), say=say, env=self.uv_settings())
            except EnvironmentFailedError as error:
                say(f"{error}\npip tries the same, which takes longer.")
            else:
                return
        try:
            run(*pip, *what, "--no-compile", say=say)  # compiling all that nobody imports would take a minute
        except EnvironmentFailedError as error:
            raise EnvironmentFailedError(f"{error}\n\n{NOT_INSTALLED}") from error

    def uv_settings(self) -> dict[str, str]:
        """This process's variables, and pip's settings, which uv does not read: they name a company's mirror, say."""
        listed = subprocess.run(  # noqa: S603
            [self.home / "bin/python", "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
        )
        # All of them compete in pip; the hashes decide what is taken, whichever index gives it.
        return {"UV_INDEX_STRATEGY": "unsafe-best-match"} | uv_names(listed.stdout) | os.environ


def uv_names(listed: str) -> dict[str, str]:
    """uv's variables for what `pip config list` says: lines of `section.key='value'`, a variable as `:env:.key`."""
    settings = [line.partition("=") for line in listed.splitlines() if "=" in line]
    by_section: dict[str, dict[str, str]] = {"global": {}, "install": {}, ":env:": {}}
    for name, _, value in settings:
        section, _, key = name.rpartition(".")
        if section in by_section and key in PIP_TO_UV:
            separator = "," if key == "find-links" else " "
            by_section[section][PIP_TO_UV[key]] = separator.join(str(ast.literal_eval(value)).split())
    return by_section["global"] | by_section["install"] | by_section[":env:"]


def run(*command: str, say: Callable[[str], None] | None = None, env: dict[str, str] | None = None) -> None:
    """Run an installer and forward its progress. Raises EnvironmentFailedError with its output."""
    words = []
    with subprocess.Popen(  # noqa: S603
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        assert process.stdout  # noqa: S101 - a pipe, as asked for
        with patience(say):
            for line in process.stdout:
                words.append(line)
                if say and line.lstrip().startswith(("Downloading", "Building")):
                    say(f"  {line.strip()}")
    if process.returncode:
        raise EnvironmentFailedError(f"{' '.join(command)} failed:\n{''.join(words)}".rstrip())


@contextmanager
def patience(say: Callable[[str], None] | None) -> Iterator[None]:
    """Print progress now and then while the block runs."""
    over, started = threading.Event(), time.monotonic()

    def watch() -> None:
        while say and not over.wait(PATIENCE_SECONDS):
            say(f"  … {time.monotonic() - started:.0f} s")

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def project(folder: Path, *, tools: bool) -> Environment:
    """What runs the program and the sandbox; with `tools` also the tests and checks."""
    requirements = (INSTALLER, PROGRAM, SANDBOX, *([TOOLS] if tools else []))
    return Environment(folder, own_interpreter(), requirements, home=folder)


def emulator(home: Path) -> Environment:
    """One for each version of Python, or the tests of two versions would take turns in making it anew."""
    folder = HOME / f"emulator-{sys.version_info[0]}.{sys.version_info[1]}"
    return Environment(folder, own_interpreter(), (EMULATOR,), home)


def functions(home: Path) -> Environment:
    return Environment(HOME / "lambda", lambda_interpreter(), (FUNCTIONS,), home)


def own_interpreter() -> str:
    """One name for it, however it was called, or `python` and `python3` of `.venv` would take turns in making anew."""
    return str(Path(sys.executable).resolve())


def lambda_interpreter() -> str:
    """Python 3.13 as on AWS when this machine has it, else the interpreter that runs the sandbox."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    # pyenv has it on the path only while it is switched on, and asking its shim takes a while.
    for found in sorted(pyenv.glob(f"versions/*/bin/{LAMBDA_RUNTIME}")):
        return str(found.resolve())
    on_path = shutil.which(LAMBDA_RUNTIME)
    # Other version managers have shims as well.
    if on_path and not subprocess.run([on_path, "-c", ""], capture_output=True, check=False).returncode:  # noqa: S603
        return str(Path(on_path).resolve())
    return own_interpreter()


def ensure(say: Callable[[str], None], home: Path = Path(sys.prefix)) -> tuple[Path, Path]:
    """The interpreters of the emulator and of the Lambda functions, after making what is missing."""
    with alone():
        both = emulator(home), functions(home)
        for environment in both:
            environment.ensure(say)
    return both[0].python, both[1].python


@contextmanager
def alone() -> Iterator[None]:
    """A lock between processes: `make demo` and the tests may both find an environment missing."""
    HOME.mkdir(exist_ok=True)
    with (HOME / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def log(line: str) -> None:
    """Print progress to standard error; standard output is for results."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201


def main(arguments: list[str] | None = None) -> int:
    """Set up all that `make` needs. Returns the exit code."""
    parser = argparse.ArgumentParser(description="Set up the project's environment and the sandbox's two.")
    parser.add_argument("folder", type=Path, help="the project's environment: .venv")
    parser.add_argument("--tools", action="store_true", help="also install the tools of tests and checks")
    options = parser.parse_args(arguments)
    home = PROJECT / options.folder
    try:
        with alone():
            for environment in (project(home, tools=options.tools), emulator(home), functions(home)):
                environment.ensure(log)
    except EnvironmentFailedError as error:
        log(str(error))
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
