"""The page as a browser's requests meet it. How it looks and moves: tests/browser/test_sandbox_page.py."""

import functools
import json
import re
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from boto3.dynamodb.types import TypeSerializer

from handlers.approvals.parsing.item import to_item
from handlers.approvals.rules.record import Approver, Decision
from handlers.contract.policy import DEFAULT_POLICY, Group, Policy
from infra.asl import approval_definition
from infra.policies import Terms
from sandbox.cloud import Cloud
from sandbox.emulator import Emulator
from sandbox.inbox import Inbox, Message
from sandbox.page import content
from sandbox.page.content import View
from sandbox.page.server import BY_HAND, PageServer
from sandbox.page.stack import Event, Function, LogLine, Run, Stack, read_record, task_of
from tests.support import records
from tests.support.waiting import until

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
    """Of a stack with these policies."""
    return approval_definition(
        generate_arn="arn:aws:lambda:eu-central-1:000000000000:function:g",
        process_arn="arn:aws:lambda:eu-central-1:000000000000:function:p",
        queue_url="q",
        table_name="t",
        terms={one.name: Terms(policy=one, deadline_seconds=180, rounds=3) for one in policies},
        event_policy="default",
        late_seconds=60,
    )


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
        self.definition = definition(Policy())
        self.logs = [Function(name="generate_task", log_group="/g")]
        self.made, self.asked, self.waits = list(runs), [], True

    def runs(self):
        return self.made

    def history(self, run):
        return [Event(seconds=0.1, kind="TaskStateEntered", state="Generate task", entered=True, error="", cause="")]

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


def breaking(words):
    """With spaces in place of those that no line ends at."""
    return words.replace("\u00a0", " ")


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
    titles, policies, groups, people, errors = 2, 3, 3, 2, 2
    cause_requester_comment_and_log_line = 4
    assert page.count("&lt;script&gt;") == (
        titles + policies + groups + people + errors + cause_requester_comment_and_log_line
    )


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


@pytest.mark.parametrize("number", ["3", "0", "-1", "x", "9" * 5000])
def test_a_mail_that_is_not_there_cannot_be_opened_or_read_in_advance(server, stack, number):
    server.inbox.keep(mail("first"))
    server.inbox.keep(mail("second"))
    status, page = fetch(f"{server.url}/?mail={number}")
    assert status == 200
    assert 'class="body"' not in page
    server.inbox.keep(mail("third"))
    assert "3 unread" in fetch(server.url)[1]


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
    for site in ("cross-site", "same-site", "", "something new", "none, cross-site"):
        assert post(**{"sec-fetch-site": site})[0] == 403
        assert post(**{"sec-fetch-site": site, "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"})[0] == 403
    assert not stack.asked


@pytest.mark.parametrize("path", ["/", "/messages", "/events", "/script.js", "/nothing"])
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
    assert "The run was started." in page
    assert stack.asked == [{"title": "Release 1.4"}]


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
        (b"title=x", "text/plain", 415, "got text/plain"),
        (b"Title=x", None, 400, "There is no field &#39;Title&#39;; there are title, details, requestedBy, policy."),
        (b"title=x&detail=y", None, 400, "There is no field &#39;detail&#39;"),
        (b"title=x&title=y", None, 400, "The field title is there 2 times."),
        (b"title=x&details=a&details=a", None, 400, "The field details is there 2 times."),
        (b"title=", None, 400, "The field title is missing or blank"),
        (b"title=+%0A", None, 400, "The field title is missing or blank"),
        (b"details=x", None, 400, "The field title is missing or blank"),
        (b"", None, 400, "The field title is missing or blank"),
        (b"title=%ff", None, 400, "not in UTF-8"),
        (b"title=\xff", None, 400, "not in UTF-8"),
    ],
    ids=str,
)
def test_what_is_no_form_of_ours_is_refused_in_words_and_starts_nothing(server, stack, body, kind, status, words):
    headers = {"content-type": kind} if kind else {}
    answered, page = fetch(f"{server.url}/requests", body, **headers)
    assert answered == status
    assert words in page
    assert not stack.asked


def test_a_form_may_name_its_charset(server, stack):
    kind = "application/x-www-form-urlencoded; charset=UTF-8"
    assert fetch(f"{server.url}/requests", "title=é".encode(), **{"content-type": kind})[0] == 200
    assert stack.asked == [{"title": "é"}]


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
    with events(server) as told:
        assert "Asked by" in next(told)["run"]


@pytest.mark.parametrize(
    "text", [NESTED, '{"a": ' + NESTED + "}", "x" * 250_000, '{"a": "\\ud800"}'], ids=lambda v: v[:9]
)
def test_whatever_a_log_an_output_or_a_cause_is_the_page_shows_it(server, stack, monkeypatch, text):
    line = LogLine(at=NOW, function="generate_task", text=text)
    monkeypatch.setattr(stack, "log", lambda name, since: [line])
    stack.made = [run(status="SUCCEEDED", output=text), run(name="two", status="FAILED", error="E", cause=text)]
    for name in ("one", "two"):
        status, page = fetch(f"{server.url}/?run={name}")
        assert status == 200
        assert len(page) < 60_000


def test_mail_with_half_a_character_is_json_too(server):
    server.inbox.keep(mail("\ud83d"))
    assert json.loads(fetch(f"{server.url}/messages")[1])[0]["subject"] == "\ud83d"


def test_times_are_the_stacks_and_the_zone_is_named(server, stack):
    stack.zone = ZoneInfo("Asia/Kathmandu")
    server.inbox.keep(mail())
    stack.made = [run(record=records.record())]
    page = fetch(server.url)[1]
    assert "Times in <b>Asia/Kathmandu</b>" in page
    times = re.findall(r'<time datetime="([^"]+)">([^<]+)</time>', page)
    assert len(times) == 4  # of the mail, the deadline, the start and the log line
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
    assert '<div class="outcome bad"><h3>Why it failed</h3><p class="cause">By Ann</p>' in page
    assert "outcome good" not in page


def test_rounds_that_were_ended_by_hand_are_told_beside_the_configured_time(server, stack, monkeypatch):
    ended = [
        Event(
            seconds=at, kind="TaskFailed", state="Request approval", entered=False, error="States.Timeout", cause=cause
        )
        for at, cause in ((5.1, BY_HAND), (16.4, BY_HAND), (18.0, "of its own"))
    ]
    stack.made = [run(status="FAILED", error="Expired", cause="not decided within 3600 seconds")]
    assert "ended by hand" not in fetch(server.url)[1]
    monkeypatch.setattr(stack, "history", lambda run: ended)
    assert "2 rounds were ended by hand here, after 5 s and after 16 s" in fetch(server.url)[1]


def test_every_mail_has_a_button_that_opens_it_and_then_its_link(server, stack):
    link = "http://127.0.0.1:1/approvals/a/b"
    with_link, without = mail(body=f"See {link} please"), mail(body="No link.")
    closed = content.inbox([with_link, without], set(), View())
    assert closed.count(">Open</a>") == 2
    assert f'href="{link}"' not in closed
    opened = content.inbox([with_link, without], set(), View(mail=1))
    assert (
        f'aria-labelledby="open-1 mail-1" href="{link}" target="_blank" rel="noreferrer noopener">Open link</a>'
        in opened
    )
    assert ">Close</a>" in content.inbox([with_link, without], set(), View(mail=2))


def test_the_form_offers_the_policies_the_default_first_and_asks_under_the_chosen_one(server, stack):
    stack.definition = definition(Policy(), PAYOUT)
    assert "<option>default</option><option>payout</option></select>" in fetch(server.url)[1]
    assert fetch(f"{server.url}/requests", b"title=x&policy=payout", origin=server.url)[0] == 200
    assert stack.asked == [{"title": "x", "policy": "payout"}]


def test_the_form_asks_for_no_policy_where_there_is_one_only(server, stack):
    assert stack.policies == [DEFAULT_POLICY]
    assert "select" not in Parsed(fetch(server.url)[1]).tags


def test_the_policy_is_named_unless_it_is_the_default_also_before_anybody_is_asked(server, stack):
    for made in (run(record=paying()), run(task={"policy": "payout"})):
        stack.made = [made]
        page = fetch(server.url)[1]
        assert ' <span class="meta">payout</span></th>' in page
        assert " under policy payout · " in page
    for made in (run(record=records.record()), run(task={"policy": "default"}), run()):
        stack.made = [made]
        page = fetch(server.url)[1]
        assert "payout" not in page
        assert "under policy" not in page


@pytest.mark.parametrize(
    ("votes", "words"),
    [
        ({}, "finance 0 of 1, legal 0 of 1; 0 of 2 people"),
        ({"ann": "approve"}, "finance 1 of 1, legal 0 of 1; 1 of 2 people"),
        ({"ben": "approve"}, "finance 1 of 1, legal 1 of 1; 1 of 2 people"),
        ({"ann": "approve", "ben": "approve"}, "finance 1 of 1, legal 1 of 1; 2 of 2 people"),
        ({"dora": "approve"}, "finance 1 of 1, legal 1 of 1; 1 of 2 people"),
        ({"ann": "approve", "cleo": "reject"}, "finance 1 of 1, legal 0 of 1; 1 of 2 people, 1 rejected"),
    ],
)
def test_votes_are_counted_in_every_group_of_a_person_and_a_contacts_in_all(server, stack, votes, words):
    stack.made = [run(record=paying(**votes))]
    page = breaking(fetch(server.url)[1])
    assert f'<td class="tally">{words}</td>' in page
    assert f"Approvals: {words}</p>" in page


def test_a_group_is_not_said_to_have_more_than_it_needs_and_one_person_in_all_goes_without_saying():
    record = replace(paying(ann="approve", ben="approve"), policy=replace(PAYOUT, approvals_required=1))
    assert breaking(content.votes_in_short(record)) == "finance 1 of 1, legal 1 of 1"


def test_votes_without_groups_are_one_count_by_the_rule():
    by_rule = {records.ANNA: records.vote(), records.BEN: records.vote(Decision.REJECT)}
    assert breaking(content.votes_in_short(records.voted(by_rule))) == "1 of 2 approved, 1 rejected"
    other = {records.ANNA: replace(records.vote(), digest="of another question")}
    assert breaking(content.votes_in_short(records.voted(other))) == "0 of 2 approved"


def test_people_are_named_with_their_groups_those_who_have_answered_and_those_who_have_not(server, stack):
    stack.made = [run(record=paying(ben="approve"))]
    page = fetch(server.url)[1]
    assert f"<b>{BEN} (finance, legal)</b> approved" in page
    assert f"Waiting for {ANN} (finance), {CLEO} (legal), {DORA} (every group)</p>" in page


def stored(record):
    """The item in DynamoDB."""
    return {name: TypeSerializer().serialize(value) for name, value in to_item(record).items()}


@pytest.mark.parametrize("record", [records.approved(), paying(ann="approve")], ids=["default", "groups"])
def test_a_record_is_read_as_the_program_reads_it(record):
    assert read_record(stored(record)) == record


@pytest.mark.parametrize(
    "changes",
    [
        {"policy": {"S": "payout"}},
        {"approvers": {"L": []}},
        {"votes": {"M": {records.ANNA: {"M": {}}}}},
        {"status": {"S": "MAYBE"}},
        {"title": {"B": b"x"}},
        {"schemaVersion": {"N": "99"}},
    ],
    ids=str,
)
def test_an_item_that_is_no_record_is_left_out_and_breaks_nothing(changes):
    assert read_record(stored(records.record()) | changes) is None


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
        assert 'class="node state good" data-state="Generate task"' in third["graph"]
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
    stack.made = [run(record=records.record())]
    page = fetch(server.url)[1]
    assert records.ANNA in page
    assert records.TASK_TOKEN not in page
    assert records.DIGEST not in page


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
