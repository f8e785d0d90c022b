"""All of it as one component: a workflow that stops, asks people by e-mail, and goes on when they have approved."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from weakref import WeakKeyDictionary

import pulumi
from pulumi.runtime.settings import get_monitor

from handlers.contract.record import EXECUTION_INDEX, STATUS_INDEX
from infra.access import managed, operators, readers
from infra.announce import Announce, AnnounceArgs
from infra.ask import Ask, AskArgs
from infra.asking import ask_policy, ask_state, check_prefix
from infra.bounce import Bounce, BounceArgs
from infra.config.program import in_python, of_program
from infra.config.refusal import Fault
from infra.config.settings import DEFAULT_TASK, ConfigError, Settings
from infra.dashboard import Dashboard, DashboardArgs
from infra.give_up import GIVE_UP_TIMEOUT_SECONDS, GiveUp, GiveUpArgs
from infra.monitoring import Monitoring, MonitoringArgs
from infra.operate import Operate, OperateArgs, inventory
from infra.operator_topic import OperatorTopic, OperatorTopicArgs
from infra.page import Page, PageArgs
from infra.queue import RequestQueue, RequestQueueArgs
from infra.reconcile import Reconcile, ReconcileArgs
from infra.sender import Sender, SenderArgs
from infra.shared.iam import document
from infra.shared.pace import MailPace
from infra.store import ApprovalStore, ApprovalStoreArgs
from infra.topic import ApproverTopic, ApproverTopicArgs
from infra.trigger import Trigger, TriggerArgs
from infra.workflow import ApprovalWorkflow, ApprovalWorkflowArgs

# A role's name has at most 64 characters, of which Pulumi's own end takes eight.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
LONGEST_NAME = 64 - len("-0123abc") - len("-workflow-generate-role")
NAME = re.compile(rf"[a-z][a-z0-9-]{{0,{LONGEST_NAME - 1}}}")
LABELS: WeakKeyDictionary[Any, dict[str, str]] = WeakKeyDictionary()  # by the program's connection to the engine


@dataclass(frozen=True, kw_only=True)
class GroupArgs:
    """Some of a policy's approvers, and how many of them have to approve."""

    approvers: Sequence[str]
    approvals_required: int = 1


@dataclass(frozen=True, kw_only=True)
class PolicyArgs:
    """Other rules for other requests. What is not given is inherited: docs/configuration.md, "Policies"."""

    approvers: Sequence[str] | None = None
    groups: Mapping[str, GroupArgs | Mapping[str, Any]] | None = None
    approvals_required: int | None = None
    rejections_required: int | None = None
    deadline_seconds: int | None = None
    reminders: int | None = None
    escalate_to: Sequence[str] | None = None
    prevent_self_approval: bool | None = None


@dataclass(frozen=True, kw_only=True)
class TaskArgs:
    """What a run asks that brings no question of its own."""

    title: str = DEFAULT_TASK["title"]
    details: str = DEFAULT_TASK["details"]
    policy: str | None = None
    fields: Sequence[Mapping[str, Any]] = field(default_factory=list)
    links: Sequence[Mapping[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class ApprovalsArgs:
    """The keys of docs/configuration.md in snake case; plain mappings do for policies, groups and the task as well.

    `label`, of 1 to 40 letters, digits and `._-`, is what mails, pages, log groups and metrics call this one. The
    default is `<stack>-<name>`. `process_function_arn` is a function of your own in the place of `process_task`.
    """

    approvers: Sequence[str]
    approvals_required: int = 1
    rejections_required: int = 1
    deadline_seconds: int = 86_400
    reminders: int = 2
    escalate_to: Sequence[str] = ()
    prevent_self_approval: bool = True
    policies: Mapping[str, PolicyArgs | Mapping[str, Any]] = field(default_factory=dict)
    schedule: str = ""
    timezone: str = "UTC"
    event_pattern: Mapping[str, Any] = field(default_factory=dict)
    event_policy: str = "default"
    event_details: bool = True
    task: TaskArgs | Mapping[str, Any] = TaskArgs()
    mail_from: str = ""
    mail_from_name: str = ""
    reply_to: str = ""
    operator_email: str = ""
    one_click: bool = False
    events: bool = True
    announce_decision: bool = True
    chat_notifications: bool = False
    dashboard: bool = False
    operator_access: bool = False
    audit_days: int = 365
    log_retention_days: int = 30
    mails_per_second: int = 5
    delivery_attempts: int = 8
    protect: bool = False
    point_in_time_recovery: bool = True
    label: str | None = None
    process_function_arn: pulumi.Input[str] | None = None


class Approvals(pulumi.ComponentResource):
    """Ask people by e-mail and wait for them, in a state machine of its own. Two of them in one program never meet.

    `chat_topic_arn` is empty without `chat_notifications`, `approver_topic_arn` with `mail_from`.

    `name` has lower-case letters, digits and hyphens. Raises ConfigError before anything is registered, with a line for
    each bad value.
    """

    state_machine_arn: pulumi.Output[str]
    approval_api_url: pulumi.Output[str]
    request_queue_url: pulumi.Output[str]
    dead_letter_queue_url: pulumi.Output[str]
    trigger_dead_letter_queue_url: pulumi.Output[str]
    approver_topic_arn: pulumi.Output[str]
    operator_topic_arn: pulumi.Output[str]
    approval_table_name: pulumi.Output[str]
    generate_task_function_arn: pulumi.Output[str]
    process_task_function_arn: pulumi.Output[str]
    chat_topic_arn: pulumi.Output[str]
    ask_policy: pulumi.Output[str]
    ask_state: pulumi.Output[str]
    operate: pulumi.Output[str]
    reader_policy: pulumi.Output[str]
    operator_policy: pulumi.Output[str]

    def __init__(self, name: str, args: ApprovalsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        settings = _settings(name, args)
        super().__init__("signoff:approvals:Approvals", name, None, opts)
        made: list[pulumi.Resource] = []
        child = pulumi.ResourceOptions(parent=self, transformations=[lambda one: made.append(one.resource)])
        for warning in settings.warnings(datetime.now(UTC)):
            pulumi.log.warn(warning, self)
        pace = MailPace(
            people=max(len(one.policy.everybody) for one in settings.terms.values()),
            mails_per_second=settings.mails_per_second,
        )

        store = ApprovalStore(
            f"{name}-store",
            ApprovalStoreArgs(
                protect=settings.protect,
                point_in_time_recovery=settings.point_in_time_recovery,
                stream=settings.announces,
            ),
            child,
        )
        operator = OperatorTopic(f"{name}-operator", OperatorTopicArgs(email=settings.operator_email), child)
        queue = RequestQueue(
            f"{name}-requests",
            RequestQueueArgs(
                consumer_timeout_seconds=pace.timeout_seconds,
                dead_letter_consumer_timeout_seconds=GIVE_UP_TIMEOUT_SECONDS,
                delivery_attempts=settings.delivery_attempts,
            ),
            child,
        )
        workflow = ApprovalWorkflow(
            f"{name}-workflow",
            ApprovalWorkflowArgs(
                queue=queue,
                store=store,
                late_seconds=pace.late_seconds,
                settings=settings,
                process_function_arn=args.process_function_arn,
            ),
            child,
        )
        machine_arn = workflow.state_machine_arn
        topic = bounce = announce = None
        channel: ApproverTopic | Sender
        if settings.mail_from:
            channel = sender = Sender(
                f"{name}-sender", SenderArgs(state_machine_arn=machine_arn, settings=settings), child
            )
            bounce = Bounce(
                f"{name}-bounce",
                BounceArgs(
                    store=store,
                    state_machine_arn=machine_arn,
                    operator_topic_arn=operator.arn,
                    configuration_set=sender.configuration_set,
                    settings=settings,
                ),
                child,
            )
        else:
            channel = topic = ApproverTopic(f"{name}-approvers", ApproverTopicArgs(people=settings.people), child)
        trigger = Trigger(
            f"{name}-trigger",
            TriggerArgs(
                state_machine_arn=machine_arn,
                configuration_set=channel.values["configuration_set"],
                settings=settings,
            ),
            child,
        )
        page = Page(f"{name}-page", PageArgs(store=store, state_machine_arn=machine_arn, settings=settings), child)
        ask = Ask(
            f"{name}-ask",
            AskArgs(
                queue=queue,
                channel=channel,
                store=store,
                state_machine_arn=machine_arn,
                approval_url=page.url,
                pace=pace,
                settings=settings,
            ),
            child,
        )
        give_up = GiveUp(
            f"{name}-give-up",
            GiveUpArgs(queue=queue, store=store, state_machine_arn=machine_arn, settings=settings),
            child,
        )
        reconcile = Reconcile(
            f"{name}-reconcile",
            ReconcileArgs(
                store=store, state_machine_arn=machine_arn, operator_topic_arn=operator.arn, settings=settings
            ),
            child,
        )
        operate = Operate(
            f"{name}-operate",
            OperateArgs(
                store=store,
                page=page,
                channel=channel,
                state_machine_arn=machine_arn,
                pace=pace,
                settings=settings,
            ),
            child,
        )
        if settings.announces:
            announce = Announce(f"{name}-announce", AnnounceArgs(store=store, queue=queue, settings=settings), child)
            store.admit_reader(announce.function.role_arn)
        announcers = [announce.function.role_arn] if announce and settings.announce_decision else []
        # Policies that name roles, which in turn name what the policies guard.
        queue.admit(senders=[workflow.role_arn, *announcers], consumer=ask.function.role_arn)
        if topic:
            topic.admit(publishers=[ask.function.role_arn, operate.function.role_arn])
        listeners = [one for one in (reconcile, bounce) if one]
        writers = [component.function.role_arn for component in (ask, give_up, operate, *listeners)]
        store.admit(voting=page.function.role_arn, writing=[workflow.role_arn, *writers])
        alarms = Monitoring(
            f"{name}-alarm",
            MonitoringArgs(
                operator_topic_arn=operator.arn,
                queue=queue,
                workflow=workflow,
                page=page,
                ask=ask,
                give_up=give_up,
                reconcile=reconcile,
                operate=operate,
                bounce=bounce,
                announce=announce,
                trigger=trigger,
                pace=pace,
                settings=settings,
            ),
            child,
        )
        operator.admit(publishers=[one.function.role_arn for one in listeners], alarms=alarms.arns)
        if settings.dashboard:
            Dashboard(
                f"{name}-dashboard",
                DashboardArgs(
                    state_machine_arn=machine_arn,
                    functions=alarms.functions,
                    letters=alarms.letters,
                    queue_name=queue.name,
                    label=settings.label,
                ),
                child,
            )

        reading = readers(name, made, store, machine_arn, settings)
        operating = operators(machine_arn, operate.invoke_arn)
        if settings.operator_access:
            managed(f"{name}-operate", reading, operating, pulumi.ResourceOptions(parent=operate))

        outputs = {
            "state_machine_arn": machine_arn,
            "approval_api_url": page.url,
            "request_queue_url": queue.url,
            "dead_letter_queue_url": queue.dead_letter_url,
            "trigger_dead_letter_queue_url": trigger.dead_letter_url,
            "approver_topic_arn": topic.arn if topic else pulumi.Output.from_input(""),
            "operator_topic_arn": operator.arn,
            "approval_table_name": store.table_name,
            "generate_task_function_arn": workflow.generate_function.arn,
            "process_task_function_arn": workflow.process_function_arn,
            "chat_topic_arn": announce.chat_topic_arn if announce else pulumi.Output.from_input(""),
            "ask_policy": machine_arn.apply(ask_policy),
            "ask_state": machine_arn.apply(ask_state),
            "reader_policy": document(*reading),
            "operator_policy": document(*reading, *operating),
            "operate": inventory(
                name,
                made,
                {
                    "label": settings.label,
                    "timezone": settings.timezone,
                    "stateMachineArn": machine_arn,
                    "approvalTable": store.table_name,
                    "executionIndex": EXECUTION_INDEX,
                    "statusIndex": STATUS_INDEX,
                    "approvalApiUrl": page.url,
                    "operateArn": operate.invoke_arn,
                    "operatorTopicArn": operator.arn,
                    "operatorEmail": settings.operator_email,
                    "approverTopicArn": topic.arn if topic else "",
                    "mailFrom": settings.mail_from,
                    "people": list(settings.people),
                    "logRetentionDays": settings.log_retention_days,
                },
            ),
        }
        for output, value in outputs.items():
            setattr(self, output, value)
        self.register_outputs(outputs)

    def ask_policy_for(self, prefix: str) -> pulumi.Output[str]:
        """The output `ask_policy` for executions that begin with 1 to 16 letters, digits, hyphens and underscores.

        Raises ValueError for another prefix.
        """
        check_prefix(prefix)  # here, since a preview may not know the ARN
        return self.state_machine_arn.apply(lambda arn: ask_policy(arn, prefix))

    def ask_state_for(self, prefix: str) -> pulumi.Output[str]:
        """The output `ask_state` for such executions. Raises ValueError, too."""
        check_prefix(prefix)
        return self.state_machine_arn.apply(lambda arn: ask_state(arn, prefix))


def check(name: str, args: ApprovalsArgs, labels: MutableMapping[str, str]) -> tuple[Settings | None, list[Fault]]:
    """What the arguments make, or all that is wrong with them and the name. `labels` in use say whose they are."""
    settings, faults = of_program(args, args.label if args.label is not None else f"{pulumi.get_stack()}-{name}")
    if not NAME.fullmatch(name):
        said = f"must be 1 to {LONGEST_NAME} lower-case letters, digits and hyphens, a letter first"
        faults.insert(0, Fault(("name",), said, name))
    if settings and not faults and labels.setdefault(settings.label, name) != name:
        faults.append(Fault(("label",), "must be no other's in this program", settings.label))
    return (None if faults else settings), faults


def _settings(name: str, args: ApprovalsArgs) -> Settings:
    settings, faults = check(name, args, LABELS.setdefault(get_monitor(), {}))
    if not settings:
        raise ConfigError("\n".join(f"{name}.{in_python(fault)}" for fault in faults))
    return settings
