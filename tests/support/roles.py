"""The role of a deployed function: what it may do, and what becomes of it when it may not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.support.stacks import Run, Stack
from tests.support.waiting import until

# What more these may do is said by tests/infra/test_iam.py.
YOURS = ("generate", "process")
SHIPPED = ("Log", "Trace")  # the statements that they share with ours
ENTRIES = ("page", "ask", "give_up", "reconcile", "announce", "bounce", "operate", *YOURS)


@dataclass(frozen=True)
class Function:
    """One of a stack's functions, found by its module in handlers/."""

    stack: Stack
    entry: str
    name: str
    role: str
    policy_name: str
    log_group: str

    @classmethod
    def of(cls, stack: Stack, entry: str) -> Function:
        # Other stacks of the emulator have functions of the same entry; ours knows our table or is an output.
        outputs = set(stack.sandbox.outputs.values())
        (found,) = [
            one
            for page in stack.sandbox.client("lambda").get_paginator("list_functions").paginate()
            for one in page["Functions"]
            if one["Handler"] == f"handlers.{entry}.handler"
            and (one["FunctionArn"] in outputs or outputs.intersection(one["Environment"]["Variables"].values()))
        ]
        role = found["Role"].rsplit("/", 1)[-1]
        (policy_name,) = stack.sandbox.client("iam").list_role_policies(RoleName=role)["PolicyNames"]
        return cls(stack, entry, found["FunctionName"], role, policy_name, found["LoggingConfig"]["LogGroup"])

    def policy(self) -> dict[str, Any]:
        iam = self.stack.sandbox.client("iam")
        return iam.get_role_policy(RoleName=self.role, PolicyName=self.policy_name)["PolicyDocument"]

    def statements(self) -> list[dict[str, Any]]:
        """Those of the policy that are as shipped."""
        return [one for one in self.policy()["Statement"] if self.entry not in YOURS or one["Sid"] in SHIPPED]

    @contextmanager
    def without(self, action: str) -> Iterator[None]:
        """Take one action away; the emulator follows at once. Whatever happens, it is given back."""
        whole = self.policy()
        reduced = without(whole, action)
        assert reduced != whole, f"{self.entry} was never allowed {action}"
        self._put(reduced)
        try:
            yield
        finally:
            self._put(whole)

    def _put(self, policy: dict[str, Any]) -> None:
        self.stack.sandbox.client("iam").put_role_policy(
            RoleName=self.role, PolicyName=self.policy_name, PolicyDocument=json.dumps(policy)
        )

    def logged(self, *words: str) -> dict[str, Any]:
        """The first log line that holds all of these."""

        def look() -> list[dict[str, Any]]:
            pages = self.stack.sandbox.client("logs").get_paginator("filter_log_events")
            return [
                json.loads(event["message"])
                for page in pages.paginate(logGroupName=self.log_group)
                for event in page["events"]
                if all(word in event["message"] for word in words)
            ]

        return until(look, f"log line of {self.entry} with {words}")[0]

    def could_not(self, action: str, run: Run) -> None:
        """Its log says that it was refused this very call while it worked for this run."""
        operation = action.split(":")[1]
        known = run.request_id if self.entry == "bounce" else run.arn  # all that SES knows of a mail
        line = self.logged(known, f"when calling the {operation} operation", "not authorized")
        assert line["level"] == "ERROR"

    def told_that_it_has_ended(self, run: Run) -> None:
        """Lambda tries EventBridge's event again by itself; the emulator does not."""
        self.hears({"detail": {"executionArn": run.arn}})

    def hears(self, event: dict[str, Any]) -> None:
        """As from EventBridge. The emulator takes no events of AWS's own sources."""
        self.stack.sandbox.client("lambda").invoke(
            FunctionName=self.name, InvocationType="Event", Payload=json.dumps(event)
        )


def without(policy: dict[str, Any], action: str) -> dict[str, Any]:
    """The policy less one action; a statement that allowed nothing else goes with it."""
    statements = [one | {"Action": [kept for kept in one["Action"] if kept != action]} for one in policy["Statement"]]
    return policy | {"Statement": [one for one in statements if one["Action"]]}


def decisions(iam: Any, policy: dict[str, Any] | str, actions: Sequence[str], resource: str) -> dict[str, str]:
    """What IAM says to each action on one resource: allowed, implicitDeny or explicitDeny."""
    text = policy if isinstance(policy, str) else json.dumps(policy)
    answer = iam.simulate_custom_policy(PolicyInputList=[text], ActionNames=list(actions), ResourceArns=[resource])
    return {one["EvalActionName"]: one["EvalDecision"] for one in answer["EvaluationResults"]}
