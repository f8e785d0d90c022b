"""A Python Lambda function with a least-privilege role and a log group of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_type_hints

import pulumi
import pulumi_aws as aws

from handlers.contract.metrics import NAMESPACE
from handlers.contract.settings import Environment
from infra.config.settings import Settings
from infra.shared.iam import Statement, allow, document, trust
from infra.shared.packaging import LOGGING, archive

RUNTIME, ARCHITECTURE = "python3.13", "arm64"


@dataclass(frozen=True, kw_only=True)
class PythonFunctionArgs:
    """`entry` is a module of handlers/, whose cold start reads `reads`: the stack's `settings` of the same names, and
    `values` for the rest, Outputs among them. `statements` is what its role may do beyond logging and tracing.
    """

    entry: str
    reads: type[Environment]
    settings: Settings
    values: Mapping[str, Any] = field(default_factory=dict)
    statements: Sequence[Statement] = ()
    libraries: tuple[str, ...] = LOGGING
    timeout_seconds: int = 15
    memory_mib: int = 256


class PythonFunction(pulumi.ComponentResource):
    """Runs handlers/<entry>.py's `handler`. Raises SettingsError if it is not given exactly what it reads."""

    arn: pulumi.Output[str]
    name: pulumi.Output[str]
    role_arn: pulumi.Output[str]

    def __init__(self, name: str, args: PythonFunctionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("signoff:function:PythonFunction", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        settings = args.settings
        configured = {
            name: getattr(settings, name) for name in get_type_hints(args.reads) if name in type(settings).model_fields
        }
        variables = args.reads.variables(**configured, **args.values)

        # Created before the function: Lambda would create one that never expires and survives `destroy`.
        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name_prefix=f"/aws/lambda/{settings.label}-{args.entry.replace('_', '-')}-",  # what an operator looks for
            retention_in_days=settings.log_retention_days,
            opts=child,
        )
        role = aws.iam.Role(f"{name}-role", assume_role_policy=trust("lambda.amazonaws.com"), opts=child)
        policy = aws.iam.RolePolicy(
            f"{name}-policy",
            role=role.name,
            policy=document(
                allow("Log", ["logs:CreateLogStream", "logs:PutLogEvents"], [pulumi.Output.concat(logs.arn, ":*")]),
                # X-Ray has no resource-level permissions. https://docs.aws.amazon.com/xray/latest/devguide/security_iam_service-with-iam.html
                allow("Trace", ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], ["*"]),
                *args.statements,
            ),
            opts=child,
        )
        function = aws.lambda_.Function(
            name,
            runtime=RUNTIME,
            architectures=[ARCHITECTURE],
            handler=f"handlers.{args.entry}.handler",
            code=archive(args.entry, args.libraries),
            role=role.arn,
            timeout=args.timeout_seconds,
            memory_size=args.memory_mib,
            environment={
                "variables": {
                    "POWERTOOLS_SERVICE_NAME": args.entry,
                    "POWERTOOLS_METRICS_NAMESPACE": NAMESPACE,
                    **variables,
                }
            },
            tracing_config={"mode": "Active"},
            logging_config={"log_format": "Text", "log_group": logs.name},
            # Without its policy, a first invocation would fail.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )

        self.arn = function.arn
        self.name = function.name
        self.role_arn = role.arn
        self.register_outputs({"arn": self.arn, "name": self.name, "role_arn": self.role_arn})
