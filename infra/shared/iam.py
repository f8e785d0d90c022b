"""IAM documents as plain data, without a provider call: tests read the same JSON that AWS gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from handlers.contract.workflow import execution_arn

Statement = dict[str, Any]


def allow(
    sid: str,
    actions: Sequence[str],
    resources: Sequence[pulumi.Input[str]],
    *,
    service: str = "",
    condition: Mapping[str, Any] | None = None,
) -> Statement:
    """One Allow statement; `service` makes it a resource policy's, for that service as principal."""
    statement: Statement = {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
    if service:
        statement["Principal"] = {"Service": service}
    if condition:
        statement["Condition"] = dict(condition)
    return statement


def deny(
    sid: str, actions: str | Sequence[str], resource: pulumi.Input[str], condition: Mapping[str, Any]
) -> Statement:
    """A resource policy's Deny for everybody, where `condition` holds; `actions` such as "sqs:*"."""
    return {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": actions,
        "Resource": resource,
        "Condition": condition,
    }


def demand_tls(actions: str, resource: pulumi.Input[str]) -> Statement:
    """Deny requests without TLS."""
    return deny("DemandTls", actions, resource, {"Bool": {"aws:SecureTransport": "false"}})


def deny_others(
    sid: str,
    actions: Sequence[str],
    resource: pulumi.Input[str],
    *roles: pulumi.Input[str],
    condition: Mapping[str, Any] | None = None,
) -> Statement:
    """A resource policy's Deny for every principal but these roles, whatever IAM allows; for all if there are none.

    For a role, `aws:PrincipalArn` is the role's own ARN in every session. A service of AWS that calls in its own name
    has no such key, and an absent key matches `ArnNotEquals`: the other key lets it through, to where some statement
    has to allow it. List calls on data only: whoever may not change the policy any more is locked out for good.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalisawsservice
    """
    ours = {"ArnNotEquals": {"aws:PrincipalArn": list(roles)}} if roles else {}
    return deny(sid, actions, resource, {"Bool": {"aws:PrincipalIsAWSService": "false"}, **ours, **(condition or {})})


def document(*statements: Statement) -> pulumi.Output[str]:
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(service: str, condition: Mapping[str, Any] | None = None) -> pulumi.Output[str]:
    """A trust policy for one service, optionally only on behalf of what `condition` names.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    """
    statement: Statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return document(statement | ({"Condition": dict(condition)} if condition else {}))


def same_account(arn: pulumi.Input[str]) -> dict[str, Any]:
    """A condition that admits a service only when it acts for the account that owns `arn`."""
    account = pulumi.Output.from_input(arn).apply(lambda known: known.split(":")[4])
    return {"StringEquals": {"aws:SourceAccount": account}}


def callback_statements(state_machine_arn: pulumi.Input[str]) -> list[Statement]:
    """For a role that answers waiting executions of one state machine, and sees whether they still run."""
    return [
        allow("Answer", ["states:SendTaskSuccess", "states:SendTaskFailure"], [state_machine_arn]),
        look_statement(state_machine_arn),
    ]


def look_statement(state_machine_arn: pulumi.Input[str]) -> Statement:
    """See how an execution stands, or how it ended."""
    return allow("Look", ["states:DescribeExecution"], [executions_of(state_machine_arn)])


def executions_of(state_machine_arn: pulumi.Input[str]) -> pulumi.Output[str]:
    """The pattern of its executions' ARNs."""
    machine = pulumi.Output.from_input(state_machine_arn)
    return machine.apply(lambda arn: execution_arn(arn, "*"))


def beside(arn: str, service: str) -> str:
    """The beginning of another service's ARNs where this ARN is."""
    _, partition, _, region, account, *_ = arn.split(":")
    return f"arn:{partition}:{service}:{region}:{account}"


def default_bus(arn: str) -> str:
    """The ARN of the default event bus where this ARN is."""
    return f"{beside(arn, 'events')}:event-bus/default"
