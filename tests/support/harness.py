"""Run a program against Pulumi's mocks, wait until every registration has landed, then hand back the graph."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from infra.config.settings import Settings
from sandbox.registered import ARNS, NAME, OURS, STACK, UNREAD, Graph, Node, ours, program, register

__all__ = [
    "ALICE",
    "ARNS",
    "EVERYTHING",
    "NAME",
    "OURS",
    "REQUIRED",
    "ROOT",
    "STACK",
    "UNREAD",
    "Graph",
    "Node",
    "deploy",
    "load",
    "texts",
]

ROOT = Path(__file__).parents[2]
ALICE = "alice@example.com"
REQUIRED = {"approvers": f'["{ALICE}"]'}
# Everything that the program can make, in one stack.
EVERYTHING = {
    "approvers": '["alice@example.com", "bob@example.com", "carol@example.com"]',
    "approvalsRequired": "2",
    "rejectionsRequired": "2",
    "deadlineSeconds": "100000",
    "reminders": "6",
    "escalateTo": '["head@example.com"]',
    "preventSelfApproval": "false",
    "policies": """{
        "payout": {
            "groups": {
                "finance": {"approvers": ["ann@example.com", "ben@example.com", "carol@example.com"]},
                "legal": {"approvers": ["ben@example.com", "cleo@example.com"], "approvalsRequired": 2}
            },
            "approvalsRequired": 3,
            "rejectionsRequired": 2,
            "deadlineSeconds": 7200,
            "reminders": 1,
            "escalateTo": ["dora@example.com"],
            "preventSelfApproval": true
        },
        "note": {"approvers": ["eve@example.com"]}
    }""",
    "schedule": "cron(0 9 ? * MON-FRI *)",
    "timezone": "Europe/Berlin",
    "eventPattern": '{"source": ["shop"], "detail": {"amount": [{"numeric": [">", 1000]}]}}',
    "eventPolicy": "note",
    "eventDetails": "false",
    "task": '{"title": "Daily payout", "details": "Pay out everything.", "policy": "payout"}',
    "operatorEmail": "operations@example.com",
    "oneClick": "true",
    "auditDays": "730",
    "logRetentionDays": "365",
    "mailsPerSecond": "3",
    "deliveryAttempts": "4",
    "protect": "true",
    "pointInTimeRecovery": "false",
}


def deploy(
    run: Callable[[], Any] = program,
    config: Mapping[str, str] = REQUIRED,
    graph: Graph | None = None,
    project: str = NAME,
) -> Graph:
    """What a program registers: by default all that the stack has of ours, with the least of configurations."""
    graph = register(run, config, graph, project)
    if run is program:
        graph.nodes = ours(graph.nodes)
    return graph


def texts(config: Mapping[str, Any]) -> dict[str, str]:
    """As from the engine: texts stay texts, the rest is JSON."""
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}


def load(**config: Any) -> Settings:
    """What the program reads when a stack's file says this."""
    seen: list[Settings] = []
    deploy(lambda: seen.append(Settings.load()), texts(config))
    return seen[0]
