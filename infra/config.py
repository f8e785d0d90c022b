"""The stack's configuration, typed and checked: the only module that reads pulumi.Config.

Every bad value is found here, before any resource is registered, and all of them are named at once, each by its path.
pydantic carries the shapes; what patterns, schedules and zones have to be is in modules of their own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import pulumi
from pydantic import AfterValidator, BeforeValidator, Field

from handlers.contract.address import same_person
from handlers.contract.policy import Policy
from handlers.contract.question import LIMITS
from handlers.contract.question import Field as QuestionField
from handlers.contract.visible import blank
from infra import event_pattern, json_text, people, schedule, time_zone
from infra.own_events import could_match
from infra.policies import Terms
from infra.refusal import Fault, RefusedError, did_you_mean, nearest
from infra.shapes import Shape, Text, Trimmed, Truth, Whole, keys, number, read, says

# An execution of a standard state machine lives for a year at most. A day less, so that its end is ours, not AWS's.
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
LONGEST_DEADLINE_SECONDS = 364 * 24 * 3600
SHORTEST_ROUND_SECONDS = 10  # a person has to read the mail
# All variables of a Lambda function share 4 KB.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
PEOPLE_CHARACTERS = 2_500
LARGEST_QUORUM = 50
# A record keeps a hash for each person and round, some 70 bytes, and has 400 KB at most.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
LINKS = 1_500
# Characters. The default task travels in a variable, so it has shorter details than any other.
TASK_LIMITS = {"title": LIMITS[QuestionField.TITLE], "details": 1_000}
TASK_BYTES = 3_000  # of JSON
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
LOG_RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip
DEFAULT_TASK = {"title": "Scheduled run", "details": ""}
SOMEBODY = "a list of at least one e-mail address"
TEMPLATE = "signoff"  # the namespace of the stack files as they are shipped


class ConfigError(ValueError):
    """One line for each bad value: its path, the limit, and the value."""


def _somebody(approvers: tuple[str, ...]) -> tuple[str, ...]:
    if not approvers:
        raise ValueError(f"must be {SOMEBODY}")
    return approvers


def _schedule(text: str) -> str:
    return schedule.check(text) if text else text


def _pattern(value: Any) -> dict[str, Any]:
    pattern = json_text.read_object(value, "must be a JSON object, an EventBridge event pattern")
    if pattern:
        event_pattern.check(pattern)
    return pattern


def _visible(title: str) -> str:
    """A title without a visible character would ask people nothing."""
    if blank(title):
        raise ValueError("must not be blank")
    return title


def _task(value: Any) -> dict[str, str]:
    task, faults = read(Task, json_text.read_object(value, "must be an object with title and details"))
    if not task:
        raise RefusedError(faults)
    size = len(json.dumps(task.model_dump()))
    if size > TASK_BYTES:
        raise RefusedError([Fault((), f"must be at most {TASK_BYTES} bytes as ASCII JSON, got {size}")])
    return task.model_dump()


def _kept_days(days: int) -> int:
    if days not in LOG_RETENTION_DAYS:
        raise ValueError
    return days


People = Annotated[tuple[str, ...], BeforeValidator(people.several)]
Approvers = Annotated[People, AfterValidator(_somebody)]
Email = Annotated[str, BeforeValidator(people.one_or_none)]
Schedule = Annotated[Text, AfterValidator(_schedule)]
Zone = Annotated[Text, AfterValidator(time_zone.check)]
Pattern = Annotated[dict[str, Any], BeforeValidator(_pattern)]
Question = Annotated[dict[str, str], BeforeValidator(_task)]
Retention = Annotated[
    int,
    BeforeValidator(number),
    AfterValidator(_kept_days),
    says(f"must be one of {', '.join(map(str, LOG_RETENTION_DAYS))}"),
]
Quorum = Annotated[int, Whole(1, LARGEST_QUORUM)]


class Task(Shape):
    """The question of a run that brings none of its own, trimmed."""

    title: Annotated[str, Trimmed(TASK_LIMITS["title"]), AfterValidator(_visible)] = DEFAULT_TASK["title"]
    details: Annotated[str, Trimmed(TASK_LIMITS["details"])] = DEFAULT_TASK["details"]


class Settings(Shape):
    """What varies by stack. Durations are in seconds unless the name says days."""

    approvers: Approvers = Field(description=SOMEBODY)
    approvals_required: Quorum = 1
    rejections_required: Quorum = 1
    schedule: Schedule = ""
    timezone: Zone = "UTC"
    event_pattern: Pattern = Field(default_factory=dict)
    task: Question = DEFAULT_TASK
    deadline_seconds: Annotated[int, Whole(60, LONGEST_DEADLINE_SECONDS)] = 86_400
    reminders: Annotated[int, Whole(0, 20)] = 2
    escalate_to: People = ()
    operator_email: Email = ""
    one_click: Truth = False
    prevent_self_approval: Truth = True
    audit_days: Annotated[int, Whole(1, 3_650)] = 365
    log_retention_days: Retention = 30
    mails_per_second: Annotated[int, Whole(1, 10)] = 5
    delivery_attempts: Annotated[int, Whole(2, 20)] = 8
    protect: Truth = False
    point_in_time_recovery: Truth = True

    @property
    def rounds(self) -> int:
        """The number of rounds: the first, and one for each reminder."""
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
    def event_policy(self) -> str:
        return "default"

    @property
    def terms(self) -> dict[str, Terms]:
        policy = Policy(
            approvers=self.approvers,
            escalate_to=self.escalate_to,
            approvals_required=self.approvals_required,
            rejections_required=self.rejections_required,
            prevent_self_approval=self.prevent_self_approval,
            audit_days=self.audit_days,
        )
        return {"default": Terms(policy=policy, rounds=self.rounds, deadline_seconds=self.deadline_seconds)}

    @classmethod
    def load(cls) -> Settings:
        """Read and check the stack's config, and log its warnings. Raises ConfigError, which names every bad value."""
        config = pulumi.Config()
        known = {**pulumi.runtime.config.get_config_env(), **pulumi.runtime.config.CONFIG.get()}
        settings = settings_of(config.name, known)
        for warning in settings.warnings(datetime.now(UTC)):
            pulumi.log.warn(warning)
        return settings

    def warnings(self, now: datetime) -> Iterator[str]:
        """Values that are allowed but probably not intended."""
        if doubt := schedule.doubt(self.schedule, self.timezone, now):
            yield f"schedule {self.schedule} {doubt}: it starts nothing."
        characters = len(event_pattern.text(self.event_pattern))
        if characters > event_pattern.DEFAULT_CHARACTERS:
            yield (
                f"eventPattern has {characters:,} characters of JSON: AWS takes more than "
                f"{event_pattern.DEFAULT_CHARACTERS:,} only where the account's quota was raised."
            )
        if self.event_pattern and could_match(self.event_pattern, literal_arns=True):
            yield (
                "eventPattern names a state machine that is called like this workflow's own: "
                "if it is that one, each approval starts the next request."
            )
        everybody = len(self.people)
        if everybody < self.approvals_required + self.rejections_required - 1:
            approvals = min(self.approvals_required - 1, everybody)
            yield (
                f"approvalsRequired {self.approvals_required} and rejectionsRequired {self.rejections_required} "
                f"may both be missed: when all {everybody} people have answered, {approvals} with approval and "
                f"{everybody - approvals} with rejection, the request stays open until its deadline."
            )


def settings_of(project: str, known: Mapping[str, str]) -> Settings:
    """The stack's configuration by `namespace:key`, including the providers'. Raises ConfigError."""
    found = {key.removeprefix(f"{project}:"): text for key, text in known.items() if key.startswith(f"{project}:")}
    lines = [*_strays(project, known), *(_unknown(project, key) for key in sorted(found.keys() - keys(Settings)))]
    given = {key: text for key, text in found.items() if key in keys(Settings)}
    settings, faults = read(Settings, given)
    wrong = {fault.where[0] for fault in faults}
    sound = settings or Settings.model_validate(
        {"approvers": ["nobody@example.com"], **{key: text for key, text in given.items() if key not in wrong}}
    )
    faults += [Fault((key,), words) for taken, key, words in _contradictions(sound) if wrong.isdisjoint(taken)]
    lines += [f"{project}:{fault}" for fault in faults]
    if lines or not settings:
        raise ConfigError("\n".join(lines))
    return settings


def _unknown(project: str, key: str) -> str:
    name = f"{project}:{key}"
    if re.split(r"[.\[]", key)[0] in keys(Settings):
        return f"{name} is a key of that very name: use --path, as in pulumi config set --path '{name}' …"
    meant = nearest(key, keys(Settings))
    listed = did_you_mean(meant) if meant else f"; the keys are {', '.join(keys(Settings))}"
    return f"{name} is not a key of this program{listed}"


def _strays(project: str, known: Mapping[str, str]) -> Iterator[str]:
    """Our keys in another namespace: the project was renamed, but not the keys in its stack files."""
    for space in sorted({key.partition(":")[0] for key in known} - {project}):
        if space == TEMPLATE or f"{space}:approvers" in known:
            ours = ", ".join(sorted(key for key in known if key.startswith(f"{space}:")))
            yield f"{ours}: keys of namespace {space} are not read in project {project}; rename them to {project}:…"


def _contradictions(settings: Settings) -> Iterator[tuple[set[str], str, str]]:
    """Faults of several keys together: the keys involved, the one to name, and the message."""
    approvers = len(settings.approvers)
    for key, value in (
        ("approvalsRequired", settings.approvals_required),
        ("rejectionsRequired", settings.rejections_required),
    ):
        if value > approvers:
            yield {"approvers", key}, key, f"must be at most the number of approvers, {approvers}, got {value}"
    if settings.deadline_seconds < settings.rounds * SHORTEST_ROUND_SECONDS:
        seconds = f"{settings.deadline_seconds / settings.rounds:.1f}"
        yield (
            {"deadlineSeconds", "reminders"},
            "reminders",
            (
                f"must leave rounds of at least {SHORTEST_ROUND_SECONDS} seconds, got {settings.reminders}: "
                f"rounds of {seconds} seconds in deadlineSeconds {settings.deadline_seconds}"
            ),
        )
    everybody = len(settings.people)
    if everybody * settings.rounds > LINKS:
        yield (
            {"approvers", "escalateTo", "reminders"},
            "reminders",
            (
                f"must be at most {LINKS // everybody - 1} for {everybody} people ({LINKS} links in a request), "
                f"got {settings.reminders}"
            ),
        )
    twice = sorted(set(map(same_person, settings.approvers)) & set(map(same_person, settings.escalate_to)))
    if twice:
        yield (
            {"approvers", "escalateTo"},
            "escalateTo",
            f"must not repeat an approver, got {', '.join(twice)} in both",
        )
    characters = len(json.dumps(settings.people))
    if characters > PEOPLE_CHARACTERS:
        yield (
            {"approvers", "escalateTo"},
            "approvers",
            f"and escalateTo together must be at most {PEOPLE_CHARACTERS} characters of JSON, got {characters}",
        )
