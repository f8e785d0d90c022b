"""Stands between the functions and AWS, and makes one call of one request go wrong.

It knows whose call it is (the function by its access key, the invocation by its trace, the process by its end of the
connection), so it can also kill that process, right before a call or right after it. Everything else is passed on as it
came, Host included, so that signatures hold and IAM stays in force.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import threading
from dataclasses import dataclass, field
from email.message import Message
from enum import StrEnum
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs

import psutil

# A request goes by its id, or by its execution.
NAME = re.compile(rb'"requestId": ?\{"S": ?"(?P<request>[0-9a-f-]{36})"\}|"(?P<execution>arn:[^"]+:execution:[^"]+)"')
ACCESS_KEY = re.compile(r"Credential=(\w+)/")
ATTEMPT = re.compile(r"attempt=(\d+)")
ATTEMPTS = 3  # that the SDK makes of every call but a look at how an execution has ended
REGISTRATION_SECONDS = 30  # what a request whose case is not known yet is held for
LONGEST_TIMEOUT_SECONDS = 30  # more than any client of ours waits for an answer


class Fault(StrEnum):
    """What goes wrong; the values head the columns of the table."""

    NONE = "nothing"
    THROTTLED = "throttled"  # this attempt and each of the SDK's, or the first `ATTEMPTS` of more
    SERVER_ERROR = "5xx"  # likewise
    LOST = "done, timed out"  # the first attempt takes effect and is never answered; the SDK waits, and repeats it
    CRASH_BEFORE = "crash before"
    CRASH_AFTER = "crash after"


FAULTS = [fault for fault in Fault if fault is not Fault.NONE]


@dataclass(frozen=True, kw_only=True)
class Planned:
    """The function's call number `place`, from 0 since this was planned, is `operation` and meets `fault`."""

    place: int
    operation: str
    fault: Fault


@dataclass
class Case:
    """One approval request: what one function does for it, and what is to go wrong with that.

    `calls` are the operations that the function has called since `plan`, an SDK's repeats not counted; `happened` grows
    with each call of any function that is over.
    """

    handler: str = ""
    calls: list[str] = field(default_factory=list)
    plans: list[Planned] = field(default_factory=list)
    happened: int = 0
    _met: dict[str, Fault] = field(default_factory=dict)

    def plan(self, handler: str, *plans: Planned) -> None:
        self.handler = handler
        self.plans.extend(plans)

    def fault(self, handler: str, operation: str, invocation: str, attempt: int) -> Fault:
        """`invocation` is the SDK's id of a call, the same for each of its attempts."""
        if invocation not in self._met:
            self._met[invocation] = self._next(operation) if handler == self.handler else Fault.NONE
        fault = self._met[invocation]
        last = {Fault.LOST: 1, Fault.THROTTLED: ATTEMPTS, Fault.SERVER_ERROR: ATTEMPTS}
        return fault if attempt <= last.get(fault, attempt) else Fault.NONE

    def _next(self, operation: str) -> Fault:
        place = len(self.calls)
        self.calls.append(operation)
        for planned in self.plans:
            if (planned.place, planned.operation) == (place, operation):
                self.plans.remove(planned)
                return planned.fault
        return Fault.NONE


class Proxy:
    """On 127.0.0.1, from `__enter__` to `__exit__`. `upstream` (port) and `emulator` (pid) come later."""

    def __init__(self) -> None:
        self.upstream = self.emulator = 0
        self._cases: dict[str, Case] = {}
        self._handlers: dict[str, str] = {}
        self._requests: dict[str, str] = {}
        self._changed = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, self))
        self._server.daemon_threads = True

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def register(self, case: Case, *names: str) -> None:
        """Until then, calls for a request of these names are held."""
        with self._changed:
            self._cases.update(dict.fromkeys(names, case))
            self._changed.notify_all()

    def fault(self, port: int, operation: str, headers: Message, body: bytes) -> tuple[Case, Fault]:
        """Whose call this is, which came from `port`, and what is to happen to it."""
        (key,) = ACCESS_KEY.findall(headers["Authorization"])  # a function has its own
        if key not in self._handlers:
            self._handlers[key] = self.worker(port).environ()["POWERTOOLS_SERVICE_NAME"]
        # An invocation has its own trace, serves one request here, and begins with a call that names it.
        trace = headers["X-Amzn-Trace-Id"]
        if named := NAME.search(body):
            self._requests[trace] = (named["request"] or named["execution"]).decode()
        request = self._requests[trace]
        (attempt,) = ATTEMPT.findall(headers["amz-sdk-request"])
        with self._changed:
            if not self._changed.wait_for(lambda: request in self._cases, REGISTRATION_SECONDS):
                raise LookupError(f"nobody registered {request}")
            case = self._cases[request]
            return case, case.fault(self._handlers[key], operation, headers["amz-sdk-invocation-id"], int(attempt))

    def worker(self, port: int) -> psutil.Process:
        """The function's process that has this port of ours at the other end."""
        for process in psutil.Process(self.emulator).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if any(one.laddr.port == port for one in process.net_connections("tcp4")):
                    return process
        raise LookupError(f"no function calls from port {port}")


class Handler(BaseHTTPRequestHandler):
    """One connection of one worker."""

    protocol_version = "HTTP/1.1"

    def __init__(self, proxy: Proxy, *args: Any) -> None:
        self._proxy = proxy
        self._upstream = http.client.HTTPConnection("127.0.0.1", proxy.upstream)
        super().__init__(*args)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        target = self.headers["X-Amz-Target"]
        operation = target.rpartition(".")[2] if target else parse_qs(body.decode())["Action"][0]
        port = self.client_address[1]
        case, fault = self._proxy.fault(port, operation, self.headers, body)
        if fault in {Fault.THROTTLED, Fault.SERVER_ERROR}:
            self._refuse(fault, query=not target)
            return
        if fault is not Fault.CRASH_BEFORE:
            answer = self._forward(body)
        case.happened += 1
        if fault in {Fault.CRASH_BEFORE, Fault.CRASH_AFTER}:
            self._proxy.worker(port).kill()
        if fault is Fault.LOST:
            self._hang_on()
        if fault is Fault.NONE:
            self._answer(*answer)
        else:
            self.close_connection = True

    def _forward(self, body: bytes) -> tuple[int, str, bytes]:
        self._upstream.putrequest("POST", self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            self._upstream.putheader(name, value)
        self._upstream.endheaders(body)
        answer = self._upstream.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read()

    def _refuse(self, fault: Fault, *, query: bool) -> None:
        """As the service's protocol words it: SNS speaks the query protocol, the others JSON."""
        status, code = (400, "ThrottlingException") if fault is Fault.THROTTLED else (500, "InternalServerError")
        if query:
            text = f"<ErrorResponse><Error><Code>{code}</Code><Message>{fault}</Message></Error></ErrorResponse>"
            self._answer(status, "text/xml", text.encode())
        else:
            self._answer(status, "application/x-amz-json-1.0", json.dumps({"__type": code, "message": fault}).encode())

    def _hang_on(self) -> None:
        """Until the client has had enough."""
        self.connection.settimeout(LONGEST_TIMEOUT_SECONDS)
        if self.rfile.read(1):
            raise AssertionError("the client did not wait for its answer")

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        head = f"HTTP/1.1 {status} -\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        self.wfile.write(head.encode() + body)  # at once, or the kernel waits between the two

    def finish(self) -> None:
        self._upstream.close()
        super().finish()

    def log_message(self, *_args: object) -> None:
        """Silent: the outcome is what counts."""
