"""What is said of the configuration's keys elsewhere is what infra/config/ says of them.

UPDATE_DOCS=1 writes the table of docs/configuration.md anew.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from typing import get_origin

from pydantic.fields import FieldInfo

from infra.config.settings import Settings
from infra.config.shapes import Meaning, Whole, keys
from tests.support.harness import ROOT

PAGE = ROOT / "docs/configuration.md"
KINDS = {bool: "boolean", int: "integer", str: "text", dict: "object", tuple: "list of e-mail addresses"}


def shown(default: object) -> str:
    """An empty default is none."""
    if isinstance(default, bool | int):
        return json.dumps(default)
    if isinstance(default, dict) and default:
        return f'title "{default["title"]}"'
    return f"`{default}`" if default else "none"


def row(key: str, field: FieldInfo) -> str:
    (meaning,) = [one for one in field.metadata if isinstance(one, Meaning)]
    limits = [f"{one.low:,} … {one.high:,}" for one in field.metadata if isinstance(one, Whole)]
    limits += [meaning.limits] if meaning.limits else []
    kind = KINDS[get_origin(field.annotation) or field.annotation]  # type: ignore[index]
    default = "required" if field.is_required() else shown(field.get_default(call_default_factory=True))
    cells = f"`{key}`", f"{kind}, {default}", "; ".join(limits), meaning.text
    return f"| {' | '.join(cells)} |".replace("|  |", "| |")


def table() -> Iterator[str]:
    yield "| key | type, default | limits | meaning |"
    yield "|---|---|---|---|"
    for key, name in keys(Settings).items():
        yield row(key, Settings.model_fields[name])


def test_the_table_of_keys_says_what_the_program_says():
    written = PAGE.read_text(encoding="utf-8")
    (there,) = re.findall(r"^\| key \| type, default .*\n(?:\|.*\n)+", written, re.MULTILINE)
    made = "".join(f"{line}\n" for line in table())
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(written.replace(there, made), encoding="utf-8")
    else:
        assert there == made, "run this test with UPDATE_DOCS=1"
