"""The page as a browser's requests meet it. How it looks and moves: tests/browser/test_sandbox_page.py."""

import functools
import json
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest

from sandbox.cloud import Cloud
from sandbox.emulator import Emulator
from sandbox.inbox import Inbox, Message
from sandbox.page import content
from sandbox.page.content import View
from sandbox.page.picture import Picture
from sandbox.page.server import PageServer
from sandbox.page.stack import Event, Function, LogLine, Run, Stack
from tests.support.waiting import until

HOSTILE = '<script>alert(1)</script> & "quotes"'
MACHINE = "arn:aws:states:eu-central-1:000000000000:stateMachine:m"
EXECUTION = "arn:aws:states:eu-central-1:000000000000:execution:m:one"
STATES = {"StartAt": "Ask", "States": {"Ask": {"Type": "Task", "Next": "Done"}, "Done": {"Type": "Pass", "End": True}}}
NOW = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Made(Stack):
    """A stack that is made up, and keeps what is asked of it."""

    def __init__(self, *runs):
        super().__init__(
            name="dev",
            cloud=Cloud(endpoint="", region=""),
            emulator=Emulator(),
            outputs={"stateMachineArn": MACHINE},
            functions=[],
        )
        self.picture = Picture(STATES)
        self.logs = [Function(name="generate_task", log_group="/g")]
        self.made, self.asked, self.waits = list(runs), [], True

    def runs(self):
        return self.made

    def history(self, run):
        return [Event(seconds=0.1, kind="TaskStateEntered", state="Ask", entered=True, error="", cause="")]

    def log(self, name, since):
        return [LogLine(at=NOW, function="generate_task", text=json.dumps({"level": "INFO", "message": HOSTILE}))]

    def start(self, task):
        self.asked.append(task)
        return EXECUTION

    def _keep(self, order, execution):
        self.asked.append((order, execution))
        return self.waits

    def stop(self, execution):
        return self._keep("stop", execution)

    def redeliver(self, execution):
        return self._keep("redeliver", execution)

    def end_round(self, execution):
        return self._keep("end-round", execution)


def run(**more):
    values: dict[str, Any] = {
        "arn": EXECUTION,
        "name": "one",
        "status": "RUNNING",
        "started": NOW,
        "task": {},
        "record": {},
        "error": "",
        "cause": "",
    }
    return Run(**values | more)


def mail(subject="s", body="b", to="t@example.com"):
    return Message(to=to, subject=subject, body=body, receivedAt=NOW.isoformat())


@pytest.fixture
def server():
    opened = PageServer(Inbox())
    yield opened
    opened.stop()


@pytest.fixture
def stack(server):
    made = Made(run())
    server.show(made)
    return made


def fetch(url, data=None, **headers):
    """Status and body; headers are given as `host=`, `origin=`."""
    request = urllib.request.Request(url, data=data, headers=headers)
    try:
        with DIRECT.open(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@contextmanager
def events(server, query=""):
    """What the page is told, one after the other, as (region -> HTML)."""
    with DIRECT.open(f"{server.url}/events{query}", timeout=10) as answer:
        yield (json.loads(line.removeprefix(b"data: ")) for line in answer if line.startswith(b"data: "))


class Parsed(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.tags, self.links = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "a":
            self.links.append(dict(attrs)["href"])


def test_whatever_a_mail_says_it_is_shown_as_text():
    shown = content.inbox([mail(HOSTILE, HOSTILE, HOSTILE)], set(), View(mail=1))
    assert "script" not in Parsed(shown).tags
    assert shown.count("&lt;script&gt;") == 3


def test_whatever_a_request_a_vote_or_a_log_says_it_is_shown_as_text(server, stack):
    vote = {"decision": "approve", "comment": HOSTILE, "at": 1}
    record = {"title": HOSTILE, "requestedBy": HOSTILE, "votes": {HOSTILE: vote}, "approvers": {"x" + HOSTILE: {}}}
    stack.made = [run(record=record, status="FAILED", error=HOSTILE, cause=HOSTILE)]
    page = fetch(f"{server.url}/?run=one")[1]
    assert Parsed(page).tags.count("script") == 1  # the page's own
    assert page.count("&lt;script&gt;") >= 9


def test_addresses_in_a_mail_are_links_and_end_where_they_should():
    link = "http://127.0.0.1:1/_aws/execute-api/x/$default/approvals/a/b-_c?d=1&e=2"
    shown = content.inbox([mail(body=f"Open\n\n{link}\n\nnow")], set(), View(mail=1))
    assert link in Parsed(shown).links


def test_the_newest_mail_is_on_top_of_the_page():
    shown = content.inbox([mail("number 1"), mail("number 2")], set(), View())
    assert shown.index("number 2") < shown.index("number 1")


def test_a_mail_is_unread_until_it_is_opened(server, stack):
    server.inbox.keep(mail("first"))
    server.inbox.keep(mail("second"))
    assert "2 unread" in fetch(server.url)[1]
    fetch(f"{server.url}/?mail=1")
    page = fetch(server.url)[1]
    assert "1 unread" in page
    assert page.count("Unread. ") == 1
    assert page.index("Unread. ") < page.index("second") < page.index("first")


def test_mail_is_json_for_programs_the_oldest_first(server):
    server.inbox.keep(mail("first"))
    server.inbox.keep(mail("second", "text", "a@example.com"))
    status, answer = fetch(f"{server.url}/messages")  # also while the program is being deployed
    assert status == 200
    assert [message["subject"] for message in json.loads(answer)] == ["first", "second"]
    assert json.loads(answer)[1] == {
        "to": "a@example.com",
        "subject": "second",
        "body": "text",
        "receivedAt": NOW.isoformat(),
    }


@pytest.mark.parametrize("path", ["/requests", "/runs/one/stop", "/runs/one/redeliver", "/runs/one/end-round"])
def test_other_sites_cannot_post(server, stack, path):
    post = functools.partial(fetch, f"{server.url}{path}", b"title=x")
    port = server.url.rpartition(":")[2]
    assert post(origin="https://evil.example")[0] == 403
    assert post(origin="null")[0] == 403
    assert post(origin=f"http://127.0.0.1:{int(port) - 1}")[0] == 403
    assert post(host="evil.example")[0] == 403
    assert post(host=f"evil.example:{port}", origin=f"http://evil.example:{port}")[0] == 403
    assert not stack.asked


@pytest.mark.parametrize("path", ["/", "/messages", "/events", "/script.js", "/nothing"])
def test_other_sites_cannot_read_by_a_name_that_leads_here(server, stack, path):
    assert fetch(f"{server.url}{path}", host="evil.example")[0] == 403
    assert fetch(f"{server.url}{path}", origin="https://evil.example")[0] == 403


def test_localhost_is_this_machine_too(server, stack):
    host = server.url.removeprefix("http://").replace("127.0.0.1", "localhost")
    assert fetch(f"{server.url}/requests", b"title=x", host=host, origin=f"http://{host}")[0] == 200
    assert fetch(f"{server.url}/requests", b"title=x", host=host, origin=server.url)[0] == 403


@pytest.mark.parametrize("path", ["/", "/messages", "/script.js", "/nothing"])
def test_every_answer_forbids_other_scripts_frames_and_copies(server, stack, path):
    try:
        answer = DIRECT.open(f"{server.url}{path}", timeout=10)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_form_asks_for_what_was_typed(server, stack):
    status, page = fetch(f"{server.url}/requests", b"title=Release+1%2E4&details=&other=x", origin=server.url)
    assert status == 200  # of the page, which it leads to
    assert "The run was started." in page
    assert stack.asked == [{"title": "Release 1.4"}]


@pytest.mark.parametrize("order", ["stop", "redeliver", "end-round"])
def test_a_button_does_what_it_says_and_says_so(server, stack, order):
    status, page = fetch(f"{server.url}/runs/one/{order}?log=generate_task", b"", origin=server.url)
    assert status == 200
    assert str(content.ORDERS[order][1]) in page
    assert stack.asked == [(order, EXECUTION)]
    assert 'id="log-generate_task" href="/?log=generate_task" aria-current' in page.replace("run=one&amp;", "")


def test_a_button_that_comes_too_late_says_so(server, stack):
    stack.waits = False
    status, page = fetch(f"{server.url}/runs/one/end-round", b"")
    assert status == 409
    assert content.IN_VAIN in page


def test_there_are_no_other_buttons(server, stack):
    assert fetch(f"{server.url}/runs/one/delete", b"")[0] == 404
    assert fetch(f"{server.url}/runs/one/stop")[0] == 405
    assert not stack.asked


def test_everything_but_the_mail_says_so_while_the_program_is_not_there_yet(server):
    for path, data in (("/requests", b"title=x"), ("/runs/one/stop", b""), ("/", None), ("/events", None)):
        status, page = fetch(f"{server.url}{path}", data)
        assert status == 503
        assert "still being deployed" in page


def test_a_form_that_is_too_large_is_refused_also_in_parts_of_unknown_size(server, stack):
    assert fetch(f"{server.url}/requests", b"title=" + b"x" * 70_000)[0] == 413
    assert fetch(f"{server.url}/requests", iter([b"title="] + [b"x" * 1000] * 70))[0] == 413
    assert not stack.asked


def test_an_open_page_is_told_of_what_has_changed_and_nothing_else(server, stack):
    with events(server) as told:
        first = next(told)
        assert set(first) == {"said", "inbox", "requests", "run", "graph", "history", "log"}
        server.inbox.keep(mail("news"))
        assert set(second := next(told)) == {"inbox"}
        assert "news" in second["inbox"]
        stack.made = [run(status="SUCCEEDED")]
        third = next(told)
        assert "Succeeded" in third["requests"]
        assert 'class="state good"' in third["graph"]
        assert "inbox" not in third


def test_the_newest_run_is_shown_unless_another_is_chosen(server, stack):
    stack.made = [run(name="two", task={"title": "Newer"}), run(task={"title": "Older"})]
    assert 'action="/runs/two/stop"' in fetch(server.url)[1]
    assert 'action="/runs/one/stop"' in fetch(f"{server.url}/?run=one")[1]
    assert "/stop" not in fetch(f"{server.url}/?run=gone")[1]


def test_a_run_that_has_ended_has_no_buttons(server, stack):
    stack.made = [run(status="ABORTED")]
    assert "/runs/" not in fetch(server.url)[1]


def test_no_task_token_is_shown(server, stack):
    stack.made = [run(record={"title": "t", "taskToken": "AQC-token", "approvers": {"a": {"links": ["digest"]}}})]
    page = fetch(server.url)[1]
    assert "AQC-token" not in page
    assert "digest" not in page


def test_the_server_ends_at_once_though_a_page_is_open():
    opened = PageServer(Inbox())
    opened.show(Made(run()))
    with events(opened) as told:
        next(told)
        began = time.monotonic()
        opened.stop()
        assert time.monotonic() - began < 3
        assert not list(told)
    until(lambda: refused(opened.url), "end of the server")


def refused(url):
    try:
        fetch(url)
    except urllib.error.URLError:
        return True
    return False
