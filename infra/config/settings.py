"""The configuration, typed and checked, of a stack or of a program that holds `Approvals`.

Every bad value is found here, before any resource is registered, and all of them are named at once, each by its path.
pydantic carries the shapes; what policies, patterns, schedules and zones have to be is in modules of their own.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any

import pulumi
from annotated_types import Predicate
from pydantic import AfterValidator, BeforeValidator, Field

from handlers.contract.form_fields import as_json, read_fields, read_links, too_large
from handlers.contract.mailbox import MAILBOX_LIMIT, mailbox
from handlers.contract.policy import DEFAULT_POLICY
from handlers.contract.question import LIMITS
from handlers.contract.question import Field as QuestionField
from handlers.contract.visible import blank, clean
from infra.config import event_pattern, json_text, own_events, people, schedule, time_zone
from infra.config.event_pattern import DEFAULT_CHARACTERS, MOST_CHARACTERS
from infra.config.policies import MOST_PEOPLE, MOST_POLICIES, SOMEBODY, Approvers, Policies, Rules, resolve
from infra.config.policy_checks import clashes, doubts, short_rounds
from infra.config.refusal import Fault, RefusedError, did_you_mean, nearest
from infra.config.shapes import Meaning, Shape, Text, Trimmed, Truth, Whole, keys, number, read, says
from infra.shared.terms import Terms, everybody

# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
LOG_RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip
DEFAULT_TASK = {"title": "Scheduled run", "details": ""}
LONGEST_SENDER = 64  # characters
# https://docs.aws.amazon.com/general/latest/gr/sns.html
SNS_PER_SECOND = 10
DOMAINS_LIMIT = 2_000  # of the 4 KB that all variables of a function may have
LONGEST_LABEL = 40  # characters
LABEL_RULE = f"1 to {LONGEST_LABEL} letters, digits and ._-"
NAMESPACE = "signoff"  # is read in a project of any name: that of the stack files as they are shipped


class ConfigError(pulumi.RunError):
    """One line for each bad value: its path, the limit, and the value. The engine shows these, without a traceback."""


def _pattern(value: Any) -> dict[str, Any]:
    pattern = json_text.read_object(value, "must be a JSON object, an EventBridge event pattern")
    if pattern:
        event_pattern.check(pattern)
    return pattern


def _plain(name: str) -> str:
    """A name without line breaks and other characters that nobody sees."""
    if clean(name) != name or not {"\n", "\t"}.isdisjoint(name):
        raise ValueError("must be one line, without invisible characters")
    return name


def _visible(title: str) -> str:
    """A title without a visible character would ask people nothing."""
    if blank(title):
        raise ValueError("must not be blank")
    return title


def _task(value: Any) -> dict[str, Any]:
    task, faults = read(Task, json_text.read_object(value, "must be an object with title and details"))
    if not task:
        raise RefusedError(faults)
    left_out = {"policy"} - task.model_fields_set | {name for name in ("fields", "links") if not getattr(task, name)}
    return task.model_dump(exclude=left_out)


Email = Annotated[str, BeforeValidator(people.one_or_none)]
Schedule = Annotated[Text, AfterValidator(schedule.check)]
Zone = Annotated[Text, AfterValidator(time_zone.check)]
Pattern = Annotated[dict[str, Any], BeforeValidator(_pattern)]
Question = Annotated[dict[str, Any], BeforeValidator(_task)]
Retention = Annotated[
    int,
    BeforeValidator(number),
    Predicate(LOG_RETENTION_DAYS.__contains__),
    says(f"must be one of {', '.join(map(str, LOG_RETENTION_DAYS))}"),
]


class Task(Shape):
    """The question of a run that brings none of its own, trimmed, and the policy to ask it under."""

    title: Annotated[str, Trimmed(LIMITS[QuestionField.TITLE]), AfterValidator(_visible)] = DEFAULT_TASK["title"]
    details: Annotated[str, Trimmed(LIMITS[QuestionField.DETAILS])] = DEFAULT_TASK["details"]
    policy: Text = DEFAULT_POLICY
    fields: Annotated[list[dict[str, Any]], BeforeValidator(lambda given: as_json(read_fields(given)))] = Field(
        default_factory=list
    )
    links: Annotated[list[dict[str, Any]], BeforeValidator(lambda given: as_json(read_links(given)))] = Field(
        default_factory=list
    )


class Settings(Rules):
    """What varies by stack. Durations are in seconds unless the name says days.

    `task` is {"title", "details"}, and "policy", "fields" and "links" where the stack gives them.
    """

    approvers: Annotated[
        Approvers,
        Meaning(
            "who is asked. A text with commas is read as a list. People are known by their address in lower case",
            limits="no duplicates in any spelling; "
            f"with `escalateTo` and `policies` at most {MOST_PEOPLE} different people",
        ),
    ] = Field(description=SOMEBODY)
    policies: Annotated[
        Policies,
        Meaning("other rules for other kinds of requests", limits=f"at most {MOST_POLICIES}; see [below](#policies)"),
    ] = Field(default_factory=dict)
    schedule: Annotated[
        Schedule,
        Meaning("the periodic trigger", limits="`rate(…)`, `cron(…)`, `at(…)` of EventBridge Scheduler"),
    ] = ""
    timezone: Annotated[
        Zone,
        Meaning("of the schedule, and of times in mails and pages", limits="an IANA name of the pinned `tzdata`"),
    ] = "UTC"
    event_pattern: Annotated[
        Pattern,
        Meaning(
            "which events start it",
            limits="an EventBridge pattern on the default bus, checked as a whole; "
            f"{MOST_CHARACTERS:,} characters as JSON, "
            f"above {DEFAULT_CHARACTERS:,} only with a raised quota; sources by their names; "
            "for `aws.states` the ARNs of other machines; with `mailFrom`, for `aws.ses` other configuration sets; "
            "for a service that the workflow calls, "
            "types that are no trail's: else each approval could start the next request",
        ),
    ] = Field(default_factory=dict)
    event_policy: Annotated[
        Text, Meaning("the policy of the runs that events start", limits="the name of a policy")
    ] = DEFAULT_POLICY
    event_details: Annotated[
        Truth,
        Meaning("an event with neither `title` nor `details` in its `detail` [shows that `detail`](#what-a-run-asks)"),
    ] = True
    task: Annotated[
        Question,
        Meaning(
            "what a run asks that brings no question of its own",
            limits="the title, if given, is not blank; both are trimmed; "
            f"`title` {LIMITS[QuestionField.TITLE]} and `details` {LIMITS[QuestionField.DETAILS]:,} characters; "
            "`policy`, if given, names a policy; [`fields` and `links`](#fields-and-links)",
        ),
    ] = DEFAULT_TASK
    mail_from: Annotated[
        Email,
        Meaning(
            "approvers are mailed from here, by SES [instead of SNS](mail.md)", limits="an address verified in SES"
        ),
    ] = ""
    mail_from_name: Annotated[
        str, Trimmed(LONGEST_SENDER), AfterValidator(_plain), Meaning("the sender's name in those mails")
    ] = ""
    reply_to: Annotated[Email, Meaning("where replies to those mails go", limits="one address")] = ""
    operator_email: Annotated[Email, Meaning("who is told of failures", limits="one address")] = ""
    one_click: Annotated[
        Truth,
        Meaning(
            "also mail a link that approves when it is opened, unless the mail had to shorten the question. "
            "Scanners open links, too"
        ),
    ] = False
    events: Annotated[Truth, Meaning("what happens to a request is told on the default event bus")] = True
    announce_decision: Annotated[
        Truth, Meaning("all who were asked, and the requester among them, get a mail about how it ended")
    ] = True
    chat_notifications: Annotated[
        Truth, Meaning("what happens to a request is told on a topic that Amazon Q Developer takes to a chat")
    ] = False
    dashboard: Annotated[Truth, Meaning("a CloudWatch dashboard")] = False
    operator_access: Annotated[
        Truth, Meaning("two managed policies: to look, and to [operate](operate.md#rights) besides")
    ] = False
    audit_days: Annotated[int, Whole(1, 3_650), Meaning("how many days a record is kept after its deadline")] = 365
    log_retention_days: Annotated[
        Retention, Meaning("how many days logs are kept", limits="a value that CloudWatch Logs allows")
    ] = 30
    mails_per_second: Annotated[
        int,
        Whole(1, 50),
        Meaning(
            "the most mails sent per second, [all requests together](#people-pace-and-rounds)",
            limits=f"above {SNS_PER_SECOND} with `mailFrom` only",
        ),
    ] = 5
    delivery_attempts: Annotated[
        int, Whole(2, 20), Meaning("how often a message is tried before it becomes a dead letter")
    ] = 8
    protect: Annotated[Truth, Meaning("guard the table against deletion, by AWS and by Pulumi")] = False
    point_in_time_recovery: Annotated[Truth, Meaning("continuous backups of the table, 35 days")] = True
    label: Annotated[  # no key: the program says it
        str, Field(exclude=True, pattern=f"^[A-Za-z0-9._-]{{1,{LONGEST_LABEL}}}$"), says(f"must be {LABEL_RULE}")
    ] = ""

    @property
    def terms(self) -> Mapping[str, Terms]:
        """The policies by name: `default`, which is the stack's own keys, and then each of `policies`."""
        return resolve(self, self.policies, self.audit_days)

    @property
    def people(self) -> tuple[str, ...]:
        """Everybody who may get an approval mail under any policy, each once."""
        return everybody(self.terms)

    @property
    def own_domains(self) -> list[str]:
        """Of everybody's addresses, in lower case."""
        return sorted({who.rpartition("@")[2].casefold() for who in self.people})

    @property
    def announces(self) -> bool:
        """Whether anybody but the approvers hears of requests, which takes the table's stream and a function."""
        return self.events or self.announce_decision or self.chat_notifications

    @classmethod
    def load(cls, own: Collection[str] = ()) -> Settings:
        """Read and check the stack's config, whose label is its name. Raises ConfigError, which names every bad value.

        `own` are keys of the project's namespace that other code reads.
        """
        project = pulumi.get_project()
        known = {**pulumi.runtime.config.get_config_env(), **pulumi.runtime.config.CONFIG.get()}
        settings = settings_of(project, known, own, pulumi.get_stack()[:LONGEST_LABEL])
        for warning in _unused(project, known):
            pulumi.log.warn(warning)
        return settings

    def warnings(self, now: datetime) -> Iterator[str]:
        """Values that are allowed but probably not intended."""
        if doubt := schedule.doubt(self.schedule, self.timezone, now):
            yield f"schedule {self.schedule} {doubt}."
        characters = len(json_text.compact(self.event_pattern))
        if characters > DEFAULT_CHARACTERS:
            yield (
                f"eventPattern has {characters:,} characters of JSON: AWS takes more than "
                f"{DEFAULT_CHARACTERS:,} only where the account's quota was raised."
            )
        for one in self.terms.values():
            yield from doubts(one.policy)
            yield from short_rounds(one, self.mails_per_second)


def settings_of(project: str, known: Mapping[str, str], own: Collection[str] = (), label: str = "") -> Settings:
    """The stack's configuration by `namespace:key`, including the providers'. Raises ConfigError.

    The project's namespace counts before ours: it is where `pulumi new` and `pulumi config set` put a bare key.
    """
    spaces = dict.fromkeys((NAMESPACE, project))
    space_of = {key: space for space in spaces for key in keys(Settings) if f"{space}:{key}" in known}
    given = {key: known[f"{space}:{key}"] for key, space in space_of.items()}
    lines = [*_strays(project, known), *_unknown(project, known, own)]
    settings, faults = checked({**given, **({"label": label} if label else {})})
    lines += [f"{space_of.get(str(fault.where[0]), NAMESPACE)}:{fault}" for fault in faults]
    if lines or not settings:
        raise ConfigError("\n".join(lines))
    return settings


def checked(given: Mapping[str, Any], *, by_name: bool = False) -> tuple[Settings | None, list[Fault]]:
    """The settings, or all that is wrong with them. `given` is by key: values, or texts as the engine has them.

    With `by_name`, the keys of policies, groups and the task may be in snake case as well.
    """
    settings, faults = read(Settings, given, by_name=by_name)
    if settings:  # else what they would say together is not known
        faults += clashes(settings.terms, settings.policies, settings.mails_per_second, settings.task)
        faults += [*_unknown_policies(settings), *_too_large(settings), *_channel(settings)]
        faults += [one.below("eventPattern") for one in own_events.named(settings.event_pattern, settings.label)]
    return settings, faults


def _unused(project: str, known: Mapping[str, str]) -> Iterator[str]:
    for key in keys(Settings) if project != NAMESPACE else ():
        if {f"{NAMESPACE}:{key}", f"{project}:{key}"} <= known.keys():
            yield f"{NAMESPACE}:{key} is not used: {project}:{key} counts. Remove one of them."


def _unknown(project: str, known: Mapping[str, str], own: Collection[str]) -> Iterator[str]:
    for name in sorted(known):
        space, _, key = name.partition(":")
        if space not in (NAMESPACE, project) or key in keys(Settings) or (space == project and key in own):
            continue
        if re.split(r"[.\[]", key)[0] in keys(Settings):
            yield f"{name} is a key of that very name: use --path, as in pulumi config set --path '{name}' …"
            continue
        meant = nearest(key, keys(Settings))
        listed = did_you_mean(meant) if meant else f"; the keys are {', '.join(keys(Settings))}"
        yours = "; name a key of your own in Settings.load(own=…) in __main__.py" if space == project else ""
        yield f"{name} is not a key of this program{listed}{yours}"


def _strays(project: str, known: Mapping[str, str]) -> Iterator[str]:
    """Our keys in another namespace: the project was renamed, but not the keys in its stack files."""
    for space in sorted({key.partition(":")[0] for key in known} - {NAMESPACE, project}):
        if f"{space}:approvers" in known:
            ours = ", ".join(sorted(key for key in known if key.startswith(f"{space}:")))
            yield f"{ours}: keys of namespace {space} are not read in project {project}; rename them to {NAMESPACE}:…"


def _too_large(settings: Settings) -> Iterator[Fault]:
    terms = settings.terms.get(settings.task.get("policy", DEFAULT_POLICY))
    asked, links = read_fields(settings.task.get("fields")), read_links(settings.task.get("links"))
    if terms and (fault := too_large(asked, links, len(terms.policy.everybody))):
        yield fault.below("task")


def _channel(settings: Settings) -> Iterator[Fault]:
    """What only one of the two channels can do."""
    if settings.mail_from:
        if (size := len(" ".join(settings.own_domains))) > DOMAINS_LIMIT:
            said = f"needs the domains of all approvers in at most {DOMAINS_LIMIT:,} characters together"
            yield Fault(("mailFrom",), said, f"{size:,}")
        if (size := len(mailbox(settings.mail_from_name, settings.mail_from))) > MAILBOX_LIMIT:
            said = f"must be at most {MAILBOX_LIMIT} bytes with mailFrom, as encoded for mail"
            yield Fault(("mailFromName",), said, size)
        yield from (one.below("eventPattern") for one in own_events.mails(settings.event_pattern))
        return
    if settings.mails_per_second > SNS_PER_SECOND:
        said = f"must be at most {SNS_PER_SECOND} without mailFrom, as SNS sends no more"
        yield Fault(("mailsPerSecond",), said, settings.mails_per_second)
    for key, given in (("mailFromName", settings.mail_from_name), ("replyTo", settings.reply_to)):
        if given:
            yield Fault((key,), "must not be given without mailFrom", given)


def _unknown_policies(settings: Settings) -> Iterator[Fault]:
    names = settings.terms
    for where, name in ((("task", "policy"), settings.task.get("policy")), (("eventPolicy",), settings.event_policy)):
        if name is not None and name not in names:
            meant = did_you_mean(nearest(name, names))
            yield Fault(where, f"must name a policy{meant}; there is {', '.join(names)}", name)
