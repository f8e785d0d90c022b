"""The two alternatives of a mail: that they say the same, and what HTML brings into a mail program."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from handlers.approvals.rules.endings import Execution, ended
from handlers.approvals.rules.record import Approver
from handlers.approvals.rules.rounds import Kind
from handlers.contract.policy import Group
from handlers.contract.visible import clean, one_line
from tests.fuzz.html import taken_apart
from tests.fuzz.inputs import NASTY
from tests.support.mails import PHRASING, SAMPLES, SECRET, Reader, Send, agree, alternatives, asks, tells
from tests.support.records import ANNA, BEN, CARLA, asking, giving, grouped, policy, record, vote, voted


@pytest.mark.parametrize("one_click", [False, True])
@pytest.mark.parametrize("name", SAMPLES)
def test_both_alternatives_say_the_same_and_html_loads_nothing_and_links_only_to_our_page(name, one_click):
    subject, text, html = mail = alternatives(SAMPLES[name], one_click=one_click)
    agree(mail)
    assert Reader(html).labels == ["Open the request"] * ("/approvals/" in text)
    ours = re.findall(rf"^https://\S+/approvals/\S+/{SECRET}(?:/approve)?$", text, re.MULTILINE)
    assert bool(ours) is not name.startswith(("left", "appr", "rej", "stop"))
    assert [link["href"] for link in Reader(html).links] == ours
    assert all("ses:no-track" in link for link in Reader(html).links)
    markup, _ = taken_apart(html)
    assert {attribute for _, attribute, value in markup if "://" in value} <= {"href"}
    tags = {tag for tag, _, _ in markup}
    assert tags <= {"html", "head", "meta", "style", "title", "body", "table", "tr", "td", "div", "!--"} | (
        PHRASING | {"p", "h1", "h2"}
    )
    assert not re.search(r"url\(|@import|src=|background=", html)
    assert f"<title>{subject}</title>" in html
    Reader(re.sub(r"<!--\[if mso\]>|<!\[endif\]-->", "", html))  # as Outlook reads it


def flooded(text: str) -> dict[str, Send]:
    """Mails in which all that anybody may have written is this."""
    label = one_line(text, 60).strip() or "x"
    options = [{"value": "a", "label": label}, {"value": "b", "label": f"{label} 2"}]
    sample = asking(
        {"name": "one", "type": "choice", "label": label, "help": label, "options": options},
        {"name": "notes", "type": "text", "label": f"{label} 2", "multiline": True},
        links=({"label": label, "url": "https://ci.example.com/?a=1&b=2"},),
        scheduled_for=text.encode(errors="ignore").decode(),  # half a surrogate pair is refused as a message is read
        **dict.fromkeys(("title", "details", "requested_by"), text),
    )
    answered = giving(replace(sample, policy=policy(name=text)), ANNA, comment=text, one="a", notes=clean(text).strip())
    groups = {text: Group(approvers=(ANNA, BEN)), "legal": Group(approvers=(CARLA,))}
    strangers = {text: Approver(vote=vote(comment=text)), ANNA: Approver()}
    over = ended(voted({ANNA: vote(comment=text)}), Execution(status="FAILED", error=text, cause=text))
    return {
        "request": asks(answered, Kind.REMINDER),
        "rows": asks(record(details=json.dumps({text: [text, {"x": text}]}))),
        "groups": asks(grouped({}, groups, name=text), Kind.ESCALATION, ANNA),
        "strangers": asks(record(approvers=strangers), Kind.ESCALATION, ANNA),
        "left out": lambda mail: mail.leave_out(sample, ANNA),
        "ended": tells(replace(over, title=text, requested_by=text)),
    }


PLAIN = {name: alternatives(send).html for name, send in flooded("x y\nz").items()}


@pytest.mark.parametrize("text", NASTY)
def test_what_others_wrote_is_text(text):
    for name, send in flooded(text[:2_000]).items():
        mail = alternatives(send)
        agree(mail)
        markup, _ = taken_apart(mail.html)
        assert markup <= taken_apart(PLAIN[name])[0], name
