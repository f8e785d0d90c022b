"""What a web page in the developer's browser could send to the emulator, and what everybody else does."""

from __future__ import annotations

import http.client

import httpx
import psutil
import pytest

from sandbox.emulator import Emulator

SITE = "https://evil.example"
# Whose signature the emulator does not check.
CREATE = (
    "/?Action=CreateQueue&QueueName=theirs&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=x"
    "&X-Amz-Date=20261125T000000Z&X-Amz-Credential=test/20261125/eu-central-1/sqs/aws4_request"
)
# As Chromium sends them, from a page of another site unless they say otherwise.
FROM_PAGES = {
    "fetch": {"Origin": SITE, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"},
    "fetch without an answer": {"Origin": SITE, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    "form": {"Origin": SITE, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    "form in a frame": {"Origin": "null", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    "image": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
    "link": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-User": "?1"},
    "other port": {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
    "page of the program": {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"},
    "old browser": {"Origin": SITE},
    "old browser's frame": {"Origin": "null"},
    "own address as origin": {"Origin": "http://127.0.0.1"},
    "something new": {"Sec-Fetch-Site": "something-new"},
    "two values": {"Sec-Fetch-Site": "none, cross-site"},
}
FOREIGN_HOSTS = [
    "evil.example",
    "evil.example:80",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "[::2]",
    "10.0.0.1",
]
OWN_HOSTS = ["127.0.0.1", "localhost", "LOCALHOST:80", "bucket.localhost"]
API = "/_aws/execute-api/unknown/$default/approvals/x/y"


@pytest.fixture
def send(emulator: Emulator):
    """A request as it is written here; the answer, read."""

    def send(method, path, headers=None, body=b""):
        with httpx.Client(base_url=emulator.endpoint, trust_env=False) as client:
            return client.request(method, path, headers=headers or {}, content=body)

    return send


@pytest.fixture
def queues(cloud):
    """Theirs; other tests have queues in the same emulator."""
    return lambda: cloud.client("sqs").list_queues(QueueNamePrefix="theirs").get("QueueUrls", [])


def test_without_a_browser_the_same_request_makes_a_queue(send, queues, cloud):
    assert send("GET", CREATE).status_code == 200
    (made,) = queues()
    cloud.client("sqs").delete_queue(QueueUrl=made)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("headers", FROM_PAGES.values(), ids=FROM_PAGES)
def test_a_web_page_is_refused_with_every_method(send, queues, headers, method):
    answer = send(method, CREATE, headers)
    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert not queues()


@pytest.mark.parametrize("path", ["/_ministack/reset", "/_ministack/config", "/_sandbox/end-round", "/health", "/x"])
def test_a_web_page_is_refused_at_the_emulators_own_paths_too(send, path):
    assert send("POST", path, FROM_PAGES["fetch"]).status_code == 403


@pytest.mark.parametrize("path", [CREATE, API, "/_ministack/health"])
@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_a_name_that_leads_here_is_refused_everywhere(send, queues, host, path):
    assert send("GET", path, {"Host": host}).status_code == 403
    assert not queues()


@pytest.mark.parametrize(
    "path", ["/_aws/execute-api/", "/_aws/execute-api/x", "/x/_aws/execute-api/a/b", "//_aws/execute-api/a/b"]
)
def test_what_only_resembles_the_programs_api_is_refused(send, queues, path):
    assert send("GET", path + CREATE[1:], FROM_PAGES["link"]).status_code == 403
    assert not queues()


@pytest.mark.parametrize("headers", [FROM_PAGES["link"], FROM_PAGES["form in a frame"]], ids=["link", "form"])
def test_links_and_forms_reach_the_programs_api_which_decides_for_itself(send, headers):
    answer = send("POST", API, headers)
    assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})


def test_the_programs_api_allows_no_other_site_to_read_it(send):
    asked = {"Origin": SITE, "Access-Control-Request-Method": "POST"}
    assert "access-control-allow-origin" not in send("OPTIONS", API, asked).headers


def test_no_web_page_opens_a_websocket(emulator):
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    for path in ("/", API):
        connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=10)
        connection.request("GET", path, headers=upgrade | {"Origin": SITE})
        assert connection.getresponse().status == 403
        connection.close()


@pytest.mark.parametrize("host", OWN_HOSTS)
def test_what_no_web_page_has_sent_passes_by_every_name_of_this_machine(send, host):
    assert send("GET", "/_ministack/health", {"Host": host}).status_code == 200


def test_an_address_that_is_typed_or_opened_from_a_mail_program_passes(send):
    assert send("GET", "/_ministack/health", {"Sec-Fetch-Site": "none"}).status_code == 200


def test_the_emulator_listens_at_one_port_of_this_machine_only(emulator):
    main = psutil.Process(emulator.pid)
    open_ = [
        (one.laddr.ip, one.laddr.port)
        for process in (main, *main.children(recursive=True))
        for one in process.net_connections()
        if one.status == psutil.CONN_LISTEN
    ]
    assert open_ == [("127.0.0.1", emulator.port)]
