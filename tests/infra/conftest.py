import pytest

from tests.support.harness import EVERYTHING, MAILED, REQUIRED, Graph, deploy


@pytest.fixture(scope="session")
def bare() -> Graph:
    """The program with nothing but approvers configured."""
    return deploy(config=REQUIRED)


@pytest.fixture(scope="session")
def full() -> Graph:
    """The program with every option on, and mail by SNS."""
    return deploy(config=EVERYTHING)


@pytest.fixture(scope="session")
def mailed() -> Graph:
    """The program with every option on, mail by SES, and no default left."""
    return deploy(config=MAILED)


@pytest.fixture(scope="session", params=["full", "mailed"])
def either(request) -> Graph:
    """Every option on, by each of the two channels."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session", params=["bare", "full", "mailed"])
def graph(request) -> Graph:
    """Each of the three."""
    return request.getfixturevalue(request.param)
