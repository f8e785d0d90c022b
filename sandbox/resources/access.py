"""IAM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.differences import widen_task_callbacks

if TYPE_CHECKING:
    from sandbox.cloud import Cloud
    from sandbox.resources.given import Given


def role(cloud: Cloud, given: Given) -> tuple[str, dict[str, Any]]:
    name = given.physical_name(64, "[A-Za-z0-9_+=,.@-]")
    wanted = given.request(
        "description", "maxSessionDuration", "path", "permissionsBoundary", assumeRolePolicy="AssumeRolePolicyDocument"
    )
    attached = given.take("managedPolicyArns", [])
    given.finish()
    iam = cloud.client("iam")
    made = iam.create_role(RoleName=name, **wanted)["Role"]
    for policy_arn in attached:
        iam.attach_role_policy(RoleName=name, PolicyArn=policy_arn)
    return name, {"name": name, "arn": made["Arn"], "uniqueId": made["RoleId"]}


def role_policy(cloud: Cloud, given: Given) -> tuple[str, dict[str, Any]]:
    name = given.physical_name(128, "[A-Za-z0-9_+=,.@-]")
    role_name, policy = given.need("role"), given.need("policy")
    given.finish()
    cloud.client("iam").put_role_policy(
        RoleName=role_name, PolicyName=name, PolicyDocument=widen_task_callbacks(policy)
    )
    return f"{role_name}:{name}", {"name": name}
