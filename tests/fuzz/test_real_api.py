"""The same through a real socket, API Gateway's part as the emulator plays it, and the function as it is shipped.

The emulator is laxer than AWS: it has no limit for headers and bodies, and takes an input of any size. What AWS refuses
by itself (a StartExecution input of more than 256 KiB or nested too deeply, header lines of more than 10 KiB in all)
never comes to this program.
"""

from __future__ import annotations

import http.client
import socket
from urllib.parse import quote_plus, urlsplit

import pytest

from tests.support.stacks import ALICE, BOB, JSON, Stack, running

CONFIG = {"approvers": [ALICE, BOB], "reminders": 0, "mailsPerSecond": 10, "task": {"title": "Nightly run"}}
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def stack():
    with running("dev", CONFIG) as sandbox:
        yield Stack(sandbox)


@pytest.fixture(scope="module")
def link(stack):
    """Of a request that nobody answers here."""
    return stack.start().link()


def send(link: str, method: str, target: str, *lines: bytes, body: bytes = b"") -> tuple[int, dict[str, str], str]:
    """One request as it stands; status, headers and body of the answer."""
    address = urlsplit(link)
    head = [f"{method} {target} HTTP/1.1".encode(), f"Host: {address.netloc}".encode(), b"Connection: close", *lines]
    with socket.create_connection((address.hostname, address.port), timeout=20) as wire:
        wire.sendall(b"\r\n".join([*head, b"", body]))
        answer = http.client.HTTPResponse(wire, method=method)
        answer.begin()
        return answer.status, dict(answer.getheaders()), answer.read().decode()


def post(link: str, body: bytes, *lines: bytes) -> tuple[int, dict[str, str], str]:
    return send(link, "POST", urlsplit(link).path, *lines, b"Content-Length: %d" % len(body), body=body)


def quiet(answer: str) -> bool:
    return not any(told in answer for told in ("Traceback", "handlers/", "taskToken", "HandlerError"))


FORM_LINE = b"Content-Type: " + FORM.encode()
JSON_LINE = b"Content-Type: application/json"
UNDECIDED = [
    pytest.param(b"", [], 415, id="no content type"),
    pytest.param(b"decision=approve", [b"Content-Type: text/plain"], 415, id="text"),
    pytest.param(b"decision=approve", [b"Content-Type: \xff\xfe"], 415, id="a content type that is no text"),
    pytest.param(b"decision=approve&comment=\xff\xfe\x00", [FORM_LINE], 400, id="a form that is no text"),
    pytest.param(
        b'--x\r\nContent-Disposition: form-data; name="decision"\r\n\r\napprove\r\n--x--\r\n',
        [b"Content-Type: multipart/form-data; boundary=x"],
        415,
        id="multipart",
    ),
    pytest.param(b'{"decision": "\xff"}', [JSON_LINE], 400, id="JSON that is no text"),
    pytest.param(b"decision=approve&comment=" + b"x" * 100_000, [FORM_LINE], 400, id="a very long comment"),
    pytest.param(b"decision=no", [FORM_LINE, b"X-Long: " + b"x" * 7_000], 400, id="a long header"),
    pytest.param(b"decision=no", [FORM_LINE, *[b"X-Many: x"] * 90], 400, id="many headers"),
    pytest.param(b"decision=no", [FORM_LINE, b"Cookie: a=b; \xff=\x80; =;;"], 400, id="broken cookies"),
    pytest.param(b"decision=no", [FORM_LINE, b"User-Agent: \xf0\x9f\x99\x82\xff"], 400, id="a browser that is no text"),
    pytest.param(b"decision=no", [FORM_LINE, b"Accept: \xff, */*;q=x"], 400, id="an accept header that is no text"),
]


@pytest.mark.parametrize(("body", "lines", "status"), UNDECIDED)
def test_what_is_no_decision_is_refused_and_the_request_stays_open(link, body, lines, status):
    answered, headers, text = post(link, body, *lines)
    assert answered == status, text
    assert "<form" in text
    assert quiet(text)
    assert headers["Cache-Control"] == "no-store"


def test_a_head_with_a_body_is_answered_without_one(link):
    status, _, text = send(
        link, "HEAD", urlsplit(link).path, FORM_LINE, b"Content-Length: 16", body=b"decision=approve"
    )
    assert (status, text) == (200, "")


WRONG = """
    {id}/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx  {id}/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
    {secret}/{id}  {id}/{secret}x  {id}/{secret}%00  {id}%252f{secret}  {id}/..%2f{secret}  %ff/{secret}  {id}/%ff
    {id}/%E2%80%AE  {id}/{secret}/approve  {id}/{secret}/reject  {id}  {id}/  ..  {id}//x  {id}/%25%32%66
"""


@pytest.mark.parametrize("wrong", [*WRONG.split(), "{id}/" + "s" * 5_000])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_link_that_is_not_quite_one_tells_nothing(stack, link, wrong, method):
    base, request_id, secret = urlsplit(link).path.rsplit("/", 2)
    target = f"{base}/{wrong}".format(id=request_id, secret=secret)
    status, headers, text = send(link, method, target, FORM_LINE, b"Content-Length: 16", body=b"decision=approve")
    assert status == 404, text
    assert "This link is not valid" in text
    assert headers["Cache-Control"] == "no-store"
    assert quiet(text)
    assert "As discussed." not in text
    assert not stack.store.get(request_id).votes


WHOLE = """
    {id}/{secret}/  {id}/{secret}//  /{id}//{secret}  {id}/{secret}.  {id}/{secret}%3E  {id}/{secret}%20
    {id}/{secret}%C2%A0  {id}%2F{secret}  {id}/{secret}?utm_source=mail  {id}/{secret}/?decision=reject
    {ID}/{SECRET}  {ID}/{secret}  {dashed}/{secret}
"""


@pytest.mark.parametrize("whole", WHOLE.split())
def test_a_whole_link_works_whatever_was_done_to_it(link, whole):
    base, request_id, secret = urlsplit(link).path.rsplit("/", 2)
    spelt = {"ID": request_id.upper(), "SECRET": secret.upper(), "dashed": request_id.replace("-", "%2D")}
    target = f"{base}/{whole}".format(id=request_id, secret=secret, **spelt)
    status, _, text = send(link, "GET", target)
    assert status == 200, text
    assert "As discussed." in text
    status, headers, text = send(link, "HEAD", target)
    assert (status, text, headers["Cache-Control"]) == (200, "", "no-store")


@pytest.mark.parametrize(
    "stray", ["", "/", "/favicon.ico", "/robots.txt", "/approvals", "/approvals/", "/wp-login.php"]
)
def test_whatever_comes_to_the_api_meets_our_page(stack, link, stray):
    status, headers, text = send(link, "GET", urlsplit(stack.sandbox.outputs["approvalApiUrl"]).path + stray)
    assert (status, headers["Cache-Control"], "copy the whole of it" in text) == (404, "no-store", True)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_another_method_does_nothing_to_a_link(stack, link, method):
    """OPTIONS is left to the tests of the function: the emulator answers it by itself, AWS does so with CORS only."""
    target = urlsplit(link).path
    status, headers, text = send(link, method, target, FORM_LINE, b"Content-Length: 16", body=b"decision=approve")
    assert (status, headers["Cache-Control"]) == (404, "no-store")
    assert "As discussed." not in text
    assert not stack.store.get(target.split("/")[-2]).votes


@pytest.mark.parametrize("chunked", [False, True])
def test_a_vote_arrives_in_any_encoding_that_the_wire_knows(stack, chunked):
    run = stack.start()
    comment = "Ja! 漢字 \u202eolleh\u202c \U0001f642 <b>&amp;</b>\r\n%2F+"
    body = f"decision=approve&comment={quote_plus(comment)}".encode()
    if chunked:
        pieces = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (body[:20], body[20:])) + b"0\r\n\r\n"
        target = urlsplit(run.link()).path
        status, _, _ = send(run.link(), "POST", target, FORM_LINE, b"Transfer-Encoding: chunked", body=pieces)
    else:
        status, _, _ = post(run.link(), body, FORM_LINE)
    assert status == 200
    (vote,) = run.succeeded()["approval"]["votes"]
    assert vote["comment"] == comment.replace("\r\n", "\n")
    assert vote["decision"] == "approve"


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
