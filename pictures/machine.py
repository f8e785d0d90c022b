"""The state machine, drawn from its JSON."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from handlers.contract.policy import DEFAULT_POLICY, Policy
from infra.asl import approval_definition
from infra.shared.terms import Terms
from pictures import dot

START, END = "start", "end"
EXPRESSION = "{%", "%}"


def definition() -> dict[str, Any]:
    """With names in place of ARNs, and one policy."""
    return approval_definition(
        generate_arn="arn:aws:lambda:eu-central-1:123456789012:function:generate",
        process_arn="arn:aws:lambda:eu-central-1:123456789012:function:process",
        queue_url="https://sqs.eu-central-1.amazonaws.com/123456789012/requests",
        table_name="approvals",
        terms={DEFAULT_POLICY: Terms(policy=Policy(), deadline_seconds=86_400, rounds=3)},
        event_policy="default",
        task={},
        late_seconds=300,
    )


def document(machine: dict[str, Any]) -> str:
    """In graphviz's language: each state, and each way from one to another with what makes the workflow take it."""
    statements = [
        dot.node(START, "Start", shape="ellipse", **{"class": "start"}),
        dot.node(END, "End", shape="ellipse", **{"class": "ends"}),
        dot.edge(START, machine["StartAt"]),
    ]
    for name, state in machine["States"].items():
        statements.append(drawn(name, state))
        caught: dict[str, list[str]] = defaultdict(list)
        for target, label in ways(state):
            if label is None:
                statements.append(dot.edge(name, target, weight="4"))
            elif state["Type"] == "Choice":
                statements.append(dot.edge(name, target, label))
            else:
                caught[target].append(label)
        statements += [
            dot.edge(name, target, "\n".join(errors), style="dashed", **{"class": "caught"})
            for target, errors in caught.items()
        ]
    return dot.graph("nodesep=0.12; ranksep=0.4", statements)


def ways(state: dict[str, Any]) -> Iterator[tuple[str, str | None]]:
    """Where a state leads to: with None when all is well, with a choice's condition, with an error's name."""
    for choice in state.get("Choices", []):
        yield choice["Next"], choice["Condition"].removeprefix(EXPRESSION[0]).removesuffix(EXPRESSION[1]).strip()
    if "Default" in state:
        yield state["Default"], "else"
    if "Next" in state:
        yield state["Next"], None
    if state.get("End"):
        yield END, None
    for catcher in state.get("Catch", []):
        for error in catcher["ErrorEquals"]:
            yield catcher["Next"], error


def drawn(name: str, state: dict[str, Any]) -> str:
    """The sandbox's page colours what has the class `state`."""
    if state["Type"] == "Choice":
        return dot.node(name, name, shape="diamond", style="filled", margin="0.02,0.02", **{"class": "state"})
    if state["Type"] == "Fail":
        return dot.node(name, name, **{"class": "state fails"})
    call = state["Resource"].rpartition(":::")[2]
    kind = " waits" if call.endswith(".waitForTaskToken") else " ends" if state.get("End") else ""
    return dot.node(name, name, call, **{"class": f"state{kind}"})
