"""Tells others what happens to requests, from the table's stream: no vote pays for it, and none fails with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from handlers.contract.events import source
from handlers.contract.settings import AnnounceSettings
from infra.config.settings import Settings
from infra.queue import RequestQueue
from infra.shared.function import PythonFunction, PythonFunctionArgs
from infra.shared.iam import Statement, allow, default_bus, demand_tls, deny_others, document
from infra.shared.queues import encrypted_queue, queue_policy
from infra.store import STREAM_READS, ApprovalStore

# A record that fails is the last of its batch that holds up the stream: what came before it is done, and what comes
# after it waits for these retries, whose pauses Lambda keeps to itself. A batch that cannot be delivered at all, as
# the function is throttled, is given up by its age.
# https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
RETRIES, OLDEST_RECORD_SECONDS = 5, 3_600
# What expires or is deleted is not told, and invokes nothing.
CHANGES = json.dumps({"eventName": ["INSERT", "MODIFY"]})


@dataclass(frozen=True, kw_only=True)
class AnnounceArgs:
    """The table whose stream is read, and the queue whose reader mails."""

    store: ApprovalStore
    queue: RequestQueue
    settings: Settings


class Announce(pulumi.ComponentResource):
    """The one reader of the stream, and the topic that a chat reads. `chat_topic_arn` is empty if it is not wanted.

    What could not be told is kept as a letter in a queue, which says where in the stream it is.
    """

    function: PythonFunction
    chat_topic_arn: pulumi.Output[str]
    failed_name: pulumi.Output[str]

    def __init__(self, name: str, args: AnnounceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("signoff:announce:Announce", name, None, opts)
        self._args, child = args, pulumi.ResourceOptions(parent=self)
        store, settings = args.store, args.settings

        failed = encrypted_queue(f"{name}-failed", child)
        self.chat_topic_arn = pulumi.Output.from_input("")
        if settings.chat_notifications:
            # The key lets every role of the account publish by SNS, and a subscription needs none.
            topic = aws.sns.Topic(f"{name}-chat", kms_master_key_id="alias/aws/sns", opts=child)
            self.chat_topic_arn = topic.arn
        self.function = PythonFunction(
            name,
            PythonFunctionArgs(
                entry="announce",
                reads=AnnounceSettings,
                values={"queue_url": args.queue.url, "chat_topic_arn": self.chat_topic_arn},
                statements=[
                    # https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
                    allow("ReadStream", ["dynamodb:DescribeStream", *STREAM_READS], [store.stream_arn]),
                    allow("FindStream", ["dynamodb:ListStreams"], [pulumi.Output.concat(store.table_arn, "/stream/*")]),
                    allow("KeepFailures", ["sqs:SendMessage"], [failed.arn]),
                    *self._telling(),
                ],
                timeout_seconds=60,
                settings=settings,
            ),
            opts=child,
        )
        if settings.chat_notifications:
            aws.sns.TopicPolicy(
                f"{name}-chat-policy",
                arn=self.chat_topic_arn,
                policy=document(
                    demand_tls("sns:Publish", self.chat_topic_arn),
                    deny_others("OnlyAnnounce", ["sns:Publish"], self.chat_topic_arn, self.function.role_arn),
                ),
                opts=child,
            )
        # Lambda sends there with the function's role.
        # https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
        queue_policy(f"{name}-failed-policy", failed, child, senders=[self.function.role_arn])
        aws.lambda_.EventSourceMapping(
            f"{name}-changes",
            event_source_arn=store.stream_arn,
            function_name=self.function.arn,
            starting_position="TRIM_HORIZON",
            batch_size=100,
            function_response_types=["ReportBatchItemFailures"],
            bisect_batch_on_function_error=True,
            maximum_retry_attempts=RETRIES,
            maximum_record_age_in_seconds=OLDEST_RECORD_SECONDS,
            destination_config={"on_failure": {"destination_arn": failed.arn}},
            filter_criteria={"filters": [{"pattern": CHANGES}]},
            opts=child,
        )

        self.failed_name = failed.name
        self.register_outputs(
            {
                "function_arn": self.function.arn,
                "chat_topic_arn": self.chat_topic_arn,
                "failed_name": self.failed_name,
            }
        )

    def _telling(self) -> Iterator[Statement]:
        """What is allowed for each way to tell that is on."""
        settings = self._args.settings
        if settings.events:
            # ForAllValues alone is true of a call that names no source.
            # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
            ours = {
                "ForAllValues:StringEquals": {"events:source": [source(settings.label)]},
                "Null": {"events:source": "false"},
            }
            bus = self._args.store.table_arn.apply(default_bus)
            yield allow("PutEvents", ["events:PutEvents"], [bus], condition=ours)
        if settings.announce_decision:
            yield allow("AskForMails", ["sqs:SendMessage"], [self._args.queue.arn])
        if settings.chat_notifications:
            yield allow("TellChat", ["sns:Publish"], [self.chat_topic_arn])
