"""Runs of examples/parent, which ask through a stack."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sandbox.deploy import PROJECT, Deployed
from tests.support.stacks import Run, Stack


@dataclass(frozen=True)
class Asking:
    """A run of the parent, and the run of ours that it waits for."""

    parent: Run
    child: Run
    release: str


def in_jsonpath(definition: dict[str, Any]) -> dict[str, Any]:
    """The example's workflow in JSONPath, but for the one state that asks: by the second listing of docs/reuse.md."""
    _, listing, *_ = re.findall(r"```json\n(.*?)```", (PROJECT / "docs/reuse.md").read_text(), re.DOTALL)
    told = {"released.$": "$.release", "approvedBy.$": "$.approval.votes[*].approver"}
    releases = {
        name: {"Type": "Pass", "Parameters": {**told, "first": state["Output"]["first"]}, "End": True}
        for name, state in definition["States"].items()
        if name.startswith("Release")
    }
    states = {"Ask people": definition["States"]["Ask people"], **releases, **json.loads(listing)}
    return {"StartAt": definition["StartAt"], "States": states}


def start(stack: Stack, parent: Deployed, *, repeated: bool = False, **given: object) -> Asking:
    """`repeated`: ours runs already, as if the parent's first try to start it had succeeded and the answer was lost."""
    release = uuid4().hex[:12]
    title = f"Release {release} to production"
    told = {"release": release, "changes": "No migration.", "requestedBy": "dana@example.com"} | given
    machine = parent.outputs["stateMachineArn"]
    arn = machine.replace(":stateMachine:", ":execution:") + f":{release}"
    name = "release-" + hashlib.sha256(f"{arn}/Ask people".encode()).hexdigest()
    ours = stack.sandbox.outputs["stateMachineArn"]
    child = ours.replace(":stateMachine:", ":execution:") + f":{name}"
    if repeated:
        known = json.loads(stack.sfn.describe_state_machine(stateMachineArn=machine)["definition"])
        question = {
            "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": arn,
            "title": title,
            "details": told["changes"],
            "requestedBy": told["requestedBy"],
            "fields": known["States"]["Ask people"]["Arguments"]["Input"]["fields"],
        }
        stack.sfn.start_execution(stateMachineArn=ours, name=name, input=json.dumps(question))
    stack.sfn.start_execution(stateMachineArn=machine, name=release, input=json.dumps(told))
    return Asking(parent=Run(stack, arn, title), child=Run(stack, child, title), release=release)
