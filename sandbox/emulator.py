"""Runs the AWS emulator as a child process that cannot outlive this one."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Self

from sandbox import environments

START_SECONDS = 60  # 1.5 s on an idle machine
STOP_SECONDS = 1  # it waits for open connections; killed afterwards, it loses nothing of value
LAUNCHER = Path(__file__).with_name("launcher.py")


class EmulatorFailedError(RuntimeError):
    """The emulator did not start; the message ends with its log."""


class PortTakenError(RuntimeError):
    """The requested port is in use."""


class Emulator:
    """An emulator on 127.0.0.1, from `__enter__` to `__exit__`.

    port                 a free one unless given; a given one that is taken raises PortTakenError
    iam                  whether calls are checked against the caller's policies
    lambda_endpoint_url  where functions call AWS, when not the emulator itself: a proxy that injects faults
    describe_quota       of DescribeExecution: the calls that may come at once, and those a second. None: any number
    """

    def __init__(
        self,
        *,
        port: int | None = None,
        iam: bool = True,
        lambda_endpoint_url: str | None = None,
        describe_quota: tuple[int, int] | None = None,
    ) -> None:
        self.iam = iam
        self.port = port or 0
        self._lambda_endpoint_url = lambda_endpoint_url
        self._describe_quota = describe_quota
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = Path()
        self._orders: socket.socket | None = None
        self._ordering = threading.Lock()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        if not self._process:
            raise EmulatorFailedError("the emulator is not running")
        return self._process.pid

    @property
    def log_file(self) -> Path:
        return self._folder / "emulator.log"

    @property
    def mail_file(self) -> Path:
        """What SNS has sent by e-mail: see launcher.py."""
        return self._folder / "mail"

    @property
    def events_file(self) -> Path:
        """What the program has told on the bus: see launcher.py."""
        return self._folder / "events"

    def __enter__(self) -> Self:
        emulator_python, lambda_python = environments.ensure(environments.log)
        try:
            with self._claimed() as port:
                self._start(emulator_python, lambda_python, port)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _claimed(self) -> socket.socket:
        """The port, bound before the emulator listens on it: nobody can take it, or answer for us, in between."""
        claimed = socket.socket()
        try:
            if self.port:  # what an earlier emulator has left of its connections does not matter
                claimed.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            claimed.bind(("127.0.0.1", self.port))
        except OSError as error:
            claimed.close()
            if error.errno != errno.EADDRINUSE:
                raise EmulatorFailedError(f"port {self.port} cannot be used: {error.strerror}") from error
            raise PortTakenError(
                f"port {self.port} is taken by another program: name another one,"
                " or leave --port out and a free one is found"
            ) from error
        self.port = claimed.getsockname()[1]
        return claimed

    def _start(self, emulator_python: Path, lambda_python: Path, port: socket.socket) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="signoff-sandbox-"))
        self._orders, theirs = socket.socketpair()
        with self.log_file.open("wb") as output:
            # -I: the folder of the launcher, which is this package, must not be where the emulator looks for modules.
            self._process = subprocess.Popen(  # noqa: S603
                [emulator_python, "-I", LAUNCHER],
                env=self._environment(lambda_python) | {"LISTEN_ON": str(port.fileno())},
                pass_fds=[port.fileno()],
                stdin=theirs.fileno(),
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C reaches this process only, which then stops things in order
            )
        theirs.close()
        deadline = time.monotonic() + START_SECONDS
        while not self._is_healthy():
            if self._process.poll() is not None:
                ended = f"the emulator ended with {self._process.returncode} while starting on port {self.port}"
                raise EmulatorFailedError(f"{ended}:\n{self.log_tail()}")
            if time.monotonic() > deadline:
                raise EmulatorFailedError(f"no answer from the emulator in {START_SECONDS} s:\n{self.log_tail()}")
            time.sleep(0.05)

    def _environment(self, lambda_python: Path) -> dict[str, str]:
        """Nothing of ours: functions inherit it, and an AWS key or region from a developer's shell would reach them."""
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self._folder),  # or boto3 in a function would read the developer's ~/.aws
            "TMPDIR": str(self._folder),
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": "127.0.0.1",  # it listens on every interface otherwise
            "IOT_MTLS_ENABLED": "0",  # a second port, on every interface
            "AUTH": "true" if self.iam else "false",
            "LAMBDA_PYTHON": str(lambda_python),
        }
        if self._lambda_endpoint_url:
            environment["AWS_ENDPOINT_URL"] = self._lambda_endpoint_url
        if self._describe_quota:
            environment["DESCRIBE_QUOTA"] = "{}/{}".format(*self._describe_quota)
        return environment

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def end_round(self, execution: str) -> bool:
        """Time out the task that the execution waits for. False if there is none. Raises EmulatorFailedError."""
        assert self._orders  # noqa: S101 - it has been started
        try:
            with self._ordering:
                self._orders.sendall(f"{execution}\n".encode())
                answer = self._orders.recv(64)
        except OSError as error:
            raise EmulatorFailedError(f"the round was not ended: {error}") from error
        if not answer:
            raise EmulatorFailedError("the round was not ended: the emulator has ended")
        return answer == b"done\n"

    def _is_healthy(self) -> bool:
        try:
            with direct.open(f"{self.endpoint}/_ministack/health", timeout=2) as answer:
                return bool(answer.status == 200)  # noqa: PLR2004
        except (urllib.error.URLError, OSError):
            return False

    def log_tail(self) -> str:
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-25:])

    def stop(self) -> None:
        """End the emulator and its functions, remove its folder. Safe to call twice."""
        if self._process:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                pass
            finally:
                kill_group(self._process.pid)
                self._process.wait()
                self._process = None
        if self._orders:
            self._orders.close()
            self._orders = None
        if self._folder != Path():
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = Path()


# A developer's HTTP proxy is for the internet.
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def kill_group(leader: int) -> None:
    """Kill the rest of the emulator's process group: functions in the middle of an invocation."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)
