"""Whatever lies in the queues: served, or left for the dead-letter queue, and its neighbours are served."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from handlers.approvals.parsing.fields import LARGEST
from handlers.approvals.parsing.message import MalformedMessageError, read_message
from handlers.approvals.rules.decisions import CLOCK_SKEW_SECONDS
from handlers.approvals.rules.message import Announcement
from handlers.approvals.rules.rounds import Kind
from handlers.approvals.usecases.ports import NewerVersionError
from handlers.contract.message import announcement_body
from handlers.contract.workflow import WorkflowError
from tests.fuzz.functions import Consumer, DeadLetterConsumer
from tests.fuzz.inputs import NASTY, texts, values
from tests.support import plain
from tests.support.mails import agree, both
from tests.support.records import ANNA, ASKED_AT, BEN, TASK_TOKEN, message_body, read_request

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
names_of_news = st.sampled_from(["requestId", "executionArn", "version"])
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


def readable(body: str) -> bool:
    try:
        return bool(read_message(body))
    except (MalformedMessageError, NewerVersionError) as error:
        words = str(error)
    assert TASK_TOKEN not in words
    assert len(words) < 200
    return False


@given(body=bodies)
@example(body=body_with("schemaVersion", "9" * 400))
@fuzz
def test_a_bad_message_fails_alone_and_its_neighbours_are_served(body):
    consumer = Consumer()
    if readable(body):
        assert not consumer.deliver(body)
        over = read_request(body).deadline + CLOCK_SKEW_SECONDS < ASKED_AT
        assert over or consumer.topic.mails or consumer.workflow.answers
        return
    assert consumer.deliver(body, GOOD, body) == ["0", "2"]
    assert consumer.topic.asked == [ANNA, BEN]


@given(body=bodies)
@example(body=body_with("title", json.dumps("</title><img src=x>\r\nBcc: mallory@example.com")))
@fuzz
def test_by_ses_whoever_is_asked_gets_the_same_words_twice(body):
    consumer = Consumer(by_ses=True)
    if not readable(body):
        return
    assert not consumer.deliver(body)
    assert consumer.ses.mails or consumer.workflow.answers or read_request(body).deadline < ASKED_AT
    for sent in consumer.ses.mails:
        agree(both(sent))


@given(body=bodies)
@fuzz
def test_a_dead_letter_ends_its_execution_if_it_can_be_read_and_stays_if_not(body):
    consumer = DeadLetterConsumer()
    served = readable(body)
    assert consumer.deliver(body, GOOD) == ([] if served else ["0"])
    told = [(answer["taskToken"], answer["error"]) for answer in consumer.workflow.answers]
    expected = [read_request(body).task_token, "good"] if served else ["good"]
    assert told == [(one, WorkflowError.NOTIFICATION_FAILED) for one in expected]


NEWS = announcement_body(GOOD["request"]["requestId"], GOOD["executionArn"], 1)
announcements = (
    st.builds(lambda name, value: NEWS | {"announce": NEWS["announce"] | {name: value}}, names_of_news, values)
    | st.builds(
        lambda name: NEWS | {"announce": {key: NEWS["announce"][key] for key in {*NEWS["announce"]} - {name}}},
        names_of_news,
    )
    | st.builds(lambda value: NEWS | {"announce": value}, values)
    | st.builds(lambda value: message_body() | NEWS | {"schemaVersion": value}, values)
)


@given(news=announcements)
@example(news=NEWS)
@example(news=message_body() | NEWS)
@fuzz
def test_a_bad_announcement_fails_alone_and_as_a_dead_letter_any_stays_and_fails_no_run(news):
    consumer, dead_letters, body = Consumer(), DeadLetterConsumer(), json.dumps(news)
    try:
        failed = [] if isinstance(read_message(body), Announcement) else ["0"]
    except (MalformedMessageError, NewerVersionError):
        failed = ["0"]
    assert consumer.deliver(body, GOOD) == failed
    assert consumer.topic.asked == [ANNA, BEN]
    assert dead_letters.deliver(body, GOOD) == ["0"]
    assert [answer["taskToken"] for answer in dead_letters.workflow.answers] == ["good"]


NO_ID = ['"a/b"', '".."', '"a%2Fb"', '"a b"', '"\\u0663"', '"a\\n"', f'"{"a" * 65}"', '""']
TEXTS = ["taskToken", "executionArn", "requestId", "title", "details", "requestedBy"]


@pytest.mark.parametrize(
    ("name", "literal"),
    [
        *((name, literal) for name in ("round", "rounds", "deadline") for literal in NUMBERS + HUGE),
        *((name, '"a\\ud800"') for name in TEXTS),  # half a surrogate pair, on which services choke
        *(("requestId", literal) for literal in NO_ID),  # which no link could hold
    ],
)
def test_what_nothing_behind_could_use_is_refused_by_name(name, literal):
    with pytest.raises(MalformedMessageError, match=f"^{name} must be|^the body is not JSON"):
        read_message(body_with(name, literal))


@pytest.mark.parametrize("timezone", ["Pacific/Kiritimati", "Etc/GMT+12", "UTC"])
def test_the_latest_deadline_can_be_mailed_and_shown_everywhere(timezone):
    consumer = Consumer(timezone)
    assert not consumer.deliver(body_with("deadline", str(LARGEST)))
    assert all("9999" in sent["Message"] for sent in consumer.topic.mails)
    asked = consumer.store.record
    assert asked
    assert "9999" in plain.body(asked, ANNA, Kind.REMINDER, "link", "test", timezone)


@pytest.mark.parametrize("requested_at", [*NASTY[:20], "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "now"])
def test_a_time_that_is_none_is_shown_as_it_is_and_stops_no_mail(requested_at):
    consumer = Consumer("America/New_York")
    body = body_with("requestedAt", json.dumps(requested_at))
    served = readable(body)
    assert bool(consumer.deliver(body)) is not served
    assert len(consumer.topic.mails) == (2 if served else 0)
