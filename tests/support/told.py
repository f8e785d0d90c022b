"""The events' schemas, and what each event anywhere in the tests is held against."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from handlers.approvals.faces import events
from handlers.approvals.rules.record import Record
from handlers.approvals.rules.transitions import Transition, transitions
from handlers.contract.events import EventType

SCHEMAS = Path(__file__).parents[2] / "docs/events"
FORMATS = FormatChecker(["email", "uuid"])
FORMATS.checks("date-time", ValueError)(lambda text: bool(datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z")))


def schema_file(type_: str) -> Path:
    return SCHEMAS / f"{type_.lower().replace(' ', '-')}.json"


@cache
def _validator(type_: str) -> Any:
    schema = json.loads(schema_file(type_).read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=FORMATS)


def check(type_: str, detail: Mapping[str, Any]) -> None:
    """Raises jsonschema's ValidationError."""
    _validator(type_).validate(detail)


@contextmanager
def all_checked() -> Iterator[None]:
    """Whatever makes an event in this process."""
    make = events.detail

    def checked(record: Record, transition: Transition) -> str:
        made = make(record, transition)
        check(transition.type, json.loads(made))
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(events, "detail", checked)
        yield


def told(before: Record | None, after: Record) -> list[tuple[EventType, dict[str, Any]]]:
    """The events of a write."""
    return [(one.type, json.loads(events.detail(after, one))) for one in transitions(before, after)]
