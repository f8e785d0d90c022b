"""The same through a real socket, API Gateway's part as the emulator plays it, and the function as it is shipped.

The emulator is laxer than AWS: it has no limit for headers and bodies, and takes an input of any size. What AWS refuses
by itself (a StartExecution input of more than 256 KiB or nested too deeply, header lines of more than 10 KiB in all)
never comes to this program.
"""

from __future__ import annotations

import http.client
import socket
from urllib.parse import urlsplit

import pytest

from tests.support.stacks import ALICE, BOB, JSON, Stack, running

CONFIG = {"approvers": [ALICE, BOB], "reminders": 0, "mailsPerSecond": 10, "task": {"title": "Nightly run"}}


@pytest.fixture(scope="module")
def stack():
    with running("dev", CONFIG) as sandbox:
        yield Stack(sandbox)


@pytest.fixture(scope="module")
def link(stack):
    """Of a request that nobody answers here."""
    return stack.start().link()


def post(link: str, body: bytes, *lines: bytes) -> tuple[int, str | None, str]:
    """One request as it stands; the answer's status, how long it may be kept, and its body."""
    address = urlsplit(link)
    length = b"Content-Length: %d" % len(body)
    head = [f"POST {address.path} HTTP/1.1".encode(), f"Host: {address.netloc}".encode(), b"Connection: close", length]
    with socket.create_connection((address.hostname, address.port), timeout=20) as wire:
        wire.sendall(b"\r\n".join([*head, *lines, b"", body]))
        answer = http.client.HTTPResponse(wire, method="POST")
        answer.begin()
        return answer.status, answer.getheader("Cache-Control"), answer.read().decode()


FORM_LINE = b"Content-Type: application/x-www-form-urlencoded"
JSON_LINE = b"Content-Type: application/json"
UNDECIDED = [
    pytest.param(b"decision=approve", [b"Content-Type: \xff\xfe"], 415, id="a content type that is no text"),
    pytest.param(b"decision=approve&comment=\xff\xfe\x00", [FORM_LINE], 400, id="a form that is no text"),
    pytest.param(b'{"decision": "\xff"}', [JSON_LINE], 400, id="JSON that is no text"),
    pytest.param(b"decision=approve&comment=" + b"x" * 100_000, [FORM_LINE], 400, id="a very long comment"),
    pytest.param(b"decision=approve&values.x=\xff", [FORM_LINE], 400, id="a value that is no text"),
    pytest.param(b'{"decision": "approve", "values": {"x": [1e400]}}', [JSON_LINE], 400, id="a value of no field"),
    pytest.param(b"decision=no", [FORM_LINE, *[b"X-Many: x"] * 90], 400, id="many headers"),
    pytest.param(b"decision=no", [FORM_LINE, b"Cookie: a=b; \xff=\x80; =;;"], 400, id="broken cookies"),
    pytest.param(b"decision=no", [FORM_LINE, b"User-Agent: \xf0\x9f\x99\x82\xff"], 400, id="a browser that is no text"),
    pytest.param(b"decision=no", [FORM_LINE, b"Accept: \xff, */*;q=x"], 400, id="an accept header that is no text"),
]


@pytest.mark.parametrize(("body", "lines", "status"), UNDECIDED)
def test_what_is_no_decision_is_refused_and_the_request_stays_open(link, body, lines, status):
    answered, kept, text = post(link, body, *lines)
    assert (answered, kept) == (status, "no-store"), text
    assert "<form" in text
    assert not any(told in text for told in ("Traceback", "handlers/", "taskToken", "HandlerError"))


# As details, as requester and as comment.
HARMLESS_IN_THE_END = [
    "a\0b",
    "\r\nBcc: mallory@example.com\r\n\r\nClick here",
    "\u202egnissorp\u202c \u2066x\u2069 \u200b\ufeff",
    "<script>alert(1)</script></textarea>{% $states.context.Task.Token %}",
]


def test_whatever_is_asked_arrives_as_text_and_can_be_approved(stack):
    runs = [(stack.start(details=text, requestedBy=text), text) for text in HARMLESS_IN_THE_END]
    for run, text in runs:
        shown = stack.http.get(run.link(), headers=JSON).json()["request"]
        assert (shown["details"], shown["requestedBy"]) == (text.strip(), text.strip())
        assert "<script>alert" not in stack.get(run.link()).text
        assert stack.press(run.link(), comment=text).status_code == 200
    for run, text in runs:
        assert run.succeeded()["details"] == text.strip()
