"""Whatever lies in the queues: served, or left for the dead-letter queue, and its neighbours are served."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.approvals.decisions import CLOCK_SKEW_SECONDS, WorkflowError
from handlers.approvals.message import LARGEST, MalformedMessage, Message
from tests.fuzz.inputs import NASTY, texts, values
from tests.fuzz.services import Machine, Table, Topic
from tests.support.events import Context, sqs
from tests.support.records import ANNA, BEN, TASK_TOKEN, message_body

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
fuzz = settings(settings.get_profile("fuzz"), max_examples=200)

GOOD = message_body() | {"taskToken": "good"}
NUMBERS = ["1e400", "-1e400", "NaN", "Infinity", "-Infinity", "true", "1.5", "0", "-1", "null", "[1]", '"1"']
HUGE = ["1e300", "9" * 400, "9" * 5_000, str(LARGEST + 1)]


def body_with(name: str, literal: str) -> str:
    """The message, of which one field is this JSON text."""
    whole = message_body()
    inside = whole["request"] if name in whole["request"] else whole
    inside[name] = "REPLACED"
    return json.dumps(whole).replace('"REPLACED"', literal)


names = st.sampled_from([name for name in message_body() if name != "request"])
request_names = st.sampled_from(list(message_body()["request"]))
messages = (
    st.builds(lambda name, value: message_body() | {name: value}, names | texts, values)
    | st.builds(lambda name: {key: value for key, value in message_body().items() if key != name}, names)
    | st.builds(
        lambda name, value: message_body() | {"request": message_body()["request"] | {name: value}},
        request_names | texts,
        texts | values,
    )
    | st.builds(lambda name, text: message_body(**{name: text}), request_names, texts)  # with a digest that fits
    | st.builds(lambda value: message_body() | {"request": value}, values)
    | values
)
bodies = (
    messages.map(json.dumps)
    | st.builds(body_with, names, st.sampled_from(NUMBERS + HUGE))
    | texts
    | st.sampled_from(["[" * 100_000, '{"a":' * 100_000, "\ufeff{}", "{}{}", "{'a': 1}", '{"taskToken": "t"'])
)


def failed(answer) -> list[str]:
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def readable(body: str) -> bool:
    try:
        return bool(Message.parse(body))
    except MalformedMessage as error:
        words = str(error)
    assert TASK_TOKEN not in words
    assert len(words) < 200
    return False


def test_a_bad_message_fails_alone_and_its_neighbours_are_served(consumer):
    @given(body=bodies)
    @fuzz
    def check(body):
        consumer.STORE, consumer.CALLBACK, consumer.SNS = Table(), Machine(), Topic()
        if readable(body):
            assert not failed(consumer.handler(sqs(body), Context()))
            over = Message.parse(body).deadline + CLOCK_SKEW_SECONDS < time.time()
            assert over or consumer.SNS.mails or consumer.CALLBACK.answers
            return
        good = json.dumps(GOOD)
        assert failed(consumer.handler(sqs(body, good, body), Context())) == ["0", "2"]
        asked = [sent["MessageAttributes"]["approver"]["StringValue"] for sent in consumer.SNS.mails]
        assert asked == [ANNA, BEN]

    check()


def test_a_dead_letter_ends_its_execution_if_it_can_be_read_and_stays_if_not(undertaker):
    @given(body=bodies)
    @fuzz
    def check(body):
        undertaker.STORE, undertaker.CALLBACK = Table(), Machine()
        served = readable(body)
        assert failed(undertaker.handler(sqs(body, json.dumps(GOOD)), Context())) == ([] if served else ["0"])
        told = [(given, answer.error) for given, answer in undertaker.CALLBACK.answers]
        expected = [Message.parse(body).task_token, "good"] if served else ["good"]
        assert told == [(one, WorkflowError.NOTIFICATION_FAILED) for one in expected]

    check()


@pytest.mark.parametrize("name", ["round", "rounds", "deadline"])
@pytest.mark.parametrize("literal", NUMBERS + HUGE)
def test_a_number_that_is_none_or_beyond_the_calendar_is_refused_by_name(name, literal):
    with pytest.raises(MalformedMessage, match=f"^{name} must be|^the body is not JSON"):
        Message.parse(body_with(name, literal))


@pytest.mark.parametrize("literal", ["[1]", "{}", "NaN", "1e400", '"1"', "0", "-2", "null"])
def test_a_schema_version_of_any_shape_is_refused_by_name(literal):
    with pytest.raises(MalformedMessage, match=r"^schemaVersion must be"):
        Message.parse(body_with("schemaVersion", literal))


@pytest.mark.parametrize("name", ["taskToken", "executionArn", "requestId", "title", "details", "requestedBy"])
def test_half_a_surrogate_pair_is_refused_before_a_service_chokes_on_it(name):
    with pytest.raises(MalformedMessage, match=f"^{name} must be"):
        Message.parse(body_with(name, '"a\\ud800"'))


@pytest.mark.parametrize("literal", ['"a/b"', '".."', '"a%2Fb"', '"a b"', '"\\u0663"', '"a\\n"', f'"{"a" * 65}"', '""'])
def test_an_id_that_no_link_could_hold_is_refused_before_anybody_is_mailed_a_dead_link(literal):
    with pytest.raises(MalformedMessage, match=r"^requestId must be"):
        Message.parse(body_with("requestId", literal))


@pytest.mark.parametrize("timezone", ["Pacific/Kiritimati", "Etc/GMT+12", "UTC"])
def test_the_latest_deadline_can_be_mailed_and_shown_everywhere(consumer, monkeypatch, timezone):
    monkeypatch.setenv("TIMEZONE", timezone)
    assert not failed(consumer.handler(sqs(body_with("deadline", str(LARGEST))), Context()))
    kept = consumer.STORE.record
    assert "9999" in consumer.mail.body(kept, ANNA, consumer.rounds.Kind.REMINDER, "link", "test", timezone)


@pytest.mark.parametrize(
    "body", [body_with("round", "4"), body_with("rounds", "22"), body_with("round", "253402127999")]
)
def test_a_round_that_no_run_has_is_refused(consumer, body):
    """Later rounds would count as stale."""
    assert not readable(body)
    assert failed(consumer.handler(sqs(body), Context())) == ["0"]
    assert not consumer.SNS.mails


@pytest.mark.parametrize("requested_at", [*NASTY[:20], "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "now"])
def test_a_time_that_is_none_is_shown_as_it_is_and_stops_no_mail(consumer, monkeypatch, requested_at):
    monkeypatch.setenv("TIMEZONE", "America/New_York")
    body = body_with("requestedAt", json.dumps(requested_at))
    served = readable(body)
    assert bool(failed(consumer.handler(sqs(body), Context()))) is not served
    assert len(consumer.SNS.mails) == (2 if served else 0)
