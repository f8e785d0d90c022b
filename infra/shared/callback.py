"""What a function may do with waiting executions: of one state machine only."""

from __future__ import annotations

import pulumi

from infra.shared.iam import Statement, allow


def callback_statements(state_machine_arn: pulumi.Input[str]) -> list[Statement]:
    """The statements of a role: give an answer, and see whether an execution still runs."""
    return [
        allow("Answer", ["states:SendTaskSuccess", "states:SendTaskFailure"], [state_machine_arn]),
        look_statement(state_machine_arn),
    ]


def look_statement(state_machine_arn: pulumi.Input[str]) -> Statement:
    """See how an execution stands, or how it ended."""
    machine = pulumi.Output.from_input(state_machine_arn)
    executions = machine.apply(lambda arn: arn.replace(":stateMachine:", ":execution:") + ":*")
    return allow("Look", ["states:DescribeExecution"], [executions])
