"""A function that hears by EventBridge of what nothing else tells it; what gets lost on the way is kept in queues."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.shared.function import PythonFunction, PythonFunctionArgs
from infra.shared.iam import allow
from infra.shared.queues import RETRY_POLICY, RETRY_SECONDS, encrypted_queue, keep_events, queue_policy

# The maximum number of Lambda retries. https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
FUNCTION_RETRIES = 2


@dataclass(frozen=True, kw_only=True)
class ListenerArgs:
    """What the rule on the default bus hears of: `what`, in its name; `pattern` may hold Outputs. And who hears it."""

    what: str
    description: str
    pattern: Any
    function: PythonFunctionArgs


class Listener(pulumi.ComponentResource):
    """A rule and the function that it calls. `undelivered_name` is the queue of events that EventBridge could not
    deliver, `failed_name` the one of those on which the function failed again and again."""

    function: PythonFunction
    undelivered_name: pulumi.Output[str]
    failed_name: pulumi.Output[str]

    def __init__(self, type_: str, name: str, args: ListenerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(type_, name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        undelivered = encrypted_queue(f"{name}-undelivered", child)
        failed = encrypted_queue(f"{name}-failed", child)
        keep = allow("KeepFailures", ["sqs:SendMessage"], [failed.arn])
        allowed = [*args.function.statements, keep]
        self.function = PythonFunction(name, replace(args.function, statements=allowed), opts=child)
        # Lambda sends there with the function's role.
        # https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
        queue_policy(f"{name}-failed-policy", failed, child, senders=[self.function.role_arn])
        aws.lambda_.FunctionEventInvokeConfig(
            f"{name}-invocations",
            function_name=self.function.name,
            maximum_event_age_in_seconds=RETRY_SECONDS,
            maximum_retry_attempts=FUNCTION_RETRIES,
            destination_config={"on_failure": {"destination": failed.arn}},
            opts=child,
        )
        rule = aws.cloudwatch.EventRule(
            f"{name}-{args.what}",
            description=args.description,
            event_pattern=pulumi.Output.json_dumps(args.pattern),
            opts=child,
        )
        queue_policy(f"{name}-undelivered-policy", undelivered, child, keep_events(undelivered, rule))
        permission = aws.lambda_.Permission(
            f"{name}-invoke",
            action="lambda:InvokeFunction",
            function=self.function.name,
            principal="events.amazonaws.com",
            source_arn=rule.arn,
            opts=child,
        )
        aws.cloudwatch.EventTarget(
            f"{name}-{args.what}-target",
            rule=rule.name,
            arn=self.function.arn,
            retry_policy=RETRY_POLICY,
            dead_letter_config={"arn": undelivered.arn},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permission]),
        )

        self.undelivered_name, self.failed_name = undelivered.name, failed.name
        self.register_outputs(
            {
                "function_arn": self.function.arn,
                "undelivered_name": self.undelivered_name,
                "failed_name": self.failed_name,
            }
        )
