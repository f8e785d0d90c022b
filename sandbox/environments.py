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
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
HOME = PROJECT / ".sandbox"
LAMBDA_RUNTIME = "python3.13"  # what infra/ asks AWS for
INTERRUPTED = 130  # exit code of a program that Ctrl-C has ended

PROGRAM = PROJECT / "requirements.txt"
SANDBOX = PROJECT / "sandbox/requirements.txt"
TOOLS = PROJECT / "requirements-dev.txt"
EMULATOR = PROJECT / "sandbox/requirements-emulator.txt"
FUNCTIONS = PROJECT / "sandbox/requirements-lambda.txt"
WORDS = {
    PROGRAM: "the program",
    SANDBOX: "what the sandbox needs",
    TOOLS: "the tools of tests and checks",
    EMULATOR: "the AWS emulator",
    FUNCTIONS: "what AWS gives a function",
}

NOT_INSTALLED = """\
Nothing was installed. If the lines above tell of a connection, try again with a
network. Behind a proxy or with a package index of your own, set PIP_PROXY or
PIP_INDEX_URL, or use `pip config`."""

NOT_WRITTEN = """\
Set-up could not write here. If the checkout is somebody else's, make one of your
own with `git clone`; otherwise look at its owner, and at the space on the disk."""

# Of people's settings for Python and pip, only these reach set-up: where packages come from, and how to get there. The
# others are for their own work: installed elsewhere (PIP_TARGET), in part (PIP_NO_DEPS) or not at all (PIP_DRY_RUN), an
# environment would not hold what its stamp says.
FOREIGN = ("PIP_", "PYTHON")
SOURCES = {
    "cache-dir",
    "cert",
    "client-cert",
    "default-timeout",
    "extra-index-url",
    "find-links",
    "index-url",
    "keyring-provider",
    "no-cache-dir",
    "no-index",
    "proxy",
    "pypi-url",
    "retries",
    "timeout",
    "trusted-host",
    "use-deprecated",
    "use-feature",
}


class EnvironmentFailedError(RuntimeError):
    """A virtual environment could not be created; the message has the installer's output."""


@dataclass(frozen=True)
class Environment:
    """One virtual environment, from requirements files with hashes.

    requirements  installed one after the other; a longer list adds to what is there
    home          the project's environment, whose pip installs
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

    def install(self, file: Path, say: Callable[[str], None]) -> None:
        """Raises EnvironmentFailedError with what pip says."""
        pip = [str(self.home / "bin/python"), "-m", "pip", "--python", str(self.python), "--disable-pip-version-check"]
        try:
            # Compiling all that nobody imports would take a minute.
            options = ["--require-hashes", "--no-compile", "-r", str(file)]
            run(*pip, "install", *options, say=say, env=pip_settings(str(self.home / "bin/python")))
        except EnvironmentFailedError as error:
            raise EnvironmentFailedError(f"{error}\n\n{NOT_INSTALLED}") from error


def pip_settings(python: str) -> dict[str, str]:
    """The variables of pip: this process's own, and of its configuration files what SOURCES has."""
    asked = [python, "-m", "pip", "--python", python, "config", "list"]
    heard = bare() | {"PIP_QUIET": "0", "PIP_VERBOSE": "0"}
    listed = subprocess.run(asked, env=heard, capture_output=True, check=False)  # noqa: S603
    if listed.returncode:
        said = (listed.stderr + listed.stdout).decode(errors="replace").strip()
        raise EnvironmentFailedError(f"pip cannot read its own settings:\n{said}")
    found = sources(listed.stdout.decode(errors="surrogateescape"))
    told = {f"PIP_{key.upper().replace('-', '_')}": value for key, value in found.items()}
    return bare() | told | {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INPUT": "1"}  # nobody sees its questions


def bare() -> dict[str, str]:
    """This process's variables, without what people have set for Python and pip elsewhere."""
    kept = {"PIP_CONFIG_FILE", *(f"PIP_{key.upper().replace('-', '_')}" for key in SOURCES)}
    return {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN) or name in kept}


def sources(listed: str) -> dict[str, str]:
    """Of what `pip config list` says, in lines of `section.key='value'`, a variable as `:env:.key`: SOURCES."""
    by_section: dict[str, dict[str, str]] = {"global": {}, "install": {}, ":env:": {}}
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        section, _, key = name.rpartition(".")
        if section in by_section and key in SOURCES:
            by_section[section][key] = str(ast.literal_eval(value))
    return by_section["global"] | by_section["install"] | by_section[":env:"]


def run(*command: str, say: Callable[[str], None] | None = None, env: dict[str, str] | None = None) -> None:
    """Run an installer and forward its large downloads. Raises EnvironmentFailedError with its output."""
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
        for line in process.stdout:
            words.append(line)
            if say and line.lstrip().startswith("Downloading") and " MB" in line:
                say(f"  {line.strip()}")
    if process.returncode:
        raise EnvironmentFailedError(f"{' '.join(command)} failed:\n{''.join(words)}".rstrip())


def project(folder: Path, *, tools: bool) -> Environment:
    """What runs the program and the sandbox; with `tools` also the tests and checks."""
    requirements = (PROGRAM, SANDBOX, *([TOOLS] if tools else []))
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
