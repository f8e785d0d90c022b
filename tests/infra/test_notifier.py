"""How fast people are mailed: workers side by side, what each takes at a time, and how long it may take for that."""

from __future__ import annotations

import pytest

from handlers.contract.settings.request_approval import AskSettings
from infra.notifier import MAIL_SECONDS, WORKERS, MailPace
from tests.support.harness import Graph

FUNCTION = "notifier-request-approval"


@pytest.fixture(scope="module", params=["bare", "full"])
def graph(request) -> Graph:
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("rate", range(1, 11))
def test_a_worker_has_time_for_its_batch_and_keeps_the_pace(rate):
    for people in range(1, 51):
        pace = MailPace(people=people, mails_per_second=rate)
        mails = people * pace.batch_size
        assert 1 <= pace.batch_size <= 10
        assert mails * (pace.pause_seconds + MAIL_SECONDS) + 10 <= pace.timeout_seconds <= 900
        assert WORKERS / pace.pause_seconds == pytest.approx(rate)


def test_mails_are_paced_by_two_workers_with_what_fits_into_their_time_out(graph):
    mapping = graph.named("aws:lambda/eventSourceMapping:EventSourceMapping", "notifier-requests").inputs
    settings = AskSettings.read(graph.variables(FUNCTION))
    mails = mapping["batchSize"] * len(settings.approvers + settings.escalate_to)
    assert mapping["scalingConfig"] == {"maximumConcurrency": 2}
    timeout = graph.named("aws:lambda/function:Function", FUNCTION).inputs["timeout"]
    assert mails * settings.mail_pause_seconds < timeout
