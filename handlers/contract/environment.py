"""Each function's settings: the component writes them as environment variables, a cold start reads them."""

import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, Self, get_args, get_origin, get_type_hints


class SettingsError(ValueError):
    """A function was deployed with a variable missing or unreadable. The message names the variable."""


@dataclass(frozen=True, kw_only=True)
class Environment:
    """The setting that every function has: `environment` is the stack's name."""

    environment: str

    @classmethod
    def variables(cls, **values: Any) -> dict[str, Any]:
        """The environment variables, {"TABLE_NAME": ...}, for the component. Plain values become text, Outputs stay.

        Raises SettingsError for a value that is not a setting of this function, and for a setting without a value.
        """
        known = {field.name for field in fields(cls)}
        needed = {field.name for field in fields(cls) if field.default is MISSING}
        if strays := sorted((values.keys() - known) | (needed - values.keys())):
            raise SettingsError(f"{cls.__name__}: {', '.join(strays)} must be given if and only if it is a setting")
        return {_variable(name): _written(value) for name, value in values.items()}

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """The running function's settings. Raises SettingsError."""
        kinds = get_type_hints(cls)
        values = {}
        for field in fields(cls):
            name = _variable(field.name)
            if name in environ:
                values[field.name] = _parsed(name, environ[name], kinds[field.name])
            elif field.default is MISSING:
                raise SettingsError(f"{name} is not set")
        return cls(**values)


def _variable(field: str) -> str:
    return field.upper()


def _written(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, bool | int | float | list | tuple | Mapping) else value


def _parsed(name: str, text: str, kind: Any) -> Any:
    """Text is taken as it is, anything else as JSON of its kind: true, 5, ["a"]."""
    if kind is str:
        return text
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if kind is float and type(value) is int:
        value = float(value)
    if get_origin(kind) is tuple and isinstance(value, list) and all(type(one) is get_args(kind)[0] for one in value):
        return tuple(value)
    if type(value) is not (get_origin(kind) or kind):
        raise SettingsError(f"{name} must be {getattr(kind, '__name__', kind)} as JSON, got {text!r}")
    return value
