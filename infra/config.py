"""The stack's configuration, typed and checked: the only module that reads pulumi.Config.

Every bad value is found here, before any resource is registered, and all of them are named at once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

import pulumi
from aws_cron_expression_validator.validator import AWSCronExpressionError, AWSCronExpressionValidator
from email_validator import EmailNotValidError, validate_email

# An execution of a standard state machine lives for a year at most.
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
LONGEST_EXECUTION_SECONDS = 365 * 24 * 3600
SHORTEST_ROUND_SECONDS = 10  # a person has to read the mail
# All variables of a Lambda function share 4 KB.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
PEOPLE_CHARACTERS = 2_500
LARGEST_QUORUM = 50
# A record keeps a hash for each person and round, some 70 bytes, and has 400 KB at most.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
LINKS = 1_500
TASK_LIMITS = {"title": 200, "details": 1_000}  # characters
TASK_BYTES = 3_000  # of JSON: the default task travels in a variable, too
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
LOG_RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip
# The least that an event source mapping can be held to, so mails are paced in this many workers side by side.
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
MAIL_WORKERS = 2
MAIL_SECONDS = 1.0  # what one mail costs beside its pause, generously: two writes and a publish
LARGEST_BATCH = 10
WORKER_SECONDS = 60  # what a batch of mails should fit into
DEFAULT_TASK = {"title": "Scheduled run", "details": ""}


class ConfigError(ValueError):
    """One line for each bad key: its name, the limit, and the value."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What varies by stack. Durations are in seconds unless the name says days; keys are the fields in camelCase."""

    approvers: tuple[str, ...]
    approvals_required: int = 1
    rejections_required: int = 1
    schedule: str = ""
    timezone: str = "UTC"
    event_pattern: Mapping[str, Any] = field(default_factory=dict)
    task: Mapping[str, str] = field(default_factory=lambda: DEFAULT_TASK)
    deadline_seconds: int = 86_400
    reminders: int = 2
    escalate_to: tuple[str, ...] = ()
    operator_email: str = ""
    one_click: bool = False
    prevent_self_approval: bool = True
    audit_days: int = 365
    log_retention_days: int = 30
    mails_per_second: int = 5
    delivery_attempts: int = 8
    protect: bool = False
    point_in_time_recovery: bool = True

    @property
    def rounds(self) -> int:
        """How often people are asked: once, and once more for each reminder."""
        return self.reminders + 1

    @property
    def round_seconds(self) -> int:
        """How long one round waits. Rounded up, so that the rounds never end before the deadline people were told."""
        return -(-self.deadline_seconds // self.rounds)

    @property
    def people(self) -> tuple[str, ...]:
        """Everybody who may get an approval mail."""
        return self.approvers + self.escalate_to

    @property
    def mail_pause_seconds(self) -> float:
        """Between two mails of one worker, so that all workers together keep to `mails_per_second`."""
        return MAIL_WORKERS / self.mails_per_second

    @property
    def request_seconds(self) -> float:
        """What one request's mails may take in one worker."""
        return len(self.people) * (self.mail_pause_seconds + MAIL_SECONDS)

    @property
    def request_batch_size(self) -> int:
        return max(1, min(LARGEST_BATCH, int(WORKER_SECONDS / self.request_seconds)))

    @property
    def request_timeout_seconds(self) -> int:
        """The worker's time-out: its batch of mails and room for a slow start."""
        return int(self.request_batch_size * self.request_seconds) + 15

    @classmethod
    def load(cls) -> Settings:
        """Read and check the stack's config. Raises ConfigError, which names every bad key."""
        return _Reader(pulumi.Config()).settings()


@dataclass
class _Key:
    """How one key is read: `parse` takes the text of the config and raises ValueError for what it refuses."""

    field: str
    parse: Callable[[str], Any]


class _Reader:
    def __init__(self, config: pulumi.Config) -> None:
        self._config = config
        self._problems: list[str] = []

    def settings(self) -> Settings:
        found = self._namespace()
        values: dict[str, Any] = {}
        for key in sorted(found - KEYS.keys()):
            self._refuse(key, f"is not a key of this program; the keys are {', '.join(KEYS)}")
        for key, reader in KEYS.items():
            text = self._config.get(key)
            if text is None:
                continue
            try:
                values[reader.field] = reader.parse(text)
            except ValueError as error:
                self._refuse(key, f"{error}, got {text}")
        if "approvers" not in found:
            self._refuse("approvers", "must be a list of at least one e-mail address, got nothing")
        if not self._problems:
            settings = Settings(**values)
            for key, problem in _contradictions(settings):
                self._refuse(key, problem)
        if self._problems:
            raise ConfigError("\n".join(self._problems))
        return settings

    def _refuse(self, key: str, problem: str) -> None:
        self._problems.append(f"{self._config.full_key(key)} {problem}")

    def _namespace(self) -> set[str]:
        """The keys set for this project, by the engine or by a test; others belong to providers."""
        known = {**pulumi.runtime.config.get_config_env(), **pulumi.runtime.config.CONFIG.get()}
        return {name for space, _, name in (key.partition(":") for key in known) if space == self._config.name}


def _contradictions(settings: Settings) -> Iterable[tuple[str, str]]:
    """What no key does wrong by itself."""
    approvers = len(settings.approvers)
    for key, value in (
        ("approvalsRequired", settings.approvals_required),
        ("rejectionsRequired", settings.rejections_required),
    ):
        if value > approvers:
            yield key, f"must be at most the number of approvers, {approvers}, got {value}"
    if settings.deadline_seconds < settings.rounds * SHORTEST_ROUND_SECONDS:
        seconds = f"{settings.deadline_seconds / settings.rounds:.1f}"
        yield (
            "reminders",
            (
                f"must leave rounds of at least {SHORTEST_ROUND_SECONDS} seconds, got {settings.reminders}: "
                f"rounds of {seconds} seconds in deadlineSeconds {settings.deadline_seconds}"
            ),
        )
    people = len(settings.people)
    if people * settings.rounds > LINKS:
        yield (
            "reminders",
            (
                f"must be at most {LINKS // people - 1} for {people} people ({LINKS} links in a request), "
                f"got {settings.reminders}"
            ),
        )
    twice = sorted({who.casefold() for who in settings.approvers} & {who.casefold() for who in settings.escalate_to})
    if twice:
        yield "escalateTo", f"must not repeat an approver, got {', '.join(twice)} in both"
    characters = len(json.dumps(settings.people))
    if characters > PEOPLE_CHARACTERS:
        yield (
            "approvers",
            f"and escalateTo together must be at most {PEOPLE_CHARACTERS} characters of JSON, got {characters}",
        )


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("must be JSON") from None


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,20}", text) or not low <= int(text) <= high:
            raise ValueError(f"must be a whole number in {low}..{high}")
        return int(text)

    return parse


def _days(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) not in LOG_RETENTION_DAYS:
        raise ValueError(f"must be one of {', '.join(map(str, LOG_RETENTION_DAYS))}")
    return int(text)


def _truth(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError("must be true or false")
    return text == "true"


def _email(text: Any) -> str:
    try:
        return validate_email(text, check_deliverability=False, allow_smtputf8=False).normalized
    except (EmailNotValidError, TypeError, AttributeError) as error:
        raise ValueError(f"must be an e-mail address ({error})") from None


def _optional_email(text: str) -> str:
    return _email(text) if text else ""


def _emails(text: str) -> tuple[str, ...]:
    """A list; or, as `pulumi new` stores what is typed at its prompt, one text with commas."""
    listed = _json(text) if text.lstrip().startswith(("[", "{", '"')) else [one.strip() for one in text.split(",")]
    if not isinstance(listed, list):
        raise ValueError("must be a list of e-mail addresses")  # noqa: TRY004 - ConfigError's kin
    emails = tuple(_email(one) for one in listed if one != "")
    folded = [one.casefold() for one in emails]
    twice = sorted({one for one in folded if folded.count(one) > 1})
    if twice:
        raise ValueError(f"must not name anybody twice ({', '.join(twice)})")
    return emails


def _approvers(text: str) -> tuple[str, ...]:
    emails = _emails(text)
    if not emails:
        raise ValueError("must be a list of at least one e-mail address")
    return emails


def _zone(text: str) -> str:
    if text not in available_timezones():
        raise ValueError("must be an IANA time zone such as Europe/Berlin")
    return text


def _schedule(text: str) -> str:
    """The three forms of EventBridge Scheduler; empty means none.

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
    """
    if not text:
        return text
    expected = "must be rate(5 minutes), cron(0 9 ? * MON-FRI *) or at(2027-01-31T09:00:00)"
    if re.fullmatch(r"rate\([1-9][0-9]{0,5} (minute|hour|day)s?\)", text):
        return text
    try:
        if re.fullmatch(r"at\([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\)", text):
            datetime.fromisoformat(text[3:-1])
            return text
        if text.startswith("cron(") and text.endswith(")"):
            AWSCronExpressionValidator.validate(text.removeprefix("cron(").removesuffix(")"))
            return text
    except (AWSCronExpressionError, ValueError, IndexError) as error:
        raise ValueError(f"{expected} ({error})") from None
    raise ValueError(expected)


def _pattern(text: str) -> dict[str, Any]:
    """An event pattern: every leaf is a list. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html"""
    pattern = _json(text) if text else {}
    if not isinstance(pattern, dict):
        raise ValueError("must be a JSON object, an EventBridge event pattern")  # noqa: TRY004 - ConfigError's kin
    wrong = sorted(key for key, value in pattern.items() if not isinstance(value, dict | list) or not value)
    if wrong:
        raise ValueError(f"must hold a non-empty list or object under each key ({', '.join(wrong)})")
    return pattern


def _task(text: str) -> dict[str, str]:
    task = _json(text) if text else {}
    if not isinstance(task, dict) or not task.keys() <= TASK_LIMITS.keys():
        raise ValueError("must be an object with title and details")
    for name, limit in TASK_LIMITS.items():
        value = task.get(name, "")
        if not isinstance(value, str) or len(value) > limit:
            raise ValueError(f"must have text of at most {limit} characters as {name}")
    if len(json.dumps(task)) > TASK_BYTES:
        raise ValueError(f"must be at most {TASK_BYTES} bytes as ASCII JSON, not {len(json.dumps(task))}")
    return DEFAULT_TASK | {name: value for name, value in task.items() if value}


KEYS: dict[str, _Key] = {
    "approvers": _Key("approvers", _approvers),
    "approvalsRequired": _Key("approvals_required", _whole(1, LARGEST_QUORUM)),
    "rejectionsRequired": _Key("rejections_required", _whole(1, LARGEST_QUORUM)),
    "schedule": _Key("schedule", _schedule),
    "timezone": _Key("timezone", _zone),
    "eventPattern": _Key("event_pattern", _pattern),
    "task": _Key("task", _task),
    "deadlineSeconds": _Key("deadline_seconds", _whole(60, LONGEST_EXECUTION_SECONDS)),
    "reminders": _Key("reminders", _whole(0, 20)),
    "escalateTo": _Key("escalate_to", _emails),
    "operatorEmail": _Key("operator_email", _optional_email),
    "oneClick": _Key("one_click", _truth),
    "preventSelfApproval": _Key("prevent_self_approval", _truth),
    "auditDays": _Key("audit_days", _whole(1, 3_650)),
    "logRetentionDays": _Key("log_retention_days", _days),
    "mailsPerSecond": _Key("mails_per_second", _whole(1, 10)),
    "deliveryAttempts": _Key("delivery_attempts", _whole(2, 20)),
    "protect": _Key("protect", _truth),
    "pointInTimeRecovery": _Key("point_in_time_recovery", _truth),
}
