"""Whatever a client sends to the page's function: an answer below 500, and nothing that it should not know."""

from __future__ import annotations

import json
import re
from urllib.parse import quote_plus, urlencode

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from handlers.approvals.faces import page
from handlers.approvals.rules import links
from handlers.approvals.rules.decisions import COMMENT_LIMIT
from handlers.approvals.rules.links import digest
from handlers.contract.form_fields import value_of
from handlers.contract.policy import Group
from handlers.contract.visible import one_line
from tests.fuzz.functions import SECRET, asked, page_of
from tests.fuzz.html import taken_apart
from tests.fuzz.inputs import anything, texts, values
from tests.support import gateway, records
from tests.support.records import ANNA, BEN, CARLA, REQUEST_ID, TASK_TOKEN, asking, giving, grouped, record

PATH = f"/approvals/{REQUEST_ID}/{SECRET}"
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
fuzz = settings(settings.get_profile("fuzz"), max_examples=150)

# A header is bytes, so half a surrogate pair cannot be in it.
wire = texts.map(lambda text: text.encode(errors="replace").decode())
methods = st.sampled_from(["GET", "HEAD", "POST"])
parts = st.sampled_from(
    [
        REQUEST_ID,
        SECRET,
        REQUEST_ID.upper(),
        SECRET[:-1],
        SECRET.upper(),
        f"{SECRET}>%20",
        "..",
        "%2e%2e",
        "a%2Fb",
        "%00",
        "%ff",
        "\x00",
        "ſ" * 52,
        f" {SECRET}",
        f"{SECRET}\n",
        "a" * 8000,
        "approve",
    ]
) | anything.filter(lambda text: "/" not in text)
paths = st.lists(parts, max_size=4).map(lambda found: "/approvals/" + "/".join(found))
secrets = st.text("sS2", min_size=52, max_size=52) | st.text("s-_A9", min_size=1, max_size=64)
encodings = st.sampled_from(["utf-8", "latin-1", "utf-16", "utf-32", "utf-7", "cp1252"])
types = st.sampled_from(
    [
        FORM,
        JSON,
        f"{FORM}; charset=utf-16",
        f"{JSON};charset=latin-1",
        f" {JSON.upper()} ",
        f"{JSON},{JSON}",
        "text/html",
        "multipart/form-data; boundary=x",
        "application/octet-stream",
        ";",
        "",
    ]
)
accepts = st.sampled_from(
    ["*/*", JSON, "text/html", f"text/html;q=0,{JSON}", f"{JSON};q=0", JSON.upper(), "application/*", ",,;q=x", ""]
)
HEADER_NAMES = [
    "accept",
    "content-type",
    "host",
    "cookie",
    "user-agent",
    "x-forwarded-for",
    "accept-encoding",
    "origin",
    "sec-purpose",
    "sec-fetch-dest",
]
headers = st.dictionaries(st.sampled_from(HEADER_NAMES), accepts | types | wire, max_size=6)


def fields(decision: str, comment: str) -> bytes:
    return (
        f"decision={quote_plus(decision, errors='surrogatepass')}&comment=".encode()
        + quote_plus(comment, errors="surrogatepass").encode()
    )


decisions = st.sampled_from(["approve", "reject", "Approve", " approve", "approve\0", "", "approve,reject"])
forms = st.builds(fields, decisions, texts)
names = st.sampled_from([one["name"] for one in records.OF_EACH_TYPE]) | texts
entered = st.dictionaries(names, texts | values, max_size=4)
jsons = st.builds(
    lambda body, encoding: json.dumps(body).encode(encoding, "replace"),
    st.fixed_dictionaries(
        {}, optional={"decision": decisions | values, "comment": texts | values, "values": entered | values}
    )
    | values,
    encodings,
)
valued = st.builds(
    lambda decision, values: urlencode({"decision": decision, **values}, errors="surrogatepass").encode(),
    decisions,
    st.dictionaries(names, texts, max_size=12).map(
        lambda found: {f"values.{name}": value for name, value in found.items()}
    ),
)
broken = st.sampled_from(
    [
        b"",
        b"\xff\xfe\x00",
        b"decision=approve&comment=%ff",
        b"decision=approve&comment=%u2028%",
        b"decision=approve&decision=reject",
        b"&=&;=;&",
        b"a=b&" * 1_000,
        b'{"decision": "approve", "decision": "reject"}',
        b'{"decision": {"approve": 1}}',
        b'{"decision": "approve", "comment": "\\ud800"}',
        b'{"decision": "approve", "comment": 1e400}',
        b'\xef\xbb\xbf{"decision": "approve"}',
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b"decision=approve&comment=" + b'"' * 4_000_000,
        b'{"decision": "approve", "comment": "' + b"<" * 4_000_000 + b'"}',
        b'{"decision": "approve", "values": {"notes": "' + b"<" * 4_000_000 + b'"}}',
        b'{"decision": "approve", "values": {"share": ' + b"1" * 4_000_000 + b"}}",
        b'{"decision": "approve", "values": {' + b",".join(b'"%d": 1' % one for one in range(300_000)) + b"}}",
        b"decision=approve&values." + b"x" * 4_000_000 + b"=1",
        b'{"decision": "approve", "values": {"' + b"x" * 4_000_000 + b'": 1}}',
        b'{"decision": "approve", "values": {"share": NaN, "notes": ["x"], "region": {}}}',
    ]
)
bodies = forms | valued | jsons | broken | st.binary(max_size=200)


@given(method=methods, path=paths | st.just(PATH), body=bodies, sent=headers, agent=st.none() | wire)
@settings(fuzz, max_examples=400)
def test_no_request_is_answered_with_an_error_of_ours_or_with_what_is_not_its_business(method, path, body, sent, agent):
    api = asked()
    answer = gateway.answered(api, gateway.event(method, path, body, sent, agent))
    assert answer["statusCode"] in {200, 400, 404, 409, 415}
    if method != "POST":
        assert not api.store.written
        assert not api.workflow.answers
    for hidden in (TASK_TOKEN, SECRET, "Traceback", "handlers/", "203.0.113.7"):
        assert hidden not in answer["body"]
    link = links.parse(path)
    if not link or (link.request_id.lower(), link.secret.lower()) != (REQUEST_ID, SECRET):
        assert answer["statusCode"] == 404
        assert record().title not in answer["body"]


@pytest.mark.parametrize("kind", [FORM, JSON])
@given(body=bodies, sent=headers)
@fuzz
def test_only_a_body_that_says_approve_or_reject_is_a_vote(kind, body, sent):
    api = asked()
    answer = gateway.answered(api, gateway.event("POST", PATH, body, sent | {"content-type": kind}))
    assert api.store.record
    votes = api.store.record.votes
    assert answer["statusCode"] == (200 if votes else 400)
    if votes:
        assert votes.keys() == {ANNA}
        assert votes[ANNA].decision.value in body.decode(errors="replace").replace("\0", "")
        assert len(votes[ANNA].comment) <= COMMENT_LIMIT
    else:
        assert not api.store.written


# Nothing is required, so that whatever is refused is so for what was entered.
OPTIONAL = [one | {"required": False} for one in records.OF_EACH_TYPE]


@pytest.mark.parametrize("kind", [FORM, JSON])
@given(body=valued | jsons | broken, accept=st.sampled_from([JSON, "text/html"]))
@fuzz
def test_whatever_is_entered_is_a_value_of_its_field_or_refused(kind, body, accept):
    known = asking(*OPTIONAL, approvals_required=1).with_approver(ANNA, links=(digest(SECRET),))
    api = page_of(known)
    answer = gateway.answered(api, gateway.event("POST", PATH, body, {"content-type": kind, "accept": accept}))
    assert api.store.record
    votes = api.store.record.votes
    assert answer["statusCode"] == (200 if votes else 400)
    assert len(answer["body"]) < 500_000
    given_values = votes[ANNA].values if votes else {}
    for field in known.form:
        value = given_values.get(field.name, "")
        assert value_of(field, value) == value
    assert given_values.keys() <= {field.name for field in known.form}
    if accept == JSON:
        for name, words in json.loads(answer["body"]).get("errors", {}).items():
            assert name.startswith("values.")
            assert len(name) < 60
            assert words.endswith(".")


@given(method=methods, sent=headers, body=bodies, secret=secrets)
@fuzz
def test_an_unknown_request_and_a_wrong_secret_get_the_same_answer(method, sent, body, secret):
    assume(secret.lower() != SECRET)
    stranger, known = (
        gateway.answered(asked(), gateway.event(method, f"/approvals/{request_id}/{secret}", body, sent))
        for request_id in (REQUEST_ID.replace("1", "2"), REQUEST_ID)
    )
    assert stranger == known
    assert known["statusCode"] == 404


@pytest.mark.parametrize("missing", ["sourceIp", "userAgent"])
def test_a_vote_counts_although_nothing_is_known_of_who_pressed(api, missing):
    made = gateway.event("POST", PATH, fields("approve", ""), {"content-type": FORM})
    del made["requestContext"]["http"][missing]
    assert gateway.answered(api, made)["statusCode"] == 200
    assert api.store.record.votes


@pytest.mark.parametrize("change", [{"body": None}, {"body": "!!", "isBase64Encoded": True}, {"body": "\ud800"}])
@pytest.mark.parametrize("kind", [FORM, JSON])
def test_an_event_without_a_readable_body_is_a_bad_request(api, change, kind):
    made = gateway.event("POST", PATH, b"", {"content-type": kind}) | {"isBase64Encoded": False} | change
    assert gateway.answered(api, made)["statusCode"] == 400


@pytest.mark.parametrize(
    ("comment", "status"),
    [
        ("x" * COMMENT_LIMIT, 200),
        ("x" * (COMMENT_LIMIT + 1), 400),
        ("x\r\n" * (COMMENT_LIMIT // 2), 200),
        ("x\r\n" * (COMMENT_LIMIT // 2) + "xx", 400),
        ("x\r\n" * (COMMENT_LIMIT // 2 - 1) + "xx", 200),
        ("🙂" * COMMENT_LIMIT, 200),
        ("🙂" * (COMMENT_LIMIT + 1), 400),
        (" " * 5_000, 200),
    ],
)
def test_a_line_break_counts_as_the_one_character_that_the_browser_counts(api, comment, status):
    made = gateway.event("POST", PATH, fields("approve", comment), {"content-type": FORM})
    assert gateway.answered(api, made)["statusCode"] == status


def test_what_others_typed_is_shown_as_text():
    """A vote's comment and browser come from a stranger; the next person's page and the workflow get them.

    So do the names of a policy and its groups: the configuration allows letters, digits and hyphens, but a record may
    hold anything.
    """

    def shown(comment: str, agent: str, policy: str, group: str):
        groups = {group: Group(approvers=(ANNA, BEN)), "legal": Group(approvers=(BEN,), approvals_required=2)}
        known = grouped({}, groups, name=policy, rejections_required=2)
        api = page_of(known.with_approver(ANNA, links=(digest(SECRET),)))
        sent = {"content-type": FORM, "user-agent": agent}
        gateway.answered(api, gateway.event("POST", PATH, fields("reject", comment), sent, agent))
        told = api.store.record
        assert told
        assert told.votes
        views = [(page.State.OPEN, BEN), (page.State.DECIDED, BEN), (page.State.VOTED, ANNA)]
        return taken_apart("".join(page.html(state, record=told, who=who, now=1) for state, who in views))

    ours, _ = shown("Fine", "Browser/1.0", "payout", "finance")

    @given(
        comment=texts.filter(lambda text: text.isprintable() and len(text) <= COMMENT_LIMIT),
        agent=wire.map("Browser/{}".format),
        policy=wire.filter(bool),
        group=wire.filter(bool),
    )
    @fuzz
    def check(comment, agent, policy, group):
        markup, text = shown(comment, agent, policy, group)
        assert markup <= ours
        assert "Browser/" not in text
        assert len(re.findall("Still needed before the workflow can go on: [12] approvals?", text)) == 1

    check()


OTHER = {"value": "other", "label": "Other"}


def test_what_askers_specify_and_people_enter_is_shown_as_text():
    """On every page: with what was typed, with errors, as votes, as what others may join."""

    def shown(label: str, option: str, entered: str):
        spec = {"label": label, "help": label, "required": True}
        fields = (
            spec | {"name": "text", "type": "text", "maxLength": 1_000, "default": entered[:9].strip()},
            spec | {"name": "notes", "type": "text", "maxLength": 1_000, "multiline": True},
            spec | {"name": "one", "type": "choice", "options": [{"value": option, "label": label}, OTHER]},
        )
        known = asking(*fields, links=({"label": label, "url": "https://example.com/?a=1&b=2"},))
        known = giving(known.with_approver(ANNA, links=(digest(SECRET),)), BEN, text="x", notes=entered, one="other")
        api, sent = page_of(known), {"content-type": JSON}
        wrong = {"text": entered, "notes": entered, "one": entered, entered: entered}
        told = ""
        for said in (wrong, {"text": "y", "notes": f"{entered}.", "one": option}):
            body = json.dumps({"decision": "approve", "values": said}).encode()
            told += gateway.answered(api, gateway.event("POST", PATH, body, sent))["body"]
        after = api.store.record
        assert after
        assert after.votes.keys() == {ANNA, BEN}
        views = [(page.State.OPEN, CARLA), (page.State.DECIDED, BEN), (page.State.VOTED, ANNA), (page.State.OPEN, ANNA)]
        return taken_apart(told + "".join(page.html(state, record=after, who=who, now=1) for state, who in views))

    ours, _ = shown("Label", "option", "Fine")

    def accepted(text: str, most: int) -> bool:
        return bool(one_line(text)) and len(text) <= most

    @given(
        label=texts.filter(lambda text: accepted(text, 80)),
        option=texts.filter(lambda text: accepted(text, 100) and one_line(text, 100) == text),
        entered=texts.filter(lambda text: accepted(text, 900)),
    )
    @fuzz
    def check(label, option, entered):
        assume(option != OTHER["value"])
        markup, _ = shown(label, option, entered)
        assert markup <= ours

    check()
