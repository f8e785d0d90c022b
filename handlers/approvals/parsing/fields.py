"""The fields of an object that others have written, read one by one, and its version (ADR 30)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from handlers.approvals.usecases.ports import NewerVersionError
from handlers.contract.once import RepeatedError, parse
from handlers.contract.visible import quoted

KEY_LIMIT = 60  # characters of a key that is refused
LARGEST = 253_402_128_000  # 9999-12-30, which `datetime` can represent in every time zone


@dataclass(frozen=True)
class Fields:
    """Each method raises ValueError, which names the field, after the object's `path`, and never quotes the value."""

    values: Mapping[str, Any]
    path: str = ""

    @classmethod
    def of(cls, body: str) -> Self:
        """Of a JSON object."""
        try:
            content = parse(body)
        except RepeatedError as error:
            raise ValueError(f"{quoted(error.name, KEY_LIMIT)} must be given once") from error
        except (ValueError, RecursionError) as error:
            raise ValueError("the body is not JSON") from error
        if not isinstance(content, dict):
            raise ValueError("the body is not a JSON object")  # noqa: TRY004 - content, not a wrong call
        return cls(content)

    def text(self, name: str, *, empty: bool = False) -> str:
        value = self.values.get(name)
        if not isinstance(value, str) or not (value or empty):
            raise ValueError(f"{self.path}{name} must be a {'' if empty else 'non-empty '}string")
        try:
            value.encode()
        except UnicodeEncodeError as error:  # half of a surrogate pair: JSON can write it, no service takes it
            raise ValueError(f"{self.path}{name} must be valid Unicode text") from error
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        value = self.values.get(name)
        if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
            raise ValueError(f"{self.path}{name} must be a list of non-empty strings")
        return tuple(value)

    def positive(self, name: str, *, most: int = LARGEST) -> int:
        """JSONata may write a whole number as a float."""
        value = self.values.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value <= most or value % 1:
            raise ValueError(f"{self.path}{name} must be a positive whole number, at most {most}")
        return int(value)

    def truth(self, name: str) -> bool:
        value = self.values.get(name)
        if not isinstance(value, bool):
            raise ValueError(f"{self.path}{name} must be true or false")  # noqa: TRY004 - content, not a wrong call
        return value

    def object(self, name: str) -> Mapping[str, Any]:
        value = self.values.get(name)
        if not isinstance(value, Mapping):
            raise ValueError(f"{self.path}{name} must be an object")  # noqa: TRY004 - as above
        return value


def check_version(what: str, version: Any, ours: int) -> None:
    """Raises NewerVersionError for content from a newer release, which can arrive before its reader is deployed, and
    ValueError for any other version but `ours`.
    """
    if version == ours:
        return
    words = f"{what} has schemaVersion {version}, this release reads {ours}"
    if isinstance(version, int) and version > ours:
        raise NewerVersionError(words)
    raise ValueError(words)
