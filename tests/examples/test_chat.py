"""The listings of docs/chat.md: one runs, the other is what examples/webhook does (tests/journey/test_webhooks.py)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pulumi_aws as aws

from tests.support.harness import ROOT, deploy

LISTINGS = [part.split("```")[0] for part in (ROOT / "docs/chat.md").read_text().split("```python\n")[1:]]


def test_the_page_shows_the_examples_target():
    _, target = LISTINGS
    assert target in (ROOT / "examples/webhook/__main__.py").read_text()


def test_a_channel_is_connected_to_the_topic_as_the_page_says():
    names: dict[str, Any] = {"aws": aws, "role": SimpleNamespace(arn="of a role"), "chat_topic_arn": "of the topic"}
    made = deploy(lambda: exec(LISTINGS[0], names))
    channel = made.one("aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration")
    assert channel.inputs["snsTopicArns"] == ["of the topic"]
