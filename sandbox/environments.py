"""The virtual environments: the project's own, and the sandbox's two under `.sandbox/`.

Of the two, one runs the emulator, one runs the Lambda functions. They are apart from the project's own, so that a
function sees what AWS gives it (its archive and boto3) and nothing that a developer happens to have installed.

`make` runs this file before anything is installed, so it needs the standard library only.
"""

from __future__ import annotations

import argparse
import ast
import fcntl
import glob
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
HOME = PROJECT / ".sandbox"
LAMBDA_RUNTIME = "python3.13"  # what infra/ asks AWS for
PATIENCE_SECONDS = 10  # how long an installer may be silent before we say that it is still at work
INTERRUPTED = 130  # exit code of a program that Ctrl-C has ended

INSTALLER = PROJECT / "sandbox/requirements-uv.txt"
PROGRAM = PROJECT / "requirements.txt"
SANDBOX = PROJECT / "sandbox/requirements.txt"
OPERATE = PROJECT / "operate/requirements.txt"
TOOLS = PROJECT / "requirements-dev.txt"
EMULATOR = PROJECT / "sandbox/requirements-emulator.txt"
FUNCTIONS = PROJECT / "sandbox/requirements-lambda.txt"
WORDS = {
    INSTALLER: "uv, which installs the rest",
    PROGRAM: "the program",
    SANDBOX: "what the sandbox needs",
    OPERATE: "what the operator's tool needs",
    TOOLS: "the tools of tests and checks",
    EMULATOR: "the AWS emulator",
    FUNCTIONS: "what AWS gives a function",
}

NOT_INSTALLED = """\
Nothing was installed. If the lines above tell of a connection, try again with a
network. Behind a proxy or with a package index of your own, set PIP_PROXY or
PIP_INDEX_URL, or use `pip config`: uv is told the same."""

NOT_WRITTEN = """\
Set-up could not write here. If the checkout is somebody else's, make one of your
own with `git clone`; otherwise look at its owner, and at the space on the disk."""

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
# Of people's settings for Python, pip and uv, only these reach an installer: where packages come from, and how to get
# there. The others are for their own work: installed elsewhere (PIP_TARGET), in part (PIP_NO_DEPS) or not at all
# (PIP_DRY_RUN), an environment would not hold what its stamp says.
FOREIGN = ("PIP_", "PYTHON", "UV_")
PIP_SOURCES = {*PIP_TO_UV, "pypi-url", "keyring-provider", "default-timeout", "timeout", "retries"} | {
    "cache-dir",
    "no-cache-dir",
    "use-deprecated",
    "use-feature",
}
UV_SOURCES = re.compile(
    r"UV_(\w*INDEX\w*|FIND_LINKS|INSECURE_HOST|KEYRING_PROVIDER|CREDENTIALS_DIR|(NATIVE|SYSTEM)_\w+|OFFLINE"
    r"|(HTTP|REQUEST|CONCURRENT)\w*|CACHE_DIR|NO_CACHE|LINK_MODE|CONFIG_FILE|NO_CONFIG)(?<!_PYTHON)"
)


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

    def wanted(self) -> list[str]:
        """The stamp's lines: interpreter and folder, whose paths its scripts hold, then each file of requirements."""
        file = Path(self.interpreter).stat()
        first = f"{self.interpreter} {file.st_size} {file.st_mtime_ns} {self.folder}"
        return [first, *(hashlib.sha256(file.read_bytes()).hexdigest() for file in self.requirements)]

    def made(self) -> list[str]:
        """What its stamp has of these lines; none if it cannot be run."""
        if not os.access(self.python, os.X_OK) or not os.access(self.stamp, os.R_OK):
            return []
        lines = os.fsdecode(self.stamp.read_bytes()).splitlines()
        # Somebody else's: it is as good as ours, whatever Python they made it with.
        return lines if os.access(self.folder, os.W_OK) else [*self.wanted()[:1], *lines[1:]]

    def is_up_to_date(self) -> bool:
        wanted = self.wanted()
        return self.made()[: len(wanted)] == wanted

    def ensure(self, say: Callable[[str], None]) -> None:
        """Make it, or add to it, unless it is up to date. Raises EnvironmentFailedError."""
        wanted, made = self.wanted(), self.made()
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
        self.stamp.write_bytes(os.fsencode("\n".join(wanted)))

    def pip(self, python: Path) -> list[str]:
        """The pip of the project's environment, for this one."""
        return [str(self.home / "bin/python"), "-m", "pip", "--python", str(python), "--disable-pip-version-check"]

    def install(self, file: Path, say: Callable[[str], None]) -> None:
        """With uv; with pip, which takes longer, where uv is unavailable or fails."""
        settings = self.settings
        what = ["install", "--require-hashes", "-r", str(file)]
        pip, uv = self.pip(self.python), self.home / "bin/uv"
        if file == INSTALLER:
            try:
                run(*pip, *what, "--only-binary", ":all:", say=say, env=settings)
            except EnvironmentFailedError as error:
                say(f"{str(error).splitlines()[-1]}\nNo uv here, so pip installs, which takes longer.")
            return
        if uv.exists():
            try:
                run(str(uv), "pip", *what, "--python", str(self.python), say=say, env=settings)
                self.check(file)
            except (EnvironmentFailedError, OSError) as error:  # OSError: it does not run on this machine
                say(f"{error}\npip tries the same, which takes longer.")
            else:
                return
        try:
            # Compiling all that nobody imports would take a minute.
            run(*pip, *what, "--no-compile", say=say, env=settings)
            self.check(file)
        except EnvironmentFailedError as error:
            raise EnvironmentFailedError(f"{error}\n\n{NOT_INSTALLED}") from error

    def check(self, file: Path) -> None:
        """Raises EnvironmentFailedError if none of it is here: a uv.toml can send uv elsewhere, and wins."""
        named = {line.partition("==")[0] for line in file.read_text().splitlines() if "==" in line}
        found = {path.name.partition("-")[0].replace("_", "-") for path in self.folder.glob("lib/*/*/*.dist-info")}
        if not named & found:
            raise EnvironmentFailedError(f"{file.name} was installed, but not into {self.folder}: look at uv.toml")

    @cached_property
    def settings(self) -> dict[str, str]:
        """The variables of both installers. uv does not read pip's settings, which name a company's mirror, say.

        Read once: it takes pip most of a second.
        """
        ours = bare()
        asked, clear = [*self.pip(self.home / "bin/python"), "config", "list"], {"PIP_QUIET": "0", "PIP_VERBOSE": "0"}
        listed = subprocess.run(asked, env=ours | clear, capture_output=True, check=False)  # noqa: S603
        if listed.returncode:
            said = (listed.stderr + listed.stdout).decode(errors="replace").strip()
            raise EnvironmentFailedError(f"pip cannot read its own settings:\n{said}")
        found = sources(listed.stdout.decode(errors="surrogateescape"))
        told = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INPUT": "1"}  # nobody sees its questions
        told |= {f"PIP_{key.upper().replace('-', '_')}": value for key, value in found.items()}
        uv = uv_names(found)
        if "REQUESTS_CA_BUNDLE" in ours:  # which pip reads
            uv.setdefault("SSL_CERT_FILE", ours["REQUESTS_CA_BUNDLE"])
        if "UV_INDEX_URL" in ours:  # an older name, of lower rank than the one that pip's index gets
            uv.pop("UV_DEFAULT_INDEX", None)
        if not os.access(ours.get("XDG_CACHE_HOME") or os.path.expanduser("~"), os.W_OK):  # noqa: PTH111 - never raises
            uv["UV_NO_CACHE"] = "1"
        # All of them compete in pip; the hashes decide what is taken, whichever index gives it.
        return {"UV_INDEX_STRATEGY": "unsafe-best-match"} | uv | ours | told


def bare() -> dict[str, str]:
    """This process's variables, without what people have set for Python, pip and uv elsewhere (see FOREIGN)."""
    kept = {"PIP_CONFIG_FILE", *(f"PIP_{key.upper().replace('-', '_')}" for key in PIP_SOURCES)}
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(FOREIGN) or name in kept or UV_SOURCES.fullmatch(name)
    }


def sources(listed: str) -> dict[str, str]:
    """Of what `pip config list` says, in lines of `section.key='value'`, a variable as `:env:.key`: PIP_SOURCES."""
    by_section: dict[str, dict[str, str]] = {"global": {}, "install": {}, ":env:": {}}
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        section, _, key = name.rpartition(".")
        if section in by_section and key in PIP_SOURCES:
            by_section[section][key] = str(ast.literal_eval(value))
    return by_section["global"] | by_section["install"] | by_section[":env:"]


def uv_names(found: dict[str, str]) -> dict[str, str]:
    """uv's variables for these settings of pip."""
    return {
        PIP_TO_UV[key]: ("," if key == "find-links" else " ").join(value.split())
        for key, value in found.items()
        if key in PIP_TO_UV
    }


def run(*command: str, say: Callable[[str], None] | None = None, env: dict[str, str] | None = None) -> None:
    """Run an installer and forward its progress. Raises EnvironmentFailedError with its output."""
    words = []
    with subprocess.Popen(  # noqa: S603
        command,
        env=bare() if env is None else env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
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
    requirements = (INSTALLER, PROGRAM, SANDBOX, OPERATE, *([TOOLS] if tools else []))
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
    # Not pathlib's: these raise nothing where there is no home directory, or one that is not ours.
    pyenv = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")  # noqa: PTH111
    # pyenv has it on the path only while it is switched on, and asking its shim takes a while.
    for found in sorted(glob.glob(f"{glob.escape(pyenv)}/versions/*/bin/{LAMBDA_RUNTIME}")):  # noqa: PTH207
        return str(Path(found).resolve())
    on_path = shutil.which(LAMBDA_RUNTIME)
    # Other version managers have shims as well.
    if on_path and not subprocess.run([on_path, "-c", ""], capture_output=True, check=False).returncode:  # noqa: S603
        return str(Path(on_path).resolve())
    return own_interpreter()


def ensure(say: Callable[[str], None], home: Path = Path(sys.prefix)) -> tuple[Path, Path]:
    """The interpreters of the emulator and of the Lambda functions, after making what is missing."""
    both = emulator(home), functions(home)
    make(both, say)
    return both[0].python, both[1].python


def make(environments: Sequence[Environment], say: Callable[[str], None]) -> None:
    """Each that is not up to date; nothing is written if all are. Raises EnvironmentFailedError.

    One process at a time: `make demo` and the tests may both find an environment missing.
    """
    if all(environment.is_up_to_date() for environment in environments):
        return
    try:
        HOME.mkdir(exist_ok=True)
        with (HOME / "lock").open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            for environment in environments:
                environment.ensure(say)
    except OSError as error:
        raise EnvironmentFailedError(f"{error}\n\n{NOT_WRITTEN}") from error


def substitute() -> None:
    """Let a terminal that is not UTF-8 show `?` for what it cannot, instead of ending the program there."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # there may be none
            stream.reconfigure(errors="replace")


def log(line: str) -> None:
    """Print progress to standard error; standard output is for results."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201


def main(arguments: list[str] | None = None) -> int:
    """Set up all that `make` needs. Returns the exit code."""
    parser = argparse.ArgumentParser(description="Set up the project's environment and the sandbox's two.")
    parser.add_argument("folder", type=Path, help="the project's environment: .venv")
    parser.add_argument("--tools", action="store_true", help="also install the tools of tests and checks")
    options = parser.parse_args(arguments)
    substitute()
    home = PROJECT / options.folder
    python = str(home / "bin/python")
    if not os.access(home, os.W_OK) and os.access(python, os.X_OK) and sys.executable != python:
        # Somebody else's, to be run as they made it: which emulator goes with it depends on its Python.
        os.execv(python, [python, __file__, *(sys.argv[1:] if arguments is None else arguments)])  # noqa: S606
    try:
        make((project(home, tools=options.tools), emulator(home), functions(home)), log)
    except EnvironmentFailedError as error:
        log(str(error))
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
