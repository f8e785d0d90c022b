"""What the program says of a configuration that it refuses or doubts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from infra.config.settings import ConfigError
from tests.support.harness import Graph, deploy, load, texts


def refusal(**config: Any) -> str:
    """What the whole program says of this configuration, having made nothing."""
    graph = Graph()
    with pytest.raises(ConfigError) as caught:
        deploy(config=texts(config), graph=graph)
    assert not graph.nodes, f"{len(graph.nodes)} resources were registered before the configuration was refused"
    return str(caught.value)


def warnings(**config: Any) -> list[str]:
    """What the program says of a configuration that it takes."""
    return list(load(**config).warnings(datetime(2026, 11, 25, 12, tzinfo=UTC)))
