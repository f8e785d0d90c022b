"""Tells a webhook how the requests of a signoff stack are decided.

docs/chat.md says what it is for.
"""

from __future__ import annotations

import json

import pulumi
import pulumi_aws as aws

Json = dict[str, object]


def document(statement: Json) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow"} | statement]})


config = pulumi.Config()
label, url, api_key = config.require("label"), config.require("url"), config.require_secret("apiKey")

rule = aws.cloudwatch.EventRule(
    "decided",
    event_pattern=json.dumps({"source": [f"signoff.{label}"], "detail-type": ["Approval Decided"]}),
)
connection = aws.cloudwatch.EventConnection(
    "webhook", authorization_type="API_KEY", auth_parameters={"api_key": {"key": "X-Api-Key", "value": api_key}}
)
destination = aws.cloudwatch.EventApiDestination(
    "webhook", connection_arn=connection.arn, http_method="POST", invocation_endpoint=url
)

role = aws.iam.Role(
    "webhook-role",
    assume_role_policy=rule.arn.apply(
        lambda arn: document(
            {
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {"ArnEquals": {"aws:SourceArn": arn}},
            }
        )
    ),
)
policy = aws.iam.RolePolicy(
    "webhook-policy",
    role=role.name,
    policy=destination.arn.apply(lambda arn: document({"Action": "events:InvokeApiDestination", "Resource": arn})),
)
undelivered = aws.sqs.Queue("webhook-undelivered", message_retention_seconds=1_209_600)
aws.sqs.QueuePolicy(
    "webhook-undelivered-policy",
    queue_url=undelivered.url,
    policy=pulumi.Output.all(undelivered.arn, rule.arn).apply(
        lambda arns: document(
            {
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arns[0],
                "Condition": {"ArnEquals": {"aws:SourceArn": arns[1]}},
            }
        )
    ),
)
target = aws.cloudwatch.EventTarget(
    "webhook",
    rule=rule.name,
    arn=destination.arn,
    role_arn=role.arn,
    # A name without quotes is put in as JSON, so nobody's title can break out of it.
    input_transformer={
        "input_paths": {name: f"$.detail.{name}" for name in ("id", "title", "outcome", "votes")},
        "input_template": '{"id": <id>, "title": <title>, "outcome": <outcome>, "votes": <votes>}',
    },
    dead_letter_config={"arn": undelivered.arn},
    opts=pulumi.ResourceOptions(depends_on=[policy]),
)
pulumi.export("undeliveredQueueUrl", undelivered.url)
