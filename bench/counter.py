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
    """On 127.0.0.1, from `__enter__` to `__exit__`. Forwards everything unchanged, Host included: it is signed."""

    def __init__(self, upstream: int, names: Sequence[str]) -> None:
        self.calls: Counter[Call] = Counter()
        self._lock = threading.Lock()
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

    def count(self, call: Call) -> None:
        with self._lock:
            self.calls[call] += 1


class Handler(BaseHTTPRequestHandler):
    """One connection of one function's process."""

    protocol_version = "HTTP/1.1"

    def __init__(self, counters: Counters, who: str, upstream: int, *args: Any) -> None:
        self._counters, self._who = counters, who
        self._upstream = http.client.HTTPConnection("127.0.0.1", upstream)
        super().__init__(*args)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        target = self.headers["X-Amz-Target"]
        operation = target.rpartition(".")[2] if target else parse_qs(body.decode())["Action"][0]
        # Credential=<key>/<date>/<region>/<service>/aws4_request
        service = self.headers["Authorization"].split("Credential=")[1].split("/")[3]
        self._counters.count(Call(self._who, service, operation))
        self._upstream.putrequest("POST", self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            self._upstream.putheader(name, value)
        self._upstream.endheaders(body)
        answer = self._upstream.getresponse()
        content = answer.read()
        head = (
            f"HTTP/1.1 {answer.status} -\r\nContent-Type: {answer.headers['Content-Type']}\r\n"
            f"Content-Length: {len(content)}\r\n\r\n"
        )
        self.wfile.write(head.encode() + content)  # in one write, or the kernel waits between two

    def finish(self) -> None:
        self._upstream.close()
        super().finish()

    def log_message(self, *_args: object) -> None:
        """Silent: the count is what counts."""
