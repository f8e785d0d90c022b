"""What a function may do that answers waiting executions: of one state machine only."""

from __future__ import annotations

import pulumi

from infra.iam import Statement, allow


def callback_statements(state_machine_arn: pulumi.Input[str]) -> list[Statement]:
    """The statements of a role: give an answer, and see whether an execution still runs."""
    machine = pulumi.Output.from_input(state_machine_arn)
    executions = machine.apply(lambda arn: arn.replace(":stateMachine:", ":execution:") + ":*")
    return [
        allow("Answer", ["states:SendTaskSuccess", "states:SendTaskFailure"], [machine]),
        allow("Look", ["states:DescribeExecution"], [executions]),
    ]
