import functools
import urllib.error
import urllib.request
from html.parser import HTMLParser

import pytest

from sandbox import inbox_page
from sandbox.inbox import Inbox
from sandbox.inbox_server import InboxServer

HOSTILE = '<script>alert(1)</script> & "quotes"'


@pytest.fixture
def inbox():
    opened = InboxServer(Inbox())
    yield opened
    opened.stop()


def fetch(url, data=None, **headers):
    """Status and body; headers are given as `host=`, `origin=`."""
    request = urllib.request.Request(url, data=data, headers=headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


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
    mail = {"to": HOSTILE, "subject": HOSTILE, "body": HOSTILE, "receivedAt": HOSTILE}
    page = inbox_page.mail([mail])
    assert "script" not in Parsed(page).tags
    assert page.count("&lt;script&gt;") >= 4


def test_addresses_in_a_mail_are_links_and_end_where_they_should():
    link = "http://127.0.0.1:1/_aws/execute-api/x/$default/approvals/a/b-_c?d=1&e=2"
    page = inbox_page.mail([{"to": "t", "subject": "s", "body": f"Open\n\n{link}\n\nnow", "receivedAt": "r"}])
    assert link in Parsed(page).links


def test_the_newest_mail_is_on_top_of_the_page():
    mails = [{"to": "t", "subject": f"number {n}", "body": "", "receivedAt": ""} for n in (1, 2)]
    page = inbox_page.mail(mails)
    assert page.index("number 2") < page.index("number 1")


def test_other_sites_can_neither_read_nor_post(inbox):
    post = functools.partial(fetch, f"{inbox.url}/requests", b"title=x")
    inbox.ask = lambda task: pytest.fail(f"asked for {task}")
    assert post(origin="https://evil.example")[0] == 403
    assert post(origin="null")[0] == 403
    assert post(host="evil.example")[0] == 403
    assert fetch(f"{inbox.url}/messages", host="evil.example")[0] == 403


def test_the_form_asks_for_what_was_typed(inbox):
    asked: list[dict[str, str]] = []
    inbox.ask = asked.append
    status, _ = fetch(f"{inbox.url}/requests", b"title=Release+1%2E4&details=&other=x", origin=inbox.url)
    assert status == 200  # of the inbox, which it leads to
    assert asked == [{"title": "Release 1.4"}]


def test_the_form_says_so_while_the_program_is_not_there_yet(inbox):
    assert fetch(f"{inbox.url}/requests", b"title=x")[0] == 503


def test_a_form_that_is_too_large_is_refused(inbox):
    inbox.ask = lambda task: pytest.fail("asked")
    assert fetch(f"{inbox.url}/requests", b"title=" + b"x" * 70_000)[0] == 413
