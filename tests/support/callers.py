"""Whoever calls a stack's door, `POST /operate`, as AWS knows them."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.support.stacks import Stack

TRUST = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}]}


class Caller:
    """Somebody in a session of a role of their own, with a policy that the stack has as an output."""

    def __init__(self, stack: Stack, policy: str = "operatorPolicy") -> None:
        iam, role = stack.sandbox.client("iam"), f"caller-{uuid4().hex}"
        arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        iam.put_role_policy(RoleName=role, PolicyName="all", PolicyDocument=stack.sandbox.outputs[policy])
        taken = stack.sandbox.client("sts").assume_role(RoleArn=arn, RoleSessionName="erik@example.com")
        self.arn, key = taken["AssumedRoleUser"]["Arn"], taken["Credentials"]
        self._stack, self._url = stack, f"{stack.sandbox.outputs['approvalApiUrl']}/operate"
        credentials = Credentials(key["AccessKeyId"], key["SecretAccessKey"], key["SessionToken"])
        self._signer = SigV4Auth(credentials, "execute-api", stack.sandbox.cloud.region)

    def order(self, order: str, *, signed: bool = True, **parts: Any) -> tuple[int, dict[str, Any]]:
        """The answer's status and JSON."""
        body = json.dumps({"order": order} | parts)
        request = AWSRequest("POST", self._url, data=body, headers={"Content-Type": "application/json"})
        if signed:
            self._signer.add_auth(request)
        answer = self._stack.http.post(self._url, content=body, headers=dict(request.headers))
        return answer.status_code, json.loads(answer.text or "{}")
