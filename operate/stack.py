"""What every command has: the stack, a way to read it, and where its words go."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console, RenderableType

from operate.outputs import OperateError, Target
from operate.reader import Reader

REQUESTS = "requests-queue"  # what the stack calls the queue of its requests
WIDTH = 120  # columns where there is no terminal
FAILURES = (OperateError, ClientError, BotoCoreError)  # what may go wrong with any call


@dataclass(frozen=True)
class Stack:
    """A stack and how a command talks about it: data on standard output, with `as_json` nothing else is there."""

    target: Target
    as_json: bool

    @cached_property
    def client(self) -> Callable[[str], Any]:
        """Makes clients, by service, with the environment's credentials, in the stack's region."""
        make: Any = boto3.Session(region_name=self.target["stateMachineArn"].split(":")[3]).client
        return cache(make)

    @cached_property
    def reader(self) -> Reader:
        return Reader(self.target, self.client)

    def url(self, queue: str) -> str:
        """Of a queue by its name."""
        return str(self.client("sqs").get_queue_url(QueueName=queue)["QueueUrl"])

    @property
    def letters(self) -> dict[str, str]:
        """The names of the queues in which letters stay, by what the stack calls them."""
        return {name: queue for name, queue in self.target["queues"].items() if name != REQUESTS}

    def logged(self, group: str, pattern: str, since: datetime) -> list[tuple[int, str]]:
        """Lines of a log group, each with its time in milliseconds."""
        which = {"logGroupName": group, "filterPattern": pattern, "startTime": int(since.timestamp() * 1000)}
        pages = self.client("logs").get_paginator("filter_log_events").paginate(**which)
        return [(event["timestamp"], event["message"]) for page in pages for event in page["events"]]

    def measured(self, space: str, metric: str, of: dict[str, str], statistic: str, since: datetime) -> list[float]:
        """A metric's values, by the minute, the oldest first."""
        dimensions = [{"Name": name, "Value": value} for name, value in of.items()]
        which = {"Namespace": space, "MetricName": metric, "Dimensions": dimensions, "Statistics": [statistic]}
        times = {"StartTime": since, "EndTime": datetime.now(UTC) + timedelta(minutes=1), "Period": 60}
        told = self.client("cloudwatch").get_metric_statistics(**which, **times)["Datapoints"]
        return [point[statistic] for point in sorted(told, key=lambda point: point["Timestamp"])]

    @cached_property
    def console(self) -> Console:
        """For results. What looks like an emoji's name may be part of an ARN."""
        return Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False, emoji=False)

    @cached_property
    def aside(self) -> Console:
        """For errors, and for prose where results are data."""
        return Console(stderr=True, highlight=False, emoji=False)

    def say(self, words: RenderableType) -> None:
        (self.aside if self.as_json else self.console).print(words, markup=False, soft_wrap=isinstance(words, str))

    def warn(self, words: str) -> None:
        self.aside.print(words, markup=False, soft_wrap=True)

    def ask(self, question: str) -> str:
        """What is typed then."""
        self.aside.print(question, markup=False, end=" ")
        return input()  # whose own question would be among the data

    def tell(self, data: Any, words: RenderableType) -> None:
        """The result: the one or the other."""
        if self.as_json:
            self.data(data)
        else:
            self.say(words)

    def data(self, value: Any) -> None:
        """In ASCII: what moves a terminal's cursor or changes the reading direction is spelled."""
        print(json.dumps(value, indent=2), flush=True)  # noqa: T201 - the result
