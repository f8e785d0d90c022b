"""`python -m bench.endings`: many runs end at once, and Step Functions answers ten questions a second.

A third of them expires, a third is stopped, and a third has been rejected by people whose function died before it could
note that the workflow has their answer. Afterwards each record must say how its run ended, and the operator must have
read of each that was stopped.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from bench.counts import log_lines, metrics
from bench.stage import ALICE, OPERATOR, OURS, Stack, deployed, until
from handlers.approvals.adapters.clock import SystemClock
from handlers.approvals.adapters.dynamodb import ApprovalTable, record_of
from handlers.approvals.rules.decisions import cast
from handlers.approvals.rules.record import Decision, Record, Vote
from handlers.approvals.usecases.records import Records
from handlers.contract.record import Status
from handlers.contract.workflow import WorkflowError
from sandbox.emulator import Emulator

RUNS = 2_000
# DescribeExecution's bucket and refill in most regions:
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
QUOTA = 250, 10
AT_ONCE = 8
ASKING_SECONDS, ENDING_SECONDS = 900, 900  # give up afterwards
HEARS = "reconcile"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
EXECUTION = re.compile(r"arn:aws:states:[^:\s]+:\d+:execution:[^:\s]+:[\w-]+")

KINDS = EXPIRES, STOPPED, REJECTED = "expired", "stopped", "rejected"
RIGHT = {EXPIRES: (Status.EXPIRED, False), STOPPED: (Status.CLOSED, False), REJECTED: (Status.REJECTED, True)}


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What came of `runs` that ended at once.

    settled            seconds until every ending was dealt with
    looks, throttled   calls of DescribeExecution: all, and those that were refused
    right              records, by how their run ended
    told               runs of which the operator got a mail, by how they ended; `mails` in all
    alarms             those that would have gone off
    """

    runs: int
    settled: float
    looks: int
    throttled: int
    right: Mapping[str, int]
    told: Mapping[str, int]
    mails: int
    alarms: list[str]

    @property
    def all_well(self) -> bool:
        stopped = self.runs // 3 + (self.runs % 3 > 1)
        told = self.told == {STOPPED: stopped}
        return sum(self.right.values()) == self.runs and told and not self.alarms

    def lines(self) -> Iterator[str]:
        yield f"{self.runs:,} runs ended; all endings dealt with after {self.settled:.0f} s"
        yield f"DescribeExecution: {self.looks:,} calls, of which {self.throttled:,} were throttled"
        yield f"records right: {sum(self.right.values()):,} ({dict(self.right)})"
        yield f"operator told of: {sum(self.told.values()):,} ({dict(self.told)}), in {self.mails:,} mails"
        yield f"alarms: {', '.join(self.alarms) or 'none'}"


def end_together(running: Emulator, stack: Stack, runs: int, say: Callable[[str], None]) -> Heard:
    """Raises TimeoutError."""
    say(f"asking {runs:,} times")
    records = asked(stack, runs)
    kinds = {record.execution_arn: KINDS[number % len(KINDS)] for number, record in enumerate(records)}
    for record in records:
        if kinds[record.execution_arn] is REJECTED:
            vote(stack, record)
    say("ending them")
    looks_before, since, began = looks(running), time.time(), time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as many:
        for done in [many.submit(end, running, stack, record, kinds[record.execution_arn]) for record in records]:
            done.result()
    hears = stack.function(HEARS)
    until(lambda: len(stack.durations(hears, since)) >= runs, "word of all", ENDING_SECONDS, pause=1)
    settled = time.monotonic() - began
    after = {record.execution_arn: record for record in every_record(stack)}
    mails = [found[0] for mail in stack.mails(OPERATOR) if (found := EXECUTION.findall(mail.body))]
    seen = looks(running) - looks_before
    return Heard(
        runs=runs,
        settled=settled,
        looks=seen.total(),
        throttled=seen["throttled"],
        right=Counter(kind for arn, kind in kinds.items() if is_right(after[arn], kind)),
        told=Counter(kinds[arn] for arn in set(mails)),
        mails=len(mails),
        alarms=alarms(stack),
    )


def asked(stack: Stack, runs: int) -> list[Record]:
    """Start as many, and wait until each of them has been mailed. Raises TimeoutError."""
    for number in range(runs):
        stack.start(title=f"Release {number}")
    until(lambda: len(stack.mails(ALICE)) >= runs, "mails", ASKING_SECONDS, 0.2)
    return every_record(stack)


def every_record(stack: Stack) -> list[Record]:
    name = stack.deployed.outputs["approvalTableName"]
    pages = stack.cloud.client("dynamodb").get_paginator("scan").paginate(TableName=name, ConsistentRead=True)
    return [record_of(item) for page in pages for item in page["Items"]]


def table(stack: Stack) -> ApprovalTable:
    return ApprovalTable(stack.cloud.client("dynamodb"), stack.deployed.outputs["approvalTableName"])


def vote(stack: Stack, record: Record) -> None:
    """Alice rejects, and the function dies before it tells the workflow."""
    said_no = Vote(
        decision=Decision.REJECT, comment="", at=int(time.time()), source_ip="", user_agent="", digest=record.digest
    )
    records = Records(store=table(stack), clock=SystemClock())
    _, refusal = records.change(record, partial(cast, who=ALICE, vote=said_no))
    if refusal:
        raise RuntimeError(f"a vote was refused: {refusal}")


def end(running: Emulator, stack: Stack, record: Record, kind: str) -> None:
    client = stack.cloud.client("stepfunctions")
    if kind is EXPIRES:
        running.end_round(record.execution_arn)
    elif kind is STOPPED:
        client.stop_execution(executionArn=record.execution_arn)  # as an operator does, without a word
    else:
        cause = f"Request {record.request_id} was rejected"
        client.send_task_failure(taskToken=record.task_token, error=WorkflowError.REJECTED.value, cause=cause)


def looks(running: Emulator) -> Counter[str]:
    """Calls of DescribeExecution so far: "taken" or "throttled"."""
    return Counter(re.findall(r"^DescribeExecution (\w+)$", running.log_file.read_text(errors="replace"), re.MULTILINE))


def is_right(record: Record, kind: str) -> bool:
    return (record.status, record.handed_over, record.task_token) == (*RIGHT[kind], "")


def messages(stack: Stack, url: str, attribute: str) -> int:
    """In a queue, counted without receiving them."""
    seen = stack.cloud.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=[attribute])
    return int(seen["Attributes"][attribute])


def alarms(stack: Stack) -> list[str]:
    """The names of the program's own that would have gone off, by what the emulator knows: its queues and logs."""
    given = stack.deployed.of(ALARM)
    logs = {function.name: log_lines(stack, function) for function in stack.functions}
    logs |= {function.entry: logs[function.name] for function in stack.functions}
    return [
        alarm["name"]
        for alarm in given
        if any(value(stack, logs, query["metric"]) for query in alarm["metricQueries"] if "metric" in query)
    ]


def value(stack: Stack, logs: Mapping[str, list[str]], metric: dict[str, Any]) -> int:
    """0 for what the emulator has no number of."""
    dimensions = metric["dimensions"]
    match metric["namespace"], metric["metricName"]:
        case "AWS/SQS", "ApproximateNumberOfMessagesVisible" | "ApproximateNumberOfMessagesNotVisible" as name:
            url = stack.cloud.client("sqs").get_queue_url(QueueName=dimensions["QueueName"])["QueueUrl"]
            return messages(stack, url, name.replace("MessagesVisible", "Messages"))
        case "AWS/Lambda", "Errors":
            return sum("Traceback" in line or "timed out" in line for line in logs[dimensions["FunctionName"]])
        case "signoff", name:
            own = f"{dimensions['service']} {name}"
            return sum(own in metrics(line) for line in logs[dimensions["service"]])
    return 0


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.endings", description="End many runs at once.")
    parser.add_argument("--runs", type=int, default=RUNS)
    options = parser.parse_args(arguments)
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - began:4.0f} s  {line}", file=sys.stderr, flush=True)

    with Emulator(describe_quota=QUOTA) as running:
        found = end_together(running, deployed(running, OURS), options.runs, say)
    for line in found.lines():
        print(line)
    return 0 if found.all_well else 1


if __name__ == "__main__":
    sys.exit(main())
