"""The page as a browser's requests meet it. How it looks and moves: tests/browser/test_sandbox_page.py."""

import functools
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from handlers.approvals.rules.record import Approver, Decision
from handlers.contract.policy import Group, Policy
from sandbox.cloud import Cloud
from sandbox.emulator import Emulator
from sandbox.inbox import Inbox, Message
from sandbox.page import content
from sandbox.page.server import PageServer
from sandbox.page.stack import Event, LogLine, Run, Stack, task_of
from tests.support import records

HOSTILE = '<script>alert(1)</script> & "quotes"'
MACHINE = "arn:aws:states:eu-central-1:000000000000:stateMachine:m"
EXECUTION = "arn:aws:states:eu-central-1:000000000000:execution:m:one"
ANN, BEN, CLEO, DORA = (f"{name}@example.com" for name in ("ann", "ben", "cleo", "dora"))
PAYOUT = Policy(
    name="payout",
    groups={"finance": Group(approvers=(ANN, BEN)), "legal": Group(approvers=(CLEO, BEN))},
    escalate_to=(DORA,),
    approvals_required=2,
)
NOW = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def definition(*policies):
    """What the page reads in the machine of a stack with these policies."""
    first: dict[str, Any] = {"Arguments": {"Payload": {"policies": {one.name: {} for one in policies}}}}
    return {"StartAt": "Generate task", "States": {"Generate task": first}}


class Made(Stack):
    """A stack that is made up, and keeps what is asked of it."""

    def __init__(self, *runs):
        super().__init__(
            name="dev",
            cloud=Cloud(endpoint="", region=""),
            emulator=Ending(self),
            outputs={"operate": json.dumps({"stateMachineArn": MACHINE}), "chatTopicArn": "arn"},
            zone=ZoneInfo("UTC"),
            log_groups={},
        )
        self.definition = definition(Policy())
        self.made, self.asked, self.waits = list(runs), [], True

    def runs(self):
        return self.made

    def history(self, run):
        return [Event(seconds=0.1, kind="TaskStateEntered", state="Generate task", entered=True, error="", cause="")]

    def log(self, since):
        return [LogLine(at=NOW, function="generate", text=json.dumps({"level": "INFO", "message": HOSTILE}))]

    def events(self):
        detail = {"executionArn": EXECUTION, "approver": HOSTILE, "decision": "approve", "comment": HOSTILE}
        return [{"time": NOW.isoformat(), "detail-type": "Approval Voted", "detail": detail}]

    def start(self, task):
        self.asked.append(task)
        return EXECUTION


class Ending(Emulator):
    """Keeps which rounds it is asked to end."""

    def __init__(self, stack):
        super().__init__()
        self.stack = stack

    def end_round(self, execution):
        self.stack.asked.append(execution)
        return self.stack.waits


def run(**more):
    values: dict[str, Any] = {
        "arn": EXECUTION,
        "name": "one",
        "status": "RUNNING",
        "started": NOW,
        "task": {},
        "record": None,
        "error": "",
        "cause": "",
    }
    return Run(**values | more)


def paying(**votes):
    """A request under PAYOUT, with the decisions of these people: ann, ben, cleo, dora."""
    asked = {who: Approver(mailed_round=1) for who in PAYOUT.everybody}
    cast = {f"{name}@example.com": records.vote(Decision(decision)) for name, decision in votes.items()}
    return records.voted(cast, policy=PAYOUT, approvers=asked)


def mail(subject="s", body="b", to="t@example.com", **more):
    return Message(to=to, subject=subject, body=body, receivedAt=NOW.isoformat(), **more)


BY_SES = {
    "html": f"<!doctype html><html><head></head><body>{HOSTILE}</body></html>",
    "headers": {"References": "<r@example.com>"},
    "tags": {"request": ["r"]},
}


@pytest.fixture
def stack():
    return Made(run())


@pytest.fixture
def deliver(tmp_path):
    """Writes mail down as the emulator does."""
    (tmp_path / "mail").touch()

    def deliver(*messages, topic="ours"):
        with (tmp_path / "mail").open("a") as kept:
            kept.writelines(json.dumps(message.as_json | {"topic": topic}) + "\n" for message in messages)

    return deliver


@pytest.fixture
def server(stack, deliver, tmp_path):
    with (tmp_path / "mail").open() as mail:
        opened = PageServer(Inbox(mail, ["ours"]), stack)
        yield opened
        opened.stop()


def fetch(url, data=None, **headers):
    """Status and body; headers are given as `host=`, `origin=`."""
    request = urllib.request.Request(url, data=data, headers=headers)
    try:
        with DIRECT.open(request, timeout=10) as answer:
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


def test_whatever_a_mail_says_it_is_shown_as_text(stack):
    stack.log = lambda since: []
    chat = mail(body=json.dumps({"content": {"title": HOSTILE, "description": HOSTILE}}))
    shown = content.page(stack, [mail(HOSTILE, HOSTILE, HOSTILE)], [chat], "")
    assert Parsed(shown).tags.count("script") == 1  # the page's own
    assert shown.count("&lt;script&gt;") == 3 + 2 + 2  # of the mail, the chat and the event


def test_whatever_a_request_a_vote_or_a_log_says_it_is_shown_as_text(server, stack):
    record = records.record(
        title=HOSTILE,
        requested_by=HOSTILE,
        policy=Policy(name=HOSTILE, groups={HOSTILE: Group(approvers=(HOSTILE,))}),
        approvers={
            HOSTILE: Approver(vote=records.vote(comment=HOSTILE)),
            "x" + HOSTILE: Approver(),
        },
    )
    stack.definition = definition(Policy(), Policy(name=HOSTILE))
    stack.made = [run(record=record, status="FAILED", error=HOSTILE, cause=HOSTILE)]
    page = fetch(f"{server.url}/?run=one")[1]
    assert Parsed(page).tags.count("script") == 1  # the page's own
    titles, policies, groups, people, errors = 2, 1, 1, 2, 2
    cause_requester_comment_and_log_line, event = 4, 2
    assert page.count("&lt;script&gt;") == (
        titles + policies + groups + people + errors + cause_requester_comment_and_log_line + event
    )


def test_addresses_in_a_mail_are_links_and_end_where_they_should(stack):
    link = "http://127.0.0.1:1/_aws/execute-api/x/$default/approvals/a/b-_c?d=1&e=2"
    shown = content.page(stack, [mail(body=f"Open\n\n{link}\n\nnow")], [], "")
    assert link in Parsed(shown).links


def test_a_stacks_mail_is_json_for_programs_the_oldest_first(server, deliver):
    deliver(mail("first"))
    assert [message["subject"] for message in json.loads(fetch(f"{server.url}/messages")[1])] == ["first"]
    deliver(mail("another stack's"), topic="theirs")
    deliver(mail("second", "text", "a@example.com"))
    status, answer = fetch(f"{server.url}/messages")
    assert status == 200
    assert [message["subject"] for message in json.loads(answer)] == ["first", "second"]
    assert json.loads(answer)[1] == {
        "to": "a@example.com",
        "subject": "second",
        "body": "text",
        "receivedAt": NOW.isoformat(),
        "from": "AWS Notifications <no-reply@sns.amazonaws.com>",
        "html": "",
        "headers": {},
        "tags": {},
    }


def test_of_a_mail_by_ses_the_sender_html_headers_and_tags_are_in_the_json(server, deliver):
    deliver(mail(from_="Ops <ops@example.com>", **BY_SES))
    (told,) = json.loads(fetch(f"{server.url}/messages")[1])
    assert told.items() >= {"from": "Ops <ops@example.com>", **BY_SES}.items()


def test_html_is_in_a_frame_that_runs_and_loads_nothing_beside_text_and_headers(server, deliver):
    deliver(mail(body=HOSTILE), mail(from_="Ops <ops@example.com>", **BY_SES))
    page = fetch(server.url)[1]
    (frame,) = re.findall(r"<iframe[^>]*>", page)
    assert 'src="/messages/2"' in frame
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in frame
    assert "From: Ops &lt;ops@example.com&gt;\nTo: t@example.com\nSubject: s\nReferences: &lt;r@example.com&gt;" in page
    with DIRECT.open(f"{server.url}/messages/2", timeout=10) as answer:
        policy = answer.headers["Content-Security-Policy"].split("; ")
        framed = answer.read().decode()
    assert framed.startswith('<!doctype html><html><head><base target="_blank"></head>')
    assert HOSTILE in framed
    assert {"default-src 'none'", "frame-ancestors 'self'"} <= set(policy)
    assert policy[-1] == "sandbox allow-popups allow-popups-to-escape-sandbox"


@pytest.mark.parametrize("number", ["1", "2", "x"])
def test_a_mail_that_is_not_there_or_has_no_html_has_no_frame(server, deliver, number):
    deliver(mail())
    assert fetch(f"{server.url}/messages/{number}")[0] == 404


@pytest.mark.parametrize("path", ["/requests", "/runs/one/end-round"])
def test_other_sites_cannot_post(server, stack, path):
    post = functools.partial(fetch, f"{server.url}{path}", b"title=x")
    port = server.url.rpartition(":")[2]
    assert post(origin="https://evil.example")[0] == 403
    assert post(origin="null")[0] == 403
    assert post(origin=f"http://127.0.0.1:{int(port) - 1}")[0] == 403
    assert post(host="evil.example")[0] == 403
    assert post(host=f"evil.example:{port}", origin=f"http://evil.example:{port}")[0] == 403
    for site in ("cross-site", "same-site", "", "something new", "none, cross-site"):
        assert post(**{"sec-fetch-site": site})[0] == 403
        assert post(**{"sec-fetch-site": site, "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"})[0] == 403
    assert not stack.asked


@pytest.mark.parametrize("path", ["/", "/messages", "/script.js", "/nothing"])
def test_other_sites_cannot_read_by_a_name_that_leads_here(server, stack, path):
    assert fetch(f"{server.url}{path}", host="evil.example")[0] == 403
    assert fetch(f"{server.url}{path}", origin="https://evil.example")[0] == 403
    for how in ({}, {"sec-fetch-mode": "no-cors"}, {"sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}):
        assert fetch(f"{server.url}{path}", **{"sec-fetch-site": "cross-site"} | how)[0] == 403


def test_links_to_the_page_and_its_own_forms_pass(server, stack):
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    assert fetch(server.url, **link)[0] == 200
    assert fetch(server.url, **{"sec-fetch-site": "none"})[0] == 200
    own = {"sec-fetch-site": "same-origin", "origin": server.url}
    assert fetch(f"{server.url}/requests", b"title=x", **own)[0] == 200
    assert stack.asked


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
    status, page = fetch(f"{server.url}/requests", b"title=Release+1%2E4&details=", origin=server.url)
    assert status == 200  # of the page, which it leads to
    assert 'id="run"' in page
    assert stack.asked == [{"title": "Release 1.4"}]


def test_the_form_takes_fields_and_links_as_json_and_leaves_it_to_the_workflow_what_they_are(server, stack):
    fields, links = [{"name": "region", "max": 1.50}], [{"url": "https://example.com"}]
    form = {"title": "x", "fields": json.dumps(fields), "links": json.dumps(links)}
    assert fetch(f"{server.url}/requests", urllib.parse.urlencode(form).encode(), origin=server.url)[0] == 200
    assert stack.asked == [{"title": "x", "fields": fields, "links": links}]
    assert {"fields", "links"} <= set(re.findall(r'<textarea id="(\w+)" name="\1"', fetch(server.url)[1]))


@pytest.mark.parametrize(
    ("body", "kind", "status", "words"),
    [
        (b'{"title": "x"}', "application/json", 415, "Content-Type must be application/x-www-form-urlencoded"),
        (
            b'--a\r\nContent-Disposition: form-data; name="title"\r\n\r\nx\r\n--a--',
            "multipart/form-data; boundary=a",
            415,
            "m",
        ),
        (
            b"Title=x",
            None,
            400,
            "There is no field &#39;Title&#39;; there are title, details, requestedBy, policy, fields, links.",
        ),
        (b"title=x&title=y", None, 400, "The field title is there 2 times."),
        (b"title=+%0A", None, 400, "The field title is missing or blank"),
        (b"", None, 400, "The field title is missing or blank"),
        (b"title=%ff", None, 400, "not in UTF-8"),
        (b"title=x&fields=[", None, 400, "The field fields is no JSON: Expecting value"),
        (b"title=x&links=" + b"[" * 50_000, None, 400, "The field links is no JSON"),
    ],
    ids=str,
)
def test_what_is_no_form_of_ours_is_refused_in_words_and_starts_nothing(server, stack, body, kind, status, words):
    headers = {"content-type": kind} if kind else {}
    answered, page = fetch(f"{server.url}/requests", body, **headers)
    assert answered == status
    assert words in page
    assert not stack.asked


NESTED = "[" * 20_000 + "]" * 20_000


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f'{{"task": {NESTED}}}', "An input that is nested too deep to be shown"),
        (f'{{"task": {{"title": "x", "details": {NESTED}}}}}', "An input that is nested too deep to be shown"),
        (f'{{"task": {{"title": {"[" * 900 + "]" * 900}}}}}', ">one<"),
        (r'{"task": {"title": "half \ud83d a face"}}', r"half \ud83d a face"),
        (r'{"task": {"title": "x", "requestedBy": "\udfff"}}', r"Asked by \udfff"),
        (r'{"task": {"title": "a\u0000b\u001b"}}', "a\x00b\x1b"),
        (json.dumps({"task": {"title": "long " * 50_000}}), "long …"),
        (json.dumps({"task": {"title": "x", "requestedBy": "y" * 200_000}}), "more characters"),
        (json.dumps({"task": {"title": 5, "requestedBy": {"a": 1}, "policy": [1]}}), ">one<"),
        ('{"task": ', ">one<"),
        ("\x00\xff", ">one<"),
    ],
    ids=lambda value: value[:30],
)
def test_whatever_an_input_is_the_page_shows_it_in_words(server, stack, text, shown):
    stack.made = [run(task=task_of(text))]
    status, page = fetch(server.url)
    assert status == 200
    assert shown in page
    assert len(page) < 60_000
    assert "Asked by" in page


@pytest.mark.parametrize(
    "text", [NESTED, '{"a": ' + NESTED + "}", "x" * 250_000, '{"a": "\\ud800"}'], ids=lambda v: v[:9]
)
def test_whatever_a_log_an_output_or_a_cause_is_the_page_shows_it(server, stack, monkeypatch, text):
    line = LogLine(at=NOW, function="generate", text=text)
    monkeypatch.setattr(stack, "log", lambda since: [line])
    stack.made = [run(status="SUCCEEDED", output=text), run(name="two", status="FAILED", error="E", cause=text)]
    for name in ("one", "two"):
        status, page = fetch(f"{server.url}/?run={name}")
        assert status == 200
        assert len(page) < 60_000


def test_times_are_the_stacks_and_the_zone_is_named(server, stack, deliver):
    stack.zone = ZoneInfo("Asia/Kathmandu")
    deliver(mail())
    stack.made = [run(record=records.record())]
    page = fetch(server.url)[1]
    assert "Times in <b>Asia/Kathmandu</b>" in page
    times = re.findall(r'<time datetime="([^"]+)">([^<]+)</time>', page)
    assert len(times) == 5  # of the mail, the deadline, the start, the event and the log line
    for at, shown in times:
        assert f"{datetime.fromisoformat(at).astimezone(stack.zone):%H:%M}" in shown


def test_what_process_task_returned_is_shown_and_set_apart_from_why_a_run_failed(server, stack):
    output = json.dumps({"task": {"title": "x"}, "result": {"status": "completed", "rows": 5}})
    stack.made = [run(status="SUCCEEDED", output=output)]
    page = fetch(server.url)[1]
    assert '<div class="outcome good"><h3>process_task returned</h3>' in page
    assert "&#34;rows&#34;: 5" in page
    assert "outcome bad" not in page
    stack.made = [run(status="FAILED", error="Rejected", cause="By Ann", output="")]
    page = fetch(server.url)[1]
    assert '<div class="outcome bad"><h3>Why it failed</h3><p>By Ann</p>' in page
    assert "outcome good" not in page


def test_rounds_that_were_ended_by_hand_are_told_beside_the_configured_time(server, stack, monkeypatch):
    ended = [
        Event(
            seconds=at, kind="TaskFailed", state="Request approval", entered=False, error="States.Timeout", cause=cause
        )
        for at, cause in ((5.1, content.BY_HAND), (16.4, content.BY_HAND), (18.0, "of its own"))
    ]
    stack.made = [run(status="FAILED", error="Expired", cause="not decided within 3600 seconds")]
    assert "nded by hand" not in fetch(server.url)[1]
    monkeypatch.setattr(stack, "history", lambda run: ended)
    assert "Ended by hand here, after 5 s and after 16 s" in fetch(server.url)[1]


def test_the_form_offers_the_policies_the_default_first_and_asks_under_the_chosen_one(server, stack):
    stack.definition = definition(Policy(), PAYOUT)
    assert "<option>default</option><option>payout</option></select>" in fetch(server.url)[1]
    assert fetch(f"{server.url}/requests", b"title=x&policy=payout", origin=server.url)[0] == 200
    assert stack.asked == [{"title": "x", "policy": "payout"}]


def test_the_policy_is_named_unless_it_is_the_default(server, stack):
    stack.made = [run(record=paying())]
    assert " under policy payout · " in fetch(server.url)[1]
    stack.made = [run(record=records.record())]
    assert "under policy" not in fetch(server.url)[1]


def test_votes_are_counted_by_the_rule(server, stack):
    by_rule = {records.ANNA: records.vote(), records.BEN: records.vote(Decision.REJECT)}
    assert content.votes_in_short(records.voted(by_rule)) == "1 of 2 approved, 1 rejected"
    other = {records.ANNA: replace(records.vote(), digest="of another question")}
    assert content.votes_in_short(records.voted(other)) == "0 of 2 approved"


def test_who_has_answered_what_is_needed_of_which_group_and_who_has_not_answered(server, stack):
    stack.made = [run(record=paying(ann="approve"))]
    page = fetch(server.url)[1]
    assert f"<b>{ANN}</b> approved" in page
    assert "Still needed: 1 approval from legal" in page
    assert f"Waiting for {BEN}, {CLEO}, {DORA}</p>" in page


def test_the_button_ends_the_round_of_its_run(server, stack):
    assert fetch(f"{server.url}/runs/one/end-round", b"", origin=server.url)[0] == 200
    assert stack.asked == [EXECUTION]


def test_a_button_that_comes_too_late_says_so(server, stack):
    stack.waits = False
    status, page = fetch(f"{server.url}/runs/one/end-round", b"")
    assert status == 409
    assert content.IN_VAIN in page


def test_there_are_no_other_buttons(server, stack):
    assert fetch(f"{server.url}/runs/one/stop", b"")[0] == 404
    assert fetch(f"{server.url}/runs/one/end-round")[0] == 405
    assert not stack.asked


def test_no_task_token_is_shown(server, stack):
    stack.made = [run(record=records.record())]
    page = fetch(server.url)[1]
    assert records.ANNA in page
    assert records.TASK_TOKEN not in page
    assert records.DIGEST not in page
