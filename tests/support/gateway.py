"""API Gateway's part: a request off the wire becomes an event, and the function's answer a response."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from handlers.page import HttpApi
from tests.support.events import http

# What API Gateway hands over as it is; everything else is base64.
PLAIN = ("text/", "application/json", "application/javascript", "application/xml")


def event(method: str, path: str, body: bytes, headers: dict[str, str], user_agent: str | None = "") -> dict[str, Any]:
    """The event of a request; `path` is decoded, as an HTTP API does before it matches a route."""
    made = http(method, path)
    plain = headers.get("content-type", "").startswith(PLAIN)
    made["headers"] = headers
    made["body"] = body.decode(errors="replace") if plain else base64.b64encode(body).decode()
    made["isBase64Encoded"] = not plain
    made["requestContext"]["http"]["userAgent"] = user_agent
    return made


def answered(api: HttpApi, made: dict[str, Any]) -> dict[str, Any]:
    """The function's answer, taken as Lambda takes it: it has to be JSON, in UTF-8, of at most 6 MB."""
    answer = api.serve(made)
    sent = json.dumps(answer, ensure_ascii=False, allow_nan=False).encode()
    assert len(sent) <= 6 * 1024 * 1024
    return answer


def wsgi(api: HttpApi) -> Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]:
    """The function as a WSGI application."""

    def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        headers = {
            name.removeprefix("HTTP_").replace("_", "-").lower(): value.encode("latin-1").decode(errors="replace")
            for name, value in environ.items()
            if (name.startswith("HTTP_") or name in {"CONTENT_TYPE", "CONTENT_LENGTH"}) and value
        }
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        path = environ["PATH_INFO"].encode("latin-1").decode(errors="replace")
        answer = answered(api, event(environ["REQUEST_METHOD"], path, body, headers, headers.get("user-agent", "")))
        status = HTTPStatus(answer["statusCode"])
        start(f"{status.value} {status.phrase}", list(answer["headers"].items()))
        return [answer["body"].encode()]

    return application
