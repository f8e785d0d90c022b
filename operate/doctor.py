"""What is wrong with a stack: one line for each thing that can be, with its remedy."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError
from rich.table import Table
from rich.text import Text

from handlers.contract.address import same_person
from handlers.contract.digests import resource_policy_digest
from handlers.contract.mailbox import domains
from handlers.contract.visible import one_line
from operate.letters import blacked, waiting
from operate.look import table
from operate.outputs import OperateError
from operate.stack import REQUESTS, Stack

LOOK_BACK = timedelta(days=1)  # for errors
# Lambda writes the last two itself. https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html
ERRORS = '?ERROR ?"Task timed out" ?"Runtime exited"'
AGE_ALARM, OLDEST_SECONDS = "alarm-request-queue-age", 600  # the threshold if that alarm is gone
REDEPLOY = "pulumi refresh, then pulumi up"
ALLOWED = "the output readerPolicy allows it, or operatorPolicy"
DENIED = re.compile(r"not authorized to perform: ([\w-]+:\w+)")

Found = tuple[str, str]  # the detail, and the remedy: "" where all is well
Looks = Iterator[tuple[str, Callable[[], Found]]]  # each with the name of its check


class Check(NamedTuple):
    """One thing that was looked at. `remedy` is "" where all is well."""

    check: str
    ok: bool
    detail: str
    remedy: str = ""


def checks(looks: Looks) -> Iterator[Check]:
    """What could not be looked at is not well either."""
    for name, look in looks:
        try:
            detail, remedy = look()
        except ClientError as error:
            detail, remedy = _refused(error)
        except (BotoCoreError, OperateError) as error:
            detail, remedy = str(error), "look again"
        yield Check(name, not remedy, one_line(detail), remedy)


def as_table(found: Iterable[Check]) -> Table:
    made = table("", "check", "detail", "remedy")
    for one in found:
        mark = Text("ok", style="green") if one.ok else Text("WRONG", style="bold red")
        made.add_row(mark, *map(Text, (one.check, one.detail, one.remedy)))
    return made


def _refused(error: ClientError) -> Found:
    code, said = error.response["Error"]["Code"], str(error)
    if re.search("AccessDenied|Authorization", code):
        denied = DENIED.search(said)
        return f"not allowed: {denied[1] if denied else error.operation_name}", ALLOWED
    return said, REDEPLOY if re.search("NotFound|NonExist|DoesNotExist", code) else "look again"


class Doctor:
    """What it looks at is named by the stack's outputs."""

    def __init__(self, stack: Stack) -> None:
        self._stack, self._known, self._client = stack, stack.target, stack.client
        self._subscribed: dict[str, dict[str, str]] = {}  # by topic: ARNs by address

    def everything(self) -> Looks:
        yield from self.people()
        yield from self.letters()
        yield from self.starts()
        yield from self.alarms()
        yield from self.errors()
        yield from self.policies()

    def people(self) -> Looks:
        """Whether they can be mailed."""
        known = self._known
        if who := known["operatorEmail"]:
            yield "the operator's subscription", partial(self._subscription, known["operatorTopicArn"], who, [])
        for who in known["people"] if known["approverTopicArn"] else ():
            mails = sorted({who, same_person(who)})
            yield f"subscription of {who}", partial(self._subscription, known["approverTopicArn"], who, mails)
        if address := known["mailFrom"]:
            paused = "SES has paused the account: its console says why"
            yield f"identity of {address}", partial(self._identity, address)
            yield "out of SES's sandbox", partial(self._account, "ProductionAccessEnabled", "ask AWS: docs/mail.md")
            yield "SES sends", partial(self._account, "SendingEnabled", paused)

    def letters(self) -> Looks:
        for name, queue in self._stack.letters.items():
            yield f"letters in {name}", partial(self._letters, queue)

    def starts(self) -> Looks:
        """Whether what starts a run or a function is enabled."""
        for name, uuid in self._known["mappings"].items():
            on = f"aws lambda update-event-source-mapping --uuid {uuid} --enabled"
            yield f"consumer {name}", partial(_enabled, self._client("lambda").get_event_source_mapping, on, UUID=uuid)
        for name, schedule in self._known["schedules"].items():
            group, _, own = schedule.partition("/")
            yield name, partial(_enabled, self._client("scheduler").get_schedule, REDEPLOY, GroupName=group, Name=own)
        for name, rule in self._known["rules"].items():
            on = f"aws events enable-rule --name {rule}"
            yield name, partial(_enabled, self._client("events").describe_rule, on, Name=rule)

    def alarms(self) -> Looks:
        yield "oldest message", self._oldest
        for name in self._known["alarms"]:
            yield name, partial(self._alarm, name)

    def errors(self) -> Looks:
        for name in self._known["functions"]:
            yield f"errors of {name}", partial(self._errors, self._known["logGroups"][f"{name}-logs"])

    def policies(self) -> Looks:
        for where in self._known["policies"]:
            name = where.split("/")[-1] if where.startswith("http") else where.split(":", 5)[-1]
            yield f"policy of {name}", partial(self._policy, where)

    def _subscription(self, topic: str, who: str, mails: Sequence[str]) -> Found:
        """`mails` is what its filter has to let through, and nothing else."""
        sns = self._client("sns")
        if topic not in self._subscribed:
            pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
            found = [one for page in pages for one in page["Subscriptions"]]
            self._subscribed[topic] = {one["Endpoint"]: one["SubscriptionArn"] for one in found}
        arn = self._subscribed[topic].get(who, "")
        if arn == "PendingConfirmation":
            return "not confirmed", "they open the link in AWS's mail"
        if not arn.startswith("arn:"):
            return "there is none", f"{REDEPLOY}; they confirm it"
        told = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
        scope, text = told.get("FilterPolicyScope", "MessageAttributes"), told.get("FilterPolicy", "{}")
        wanted = {"approver": mails} if mails else {}
        passed = {name: sorted(map(str, one)) for name, one in json.loads(text).items()}
        if passed != wanted or (wanted and scope != "MessageAttributes"):
            return f"its filter lets other mails through: {text}, by {scope}", REDEPLOY
        return "confirmed", ""

    def _identity(self, address: str) -> Found:
        ses = self._client("sesv2")
        for identity in (address, *domains(address)):
            with suppress(ses.exceptions.NotFoundException):
                if ses.get_email_identity(EmailIdentity=identity).get("VerifiedForSendingStatus"):
                    return f"{identity} is verified", ""
        return "neither the address nor its domain is verified", "verify it in SES: docs/mail.md"

    def _account(self, key: str, remedy: str) -> Found:
        return ("yes", "") if self._client("sesv2").get_account().get(key) else ("no", remedy)

    def _letters(self, queue: str) -> Found:
        count = waiting(self._stack, queue)
        return (f"{count}", "python -m operate letters") if count else ("none", "")

    @cached_property
    def _alarms(self) -> dict[str, dict[str, Any]]:
        names = {physical: name for name, physical in self._known["alarms"].items()}
        told = self._client("cloudwatch").describe_alarms(AlarmNames=[*names])["MetricAlarms"]
        return {names[one["AlarmName"]]: one for one in told}

    def _alarm(self, name: str) -> Found:
        alarm = self._alarms.get(name)
        if not alarm:
            return "there is none", REDEPLOY
        if alarm["StateValue"] == "OK":
            return "OK", ""
        fires = alarm["StateValue"] == "ALARM"
        remedy = "docs/operations.md#alarms" if fires else f"look again in five minutes; then {REDEPLOY}"
        return f"{alarm['StateValue']}: {alarm['AlarmDescription'] if fires else alarm['StateReason']}", remedy

    def _oldest(self) -> Found:
        of, since = {"QueueName": self._known["queues"][REQUESTS]}, datetime.now(UTC) - timedelta(minutes=15)
        ages = self._stack.measured("AWS/SQS", "ApproximateAgeOfOldestMessage", of, "Maximum", since)
        age, limit = ages[-1] if ages else 0, self._alarms.get(AGE_ALARM, {}).get("Threshold", OLDEST_SECONDS)
        return f"{age:.0f} s, at most {limit:.0f} s", "" if age <= limit else "docs/operations.md#the-age-alarm"

    def _errors(self, group: str) -> Found:
        lines = self._stack.logged(group, ERRORS, datetime.now(UTC) - LOOK_BACK)
        found = [(at, said) for at, line in lines if (said := _error(line))]
        if not found:
            return "none in the last day", ""
        at, said = max(found)
        when = datetime.fromtimestamp(at / 1000, UTC)
        return f"{len(found)} in the last day, the last at {when:%Y-%m-%d %H:%M} UTC: {blacked(said)}", f"read {group}"

    def _policy(self, where: str) -> Found:
        """Of a queue by its URL, of anything else by its ARN."""
        policy = ""
        if where.startswith("http"):
            told = self._client("sqs").get_queue_attributes(QueueUrl=where, AttributeNames=["Policy"])
            policy = told.get("Attributes", {}).get("Policy", "")
        elif ":sns:" in where:
            policy = self._client("sns").get_topic_attributes(TopicArn=where)["Attributes"].get("Policy", "")
        else:
            tables = self._client("dynamodb")
            with suppress(tables.exceptions.PolicyNotFoundException):
                policy = tables.get_resource_policy(ResourceArn=where)["Policy"]
        if policy and resource_policy_digest(policy) == self._known["policies"][where]:
            return "as deployed", ""
        return "changed" if policy else "gone", f"CloudTrail has who; {REDEPLOY}"


def _enabled(describe: Callable[..., Any], remedy: str, **what: str) -> Found:
    state = describe(**what)["State"]
    return state, "" if state.upper() == "ENABLED" else remedy


def _error(line: str) -> str:
    """What a log line says of an error, "" if it is none."""
    try:
        told = json.loads(line)
    except ValueError:
        return line
    if not isinstance(told, dict):
        return line
    if told.get("level") not in ("ERROR", "CRITICAL"):
        return ""
    return " ".join(str(told[name]) for name in ("message", "exception_name") if told.get(name))
