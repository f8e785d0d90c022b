"""What starts the workflow: a schedule, an event, both, or (with neither) only people and other programs."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.config import own_events
from infra.config.json_text import compact
from infra.config.settings import Settings
from infra.shared.iam import Statement, allow, document, same_account, trust
from infra.shared.queues import RETRY_POLICY, encrypted_queue, keep_events, queue_policy


@dataclass(frozen=True, kw_only=True)
class TriggerArgs:
    """What is started, and with which configuration set it mails, "" for none; when, and what it then asks, are
    settings: `schedule` and `event_pattern` may both be empty."""

    state_machine_arn: pulumi.Input[str]
    configuration_set: pulumi.Input[str]
    settings: Settings


class Trigger(pulumi.ComponentResource):
    """EventBridge Scheduler for times (zones, summer time), an EventBridge rule for events, one dead-letter queue."""

    dead_letter_name: pulumi.Output[str]
    dead_letter_url: pulumi.Output[str]

    def __init__(self, name: str, args: TriggerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("signoff:trigger:Trigger", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)

        self._dead_letters = encrypted_queue(f"{name}-dead-letters", self._child)
        admitted = [self._rule()] if args.settings.event_pattern else []
        senders = [self._schedule()] if args.settings.schedule else []
        queue_policy(f"{name}-dead-letters-policy", self._dead_letters, self._child, *admitted, senders=senders)

        self.dead_letter_name, self.dead_letter_url = self._dead_letters.name, self._dead_letters.url
        self.register_outputs({"dead_letter_name": self.dead_letter_name, "dead_letter_url": self.dead_letter_url})

    def _schedule(self) -> pulumi.Output[str]:
        """The ARN of the role that writes to the dead-letter queue."""
        name, args = self._name, self._args
        group = aws.scheduler.ScheduleGroup(f"{name}-schedules", opts=self._child)
        role = aws.iam.Role(
            f"{name}-schedule-role",
            assume_role_policy=trust("scheduler.amazonaws.com", {"ArnEquals": {"aws:SourceArn": group.arn}}),
            opts=self._child,
        )
        policy = aws.iam.RolePolicy(
            f"{name}-schedule-policy",
            role=role.name,
            policy=document(
                allow("Start", ["states:StartExecution"], [args.state_machine_arn]),
                allow("KeepFailures", ["sqs:SendMessage"], [self._dead_letters.arn]),
            ),
            opts=self._child,
        )
        aws.scheduler.Schedule(
            f"{name}-schedule",
            group_name=group.name,
            schedule_expression=args.settings.schedule,
            schedule_expression_timezone=args.settings.timezone,
            flexible_time_window={"mode": "OFF"},
            target={
                "arn": args.state_machine_arn,
                "role_arn": role.arn,
                "input": json.dumps(
                    {
                        "task": dict(args.settings.task),
                        "scheduledTime": "<aws.scheduler.scheduled-time>",
                        "scheduleArn": "<aws.scheduler.schedule-arn>",
                    }
                ),
                "retry_policy": RETRY_POLICY,
                "dead_letter_config": {"arn": self._dead_letters.arn},
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        return role.arn

    def _rule(self) -> Statement:
        """The statement that lets the rule write to its dead-letter queue."""
        name, args = self._name, self._args
        rule = aws.cloudwatch.EventRule(
            f"{name}-rule",
            description="Starts the approval workflow.",
            event_pattern=compact(args.settings.event_pattern),
            opts=self._child,
        )
        role = aws.iam.Role(
            f"{name}-rule-role",
            assume_role_policy=trust("events.amazonaws.com", same_account(self._dead_letters.arn)),
            opts=self._child,
        )
        policy = aws.iam.RolePolicy(
            f"{name}-rule-policy",
            role=role.name,
            policy=document(allow("Start", ["states:StartExecution"], [args.state_machine_arn])),
            opts=self._child,
        )
        aws.cloudwatch.EventTarget(
            f"{name}-rule-target",
            rule=rule.name,
            arn=pulumi.Output.all(args.state_machine_arn, args.configuration_set).apply(
                lambda own: self._another(*own)
            ),
            role_arn=role.arn,
            retry_policy=RETRY_POLICY,
            dead_letter_config={"arn": self._dead_letters.arn},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        return keep_events(self._dead_letters, rule)

    def _another(self, state_machine_arn: str, configuration_set: str) -> str:
        """The ARN of the machine to start, once it is known that the pattern names neither it nor its mails."""
        for key, others, ours in (
            (own_events.MACHINE, "state machines", state_machine_arn),
            (own_events.MAILS, "configuration sets", configuration_set),
        ):
            if ours and own_events.names(self._args.settings.event_pattern, key, ours):
                raise pulumi.RunError(
                    f"eventPattern.{key} must name other {others}, or each approval starts the next request, "
                    f"got this workflow's own, {ours}"
                )
        return state_machine_arn
