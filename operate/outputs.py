"""Which stack is operated: its output `operate`, wherever that comes from."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from handlers.contract.visible import one_line
from handlers.contract.workflow import execution_arn

OUTPUT = "operate"
PULUMI = ["pulumi", "stack", "output", "--json"]


class OperateError(Exception):
    """What went wrong, in words for whoever has typed the command."""


class Target(dict[str, Any]):
    """A deployed stack, as its output `operate` describes it: docs/operate.md has the names."""

    def __missing__(self, name: str) -> Any:
        raise OperateError(f"the output {OUTPUT} has no {name}: deploy this release first")

    def execution(self, name: str) -> str:
        """The ARN of an execution by its name."""
        return execution_arn(self["stateMachineArn"], name)


def find(file: Path | None) -> Target:
    """Of this file, or of the selected stack of the folder's program. Raises OperateError."""
    where = str(file or " ".join(PULUMI))
    outputs = _parsed(_read(file) if file else _ask_pulumi(), where)
    found = outputs.get(OUTPUT, outputs) if isinstance(outputs, dict) else outputs
    if isinstance(found, str):  # an output that is JSON text
        found = _parsed(found, f"the output {OUTPUT}")
    if not isinstance(found, dict) or "stateMachineArn" not in found or "label" not in found:
        raise OperateError(f"{where} has no output {OUTPUT}: deploy this release first")
    return Target(found)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise OperateError(f"{file} must be a file in UTF-8: {error}") from error


def _ask_pulumi() -> str:
    try:
        # Nobody sees a question that it asks: without an answer, it fails.
        told = subprocess.run(PULUMI, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)  # noqa: S603
    except OSError as error:
        raise OperateError(f"pulumi is not on the PATH ({error.strerror}): name a file with --outputs") from error
    if told.returncode:
        said = one_line(told.stderr, 500)
        raise OperateError(f"{' '.join(PULUMI)} failed, and no --outputs was given: {said}")
    return told.stdout


def _parsed(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise OperateError(f"{where}: must be JSON, {error}") from error
