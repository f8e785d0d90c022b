"""A stack's configuration as the Pulumi engine hands it to the program, read without the engine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml


class ConfigError(Exception):
    """A configuration that the engine would refuse, or that the sandbox cannot read."""


def project_name(root: Path) -> str:
    return str(document(root / "Pulumi.yaml")["name"])


def stack_config(root: Path, stack: str, overrides: Mapping[str, Any]) -> dict[str, str]:
    """Every value by `namespace:key`, as text: what is no text is JSON, as the engine passes it.

    The later wins: defaults and values in Pulumi.yaml, Pulumi.<stack>.yaml, `overrides`. A key without a namespace is
    the project's own. Raises ConfigError.
    """
    project = document(root / "Pulumi.yaml")
    file = root / f"Pulumi.{stack}.yaml"
    if not file.exists():
        known = sorted(path.stem.removeprefix("Pulumi.") for path in root.glob("Pulumi.*.yaml"))
        raise ConfigError(f"no stack {stack!r}: {file.name} does not exist (there is {', '.join(known) or 'none'})")
    found: dict[str, Any] = {}
    required: set[str] = set()
    for key, declared in (project.get("config") or {}).items():
        full = namespaced(project["name"], key)
        if not isinstance(declared, dict):
            found[full] = declared
        elif "value" in declared or "default" in declared:
            found[full] = declared.get("value", declared.get("default"))
        elif "type" in declared:
            required.add(full)
    for key, value in (document(file).get("config") or {}).items():
        if isinstance(value, dict) and "secure" in value:
            raise ConfigError(
                f"{file.name}: {key} is encrypted, and the sandbox has no key to it: give it with --config {key}=..."
            )
        found[namespaced(project["name"], key)] = value
    for key, value in overrides.items():
        found[namespaced(project["name"], key)] = value
    if missing := sorted(required - found.keys()):
        raise ConfigError(f"stack {stack!r} is missing the configuration value {', '.join(missing)}")
    return {key: text(value) for key, value in found.items() if value is not None}


def parse_override(argument: str) -> tuple[str, str]:
    """`signoff:key=value` of the command line. Raises ConfigError."""
    key, equals, value = argument.partition("=")
    if not key or not equals:
        raise ConfigError(f"--config takes key=value, got {argument!r}")
    return key, value


def document(file: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(file.read_text()) or {}
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f"{file.name}: {error}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{file.name} is not a mapping")
    return content


def namespaced(project: str, key: str) -> str:
    return key if ":" in key else f"{project}:{key}"


def text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
