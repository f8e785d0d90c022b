"""What the program gave a resource, and the rule that all of it must be used."""

from __future__ import annotations

import re
import secrets
from typing import Any

# Keys whose value is the user's own mapping: its keys are data, not field names.
USER_KEYS = {"dimensions", "inputPaths", "requestParameters", "stageVariables", "variables"}

UNIQUE_CHARACTERS = 7  # that Pulumi appends to a name
PREFIX_CHARACTERS = 26  # that the provider appends to a name prefix


class UnsupportedError(Exception):
    """The sandbox would have to guess: a resource type or an input that no mapping covers."""


class Given:
    """The inputs of one resource. Whoever makes it takes them out one by one; `finish` refuses what is left over."""

    def __init__(self, type_: str, name: str, inputs: dict[str, Any]) -> None:
        self.type = type_
        self.name = name
        self._left = {key: whole(value) for key, value in inputs.items() if value is not None}

    def take(self, key: str, default: Any = None) -> Any:
        return self._left.pop(key, default)

    def need(self, key: str) -> Any:
        if key not in self._left:
            raise UnsupportedError(f"{self.type} {self.name!r} has no {key!r}, which AWS requires")
        return self._left.pop(key)

    def request(self, *keys: str, **renamed: str) -> dict[str, Any]:
        """Take the given keys that are present, spelt as the AWS API does; `renamed` where more than the case differs.

        An inner field that AWS does not have is refused by boto3's own validation.
        """
        taken = {capital(key): spelt(self._left.pop(key), key) for key in keys if key in self._left}
        return taken | {aws: spelt(self._left.pop(key), key) for key, aws in renamed.items() if key in self._left}

    def finish(self) -> None:
        for key in self._left:
            raise UnsupportedError(
                f"{self.type} {self.name!r} has the input {key!r}, which the sandbox does not send to the emulator: "
                "add it to sandbox/resources/, or to STORED_ONLY there with the reason"
            )

    def physical_name(self, limit: int, allowed: str) -> str:
        """`name`, or one made from `namePrefix` or the logical name, as Pulumi does.

        limit    characters AWS accepts
        allowed  regular expression of one such character
        Raises UnsupportedError for a name that AWS would refuse; the emulator accepts most.
        """
        prefix, name = self.take("namePrefix"), self.take("name")
        if name is None and prefix is not None:
            name = prefix + secrets.token_hex(PREFIX_CHARACTERS // 2)
        elif name is None:
            name = f"{self.name}-{secrets.token_hex(4)[:UNIQUE_CHARACTERS]}"
        if len(name) > limit or not re.fullmatch(f"(?:{allowed})+", name):
            raise UnsupportedError(f"{self.type} {self.name!r}: AWS refuses the name {name!r} ({limit} of {allowed})")
        return str(name)


def whole(value: Any) -> Any:
    """Numbers cross Pulumi's wire as floats; AWS wants integers where they are."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: whole(inner) for key, inner in value.items()}
    return [whole(inner) for inner in value] if isinstance(value, list) else value


def capital(key: str) -> str:
    return key[0].upper() + key[1:]


def spelt(value: Any, key: str = "") -> Any:
    if isinstance(value, dict) and key not in USER_KEYS:
        return {capital(inner): spelt(held, inner) for inner, held in value.items() if held is not None}
    return [spelt(inner) for inner in value] if isinstance(value, list) else value
