"""SQS and SNS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sandbox.differences import for_mailboxes, without_tls_demand

if TYPE_CHECKING:
    from sandbox.cloud import Cloud
    from sandbox.resources.given import Given

QUEUE_ATTRIBUTES = {
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "deduplicationScope": "DeduplicationScope",
    "delaySeconds": "DelaySeconds",
    "fifoQueue": "FifoQueue",
    "fifoThroughputLimit": "FifoThroughputLimit",
    "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "maxMessageSize": "MaximumMessageSize",
    "messageRetentionSeconds": "MessageRetentionPeriod",
    "policy": "Policy",
    "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    "redriveAllowPolicy": "RedriveAllowPolicy",
    "redrivePolicy": "RedrivePolicy",
    "sqsManagedSseEnabled": "SqsManagedSseEnabled",
    "visibilityTimeoutSeconds": "VisibilityTimeout",
}
TOPIC_ATTRIBUTES = {
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "deliveryPolicy": "DeliveryPolicy",
    "displayName": "DisplayName",
    "fifoTopic": "FifoTopic",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "policy": "Policy",
    "signatureVersion": "SignatureVersion",
    "tracingConfig": "TracingConfig",
}
SUBSCRIPTION_ATTRIBUTES = {
    "deliveryPolicy": "DeliveryPolicy",
    "filterPolicy": "FilterPolicy",
    "filterPolicyScope": "FilterPolicyScope",
    "rawMessageDelivery": "RawMessageDelivery",
    "redrivePolicy": "RedrivePolicy",
    "subscriptionRoleArn": "SubscriptionRoleArn",
}


def attributes(given: Given, names: dict[str, str]) -> dict[str, str]:
    """SQS and SNS take every attribute as text: true and false, numbers, policies as JSON."""
    taken = given.request(**names)
    if "Policy" in taken:
        taken["Policy"] = without_tls_demand(taken["Policy"])
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in taken.items()}


def queue(cloud: Cloud, given: Given) -> tuple[str, dict[str, Any]]:
    name = given.physical_name(80, "[A-Za-z0-9_.-]")
    wanted = attributes(given, QUEUE_ATTRIBUTES)
    given.finish()
    url = cloud.client("sqs").create_queue(QueueName=name, Attributes=wanted)["QueueUrl"]
    return url, {"name": name, "url": url, "arn": cloud.arn("sqs", name)}


def queue_policy(cloud: Cloud, given: Given) -> tuple[str, dict[str, Any]]:
    return queue_attributes(cloud, given, {"policy": "Policy"})


def redrive_allow_policy(cloud: Cloud, given: Given) -> tuple[str, dict[str, Any]]:
    return queue_attributes(cloud, given, {"redriveAllowPolicy": "RedriveAllowPolicy"})


def queue_attributes(cloud: Cloud, given: Given, names: dict[str, str]) -> tuple[str, dict[str, Any]]:
    url, wanted = given.need("queueUrl"), attributes(given, names)
    given.finish()
    cloud.client("sqs").set_queue_attributes(QueueUrl=url, Attributes=wanted)
    return url, {}


def topic(cloud: Cloud, given: Given) -> tuple[str, dict[str, Any]]:
    name = given.physical_name(256, "[A-Za-z0-9_-]")
    wanted = attributes(given, TOPIC_ATTRIBUTES)
    given.finish()
    arn = cloud.client("sns").create_topic(Name=name, Attributes=wanted)["TopicArn"]
    return arn, {"name": name, "arn": arn}


def topic_policy(cloud: Cloud, given: Given) -> tuple[str, dict[str, Any]]:
    """It lists the mailboxes of the addresses that it names, where there are mailboxes (see differences.py)."""
    arn, policy = given.need("arn"), without_tls_demand(given.need("policy"))
    given.finish()
    if policy and (mailboxes := cloud.mailboxes):
        policy = for_mailboxes(policy, lambda address: mailboxes.arn(cloud, address))
    cloud.client("sns").set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
    return arn, {}


def topic_subscription(cloud: Cloud, given: Given) -> tuple[str, dict[str, Any]]:
    """An e-mail subscription becomes one of the address's mailbox, where there are mailboxes (see differences.py)."""
    topic_arn, protocol, endpoint = given.need("topic"), given.need("protocol"), given.need("endpoint")
    wanted = attributes(given, SUBSCRIPTION_ATTRIBUTES)
    given.finish()
    if protocol == "email" and cloud.mailboxes:
        protocol, endpoint = "sqs", cloud.mailboxes.arn(cloud, endpoint)
    arn = cloud.client("sns").subscribe(
        TopicArn=topic_arn, Protocol=protocol, Endpoint=endpoint, Attributes=wanted, ReturnSubscriptionArn=True
    )["SubscriptionArn"]
    return arn, {"arn": arn, "pendingConfirmation": False}
