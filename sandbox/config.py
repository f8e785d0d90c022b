"""A stack's configuration as the Pulumi engine hands it to the program, read without the engine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox import engine_yaml

KEY = re.compile(r"[^:]+:(config:)?[^:]*|(?!true$|false$)[a-zA-Z_][^:]*")


class ConfigError(Exception):
    """A configuration that the engine would refuse, or that the sandbox cannot read."""


OURS = "signoff"  # the program reads this namespace beside the project's own


def project_name(root: Path) -> str:
    return str(document(root / "Pulumi.yaml")["name"])


def stack_config(root: Path, stack: str, overrides: Mapping[str, Any], *, whole: bool = False) -> dict[str, str]:
    """Every value by `namespace:key`, as text: other values are JSON, as the engine passes them.

    `overrides` win over Pulumi.<stack>.yaml; if they are `whole`, they are all. A key without a namespace is the
    project's own. Raises ConfigError.
    """
    project = document(root / "Pulumi.yaml")
    if whole:
        return {
            key: engine_yaml.passed_on_as_text(value)
            for key, value in overridden({}, project["name"], overrides).items()
        }
    file = root / f"Pulumi.{stack}.yaml"
    if not file.exists():
        known = sorted(path.stem.removeprefix("Pulumi.") for path in root.glob("Pulumi.*.yaml"))
        raise ConfigError(
            f"no stack {stack!r}: {file.name} does not exist (there is {', '.join(known) or 'none'})."
            " Name one of these with --stack, or copy a file."
        )
    if "config" in project:
        raise ConfigError(f"Pulumi.yaml: config is not read here: say it in {file.name}")
    content = values(document(file), file.name)
    found = {namespaced(project["name"], key): value for key, value in content.items()}
    found = overridden(found, project["name"], overrides)
    refuse_secrets(found, file.name)
    return {key: engine_yaml.passed_on_as_text(value) for key, value in found.items()}


def refuse_secrets(found: Mapping[str, Any], name: str) -> None:
    """Wherever they are in a value. Raises ConfigError."""
    for key, value in found.items():
        for path in engine_yaml.secrets(value, key):
            raise ConfigError(
                f"{name}: {path} is encrypted, and the sandbox has no key to it: give it with --config {key}=..."
            )


def setting(config: Mapping[str, str], key: str, root: Path) -> str:
    """A key's text as the program takes it: the project's own namespace counts. Empty if nobody gives it."""
    return config.get(f"{project_name(root)}:{key}", config.get(f"{OURS}:{key}", ""))


def parse_override(argument: str) -> tuple[str, str]:
    """`signoff:key=value` of the command line. Raises ConfigError."""
    key, equals, value = argument.partition("=")
    if not key or not equals:
        raise ConfigError(f"--config takes key=value, such as signoff:reminders=3, got {argument!r}")
    return key, value


def document(file: Path) -> dict[str, Any]:
    """A YAML file that holds a mapping. Raises ConfigError."""
    try:
        content = engine_yaml.read(file.read_text(encoding="utf-8-sig"))
    except engine_yaml.NotYamlError as error:
        raise ConfigError(f"{file.name}{f', line {error.line}' if error.line else ''} {error}") from error
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"{file.name} cannot be read as YAML in UTF-8: {error}. Save it as such.") from error
    content = {} if content is None else content
    if not isinstance(content, dict):
        raise ConfigError(f"{file.name} must hold `config:` and its keys below it, got a {kind(content)}")
    return content


def values(content: Mapping[str, Any], name: str) -> dict[str, Any]:
    """What is below `config:`, by key. Raises ConfigError."""
    found = {} if content.get("config") is None else content["config"]
    if not isinstance(found, dict):
        raise ConfigError(f"{name}: config must hold lines of `key: value`, got a {kind(found)}")
    if odd := [key for key in found if not KEY.fullmatch(key)]:
        raise ConfigError(f"{name}: {odd[0]!r} is not a key; keys look like signoff:reminders")
    return found


def kind(value: Any) -> str:
    return "list" if isinstance(value, list) else "text" if isinstance(value, str) else type(value).__name__


def namespaced(project: str, key: str) -> str:
    """The older form `<namespace>:config:<name>` is the same key."""
    return key.replace(":config:", ":", 1) if ":" in key else f"{project}:{key}"


def overridden(found: Mapping[str, Any], project: str, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The program reads two namespaces: what is given in one replaces the other's, too, which might count instead."""
    given = {namespaced(project, key): value for key, value in overrides.items()}
    spaces = (OURS, project)
    bare = {key for space, _, key in (name.partition(":") for name in given) if space in spaces}
    replaced = {f"{space}:{key}" for space in spaces for key in bare}
    return {key: value for key, value in found.items() if key not in replaced} | given
