"""The stack: a workflow that stops, asks people by e-mail, and goes on only when they have approved."""

import pulumi

from infra.ask import Ask, AskArgs
from infra.config.settings import Settings
from infra.give_up import GIVE_UP_TIMEOUT_SECONDS, GiveUp, GiveUpArgs
from infra.monitoring import Monitoring, MonitoringArgs
from infra.operator_topic import OperatorTopic, OperatorTopicArgs
from infra.page import Page, PageArgs
from infra.queue import RequestQueue, RequestQueueArgs
from infra.reconcile import Reconcile, ReconcileArgs
from infra.shared.pace import MailPace
from infra.store import ApprovalStore, ApprovalStoreArgs
from infra.topic import ApproverTopic, ApproverTopicArgs
from infra.trigger import Trigger, TriggerArgs
from infra.workflow import ApprovalWorkflow, ApprovalWorkflowArgs

settings = Settings.load()
most_people = max(len(one.policy.everybody) for one in settings.terms.values())
pace = MailPace(people=most_people, mails_per_second=settings.mails_per_second)

store = ApprovalStore(
    "approvals",
    ApprovalStoreArgs(protect=settings.protect, point_in_time_recovery=settings.point_in_time_recovery),
)
topic = ApproverTopic("approvers", ApproverTopicArgs(people=settings.people))
operator = OperatorTopic("operator", OperatorTopicArgs(email=settings.operator_email))
queue = RequestQueue(
    "requests",
    RequestQueueArgs(
        consumer_timeout_seconds=pace.timeout_seconds,
        dead_letter_consumer_timeout_seconds=GIVE_UP_TIMEOUT_SECONDS,
        delivery_attempts=settings.delivery_attempts,
    ),
)
workflow = ApprovalWorkflow(
    "workflow",
    ApprovalWorkflowArgs(queue=queue, store=store, late_seconds=pace.late_seconds, settings=settings),
)
machine_arn = workflow.state_machine_arn
trigger = Trigger(
    "trigger",
    TriggerArgs(
        state_machine_arn=machine_arn,
        schedule=settings.schedule,
        timezone=settings.timezone,
        event_pattern=settings.event_pattern,
        task=settings.task,
    ),
)
page = Page("page", PageArgs(store=store, state_machine_arn=machine_arn, settings=settings))
ask = Ask(
    "ask",
    AskArgs(
        queue=queue,
        topic=topic,
        store=store,
        state_machine_arn=machine_arn,
        approval_url=page.url,
        pace=pace,
        settings=settings,
    ),
)
give_up = GiveUp("give-up", GiveUpArgs(queue=queue, store=store, state_machine_arn=machine_arn, settings=settings))
reconcile = Reconcile(
    "reconcile",
    ReconcileArgs(store=store, state_machine_arn=machine_arn, operator_topic_arn=operator.arn, settings=settings),
)
# Policies that name roles, which in turn name what the policies guard.
queue.admit(sender=workflow.role_arn, consumer=ask.function.role_arn)
topic.admit(publisher=ask.function.role_arn)
writers = [component.function.role_arn for component in (ask, give_up, reconcile)]
store.admit(voting=page.function.role_arn, writing=[workflow.role_arn, *writers])
alarms = Monitoring(
    "alarm",
    MonitoringArgs(
        operator_topic_arn=operator.arn,
        queue=queue,
        workflow=workflow,
        page=page,
        ask=ask,
        give_up=give_up,
        reconcile=reconcile,
        trigger=trigger,
        pace=pace,
        delivery_attempts=settings.delivery_attempts,
    ),
)
operator.admit(publisher=reconcile.function.role_arn, alarms=alarms.arns)

pulumi.export("stateMachineArn", machine_arn)
pulumi.export("approvalApiUrl", page.url)
pulumi.export("requestQueueUrl", queue.url)
pulumi.export("deadLetterQueueUrl", queue.dead_letter_url)
pulumi.export("triggerDeadLetterQueueUrl", trigger.dead_letter_url)
pulumi.export("approverTopicArn", topic.arn)
pulumi.export("operatorTopicArn", operator.arn)
pulumi.export("approvalTableName", store.table_name)
pulumi.export("generateTaskFunctionArn", workflow.generate_function.arn)
pulumi.export("processTaskFunctionArn", workflow.process_function.arn)
