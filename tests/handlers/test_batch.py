"""Batches from a queue: what comes back, and when that is brought forward."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from handlers.approvals.adapters.queue import RequestQueue, serve_each
from tests.support.aws import silent, stubbed
from tests.support.events import sqs

URL = "https://sqs.eu-central-1.amazonaws.com/123456789012/requests"


def test_only_what_could_not_be_served_comes_back_and_the_others_are_served():
    served = []

    def serve(delivered: Mapping[str, Any]) -> None:
        if delivered["body"].startswith("bad"):
            raise ZeroDivisionError
        served.append(delivered["body"])

    answer = serve_each(sqs("good", "bad", "better", "bad again"), serve)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}, {"itemIdentifier": "3"}]}
    assert served == ["good", "better"]


def test_a_batch_that_is_served_names_nothing():
    assert serve_each(sqs("one", "two"), lambda delivered: None) == {"batchItemFailures": []}


def test_a_worker_that_is_told_to_stop_stops():
    """Lambda then delivers the whole batch again."""

    def stop(delivered: Mapping[str, Any]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        serve_each(sqs("one", "two"), stop)


def test_a_message_is_sent_back_by_its_receipt():
    client, answers = stubbed("sqs")
    call = {"QueueUrl": URL, "ReceiptHandle": "receipt", "VisibilityTimeout": 32}
    answers.add_response("change_message_visibility", {}, call)
    RequestQueue(client, URL).come_back("receipt", 32)
    answers.assert_no_pending_responses()


def test_a_message_that_cannot_be_sent_back_comes_back_by_itself():
    client, answers = stubbed("sqs")
    answers.add_client_error("change_message_visibility", "ReceiptHandleIsInvalid")
    RequestQueue(client, URL).come_back("receipt", 32)
    RequestQueue(silent("sqs"), URL).come_back("receipt", 32)
    broken: Any = object()
    RequestQueue(broken, URL).come_back("receipt", 32)
