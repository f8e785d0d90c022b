"""How the adapters call AWS: few retries and short timeouts, so that nobody is left waiting at the page."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, cached_property
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session, get_session

from handlers.approvals.usecases.ports import UnavailableError

# One call takes at most (4 s + a short pause) x 3; the callers' own timeouts leave room for that.
CONFIG = Config(
    connect_timeout=2,
    read_timeout=4,
    retries={"mode": "standard", "total_max_attempts": 3},
)
# For calls that nobody at the page waits for. A Publish that times out may have been sent, and then goes out twice.
PATIENT = CONFIG.merge(Config(read_timeout=10))
# For calls of which there may be many more at once than their quota allows: some three minutes, at most 20 s apart.
# https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
ADAPTIVE = CONFIG.merge(Config(retries={"mode": "adaptive", "total_max_attempts": 20}))


def client(service: str, config: Config = CONFIG) -> Any:
    """Like boto3's. Importing boto3 itself would add as much to a cold start as all of this program's code."""
    return _session().create_client(service, config=config)


class OnDemand:
    """A client that not every call needs: it is created when its first operation is called."""

    def __init__(self, service: str, config: Config = CONFIG) -> None:
        self._service = service
        self._config = config

    @cached_property
    def _client(self) -> Any:
        return client(self._service, self._config)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


@cache
def _session() -> Session:
    return get_session()


@contextmanager
def calls() -> Iterator[None]:
    """Turn what is still an AWS error after the SDK's retries into UnavailableError."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise UnavailableError(type(error).__name__, str(error)) from error
