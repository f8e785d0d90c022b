"""The inbox over HTTP: its pages, its JSON, and the form that asks for an approval."""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Callable
from dataclasses import asdict
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from botocore.exceptions import BotoCoreError, ClientError

from sandbox import inbox_page
from sandbox.inbox import Inbox

LARGEST_FORM = 64 * 1024  # bytes
STYLE_ONLY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
STOP_POLL_SECONDS = 0.05  # the server looks this often whether it shall stop
TASK_FIELDS = ("title", "details", "requestedBy")


class InboxServer:
    """Serves an inbox on 127.0.0.1, as a web page for a person and as JSON for a program.

    ask  starts an execution for {"title", "details", "requestedBy"} and returns its ARN; until it is set (the program
         is being deployed) the page says so
    """

    def __init__(self, inbox: Inbox) -> None:
        self.inbox = inbox
        self.ask: Callable[[dict[str, str]], str] | None = None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, self))
        self._server.daemon_threads = True
        threading.Thread(
            target=self._server.serve_forever, args=(STOP_POLL_SECONDS,), name="inbox", daemon=True
        ).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    def __init__(self, served: InboxServer, *args: Any) -> None:
        self._served = served
        super().__init__(*args)  # answers the request already

    def do_GET(self) -> None:
        mail = [asdict(message) for message in self._served.inbox.messages()]
        if not self._is_ours():
            self._problem(HTTPStatus.FORBIDDEN, "This page is for this machine only.")
        elif self.path == "/messages":
            self._answer(json.dumps(mail), "application/json")
        elif self.path == "/":
            self._answer(inbox_page.mail(mail))
        elif self.path == "/ask":
            self._answer(inbox_page.ask())
        else:
            self._problem(HTTPStatus.NOT_FOUND, "There is no such page.")

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if not self._is_ours():
            self._problem(HTTPStatus.FORBIDDEN, "This form is for this machine only.")
        elif self.path != "/requests":
            self._problem(HTTPStatus.NOT_FOUND, "There is no such form.")
        elif length > LARGEST_FORM:
            self._problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A form may have {LARGEST_FORM} bytes.")
        elif not self._served.ask:
            self._problem(HTTPStatus.SERVICE_UNAVAILABLE, "The program is still being deployed.")
        else:
            form = parse_qs(self.rfile.read(length).decode(errors="replace"))
            try:
                self._served.ask({field: form[field][0] for field in TASK_FIELDS if field in form})
            except (BotoCoreError, ClientError) as error:
                self._problem(HTTPStatus.BAD_GATEWAY, str(error))
            else:
                self._answer("", status=HTTPStatus.SEE_OTHER)

    def _is_ours(self) -> bool:
        """Other web sites must neither read this, by a name that leads to 127.0.0.1, nor post here."""
        host, origin = self.headers.get("Host", ""), self.headers.get("Origin")
        own = self._served.url.removeprefix("http://")
        return host in (own, own.replace("127.0.0.1", "localhost")) and origin in (None, f"http://{host}")

    def _problem(self, status: HTTPStatus, words: str) -> None:
        self._answer(inbox_page.problem(words), status=status)

    def _answer(self, text: str, kind: str = "text/html", status: HTTPStatus = HTTPStatus.OK) -> None:
        body = text.encode()
        self.send_response(status)
        if status is HTTPStatus.SEE_OTHER:
            self.send_header("Location", "/")
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", STYLE_ONLY)
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Nothing: the page reloads itself, which would be all that a log shows."""
