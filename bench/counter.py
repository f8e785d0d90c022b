"""Counts the functions' calls: each function calls the emulator through its own port here."""

from __future__ import annotations

import http.client
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs

STOP_POLL_SECONDS = 0.05


@dataclass(frozen=True, order=True)
class Call:
    """`who` is the entry module of a function, `service` as in ARNs."""

    who: str
    service: str
    operation: str


class Counters:
    """On 127.0.0.1, from `__enter__` to `__exit__`."""

    def __init__(self, upstream: int, names: Sequence[str]) -> None:
        self.calls: Counter[Call] = Counter()
        self.counting = threading.Lock()
        self._servers = {
            name: ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, self, name, upstream)) for name in names
        }

    def __enter__(self) -> Self:
        for server in self._servers.values():
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, args=(STOP_POLL_SECONDS,), daemon=True).start()
        return self

    def __exit__(self, *_exception: object) -> None:
        for server in self._servers.values():
            server.shutdown()
            server.server_close()

    @property
    def variables(self) -> dict[str, dict[str, str]]:
        """The environment variables that send a function's calls through here, by entry module."""
        return {
            name: {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}"}
            for name, server in self._servers.items()
        }


class Relay(BaseHTTPRequestHandler):
    """One connection of one function's process, to the emulator at this port. Host stays as it is: it is signed."""

    protocol_version = "HTTP/1.1"

    def __init__(self, upstream: int, *args: Any) -> None:
        self._upstream = http.client.HTTPConnection("127.0.0.1", upstream)
        super().__init__(*args)

    def read(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def forward(self, body: bytes) -> tuple[int, str, bytes]:
        """Returns the answer's status, content type and body."""
        self._upstream.putrequest("POST", self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            self._upstream.putheader(name, value)
        self._upstream.endheaders(body)
        answer = self._upstream.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read()

    def answer(self, status: int, kind: str, body: bytes) -> None:
        head = f"HTTP/1.1 {status} -\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        self.wfile.write(head.encode() + body)  # in one write, or the kernel waits between two

    def finish(self) -> None:
        self._upstream.close()
        super().finish()

    def log_message(self, *_args: object) -> None:
        """Silent: what is counted or comes of it is what counts."""


class Handler(Relay):
    """Counts what it relays."""

    def __init__(self, counters: Counters, who: str, upstream: int, *args: Any) -> None:
        self._counters, self._who = counters, who
        super().__init__(upstream, *args)

    def do_POST(self) -> None:
        body, target = self.read(), self.headers["X-Amz-Target"]
        operation = target.rpartition(".")[2] if target else parse_qs(body.decode())["Action"][0]
        # Credential=<key>/<date>/<region>/<service>/aws4_request
        service = self.headers["Authorization"].split("Credential=")[1].split("/")[3]
        with self._counters.counting:
            self._counters.calls[Call(self._who, service, operation)] += 1
        self.answer(*self.forward(body))
