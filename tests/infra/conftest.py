import pytest

from tests.support.harness import EVERYTHING, REQUIRED, Graph, deploy


@pytest.fixture(scope="session")
def bare() -> Graph:
    """The program with nothing but approvers configured."""
    return deploy(config=REQUIRED)


@pytest.fixture(scope="session")
def full() -> Graph:
    """The program with every option on and no default left."""
    return deploy(config=EVERYTHING)


@pytest.fixture(scope="session", params=["bare", "full"])
def graph(request) -> Graph:
    """Each of the two."""
    return request.getfixturevalue(request.param)
