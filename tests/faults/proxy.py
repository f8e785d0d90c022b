"""Stands between the functions and AWS, and makes one call of one request go wrong.

It knows whose call it is (the function by its access key, the invocation by its trace, the process by its end of the
connection), so it can also kill that process, right before a call or right after it. Everything else is passed on as it
came, Host included, so that signatures hold and IAM stays in force.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
from dataclasses import dataclass, field
from email.message import Message
from enum import StrEnum
from functools import partial
from http.server import ThreadingHTTPServer
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs

import psutil

from bench.counter import Relay
from handlers.contract.record import Attribute

# A request goes by its id, or by its execution.
NAME = re.compile(
    rb'"requestId": ?\{"S": ?"(?P<request>[0-9a-f-]{36})"\}|"(?P<execution>arn:[^"\\]+:execution:[^"\\]+)\\?"'
)
# What a function may go by: the error, or the status that is told of a record or of an execution.
ANSWER = re.compile(
    rb'"__type": ?"(?:[\w.]+#)?(?P<error>\w+)"|<Code>(?P<code>\w+)|"status": ?(?:\{"S": ?)?"(?P<status>\w+)"'
)
ACCESS_KEY = re.compile(r"Credential=(\w+)/")
HANDLER = "POWERTOOLS_SERVICE_NAME"  # in a function's environment
TRACE = "X-Amzn-Trace-Id"  # each invocation has its own
SEND_EMAIL = "/v2/email/outbound-emails"
ATTEMPT = re.compile(r"attempt=(\d+)")
ATTEMPTS = 3  # that the SDK makes of every call but a look at how an execution has ended
REGISTRATION_SECONDS = 30  # what a request whose case is not known yet is held for
LONGEST_TIMEOUT_SECONDS = 30  # more than any client of ours waits for an answer


class Fault(StrEnum):
    """What goes wrong; the values head the columns of the table."""

    NONE = "nothing"
    REFUSED = "refused"  # this attempt and each of the SDK's, or the first `ATTEMPTS` of more
    LOST = "done, no answer"  # the first attempt takes effect and is not answered; the SDK repeats it
    CRASH_BEFORE = "crash before"
    CRASH_AFTER = "crash after"


FAULTS = [fault for fault in Fault if fault is not Fault.NONE]


class Call(NamedTuple):
    """What a function calls: two of these are one call to us, if a use case makes both.

    what   the operation, and what it writes: "UpdateItem status, votes", "Publish link"
    after  the operation before it in the same invocation, with what came of that: "GetItem (OPEN)"; "" for the first
    """

    what: str
    after: str

    @property
    def operation(self) -> str:
        return _operation(self.what)


class Planned(NamedTuple):
    """The first such call of the function since this was planned meets `fault`.

    Not the call of a number: on a busy machine a message may come twice, to two workers at once.
    """

    call: Call
    fault: Fault


@dataclass
class Case:
    """One approval request: what one function does for it, and what is to go wrong with that.

    `calls` are those of the function since `plan`, an SDK's repeats not counted; `happened` grows with each call of any
    function that is over.
    """

    handler: str = ""
    calls: list[Call] = field(default_factory=list)
    plans: list[Planned] = field(default_factory=list)
    happened: int = 0
    _met: dict[str, Fault] = field(default_factory=dict)
    _last: dict[str, str] = field(default_factory=dict)

    def plan(self, handler: str, *plans: Planned) -> None:
        self.handler = handler
        self.plans.extend(plans)

    def fault(self, handler: str, what: str, headers: Message) -> Fault:
        call = headers["amz-sdk-invocation-id"]  # the same for each of its attempts
        (attempt,) = map(int, ATTEMPT.findall(headers["amz-sdk-request"]))
        if call not in self._met:
            self._met[call] = self._next(what, headers) if handler == self.handler else Fault.NONE
        fault = self._met[call]
        last = {Fault.LOST: 1, Fault.REFUSED: ATTEMPTS}
        return fault if attempt <= last.get(fault, attempt) else Fault.NONE

    def _next(self, what: str, headers: Message) -> Fault:
        call = Call(what, self._last.get(headers[TRACE], ""))
        self.calls.append(call)
        for planned in self.plans:
            if planned.call == call:
                self.plans.remove(planned)
                return planned.fault
        return Fault.NONE

    def begins(self, headers: Message) -> bool:
        """Whether this is its invocation's first call."""
        return headers[TRACE] not in self._last

    def over(self, what: str, answer: bytes, headers: Message) -> None:
        said = ANSWER.search(answer)
        outcome = f" ({said[said.lastgroup or 0].decode()})" if said else ""
        self._last[headers[TRACE]] = _operation(what) + outcome
        self.happened += 1


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

    def fault(self, port: int, what: str, headers: Message, body: bytes) -> tuple[Case, Fault]:
        """Whose call this is, which came from `port`, and what is to happen to it."""
        (key,) = ACCESS_KEY.findall(headers["Authorization"])  # a function has its own
        if key not in self._handlers:
            self._handlers[key] = self.worker(port).environ()[HANDLER]
        # An invocation serves one request here, and begins with a call that names it.
        if named := NAME.search(body):
            self._requests[headers[TRACE]] = (named["request"] or named["execution"]).decode()
        request = self._requests[headers[TRACE]]
        with self._changed:
            if not self._changed.wait_for(lambda: request in self._cases, REGISTRATION_SECONDS):
                raise LookupError(f"nobody registered {request}")
            case = self._cases[request]
            return case, case.fault(self._handlers[key], what, headers)

    def worker(self, port: int, handler: str = "") -> psutil.Process:
        """The function's process that has this port of ours at the other end."""
        for process in psutil.Process(self.emulator).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                ours = handler in {"", process.environ().get(HANDLER)}  # to look at connections takes long
                if ours and any(one.laddr.port == port for one in process.net_connections("tcp4")):
                    return process
        raise LookupError(f"no function calls from port {port}")


class Handler(Relay):
    """One connection of one worker."""

    def __init__(self, proxy: Proxy, *args: Any) -> None:
        self._proxy = proxy
        super().__init__(proxy.upstream, *args)

    def do_POST(self) -> None:  # noqa: N802
        body, target = self.read(), self.headers["X-Amz-Target"]
        what = _what(target or self.path, body)
        port = self.client_address[1]
        case, fault = self._proxy.fault(port, what, self.headers, body)
        refused = fault is Fault.REFUSED
        if refused:
            answer = _refusal(self.headers, query=self.path == "/" and not target)
        elif fault is not Fault.CRASH_BEFORE:
            answer = self.forward(body)
        else:
            answer = (0, "", b"")
        waits = fault is Fault.LOST and case.begins(self.headers)  # later ones take less time: the connection breaks
        case.over(what, answer[2], self.headers)
        if fault in {Fault.CRASH_BEFORE, Fault.CRASH_AFTER}:
            self._proxy.worker(port, case.handler).kill()
        if waits:
            self._hang_on()
        if fault is Fault.NONE or refused:
            self.answer(*answer)
        else:
            self.close_connection = True

    def _hang_on(self) -> None:
        """Until the client has had enough."""
        self.connection.settimeout(LONGEST_TIMEOUT_SECONDS)
        if self.rfile.read(1):
            raise AssertionError("the client did not wait for its answer")


def _what(target: str, body: bytes) -> str:
    """As in `Call`. SNS speaks the query protocol, SES has paths, the others have targets."""
    if target == "/":
        form = parse_qs(body.decode())
        return " ".join([*form["Action"], *(["link"] if "/approvals/" in form["Message"][0] else [])])
    if target == SEND_EMAIL:
        return f"SendEmail{' link' if b'/approvals/' in body else ''}"
    operation = target.rpartition(".")[2]
    names = json.loads(body)["ExpressionAttributeNames"].values() if operation == "UpdateItem" else []
    return f"{operation} {', '.join(sorted({*names} - {Attribute.VERSION}))}".strip()


def _operation(what: str) -> str:
    return what.partition(" ")[0]


def _refusal(headers: Message, *, query: bool) -> tuple[int, str, bytes]:
    """Status, type and body, as the service's protocol words it: throttled and failing, in turn."""
    throttled = int(ATTEMPT.findall(headers["amz-sdk-request"])[0]) % 2
    status, code = (400, "ThrottlingException") if throttled else (500, "InternalServerError")
    if query:
        text = f"<ErrorResponse><Error><Code>{code}</Code><Message>No.</Message></Error></ErrorResponse>"
        return status, "text/xml", text.encode()
    return status, "application/x-amz-json-1.0", json.dumps({"__type": code, "message": "No."}).encode()
