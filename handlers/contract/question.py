"""A request's question: its fields and their limits, its id, and the digest that binds an answer to it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from handlers.contract.digests import canonical_digest
from handlers.contract.form_fields import FormField, fields_of
from handlers.contract.once import parse
from handlers.contract.plain import camel_case


class Field(StrEnum):
    """The fields of a request, as `Generate task` makes it."""

    REQUEST_ID = "requestId"
    TITLE = "title"
    DETAILS = "details"
    REQUESTED_BY = "requestedBy"
    REQUESTED_AT = "requestedAt"
    POLICY = "policy"  # the name of one
    SCHEDULED_FOR = "scheduledFor"  # only if a schedule started the run
    FIELDS = "fields"  # only if there are any, as `form_fields.as_text` writes them
    LINKS = "links"  # only if there are any, too
    DIGEST = "digest"


ADDRESS_LIMIT = 254  # characters, as many as an e-mail address has
# Long enough for a change log, short enough for a mail that is read on a phone.
# In characters.
LIMITS = {Field.TITLE.value: 200, Field.DETAILS.value: 10_000, Field.REQUESTED_BY.value: ADDRESS_LIMIT}
# How details begin that are only the beginning of an event: people see that, and no link approves them at once.
CUT_SHORT = "(Cut short: "
# What people decide about. The time of asking is not part of it.
BOUND = (
    Field.REQUEST_ID,
    Field.TITLE,
    Field.DETAILS,
    Field.REQUESTED_BY,
    Field.SCHEDULED_FOR,
    Field.FIELDS,
    Field.LINKS,
)
# Part of the link, and the page's lookup key. Ids are generated in lower case, since mail gateways may fold a link's
# case. A workflow may make other ids, but their links only work exactly as mailed.
REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
REQUEST_ID_RULE = f"{Field.REQUEST_ID} must be 1 to 64 letters, digits, hyphens or underscores"


def request_id(trigger: Any, execution_arn: str) -> str:
    """The same for every run of the same start: services start a run again when they do not know how it went.

    A start is an event, by its id; a schedule's time; or anything else, which is a start of its own. `trigger` is what
    the execution was started with. A run that asks twice needs an id of its own for the second request. Matches
    REQUEST_ID, in lower case. A UUID of version 5: https://www.rfc-editor.org/rfc/rfc9562#section-5.5
    """
    machine = execution_arn.rpartition(":")[0].replace(":execution:", ":stateMachine:")
    given = _read(trigger)
    schedule = (given.get("scheduleArn"), given.get("scheduledTime"))
    if "detail-type" in given and _said(given.get("id")):
        start = ["event", given["id"]]
    elif all(map(_said, schedule)):
        start = ["schedule", *schedule]
    else:
        start = ["execution", execution_arn]
    return str(uuid5(NAMESPACE_URL, json.dumps([machine, *start])))


def from_event(started_with: str) -> bool:
    """Whether an event started the execution that has this input, which is JSON text."""
    try:
        return "detail-type" in _read(json.loads(started_with))
    except (ValueError, RecursionError):
        return False


def _read(trigger: Any) -> Mapping[str, Any]:
    """The object; some callers encode it twice."""
    if isinstance(trigger, str):
        try:
            trigger = parse(trigger)
        except (ValueError, RecursionError):
            return {}
    return trigger if isinstance(trigger, Mapping) else {}


def _said(value: Any) -> bool:
    """A keyword that Scheduler has not filled in would make all starts the same."""
    return isinstance(value, str) and bool(value.strip()) and not value.startswith("<aws.scheduler.")


def question_digest(request: Mapping[str, Any]) -> str:
    """SHA-256, in hex, of the question's canonical JSON; a missing field counts as empty.

    The state machine keeps it and compares it, as text, with the digest in an approval.
    """
    return canonical_digest({name.value: request.get(name, "") for name in BOUND})


@dataclass(frozen=True, kw_only=True)
class Question:
    """The question, as messages and records hold it.

    The times are ISO 8601 texts, as the task has them; `scheduled_for` is "" unless a schedule started the run.
    `fields` and `links` are canonical texts of `form_fields`, "" for none.
    """

    request_id: str
    title: str
    details: str
    requested_by: str
    requested_at: str
    scheduled_for: str = ""
    fields: str = ""
    links: str = ""

    @property
    def form(self) -> tuple[FormField, ...]:
        """What an approval has to bring besides."""
        return fields_of(self.fields)

    @property
    def asked_at(self) -> float:
        """`requested_at` in epoch seconds; 0 if that is no time."""
        try:
            return datetime.fromisoformat(self.requested_at).timestamp()
        except (ValueError, OverflowError):
            return 0

    @property
    def as_json(self) -> dict[str, str]:
        """The question alone, without what messages and records hold besides."""
        return {camel_case(field.name): getattr(self, field.name) for field in fields(Question)}

    @cached_property
    def digest(self) -> str:
        return question_digest(self.as_json)
