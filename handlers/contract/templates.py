"""How the page's templates are compiled: by the program for an archive, by the handlers themselves anywhere else."""

from __future__ import annotations

from typing import Final, TypedDict

SOURCES: Final = "handlers/approvals/faces/templates"
COMPILED: Final = "handlers/approvals/faces/compiled"  # in an archive only


class Options(TypedDict):
    """What of a Jinja2 environment is settled when a template is compiled."""

    autoescape: bool
    trim_blocks: bool
    lstrip_blocks: bool


OPTIONS: Final = Options(autoescape=True, trim_blocks=True, lstrip_blocks=True)
