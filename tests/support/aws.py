"""Clients of boto3 whose answers a test gives, and which never leave the process."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ConnectTimeoutError
from botocore.stub import Stubber


def client(service: str) -> Any:
    """A client that asks once and then has its error."""
    config = Config(region_name="eu-central-1", retries={"mode": "standard", "total_max_attempts": 1})
    make: Any = boto3.client  # whose types know each service by its literal name
    return make(service, config=config, aws_access_key_id="test", aws_secret_access_key="test")


def stubbed(service: str) -> tuple[Any, Stubber]:
    """A client, and what it answers: botocore checks both the parameters and the answers against its models."""
    made = client(service)
    stubber = Stubber(made)
    stubber.activate()
    return made, stubber


def silent(service: str) -> Any:
    """A client that no call of gets an answer."""

    def lost(**_call: Any) -> None:
        raise ConnectTimeoutError(endpoint_url="https://example.com")

    made = client(service)
    made.meta.events.register("before-send", lost)
    return made
