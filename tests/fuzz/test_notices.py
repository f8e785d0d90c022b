"""Whatever an event about a mail says: it is noted of somebody who was asked, or left for an operator."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from handlers.approvals.adapters.channel import Letterhead
from handlers.approvals.adapters.sns import OperatorTopic
from handlers.approvals.parsing.notice import MalformedNoticeError, read_notice
from handlers.approvals.rules.delivery import REASON_KEPT, whose
from handlers.bounce import serve
from tests.fuzz.functions import one_call
from tests.fuzz.inputs import texts, values
from tests.support.events import OF_SES, undelivered
from tests.support.fakes import FakeWorkflow, MemoryStore, bouncing
from tests.support.records import record
from tests.support.services import FakeSns

fuzz = settings(settings.get_profile("fuzz"), max_examples=300)
LETTERHEAD = Letterhead(environment="test", timezone="UTC")
SAMPLES = [undelivered(kind) for kind in OF_SES]


def paths(inside: Any, *before: Any) -> list[tuple[Any, ...]]:
    """Of every value in an event."""
    steps = inside.items() if isinstance(inside, dict) else enumerate(inside) if isinstance(inside, list) else ()
    return [before, *(path for step, value in steps for path in paths(value, *before, step))]


def with_value(event: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    changed = inside = json.loads(json.dumps({"event": event}))
    for step in ("event", *path)[:-1]:
        inside = inside[step]
    inside[("event", *path)[-1]] = value
    return changed["event"]


OURS = "\nWhat to do about it is in docs/mail.md.\n"
changed = st.sampled_from(SAMPLES).flatmap(
    lambda event: st.builds(with_value, st.just(event), st.sampled_from(paths(event)), texts | values)
)
forged = texts.map(lambda text: f"{text[:100]}\r\n{OURS}")
worded = (texts | forged).map(lambda text: undelivered(bouncedRecipients=[{"diagnosticCode": text}]))


@given(event=worded | changed | values)
@example(event=SAMPLES[0])
@fuzz
def test_a_hostile_event_is_noted_and_told_as_text_or_left_for_an_operator_and_ends_no_run_but_by_a_mail_to_its_people(
    event,
):
    store, workflow, topic = MemoryStore(record(approvals_required=3)), FakeWorkflow(), FakeSns()
    client: Any = topic
    use_case = bouncing(store, workflow, OperatorTopic(client, "operators", LETTERHEAD))
    try:
        notice = read_notice(event)
    except MalformedNoticeError:
        with one_call(), pytest.raises(MalformedNoticeError):
            serve(use_case, event)
        assert not store.calls
        return
    with one_call():
        serve(use_case, event)
    kept = store.record
    assert kept
    who = whose(kept, notice.person) if notice.request_id == kept.request_id else ""
    noted = {who: one.undelivered for who, one in kept.approvers.items() if one.undelivered}
    assert [*noted] == [who] * bool(who)
    assert all(len(one.reason) <= REASON_KEPT for one in noted.values())
    assert [mail["Message"].count(OURS) for mail in topic.mails] == [1] * len(noted)
    assert len(workflow.answers) == (who != "" and notice.permanent)
