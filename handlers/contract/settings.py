"""Each function's settings: the component writes them as environment variables, a cold start reads them."""

import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, Self, dataclass_transform, get_type_hints


class SettingsError(ValueError):
    """A function was deployed with a variable missing or unreadable. The message names the variable."""


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Environment(SimpleNamespace):
    """To a type checker, a subclass is a dataclass. To make those would take a cold start some milliseconds."""

    @classmethod
    def variables(cls, **values: Any) -> dict[str, Any]:
        """The environment variables, {"TABLE_NAME": ...}, for the component. Plain values become text, Outputs stay.

        Raises SettingsError for a value that is not a setting of this function, and for a setting without a value.
        """
        if strays := sorted(values.keys() ^ get_type_hints(cls).keys()):
            raise SettingsError(f"{cls.__name__}: {', '.join(strays)} must be given if and only if it is a setting")
        return {name.upper(): _written(value) for name, value in values.items()}

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """The running function's settings. Raises SettingsError."""
        kinds = get_type_hints(cls)
        if missing := [name.upper() for name in kinds if name.upper() not in environ]:
            raise SettingsError(f"{missing[0]} is not set")
        return cls(**{name: _parsed(name.upper(), environ[name.upper()], kind) for name, kind in kinds.items()})


class FunctionSettings(Environment):
    """What every function reads: `label` is what mails, pages and metrics call this one."""

    label: str


class GenerateSettings(FunctionSettings):
    """`event_details`: an event that brings no question shows its detail."""

    event_details: bool


class MailSettings(FunctionSettings):
    """Of functions that mail approvers. `approval_url` is the base of every link."""

    table_name: str
    topic_arn: str  # "" with `mail_from`
    mail_from: str  # "" for SNS
    mail_from_name: str
    reply_to: str
    configuration_set: str
    own_domains: str  # of the people in the config, in a row: a requester of one of them may be mailed by SES
    approval_url: str
    timezone: str
    one_click: bool
    mail_pause_seconds: float


class AskSettings(MailSettings):
    queue_url: str


class OperateSettings(MailSettings):
    """`state_machine_arn` is the one whose executions may be stopped."""

    execution_index: str
    state_machine_arn: str


class PageSettings(FunctionSettings):
    table_name: str
    timezone: str
    one_click: bool


class ProcessSettings(FunctionSettings):
    """Yours to extend: add a field here, and its value in infra/workflow.py."""


class GiveUpSettings(FunctionSettings):
    table_name: str


class AnnounceSettings(FunctionSettings):
    """What is to be told, and where: `events` on the default bus, `announce_decision` by the function that mails."""

    events: bool
    announce_decision: bool
    queue_url: str
    chat_topic_arn: str  # "" for no chat
    timezone: str


class BounceSettings(FunctionSettings):
    table_name: str
    operator_topic_arn: str
    timezone: str


class ReconcileSettings(FunctionSettings):
    """`execution_index` finds a record by its execution."""

    table_name: str
    execution_index: str
    operator_topic_arn: str
    timezone: str


def _written(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, bool | int | float) else value


def _parsed(name: str, text: str, kind: Any) -> Any:
    """Text is taken as it is, anything else as JSON of its kind: true, 5."""
    if kind is str:
        return text
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind:
        raise SettingsError(f"{name} must be {kind.__name__} as JSON, got {text!r}")
    return value
