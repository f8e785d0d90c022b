"""Whatever an operator's program sends to the door: an answer below 500, in JSON, and nobody decides by it."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.approvals.rules.links import digest
from handlers.contract.record import Status
from tests.fuzz.functions import one_call
from tests.fuzz.inputs import anything, values
from tests.support.events import OPERATOR, signed
from tests.support.fakes import FakeWorkflow, Mailbox, MemoryStore, operating
from tests.support.records import ANNA, ASKED_AT, EXECUTION_ARN, REQUEST_ID, TASK_TOKEN, record

PARTS: dict[str, list[Any]] = {
    "order": ["remind", "cancel"],
    "requestId": [REQUEST_ID],
    "executionArn": [EXECUTION_ARN, EXECUTION_ARN + "x", EXECUTION_ARN.replace("signoff", "other")],
    "to": [[], [ANNA], [ANNA.upper(), "Nobody"]],
    "why": ["Enough."],
    "by": ["mallory"],
}
parts = {name: st.sampled_from(known) | values | st.lists(anything, max_size=3) for name, known in PARTS.items()}
orders = st.fixed_dictionaries({"order": parts.pop("order")}, optional=parts)
bodies = orders.map(json.dumps) | values.map(json.dumps) | anything


@settings(settings.get_profile("fuzz"), max_examples=150)
@given(body=bodies, by=st.just(OPERATOR) | anything)
def test_whatever_is_ordered_is_answered_and_only_who_aws_says_it_was_is_kept(body, by):
    store, workflow, box = MemoryStore(record()), FakeWorkflow(), Mailbox()
    with one_call():
        answer = operating(store, workflow, box).serve(signed(body, by), ASKED_AT + 29)
    assert answer["statusCode"] in {200, 400, 409}
    assert (answer["statusCode"] == 200) != ("error" in json.loads(answer["body"]))
    kept = store.record
    assert kept
    assert not kept.votes
    assert (kept.status, bool(workflow.stopped)) in {(Status.OPEN, False), (Status.CLOSED, True)}
    assert kept.reminded_by == (by if box.sent else "")
    assert all(cause.startswith(f"{by}: ") for _, _, cause in workflow.stopped)
    secrets = {secret: who for who, sent in box.secrets.items() for secret in sent}
    assert all(digest(secret) in kept.approvers[who].links for secret, who in secrets.items())
    assert not [secret for secret in (*secrets, TASK_TOKEN) if secret in answer["body"]]
