"""The stack: a workflow that stops, asks people by e-mail, and goes on only when they have approved."""

import pulumi

from infra.approval_api import ApprovalApi, ApprovalApiArgs
from infra.config import Settings
from infra.monitoring import Monitoring, MonitoringArgs
from infra.notifier import FAIL_TIMEOUT_SECONDS, Notifier, NotifierArgs
from infra.operator_topic import OperatorTopic, OperatorTopicArgs
from infra.queue import RequestQueue, RequestQueueArgs
from infra.reconciler import Reconciler, ReconcilerArgs
from infra.store import ApprovalStore, ApprovalStoreArgs
from infra.topic import ApproverTopic, ApproverTopicArgs
from infra.trigger import Trigger, TriggerArgs
from infra.workflow import ApprovalWorkflow, ApprovalWorkflowArgs

settings = Settings.load()

store = ApprovalStore("approvals", ApprovalStoreArgs(settings=settings))
topic = ApproverTopic("approvers", ApproverTopicArgs(people=settings.people))
operator = OperatorTopic("operator", OperatorTopicArgs(email=settings.operator_email))
queue = RequestQueue("requests", RequestQueueArgs(settings=settings, fail_timeout_seconds=FAIL_TIMEOUT_SECONDS))
workflow = ApprovalWorkflow("workflow", ApprovalWorkflowArgs(settings=settings, queue=queue, store=store))
machine_arn = workflow.state_machine_arn
trigger = Trigger("trigger", TriggerArgs(settings=settings, state_machine_arn=machine_arn))
api = ApprovalApi("approval", ApprovalApiArgs(settings=settings, store=store, state_machine_arn=machine_arn))
notifier = Notifier(
    "notifier",
    NotifierArgs(
        settings=settings,
        queue=queue,
        topic=topic,
        store=store,
        state_machine_arn=machine_arn,
        approval_url=api.url,
    ),
)
reconciler = Reconciler(
    "records",
    ReconcilerArgs(settings=settings, store=store, state_machine_arn=machine_arn, operator_topic_arn=operator.arn),
)
# Policies that name roles, which in turn name what the policies guard.
queue.admit(sender=workflow.role_arn, consumer=notifier.request_function.role_arn)
topic.admit(publisher=notifier.request_function.role_arn)
operator.admit(publisher=reconciler.function.role_arn)
store.admit(
    voting=api.function.role_arn,
    writing=[
        workflow.role_arn,
        notifier.request_function.role_arn,
        notifier.fail_function.role_arn,
        reconciler.function.role_arn,
    ],
)
Monitoring(
    "alarm",
    MonitoringArgs(
        operator_topic_arn=operator.arn,
        queue=queue,
        workflow=workflow,
        api=api,
        notifier=notifier,
        reconciler=reconciler,
        trigger=trigger,
    ),
)

pulumi.export("stateMachineArn", machine_arn)
pulumi.export("approvalApiUrl", api.url)
pulumi.export("requestQueueUrl", queue.url)
pulumi.export("deadLetterQueueUrl", queue.dead_letter_url)
pulumi.export("triggerDeadLetterQueueUrl", trigger.dead_letter_url)
pulumi.export("approverTopicArn", topic.arn)
pulumi.export("operatorTopicArn", operator.arn)
pulumi.export("approvalTableName", store.table_name)
pulumi.export("generateTaskFunctionArn", workflow.generate_function.arn)
pulumi.export("processTaskFunctionArn", workflow.process_function.arn)
