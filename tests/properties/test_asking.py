"""Everybody gets asked: whatever a configuration that was accepted says of people, pace, deadline and reminders."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any

from hypothesis import assume, given, note, reject, settings
from hypothesis import strategies as st

from handlers.approvals.parsing.item import from_item, to_item
from handlers.approvals.rules import rounds
from handlers.approvals.rules.record import Lease, Record
from handlers.approvals.rules.refusal import Refusal
from infra.config.settings import ConfigError, Settings, settings_of
from infra.shared.pace import MAIL_SECONDS, MailPace
from infra.shared.terms import Terms
from tests.properties.test_interleavings import QUIET
from tests.support.records import ASKED_AT, message

PEOPLE = [f"person-{number:02}@example.com" for number in range(60)]
CONTACTS = [f"contact-{number:02}@example.com" for number in range(40)]


@st.composite
def configurations(draw: st.DrawFn) -> dict[str, Any]:
    """Mostly such as leave little time. Groups overlap."""
    asked = PEOPLE[: draw(st.integers(1, len(PEOPLE)))]
    contacts = CONTACTS[: draw(st.integers(0, len(CONTACTS)) | st.just(0))]
    rate, reminders = draw(st.integers(1, 10)), draw(st.integers(0, 20))
    mail = MAIL_SECONDS + 2 / rate
    tight = max(len(contacts) * (reminders + 1), len(asked) + len(contacts)) * mail
    deadline = max(60, 10 * (reminders + 1), int(tight) + draw(st.integers(-5, 60)))
    keys: dict[str, Any] = {
        "approvers": draw(st.permutations(asked)),
        "escalateTo": contacts,
        "mailsPerSecond": rate,
        "reminders": reminders,
        "deadlineSeconds": deadline,
        "preventSelfApproval": draw(st.booleans()),
    }
    if draw(st.booleans()):
        cut = draw(st.integers(0, len(asked)))
        groups = {"one": asked[: cut + 1], "other": asked[max(0, cut - 2) :] or asked[-1:]}
        keys["policies"] = {"grouped": {"groups": {name: {"approvers": who} for name, who in groups.items()}}}
    return keys


def accepted(keys: dict[str, Any]) -> Settings | None:
    texts = {f"signoff:{key}": value if isinstance(value, str) else json.dumps(value) for key, value in keys.items()}
    try:
        return settings_of("signoff", texts)
    except ConfigError as error:
        note(str(error))
        return None


def unordered(record: Record) -> Record:
    """As DynamoDB gives it back, which keeps no order in a map."""
    item = to_item(record)
    approvers = list(item["approvers"].items())
    random.Random(record.round).shuffle(approvers)
    return from_item(item | {"approvers": dict(approvers)})


def mails(terms: Terms, mails_per_second: int, requester: str) -> tuple[Record, Counter[str]]:
    """A request that nobody answers, to its deadline: each mail takes as long as is counted on, and one that is not
    out and noted at the end of a round is lost.
    """
    pace = MailPace(people=1, mails_per_second=mails_per_second)
    asked: dict[str, Any] = {"policy": terms.policy, "rounds": terms.rounds, "requested_by": requester}
    deadline = ASKED_AT + terms.deadline_seconds
    record = rounds.new_record(message(**asked, deadline=deadline))
    if isinstance(record, Refusal):  # a requester alone
        reject()
    sent: Counter[str] = Counter()
    begins = float(ASKED_AT)
    for number in range(1, terms.rounds + 1):
        ends = begins + (terms.last_round_seconds if number == terms.rounds else terms.round_seconds)
        lease = Lease(owner=f"worker-{number}", until=int(begins) + 900)
        digests = dict.fromkeys(terms.policy.everybody, "digest")
        begun = rounds.begin(record, message(**asked, deadline=deadline, round=number), lease, int(begins), digests)
        assert isinstance(begun, Record)
        record, now = unordered(begun), begins
        for who in rounds.recipients(record):
            now += pace.request_seconds
            if now > ends + 1e-3:  # so long after 1970, each sum is rounded by some 1e-7 seconds
                break
            record = rounds.mailed(record, who, number)
            sent[who] += 1
        begins = ends
    assert begins == deadline
    return record, sent


@settings(QUIET, max_examples=80)
@given(keys=configurations(), requester=st.sampled_from(["", PEOPLE[0], CONTACTS[0]]))
def test_nobody_goes_without_a_mail_where_the_configuration_was_accepted(keys, requester):
    configured = accepted(keys)
    assume(configured)
    assert configured
    for terms in configured.terms.values():
        record, sent = mails(terms, configured.mails_per_second, requester)
        assert set(sent) == set(record.electorate.everybody)
        asked = [sent[who] for who in record.electorate.asked_first]
        assert max(asked) - min(asked) <= 1, "some were mailed again before others had been mailed as often"
        assert {who: one.mails for who, one in record.approvers.items()} == sent
