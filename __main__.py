"""The stack: a workflow that stops, asks people by e-mail, and goes on only when they have approved."""

import pulumi

from infra.approvals import Approvals, ApprovalsArgs
from infra.config.settings import Settings

settings = Settings.load()
approvals = Approvals("approvals", ApprovalsArgs(**settings.model_dump(exclude_unset=True), label=settings.label))

pulumi.export("stateMachineArn", approvals.state_machine_arn)
pulumi.export("approvalApiUrl", approvals.approval_api_url)
pulumi.export("requestQueueUrl", approvals.request_queue_url)
pulumi.export("deadLetterQueueUrl", approvals.dead_letter_queue_url)
pulumi.export("triggerDeadLetterQueueUrl", approvals.trigger_dead_letter_queue_url)
if not settings.mail_from:
    pulumi.export("approverTopicArn", approvals.approver_topic_arn)
pulumi.export("operatorTopicArn", approvals.operator_topic_arn)
if settings.chat_notifications:
    pulumi.export("chatTopicArn", approvals.chat_topic_arn)
pulumi.export("approvalTableName", approvals.approval_table_name)
pulumi.export("generateTaskFunctionArn", approvals.generate_task_function_arn)
pulumi.export("processTaskFunctionArn", approvals.process_task_function_arn)
pulumi.export("askPolicy", approvals.ask_policy)
pulumi.export("askState", approvals.ask_state)
pulumi.export("operate", approvals.operate)
pulumi.export("readerPolicy", approvals.reader_policy)
pulumi.export("operatorPolicy", approvals.operator_policy)
