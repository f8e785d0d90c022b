"""The page over HTTP, on 127.0.0.1: as a page, as JSON for a program, and the forms."""

from __future__ import annotations

import json
import socket
import threading
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import uvicorn
from botocore.exceptions import BotoCoreError, ClientError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.emulator import EmulatorFailedError
from sandbox.inbox import Inbox
from sandbox.page import content
from sandbox.page.stack import Stack

STOP_SECONDS = 5  # an answer that has begun is finished first
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
UNREACHABLE = (BotoCoreError, ClientError, EmulatorFailedError)
TASK_FIELDS = ("title", "details", "requestedBy", "policy", "fields", "links")
IN_JSON = ("fields", "links")
FILES = Path(__file__).parent
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self'; img-src data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # without any, a browser posts our own forms with `Origin: null`
}
# A mail's HTML, as mail programs hold it: it runs and loads nothing, and its links open in tabs of their own.
MAIL_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'; "
        "sandbox allow-popups allow-popups-to-escape-sandbox"
    ),
}


class Html(HTMLResponse):
    """Half a character, which an input in JSON may hold, is written out: UTF-8 has no form for it."""

    def render(self, content: Any) -> bytes:
        return str(content).encode("utf-8", "backslashreplace")


class PageServer:
    """Serves an inbox, and the stack that its mail comes from."""

    def __init__(self, inbox: Inbox, stack: Stack) -> None:
        self.inbox = inbox
        self._stack = stack
        # It listens from here on: who comes before the server has started waits, and is not refused.
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(
            OwnOnly(self._application(), self.url),
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            http="h11",
            loop="asyncio",
            timeout_graceful_shutdown=STOP_SECONDS,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), name="page", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(STOP_SECONDS)
        self._socket.close()

    def _application(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", self._page),
                Route("/messages", self._messages),
                Route("/messages/{number:int}", self._mail),
                Route("/style.css", lambda _: FileResponse(FILES / "style.css")),
                Route("/script.js", lambda _: FileResponse(FILES / "script.js")),
                Route("/requests", self._start, methods=["POST"]),
                Route("/runs/{name}/end-round", self._end_round, methods=["POST"]),
            ],
            exception_handlers={HTTPException: problem} | dict.fromkeys(UNREACHABLE, unreachable),
        )

    async def _page(self, request: Request) -> Response:
        chosen, messages = request.query_params.get("run", ""), self.inbox.messages()
        return Html(await run_in_threadpool(content.page, self._stack, messages, self.inbox.chat(), chosen))

    async def _messages(self, _request: Request) -> Response:
        # In ASCII, which has a form for half a character, too.
        return Response(json.dumps([message.as_json for message in self.inbox.messages()]), media_type=JSON)

    async def _mail(self, request: Request) -> Response:
        """The HTML of the mail with this number, from 1."""
        message = dict(enumerate(self.inbox.messages(), start=1)).get(request.path_params["number"])
        if not message or not message.html:
            raise HTTPException(HTTPStatus.NOT_FOUND, "There is no HTML mail with this number.")
        return Html(content.framed(message.html), headers=MAIL_HEADERS)

    async def _start(self, request: Request) -> Response:
        task = task_in(request.headers.get("content-type", ""), await request.body())
        execution = await run_in_threadpool(self._stack.start, task)
        return RedirectResponse(content.address(execution.rpartition(":")[2]), HTTPStatus.SEE_OTHER)

    async def _end_round(self, request: Request) -> Response:
        name = request.path_params["name"]
        if not await run_in_threadpool(self._stack.emulator.end_round, self._stack.execution(name)):
            raise HTTPException(HTTPStatus.CONFLICT, content.IN_VAIN)
        return RedirectResponse(content.address(name), HTTPStatus.SEE_OTHER)


class OwnOnly:
    """Other web sites must neither read this, by a name that leads to 127.0.0.1, nor post here. They may link to it."""

    def __init__(self, application: ASGIApp, url: str) -> None:
        self._application = application
        own = url.removeprefix("http://")
        self._hosts = (own, own.replace("127.0.0.1", "localhost"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    given.setdefault(name, value)
            await send(message)

        headers = Headers(scope=scope)
        host = ", ".join(headers.getlist("host"))
        ours = (
            host in self._hosts
            and set(headers.getlist("origin")) <= {f"http://{host}"}
            and (set(headers.getlist("sec-fetch-site")) <= {"same-origin", "none"} or is_link(scope, headers))
        )
        refusal = Html(content.problem("This page is for this machine only."), HTTPStatus.FORBIDDEN)
        await (self._application if ours else refusal)(scope, receive, guarded)


def is_link(scope: Scope, headers: Headers) -> bool:
    """Somebody follows a link to a page, in a tab."""
    how = (scope["method"], headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest"))
    return how == ("GET", "navigate", "document")


def task_in(kind: str, sent: bytes) -> dict[str, Any]:
    """What the form asks for. Raises HTTPException: what is not understood starts nothing."""
    example = "such as: curl -d title='Release 1.4' -d requestedBy=dana@example.com"
    if kind.partition(";")[0].strip().lower() != FORM:
        words = f"Content-Type must be {FORM}, got {kind or 'none'}: send a form, {example}"
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, words)
    try:
        form = parse_qs(sent.decode(), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError as error:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "The form is not in UTF-8.") from error
    for name, values in form.items():
        if name not in TASK_FIELDS:
            words = f"There is no field {name[:50]!r}; there are {', '.join(TASK_FIELDS)}."
            raise HTTPException(HTTPStatus.BAD_REQUEST, words)
        if len(values) > 1:
            raise HTTPException(HTTPStatus.BAD_REQUEST, f"The field {name} is there {len(values)} times.")
    task: dict[str, Any] = {name: value for name, (value,) in form.items() if value.strip()}
    for name in task.keys() & set(IN_JSON):
        try:
            task[name] = json.loads(task[name])
        except (ValueError, RecursionError) as error:
            raise HTTPException(HTTPStatus.BAD_REQUEST, f"The field {name} is no JSON: {error}") from error
    if "title" not in task:
        raise HTTPException(
            HTTPStatus.BAD_REQUEST, f"The field title is missing or blank: say what to approve, {example}"
        )
    return task


async def problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - what it is registered for
    return Html(content.problem(error.detail), error.status_code)


async def unreachable(_request: Request, error: Exception) -> Response:
    return Html(content.problem(str(error)), HTTPStatus.BAD_GATEWAY)
