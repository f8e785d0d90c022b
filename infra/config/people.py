"""E-mail addresses of the configuration: one, or a list of different people."""

from __future__ import annotations

import re
from typing import Any

from email_validator import EmailNotValidError, validate_email

from handlers.contract.address import ascii_form, same_person
from infra.config import json_text
from infra.config.refusal import Fault, RefusedError

AT_SIGNS = "[@\uff20]"  # the second as East Asian keyboards write it


def address(value: Any) -> str:
    """The normalized address. Raises ValueError, with a hint for common mistakes."""
    reason = _email_fault(value)
    if not reason:
        return ascii_form(value)
    bare = ascii_form(value) if isinstance(value, str) else ""
    if isinstance(value, str) and len(re.findall(AT_SIGNS, value)) > 1:
        reason = "one address each: separate them with commas"
    elif bare != value and not _email_fault(bare):
        reason = f"write {bare}"
    raise ValueError(f"must be an e-mail address ({reason})")


def _email_fault(value: Any) -> str:
    try:
        validate_email(value, check_deliverability=False, allow_smtputf8=False)
    except (EmailNotValidError, TypeError, AttributeError) as error:
        return str(error).rstrip(".")
    return ""


def one_or_none(value: Any) -> str:
    if isinstance(value, str) and len(re.findall(AT_SIGNS, value)) > 1:
        raise ValueError("must be one e-mail address")
    return address(value) if value != "" else ""


def several(value: Any) -> tuple[str, ...]:
    """A list; or one text with commas, as `pulumi new` stores what is typed at its prompt. Empty texts are left out."""
    if isinstance(value, str):
        listed = value.lstrip().startswith(("[", "{", '"'))
        instead = ' such as ["alice@example.com"], or addresses without quotes and brackets, separated by commas'
        value = json_text.read(value, instead) if listed else [one.strip() for one in value.split(",")]
    if not isinstance(value, list | tuple):
        raise ValueError("must be a list of e-mail addresses")  # noqa: TRY004 - pydantic reports no TypeError
    faults: list[Fault] = []
    people: dict[str, str] = {}
    for index, one in enumerate(value):
        try:
            written = "" if one == "" else address(one)
        except ValueError as error:
            faults.append(Fault((index,), str(error), one))
            continue
        if (who := same_person(written)) in people:
            faults.append(Fault((index,), f"must not name anybody twice ({who})", one))
        elif who:
            people[who] = written
    if faults:
        raise RefusedError(faults)
    return tuple(people.values())
