"""Mail the question, with a link that carries the task token."""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.parse import quote

import boto3

sns = boto3.client("sns")


def handler(event: dict[str, Any], _context: Any) -> None:
    for record in event["Records"]:
        message = json.loads(record["body"])
        link = f"{os.environ['API_URL']}/answer?token={quote(message['token'], safe='')}"
        sns.publish(
            TopicArn=os.environ["TOPIC_ARN"],
            Subject="Approval needed",
            Message=f"User verification is required: {message['title']}\n\nTo approve, open\n{link}\n",
        )
        print("mail sent")
