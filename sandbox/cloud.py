"""Where resources are made: an emulator's endpoint and a region."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

ACCOUNT = "000000000000"  # the emulator's

# No proxies: a developer's HTTP proxy is for the internet, the emulator is on this machine.
CONFIG = Config(proxies={}, inject_host_prefix=False, retries={"mode": "standard", "total_max_attempts": 2})


@cache
def session() -> boto3.Session:
    """One that reads no AWS settings, neither variables nor files: a developer's are for another place than this."""
    known = botocore.session.Session.SESSION_VARIABLES
    variables = {name: (None, None, default, kind) for name, (_, _, default, kind) in known.items()}
    for file in ("config_file", "credentials_file"):
        variables[file] = (None, None, os.devnull, None)
    return boto3.Session(botocore_session=botocore.session.Session(session_vars=variables))


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """boto3 clients for the emulator's account."""

    endpoint: str
    region: str
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict, repr=False, compare=False)
    _making: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    @classmethod
    def from_environment(cls) -> Cloud:
        """The endpoint and region that the environment gives boto3. Raises KeyError: never real AWS by accident."""
        return cls(endpoint=os.environ["AWS_ENDPOINT_URL"], region=os.environ["AWS_REGION"])

    def client(self, service: str) -> Any:
        """As the deploying user, to whom IAM allows everything; a resource's own policy may still deny it."""
        return self._client(service, "test")

    def as_aws(self, service: str) -> Any:
        """As an AWS service, such as SQS moving a dead letter: nobody else may do that (see launcher.py)."""
        return self._client(service, ACCOUNT)

    def _client(self, service: str, key: str) -> Any:
        # Threads may share clients, but not create them concurrently.
        with self._making:
            if (service, key) not in self._clients:
                self._clients[service, key] = session().client(
                    service,  # type: ignore[call-overload]
                    endpoint_url=self.endpoint,
                    region_name=self.region,
                    aws_access_key_id=key,
                    aws_secret_access_key="test",  # noqa: S106 - the emulator's root has no secret
                    config=CONFIG,
                )
            return self._clients[service, key]

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{ACCOUNT}:{resource}"
