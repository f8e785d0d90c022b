"""The sandbox's two virtual environments under `.sandbox/`: one runs the emulator, one runs the Lambda functions.

They are apart from the project's own, so that a function sees what AWS gives it (its archive and boto3) and nothing
that a developer happens to have installed. `make setup` makes whichever is missing or out of date.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
HOME = PROJECT / ".sandbox"
LAMBDA_RUNTIME = "python3.13"  # what infra/ asks AWS for


class EnvironmentFailedError(RuntimeError):
    """A virtual environment could not be made; the message holds pip's words."""


@dataclass(frozen=True, kw_only=True)
class Environment:
    """One virtual environment, from a requirements file with hashes."""

    folder: Path
    requirements: Path
    interpreter: str

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def stamp(self) -> Path:
        return self.folder / "made-from"

    def fingerprint(self) -> str:
        version = subprocess.run([self.interpreter, "-VV"], capture_output=True, check=True).stdout  # noqa: S603
        return hashlib.sha256(self.requirements.read_bytes() + version + self.interpreter.encode()).hexdigest()

    def is_current(self, fingerprint: str) -> bool:
        return self.python.exists() and self.stamp.exists() and self.stamp.read_text() == fingerprint

    def make(self, fingerprint: str) -> None:
        """Make it anew in place: the scripts of a virtual environment hold its path, so it cannot be moved there."""
        shutil.rmtree(self.folder, ignore_errors=True)
        run(self.interpreter, "-m", "venv", str(self.folder))
        run(str(self.python), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(self.requirements))
        self.stamp.write_text(fingerprint)


def run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise EnvironmentFailedError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}".rstrip())


def lambda_interpreter() -> str:
    """Python 3.13 as on AWS when this machine has it, else the interpreter that runs the sandbox."""
    found = shutil.which(LAMBDA_RUNTIME)
    # A version manager's shim is on the path even where the version behind it is switched off.
    if found and not subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode:  # noqa: S603
        return found
    return own_interpreter()


def own_interpreter() -> str:
    """One name for it, however it was called, or `python` and `python3` of `.venv` would take turns in making anew."""
    return str(Path(sys.executable).resolve())


def emulator() -> Environment:
    requirements = PROJECT / "sandbox" / "requirements-emulator.txt"
    return Environment(folder=HOME / "emulator", requirements=requirements, interpreter=own_interpreter())


def functions() -> Environment:
    requirements = PROJECT / "sandbox" / "requirements-lambda.txt"
    return Environment(folder=HOME / "lambda", requirements=requirements, interpreter=lambda_interpreter())


def ensure(say: Callable[[str], None]) -> tuple[Path, Path]:
    """The interpreters of the emulator and of the Lambda functions, after making what is missing (10 s each)."""
    HOME.mkdir(exist_ok=True)
    with alone(HOME / "lock"):
        both = emulator(), functions()
        for environment in both:
            fingerprint = environment.fingerprint()
            if not environment.is_current(fingerprint):
                say(f"Making the virtual environment {environment.folder.relative_to(PROJECT)} (once)")
                environment.make(fingerprint)
    return both[0].python, both[1].python


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Wait until no other process is in here: `make demo` and the tests may both find an environment missing."""
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def log(line: str) -> None:
    """Tell a person what is going on; standard output is for results."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201
