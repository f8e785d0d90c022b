import pytest

from tests.support.harness import EVERYTHING, REQUIRED, Graph, deploy


@pytest.fixture(scope="module")
def bare() -> Graph:
    """The program with nothing but approvers configured."""
    return deploy(config=REQUIRED)


@pytest.fixture(scope="module")
def full() -> Graph:
    """The program with every option on and no default left."""
    return deploy(config=EVERYTHING)
