"""How old a message of the request queue becomes while its consumer works, and the alarm that a stalled one raises."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest

from handlers.approvals.adapters.channel import Pace
from handlers.approvals.observability import metrics
from handlers.ask import Requests
from handlers.contract.settings import AskSettings
from infra.config.settings import settings_of
from infra.monitoring import OLDEST_SECONDS, REQUESTS_AT_ONCE, oldest_seconds
from infra.shared.pace import MAIL_SECONDS, MailPace
from tests.support.events import sqs
from tests.support.fakes import MemoryStore, asking, request_function, unavailable
from tests.support.harness import Graph, deploy, texts
from tests.support.quiet import quiet
from tests.support.records import ASKED_AT, message_body, policy_body
from tests.support.services import FakeClock, FakeSqs

CROWD = [f"person-{number:02}@example.com" for number in range(100)]
CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "the shipped numbers": {"approvers": CROWD[:3]},
    "twenty attempts": {"approvers": CROWD[:3], "deliveryAttempts": 20},
    "a hundred people at one a second, two attempts": {
        "approvers": CROWD[:60],
        "policies": {"all": {"approvers": CROWD[:60], "escalateTo": CROWD[60:]}},
        "mailsPerSecond": 1,
        "deliveryAttempts": 2,
    },
    "twenty people, three requests in a batch": {"approvers": CROWD[:20], "mailsPerSecond": 10},
}
__all__ = ["quiet"]
RETRIES_SECONDS = 2  # of the SDK
METRIC_DELAY_SECONDS = 2 * 60  # until a minute's value can be read


@dataclass
class Ask:
    """The consumer as a configuration deploys it, on clocks of its own: each publish takes as long as is counted on."""

    config: dict[str, Any]
    graph: Graph = field(init=False)

    def __post_init__(self) -> None:
        self.graph = deploy(config=texts(self.config))
        mapping = self.graph.named("aws:lambda/eventSourceMapping:EventSourceMapping", "ask-requests").inputs
        self.workers, self.batch_size = int(mapping["scalingConfig"]["maximumConcurrency"]), int(mapping["batchSize"])
        self.pause_seconds = AskSettings.read(self.graph.variables("ask")).mail_pause_seconds
        known = {f"signoff:{key}": text for key, text in texts(self.config).items()}
        terms = settings_of("signoff", known).terms.values()
        self.policy = max((one.policy for one in terms), key=lambda policy: len(policy.everybody))
        queue = self.graph.named("aws:sqs/queue:Queue", "requests-queue")
        self.attempts = queue.json("redrivePolicy")["maxReceiveCount"]
        self.hidden_seconds = int(queue.inputs["visibilityTimeoutSeconds"])
        function = self.graph.named("aws:lambda/function:Function", "ask")
        self.timeout_seconds = int(function.inputs["timeout"])

    @property
    def alarm(self) -> dict[str, Any]:
        found = self.graph.named("aws:cloudwatch/metricAlarm:MetricAlarm", "alarm-request-queue-age").inputs
        return dict(found)

    @property
    def last_round(self) -> dict[str, Any]:
        """A message that mails everybody, the contacts as well."""
        return {"round": 1, "rounds": 1, "policy": policy_body(self.policy)}

    def age_after(self, requests: int) -> float:
        """How old the oldest message becomes when so many requests begin at once."""
        clocks = [FakeClock() for _ in range(self.workers)]
        functions = [self._function(clock, lambda *_mail: None) for clock in clocks]
        waiting = [message_body(requestId=f"request-{number}") | self.last_round for number in range(requests)]
        while waiting:
            clock, function = min(zip(clocks, functions, strict=True), key=lambda one: one[0].time)
            batch, waiting = waiting[: self.batch_size], waiting[self.batch_size :]
            ends = int(clock.time) + self.timeout_seconds
            for delivered in sqs(*batch)["Records"]:
                function.serve(delivered, ends)
            assert clock.time <= ends, "the function has timed out"
        return max(clock.time for clock in clocks) - ASKED_AT

    def _function(self, clock: FakeClock, box: Any, sqs: FakeSqs | None = None) -> Requests:
        pace = Pace(self.pause_seconds, clock)

        class Paced:
            def ask(self, *mail: Any) -> None:
                metrics.clear_metrics()  # as many would be published, which a test cannot
                pace.wait()
                clock.sleep(MAIL_SECONDS)
                box(*mail)

        return request_function(asking(MemoryStore(), box=Paced(), clock=clock), sqs)

    def age_of_a_dead_letter(self) -> float:
        """How old a message is when SQS gives it up, since its mails fail."""

        def refused(*_mail: Any) -> None:
            clock.sleep(RETRIES_SECONDS)
            raise unavailable()

        clock, dead_letters = FakeClock(), FakeSqs()
        queue = FakeSqs(clock, attempts=self.attempts, dead_letters=dead_letters)
        function = self._function(clock, refused, queue)
        queue.send(message_body() | self.last_round)
        while queue.letters:
            queue.deliver_next(lambda delivered: function.serve(delivered, int(clock.time) + 60))
        assert len(queue.delays) == self.attempts
        assert dead_letters.letters
        return clock.time + queue.delays[-1] - ASKED_AT


@cache
def consumer(configuration: str) -> Ask:
    return Ask(CONFIGURATIONS[configuration])


@cache
def age_at_once(configuration: str) -> float:
    return consumer(configuration).age_after(REQUESTS_AT_ONCE)


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_a_message_that_is_dealt_with_in_time_raises_no_alarm_of_its_age(configuration):
    """Of requests that begin at once; after a time-out; when it fails until it is a dead letter, which has its own."""
    ask = consumer(configuration)
    threshold = int(ask.alarm["threshold"])
    assert age_at_once(configuration) < threshold
    assert ask.hidden_seconds + ask.age_after(1) < threshold
    assert ask.age_of_a_dead_letter() < threshold
    said = f"A request has waited for its mails for {threshold // 60} minutes."
    assert (ask.alarm["alarmDescription"], threshold % 60) == (said, 0)


def test_what_raised_an_alarm_with_the_sums_of_other_numbers_is_beyond_them():
    """Otherwise the tests above would show nothing."""
    assert consumer("twenty attempts").age_of_a_dead_letter() > 4_000
    assert age_at_once("a hundred people at one a second, two attempts") > OLDEST_SECONDS


def test_a_stalled_consumer_is_noticed_within_a_quarter_of_an_hour_where_few_are_asked():
    alarm = consumer("the shipped numbers").alarm
    (period,) = (one["metric"]["period"] for one in alarm["metricQueries"][1:])
    assert alarm["threshold"] + period + METRIC_DELAY_SECONDS <= 15 * 60


@pytest.mark.parametrize("rate", [1, 5, 10])
@pytest.mark.parametrize("attempts", [2, 8, 20])
def test_the_threshold_is_never_below_the_least_and_never_falls_with_more_attempts(rate, attempts):
    paces = [MailPace(people=people, mails_per_second=rate) for people in range(1, 101)]
    known = [oldest_seconds(pace, attempts) for pace in paces]
    assert min(known) >= OLDEST_SECONDS
    assert all(one <= oldest_seconds(pace, attempts + 1) for one, pace in zip(known, paces, strict=True))
