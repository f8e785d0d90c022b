"""What a chat channel reads, and that strangers' words stay words there."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from handlers.approvals.adapters.channel import Letterhead
from handlers.approvals.adapters.sns import ChatTopic
from handlers.approvals.faces import chat
from handlers.approvals.rules import decisions, endings
from handlers.approvals.rules.endings import Execution
from handlers.approvals.rules.record import Decision, Record
from handlers.approvals.rules.transitions import Transition
from handlers.contract.events import EventType
from handlers.contract.policy import Group
from handlers.contract.record import Status
from tests.support.events import OPERATOR
from tests.support.records import (
    ANNA,
    BEN,
    REQUEST_ID,
    approved,
    asking,
    cancelled,
    giving,
    grouped,
    record,
    rejected,
    vote,
    voted,
)

VOTED = Transition(EventType.VOTED, ANNA)
EVIL = (
    "<!channel> @here *bold* _it_ ~no~ `code` ```block``` https://evil.example [a](https://evil.example) "
    "<https://evil.example|Approve>\n> quote\r\n# head\u2028- item &lt;!here&gt; \u202e"
)
FIELD = {"name": "region", "label": EVIL[:40], "type": "text"}
WAITING = """Approvals needed: `2 (3 people asked; one rejection stops it)`.
Answer until Sat 28 Nov 2026, 14:30 CET, by the link in your own mail."""


def told(sample: Record, transition: Transition) -> dict[str, Any]:
    return json.loads(chat.message(sample, transition, "prod", "Europe/Berlin"))


MESSAGES = {
    "asked": (
        record(),
        Transition(EventType.REQUESTED),
        "Approval needed",
        f"Asked by `release-bot@example.com`.\n{WAITING}",
    ),
    "asked by nobody, under a policy": (
        record(round=2, requested_by="", policy=replace(record().policy, name="payout")),
        Transition(EventType.REMINDED),
        "Reminder 1 of 2",
        f"Asked by (nobody is named), under policy `payout`.\n{WAITING}",
    ),
    "approved by one": (
        voted({ANNA: vote(comment="Fine.")}),
        VOTED,
        f"Approved by `{ANNA}`",
        "Comment: `Fine.`\nStill needed: `1 approval`.",
    ),
    "rejected by one": (
        rejected(),
        Transition(EventType.VOTED, BEN),
        f"Rejected by `{BEN}`",
        "Comment: `Not on a Friday.`",
    ),
    "the last vote, without a word": (
        voted({ANNA: vote()}, approvals_required=1),
        VOTED,
        f"Approved by `{ANNA}`",
        "Comment: (nothing)",
    ),
    "approved": (approved(), Transition(EventType.DECIDED), "Approved", f"Approved by `{ANNA}` and `{BEN}`."),
    "rejected": (rejected(), Transition(EventType.DECIDED), "Rejected", f"Rejected by `{BEN}`."),
    "expired": (
        record(status=Status.EXPIRED),
        Transition(EventType.EXPIRED),
        "Expired",
        f"`Request {REQUEST_ID} was not decided in time`",
    ),
    "stopped": (
        endings.ended(record(), Execution(status="ABORTED", cause="Wrong day.")),
        Transition(EventType.CLOSED),
        "Closed",
        "`Wrong day.`",
    ),
    "cancelled": (cancelled(), Transition(EventType.CLOSED), "Cancelled", "`The wrong: release.`"),
    "reminded by hand": (
        record(requested_by="", reminded_by=OPERATOR),
        Transition(EventType.REMINDED, ANNA),
        f"Reminder to `{ANNA}`",
        f"Asked by (nobody is named).\n{WAITING}",
    ),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_has_the_format_of_a_custom_notification_and_says_what_has_happened(name):
    sample, transition, headline, description = MESSAGES[name]
    title = f"[prod] {headline}: `Deploy 1.4 to production`"
    content = {"textType": "client-markdown", "title": title, "description": description}
    metadata = {"threadId": REQUEST_ID, "summary": title, "eventType": transition.type}
    message = {"version": "1.0", "source": "custom", "content": content, "metadata": metadata}
    assert told(sample, transition) == message


def everywhere_evil() -> list[tuple[Record, Transition]]:
    """Wherever a stranger can write."""
    asked = grouped({}, {EVIL: Group(approvers=(ANNA, BEN))}, name=EVIL, approvals_required=1)
    form = asking(FIELD, title=EVIL, requested_by=EVIL)
    given = giving(replace(form, policy=asked.policy), ANNA, comment=EVIL, region=EVIL)
    no = given.with_approver(BEN, vote=vote(Decision.REJECT, EVIL))
    stopped = endings.ended(given, Execution(status="ABORTED", error=EVIL, cause=EVIL))
    return [
        (given, Transition(EventType.REQUESTED)),
        (replace(given, policy=replace(given.policy, approvals_required=2)), VOTED),
        (decisions.decide(given, Status.APPROVED, 1, ANNA), Transition(EventType.DECIDED)),
        (decisions.decide(no, Status.REJECTED, 1, BEN), Transition(EventType.DECIDED)),
        (stopped, Transition(EventType.CLOSED)),
    ]


@pytest.mark.parametrize(("sample", "transition"), everywhere_evil())
def test_strangers_words_are_in_code_where_nothing_is_a_link_a_mention_or_a_format(sample, transition):
    message = told(sample, transition)
    for text in (
        message["content"]["title"],
        message["metadata"]["summary"],
        *message["content"]["description"].split("\n"),
    ):
        assert not re.search(r"[<>\r\u2028\u202e]|``", text)
        outside = re.sub(r"`[^`\n]+`", "", text)
        assert "`" not in outside
        assert re.fullmatch(r"[\w ,.:;()\[\]]*", outside), outside
        assert "evil" not in outside
        assert "here" not in outside


def test_a_message_is_bounded_by_whole_lines_whatever_people_write():
    values: dict[str, Any] = {f"f{n}": "v" * 900 for n in range(10)}
    fields = [{"name": f"f{n}", "label": f"{n} {'l' * 30}", "type": "text"} for n in range(10)]
    sample = giving(asking(*fields, title="t" * 200), ANNA, comment="c" * 1_000, **values)
    address = f"{'x' * 242}@example.com"
    sample = replace(sample, approvers={address: sample.approvers[ANNA]})
    content = told(sample, Transition(EventType.VOTED, address))["content"]
    assert len(content["title"]) <= 250
    assert len(content["description"]) <= chat.DESCRIPTION_LIMIT
    *lines, last = content["description"].split("\n")
    assert last == "(The rest is left out.)"
    assert all(line.count("`") in {2, 4} and line.endswith("`") for line in lines)


def test_each_event_is_one_message_to_the_topic():
    sent = []

    class Topic:
        exceptions = None

        def publish(self, **call: str) -> None:
            sent.append(call)

    topic: Any = Topic()
    ChatTopic(topic, "arn:topic", Letterhead(environment="prod", timezone="Europe/Berlin")).tell(
        record(), VOTED._replace(type=EventType.REQUESTED)
    )
    assert sent == [{"TopicArn": "arn:topic", "Message": json.dumps(told(record(), Transition(EventType.REQUESTED)))}]
