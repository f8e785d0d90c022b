"""How fast people are mailed: workers side by side, what each takes at a time, and how long it may take for that."""

from __future__ import annotations

import pytest

from handlers.contract.settings.ask import AskSettings
from infra.shared.pace import MAIL_SECONDS, WORKERS, MailPace
from tests.support.harness import EVERYTHING, REQUIRED, load

FUNCTION = "ask"


@pytest.mark.parametrize("rate", range(1, 11))
def test_a_worker_has_time_for_its_batch_and_keeps_the_pace(rate):
    for people in range(1, 51):
        pace = MailPace(people=people, mails_per_second=rate)
        mails = people * pace.batch_size
        assert 1 <= pace.batch_size <= 10
        assert mails * (pace.pause_seconds + MAIL_SECONDS) + 10 <= pace.timeout_seconds <= 900
        assert WORKERS / pace.pause_seconds == pytest.approx(rate)


@pytest.mark.parametrize(("name", "config"), [("bare", REQUIRED), ("full", EVERYTHING)])
def test_mails_are_paced_by_two_workers_with_what_fits_into_their_time_out(request, name, config):
    graph = request.getfixturevalue(name)
    mapping = graph.named("aws:lambda/eventSourceMapping:EventSourceMapping", "ask-requests").inputs
    settings = AskSettings.read(graph.variables(FUNCTION))
    most = max(len(one.policy.everybody) for one in load(**config).terms.values())
    mails = mapping["batchSize"] * most
    assert mapping["scalingConfig"] == {"maximumConcurrency": 2}
    timeout = graph.named("aws:lambda/function:Function", FUNCTION).inputs["timeout"]
    assert mails * settings.mail_pause_seconds < timeout
